// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// SecretKeyReference names one key of a Secret.
type SecretKeyReference struct {
	// +required
	Name string `json:"name"`

	// +optional
	// +kubebuilder:default=token
	Key string `json:"key,omitempty"`
}

// RateLimit is a ceiling on the calls to the API.
type RateLimit struct {
	// +optional
	// +kubebuilder:default=10
	RequestsPerSecond int32 `json:"requestsPerSecond,omitempty"`

	// +optional
	// +kubebuilder:default=20
	Burst int32 `json:"burst,omitempty"`
}

// ConnectionSpec is what both kinds of connection declare.
type ConnectionSpec struct {
	// +optional
	// +kubebuilder:default="https://api.klink.cloud/api/v1"
	Endpoint string `json:"endpoint,omitempty"`

	// +required
	TokenSecretRef SecretKeyReference `json:"tokenSecretRef"`

	// +optional
	// +kubebuilder:default="1m"
	ResyncInterval metav1.Duration `json:"resyncInterval,omitzero"`

	// +optional
	// +kubebuilder:default={}
	RateLimit RateLimit `json:"rateLimit,omitzero"`

	// +optional
	// +kubebuilder:default=false
	AllowDelete bool `json:"allowDelete,omitempty"`
}

// PaginationDialect is a way in which the API pages through a list.
// +kubebuilder:validation:Enum=SinglePage;Cursor;Page;Limit;Incomplete
type PaginationDialect string

// Pagination dialects.
const (
	// PaginationSinglePage: everything came in one reply.
	PaginationSinglePage PaginationDialect = "SinglePage"
	// PaginationCursor: starting_after with the last id.
	PaginationCursor PaginationDialect = "Cursor"
	// PaginationPage: page numbers.
	PaginationPage PaginationDialect = "Page"
	// PaginationLimit: an ever larger limit.
	PaginationLimit PaginationDialect = "Limit"
	// PaginationIncomplete: nothing advances, the account cannot be listed
	// completely.
	PaginationIncomplete PaginationDialect = "Incomplete"
)

// ConnectionStatus is what the operator last saw of the account.
type ConnectionStatus struct {
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`

	// +optional
	Pagination PaginationDialect `json:"pagination,omitempty"`

	// +optional
	RemoteGroups *int32 `json:"remoteGroups,omitempty"`

	// +optional
	LastListTime *metav1.Time `json:"lastListTime,omitempty"`

	// +optional
	// +listType=map
	// +listMapKey=type
	Conditions []metav1.Condition `json:"conditions,omitempty"`
}

// Connection is an account of klink.cloud for the Groups of its own namespace.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:path=connections,shortName=kconn,categories=klink
type Connection struct {
	metav1.TypeMeta `json:",inline"`
	// +optional
	metav1.ObjectMeta `json:"metadata,omitzero"`

	// +required
	Spec ConnectionSpec `json:"spec"`

	// +optional
	// +kubebuilder:default={observedGeneration: -1}
	Status ConnectionStatus `json:"status,omitzero"`
}

// ConnectionList is a list of Connections.
//
// +kubebuilder:object:root=true
type ConnectionList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitzero"`
	Items           []Connection `json:"items"`
}
