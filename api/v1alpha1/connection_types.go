// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// ConnectionStatus is what the operator last saw of the account.
type ConnectionStatus struct {
	// observedGeneration is the metadata.generation that the operator acted on
	// last. -1 until it has looked at the object for the first time.
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`

	// pagination is the way of paging that worked last, to be tried first next
	// time. Incomplete: the account cannot be listed completely.
	// +optional
	Pagination PaginationDialect `json:"pagination,omitempty"`

	// remoteGroups is the number of groups, archived ones included, in the last
	// complete listing of the account.
	// +optional
	RemoteGroups *int32 `json:"remoteGroups,omitempty"`

	// lastListTime is when the account was last listed. It moves at most once in
	// five minutes, and so lags behind.
	// +optional
	LastListTime *metav1.Time `json:"lastListTime,omitempty"`

	// conditions tell how the connection stands. Ready is always present once it
	// was observed; Reconciling and Stalled are present only while they hold.
	// +optional
	// +listType=map
	// +listMapKey=type
	Conditions []metav1.Condition `json:"conditions,omitempty"`
}

// Connection is an account of klink.cloud for the Groups of its own namespace.
// While Groups use it, it cannot be deleted: it goes on serving them until the
// last one is gone.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:path=connections,shortName=kconn,categories=klink
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`,description="Whether the API answers to the token"
// +kubebuilder:printcolumn:name="Reason",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].reason`,description="Why it is ready, or why not"
// +kubebuilder:printcolumn:name="Groups",type=integer,JSONPath=`.status.remoteGroups`,description="Number of remote groups in the account"
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`,description="Age of this object"
// +kubebuilder:printcolumn:name="Endpoint",type=string,priority=1,JSONPath=`.spec.endpoint`,description="Base URL of the API"
type Connection struct {
	metav1.TypeMeta `json:",inline"`

	// metadata is the standard object metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitzero"`

	// spec says which account this is, and how to treat it.
	// +required
	Spec ConnectionSpec `json:"spec"`

	// status is what the operator last saw of the account. Written by the
	// operator alone.
	// +optional
	// +kubebuilder:default={"observedGeneration":-1}
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
