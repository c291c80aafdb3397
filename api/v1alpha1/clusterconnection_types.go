// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// NamespacesFrom says how the namespaces that may use a ClusterConnection are
// chosen.
// +kubebuilder:validation:Enum=All;Selector
type NamespacesFrom string

// Ways to choose namespaces.
const (
	// NamespacesFromAll allows every namespace.
	NamespacesFromAll NamespacesFrom = "All"
	// NamespacesFromSelector allows the namespaces whose labels match.
	NamespacesFromSelector NamespacesFrom = "Selector"
)

// AllowedNamespaces says whose Groups may use a ClusterConnection.
type AllowedNamespaces struct {
	// +optional
	// +kubebuilder:default=All
	From NamespacesFrom `json:"from,omitempty"`

	// +optional
	Selector *metav1.LabelSelector `json:"selector,omitempty"`
}

// ClusterConnectionSpec is a ConnectionSpec that also says who may use it.
type ClusterConnectionSpec struct {
	ConnectionSpec `json:",inline"`

	// +optional
	// +kubebuilder:default={}
	AllowedNamespaces AllowedNamespaces `json:"allowedNamespaces,omitzero"`
}

// ClusterConnection is an account of klink.cloud for the Groups of many
// namespaces.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:path=clusterconnections,scope=Cluster,shortName=kcconn,categories=klink
type ClusterConnection struct {
	metav1.TypeMeta `json:",inline"`
	// +optional
	metav1.ObjectMeta `json:"metadata,omitzero"`

	// +required
	Spec ClusterConnectionSpec `json:"spec"`

	// +optional
	// +kubebuilder:default={observedGeneration: -1}
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
