// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// AdoptionPolicy says whether a Group without groupID may bind to a remote
// group that exists already.
// +kubebuilder:validation:Enum=Never;ByName
type AdoptionPolicy string

// Adoption policies.
const (
	// AdoptNever always creates.
	AdoptNever AdoptionPolicy = "Never"
	// AdoptByName binds to the remote group of exactly the declared name, and
	// creates when there is none.
	AdoptByName AdoptionPolicy = "ByName"
)

// ManagementPolicy says whether the operator writes to the remote group.
// +kubebuilder:validation:Enum=Manage;Observe
type ManagementPolicy string

// Management policies.
const (
	// ManagementManage keeps the remote group as declared.
	ManagementManage ManagementPolicy = "Manage"
	// ManagementObserve never writes remotely.
	ManagementObserve ManagementPolicy = "Observe"
)

// DeletionPolicy says what happens remotely when a Group is deleted.
// +kubebuilder:validation:Enum=Archive;Delete;Orphan
type DeletionPolicy string

// Deletion policies.
const (
	// DeletionArchive archives the remote group, which can be undone.
	DeletionArchive DeletionPolicy = "Archive"
	// DeletionDelete deletes the remote group and its messages for good, if the
	// connection allows it.
	DeletionDelete DeletionPolicy = "Delete"
	// DeletionOrphan leaves the remote group as it is.
	DeletionOrphan DeletionPolicy = "Orphan"
)

// ConnectionKind is the kind of object that a ConnectionReference names.
// +kubebuilder:validation:Enum=Connection;ClusterConnection
type ConnectionKind string

// Connection kinds.
const (
	// KindConnection is a Connection in the namespace of the Group.
	KindConnection ConnectionKind = "Connection"
	// KindClusterConnection is a ClusterConnection.
	KindClusterConnection ConnectionKind = "ClusterConnection"
)

// ConnectionReference names the connection through which a Group is managed.
type ConnectionReference struct {
	// kind of the connection: Connection (in the namespace of the Group) or
	// ClusterConnection.
	// +required
	Kind ConnectionKind `json:"kind"`

	// name of the connection. Example: default
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name"`
}

// Contact is one member of a group.
type Contact struct {
	// username of the contact in klink.cloud, as the API shows it.
	// Example: Hector
	// +required
	// +kubebuilder:validation:MaxLength=255
	Username string `json:"username"`
}

// GroupSpec declares what a remote group shall be. A field that is omitted is
// unmanaged: the operator leaves its remote value alone.
type GroupSpec struct {
	// +optional
	// +kubebuilder:default={kind: ClusterConnection, name: default}
	ConnectionRef ConnectionReference `json:"connectionRef,omitzero"`

	// +required
	Name string `json:"name"`

	// +optional
	Description *string `json:"description,omitempty"`

	// +optional
	AvatarURL *string `json:"avatarURL,omitempty"`

	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=5000
	Contacts []Contact `json:"contacts,omitzero"`

	// +optional
	Archived *bool `json:"archived,omitempty"`

	// +optional
	GroupID string `json:"groupID,omitempty"`

	// +optional
	// +kubebuilder:default=Never
	AdoptionPolicy AdoptionPolicy `json:"adoptionPolicy,omitempty"`

	// +optional
	// +kubebuilder:default=Manage
	ManagementPolicy ManagementPolicy `json:"managementPolicy,omitempty"`

	// +optional
	// +kubebuilder:default=Archive
	DeletionPolicy DeletionPolicy `json:"deletionPolicy,omitempty"`

	// +optional
	// +kubebuilder:default=false
	Suspend bool `json:"suspend,omitempty"`
}

// GroupStatus is what the operator last saw and did.
type GroupStatus struct {
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`

	// +optional
	LastHandledReconcileAt string `json:"lastHandledReconcileAt,omitempty"`

	// +optional
	ID string `json:"id,omitempty"`

	// +optional
	ConversationID string `json:"conversationID,omitempty"`

	// +optional
	RemoteName string `json:"remoteName,omitempty"`

	// +optional
	CreatedAt *metav1.Time `json:"createdAt,omitempty"`

	// +optional
	ArchivedAt *metav1.Time `json:"archivedAt,omitempty"`

	// +optional
	ContactCount *int32 `json:"contactCount,omitempty"`

	// +optional
	// +listType=atomic
	Drift []string `json:"drift,omitempty"`

	// +optional
	// +listType=map
	// +listMapKey=type
	Conditions []metav1.Condition `json:"conditions,omitempty"`
}

// Group is a group in klink.cloud.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:path=groups,shortName=kgrp,categories=klink
// +kubebuilder:selectablefield:JSONPath=`.status.id`
type Group struct {
	metav1.TypeMeta `json:",inline"`
	// +optional
	metav1.ObjectMeta `json:"metadata,omitzero"`

	// +required
	Spec GroupSpec `json:"spec"`

	// +optional
	// +kubebuilder:default={observedGeneration: -1}
	Status GroupStatus `json:"status,omitzero"`
}

// GroupList is a list of Groups.
//
// +kubebuilder:object:root=true
type GroupList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitzero"`
	Items           []Group `json:"items"`
}
