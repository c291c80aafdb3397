// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// ConnectionSpec is what both kinds of connection declare: one account of
// klink.cloud, and how to treat it.
type ConnectionSpec struct {
	// endpoint is the base URL of the API, without user info, query, fragment or
	// trailing slash. It must use https, unless the host is a loopback address
	// or a service of this cluster (*.svc). For a Connection it must also match
	// one of the manager's --allowed-endpoints.
	// Example: https://api.klink.cloud/api/v1
	// +optional
	// +kubebuilder:default="https://api.klink.cloud/api/v1"
	// +kubebuilder:validation:MaxLength=1024
	// +kubebuilder:validation:XValidation:rule=`isURL(self) && url(self).getScheme() in ['http', 'https'] && url(self).getHostname() != ''`,message="endpoint must be an absolute URL with a host, for example https://api.klink.cloud/api/v1"
	// +kubebuilder:validation:XValidation:rule=`!self.matches(r'^[^/]*//[^/]*@')`,message="endpoint must not contain user info: remove all up to the @; the credential is the token in the Secret of tokenSecretRef"
	// +kubebuilder:validation:XValidation:rule=`!self.matches(r'[?#]')`,message="endpoint must have no query and no fragment: remove everything from the ? or # on"
	// +kubebuilder:validation:XValidation:rule=`!self.endsWith('/')`,message="endpoint must not end with a slash: remove it, as in https://api.klink.cloud/api/v1"
	// +kubebuilder:validation:XValidation:rule=`!self.matches(r'[\s\\%]|/\.{1,2}(/|$)|://.*//')`,message="endpoint must have a plain path: remove white space, backslashes, percent signs, and empty or dot segments"
	// +kubebuilder:validation:XValidation:rule=`!self.matches(r'^(?i)http:') || self.matches(r'^(?i)http://(localhost|\[::1\]|127(\.(25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)){3}|([a-z0-9-]+\.)+svc(\.cluster\.local)?)(:\d*)?(/|$)')`,message="endpoint must use https: http is accepted only for a loopback host (localhost, 127.0.0.0/8, [::1]) and for a service of this cluster (*.svc, *.svc.cluster.local)"
	Endpoint string `json:"endpoint,omitempty"`

	// tokenSecretRef names the Secret that holds the API token. The Secret of a
	// Connection is in the namespace of the Connection; that of a
	// ClusterConnection is in the namespace of the operator.
	// Example: {name: klink-token}
	// +required
	TokenSecretRef SecretKeyReference `json:"tokenSecretRef"`

	// resyncInterval is how often the account is listed to find drift, from 10s
	// to 24h. Example: 1m30s
	// +optional
	// +kubebuilder:default="1m"
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:XValidation:rule=`self.matches(r'^([0-9]+(\.[0-9]+)?(ns|us|µs|ms|s|m|h))+$') && duration(self) >= duration('10s') && duration(self) <= duration('24h')`,message="resyncInterval must be a duration from 10s to 24h, in hours (h), minutes (m) and seconds (s), for example 1m30s"
	ResyncInterval metav1.Duration `json:"resyncInterval,omitzero"`

	// rateLimit is a ceiling on the calls to the API. The operator starts at 10
	// calls a second, finds the real limit of the API, and keeps below both.
	// +optional
	// +kubebuilder:default={requestsPerSecond: 50, burst: 20}
	RateLimit RateLimit `json:"rateLimit,omitzero"`

	// caBundle holds further root certificates for this endpoint, as PEM, for
	// example those of a company's proxy. The roots of the system stay valid.
	// +optional
	// +kubebuilder:validation:MaxLength=262144
	// +kubebuilder:validation:XValidation:rule=`self == '' || self.contains('-----BEGIN CERTIFICATE-----')`,message="caBundle must hold certificates as PEM, each between -----BEGIN CERTIFICATE----- and -----END CERTIFICATE-----"
	CABundle string `json:"caBundle,omitempty"`

	// allowDelete set to true lets Groups of this connection delete their remote
	// groups for good (deletionPolicy Delete). Otherwise such a deletion waits.
	// +optional
	// +kubebuilder:default=false
	AllowDelete bool `json:"allowDelete,omitempty"`
}

// SecretKeyReference names one key of a Secret.
//
// +structType=atomic
type SecretKeyReference struct {
	// name of the Secret. Example: klink-token
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule=`!format.dns1123Subdomain().validate(self).hasValue()`,message="tokenSecretRef.name must be the name of a Secret: lower case letters, digits, '-' and '.', beginning and ending with a letter or digit, for example klink-token"
	Name string `json:"name"`

	// key of the Secret's data that holds the token. Example: token
	// +optional
	// +kubebuilder:default=token
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule=`self.matches(r'^[-._a-zA-Z0-9]+$')`,message="tokenSecretRef.key must be a key of a Secret: letters, digits, '-', '_' and '.', for example token"
	Key string `json:"key,omitempty"`
}

// RateLimit is a ceiling on the calls to the API, as a token bucket.
type RateLimit struct {
	// requestsPerSecond is the greatest sustained rate of calls, 1 to 1000.
	// +optional
	// +kubebuilder:default=50
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=1000
	RequestsPerSecond int32 `json:"requestsPerSecond,omitempty"`

	// burst is the number of calls that may start at once after a pause, 1 to
	// 1000.
	// +optional
	// +kubebuilder:default=20
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=1000
	Burst int32 `json:"burst,omitempty"`
}
