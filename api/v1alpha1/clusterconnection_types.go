// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// AllowedNamespaces says whose Groups may use a ClusterConnection.
//
// +kubebuilder:validation:XValidation:rule=`self.from != 'Selector' || has(self.selector)`,fieldPath=`.selector`,reason=FieldValueRequired,message="selector is required with from Selector: add it, for example {matchLabels: {klink: allowed}}, or set from to All"
// +kubebuilder:validation:XValidation:rule=`self.from == 'Selector' || !has(self.selector)`,fieldPath=`.selector`,reason=FieldValueForbidden,message="selector has an effect only with from Selector: set from to Selector, or remove selector"
// +kubebuilder:validation:XValidation:rule=`!has(self.selector) || !has(self.selector.matchExpressions) || self.selector.matchExpressions.all(e, e.operator in ['In', 'NotIn'] ? has(e.values) && size(e.values) > 0 : e.operator in ['Exists', 'DoesNotExist'] && (!has(e.values) || size(e.values) == 0))`,fieldPath=`.selector`,reason=FieldValueInvalid,message="each of selector.matchExpressions must have the operator In or NotIn with values, or Exists or DoesNotExist without: for example {key: team, operator: In, values: [concierge]}"
type AllowedNamespaces struct {
	// from says how namespaces are chosen. All: every namespace. Selector: those
	// whose labels match selector.
	// +optional
	// +kubebuilder:default=All
	From NamespacesFrom `json:"from,omitempty"`

	// selector matches the labels of the allowed namespaces. Required with from
	// Selector, and refused otherwise.
	// Example: {matchLabels: {kubernetes.io/metadata.name: concierge}}
	// +optional
	Selector *metav1.LabelSelector `json:"selector,omitempty"`
}

// AllowedAdoptionNamespaces says whose Groups may bind to a remote group that
// they did not make: by groupID, by name, or by an id that only an annotation
// carries.
//
// +kubebuilder:validation:XValidation:rule=`self.from != 'Selector' || has(self.selector)`,fieldPath=`.selector`,reason=FieldValueRequired,message="selector is required with from Selector: add it, for example {matchLabels: {klink: adopts}}, or set from to All or None"
// +kubebuilder:validation:XValidation:rule=`self.from == 'Selector' || !has(self.selector)`,fieldPath=`.selector`,reason=FieldValueForbidden,message="selector has an effect only with from Selector: set from to Selector, or remove selector"
// +kubebuilder:validation:XValidation:rule=`!has(self.selector) || !has(self.selector.matchExpressions) || self.selector.matchExpressions.all(e, e.operator in ['In', 'NotIn'] ? has(e.values) && size(e.values) > 0 : e.operator in ['Exists', 'DoesNotExist'] && (!has(e.values) || size(e.values) == 0))`,fieldPath=`.selector`,reason=FieldValueInvalid,message="each of selector.matchExpressions must have the operator In or NotIn with values, or Exists or DoesNotExist without: for example {key: team, operator: In, values: [concierge]}"
type AllowedAdoptionNamespaces struct {
	// from says how namespaces are chosen. All: every namespace that may use the
	// connection. None: no namespace. Selector: those whose labels match selector.
	// +optional
	// +kubebuilder:default=All
	From AdoptionNamespacesFrom `json:"from,omitempty"`

	// selector matches the labels of the namespaces. Required with from Selector,
	// and refused otherwise.
	// Example: {matchLabels: {kubernetes.io/metadata.name: concierge}}
	// +optional
	Selector *metav1.LabelSelector `json:"selector,omitempty"`
}

// ClusterConnectionSpec is a ConnectionSpec that also says who may use it.
type ClusterConnectionSpec struct {
	ConnectionSpec `json:",inline"`

	// allowedNamespaces says in which namespaces Groups may use this connection.
	// A Group that has an id can always be deleted, also from elsewhere.
	// +optional
	// +kubebuilder:default={from: All}
	AllowedNamespaces AllowedNamespaces `json:"allowedNamespaces,omitzero"`

	// allowedAdoptionNamespaces says in which namespaces Groups may bind to remote
	// groups that they did not make. It is looked at when a Group binds, and
	// unbinds nothing.
	// +optional
	// +kubebuilder:default={from: All}
	AllowedAdoptionNamespaces AllowedAdoptionNamespaces `json:"allowedAdoptionNamespaces,omitzero"`
}

// ClusterConnection is an account of klink.cloud for the Groups of all allowed
// namespaces. Those who may write Groups there may adopt any unclaimed group of
// the account: use one account for each domain of trust. While Groups use it,
// it cannot be deleted: it goes on serving them until the last one is gone.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:path=clusterconnections,scope=Cluster,shortName=kcconn,categories=klink
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`,description="Whether the API answers to the token"
// +kubebuilder:printcolumn:name="Reason",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].reason`,description="Why it is ready, or why not"
// +kubebuilder:printcolumn:name="Groups",type=integer,JSONPath=`.status.remoteGroups`,description="Number of remote groups in the account"
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`,description="Age of this object"
// +kubebuilder:printcolumn:name="Endpoint",type=string,priority=1,JSONPath=`.spec.endpoint`,description="Base URL of the API"
type ClusterConnection struct {
	metav1.TypeMeta `json:",inline"`

	// metadata is the standard object metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitzero"`

	// spec says which account this is, how to treat it, and who may use it.
	// +required
	Spec ClusterConnectionSpec `json:"spec"`

	// status is what the operator last saw of the account. Written by the
	// operator alone.
	// +optional
	// +kubebuilder:default={"observedGeneration":-1}
	Status ConnectionStatus `json:"status,omitzero"`
}

// ClusterConnectionList is a list of ClusterConnections.
//
// +kubebuilder:object:root=true
type ClusterConnectionList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitzero"`
	Items           []ClusterConnection `json:"items"`
}
