// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// GroupStatus is what the operator last saw of the remote group, and did.
// Nothing in it is bounded, so that the API server never refuses the record of
// something that has happened.
type GroupStatus struct {
	// observedGeneration is the metadata.generation that the operator acted on
	// last. -1 until it has looked at the object for the first time.
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`

	// lastHandledReconcileAt echoes the annotation
	// klink.cloud/reconcile-requested-at once the request was served: of one that is
	// too long, or holds control characters, the beginning and a digest.
	// +kubebuilder:validation:MaxLength=256
	// +optional
	LastHandledReconcileAt string `json:"lastHandledReconcileAt,omitempty"`

	// id of the remote group. Selectable:
	// kubectl get kgrp --field-selector status.id=l7cGNIBKZiNJ6wqF
	// +optional
	ID string `json:"id,omitempty"`

	// conversationID is the id of the conversation that belongs to the remote
	// group. Example: ZYjVAbCE9g5XRlra
	// +optional
	ConversationID string `json:"conversationID,omitempty"`

	// remoteName is the name of the remote group as last seen. It differs from
	// spec.name while a change is waiting, or under managementPolicy Observe.
	// +optional
	RemoteName string `json:"remoteName,omitempty"`

	// createdAt is when the remote group was created, by the clock of the API.
	// +optional
	CreatedAt *metav1.Time `json:"createdAt,omitempty"`

	// archivedAt is when the remote group was archived, by the clock of the API.
	// Absent while it is not archived.
	// +optional
	ArchivedAt *metav1.Time `json:"archivedAt,omitempty"`

	// contactCount is the number of members of the remote group.
	// +optional
	ContactCount *int32 `json:"contactCount,omitempty"`

	// drift lists the remote fields, by their names in spec, that differ from
	// spec and are not being corrected. Example: [description]
	// +optional
	// +listType=atomic
	Drift []string `json:"drift,omitempty"`

	// conditions tell how the Group stands. Ready is always present once the
	// Group was observed; Reconciling and Stalled are present only while they
	// hold. See the reason and message of Ready first.
	// +optional
	// +listType=map
	// +listMapKey=type
	Conditions []metav1.Condition `json:"conditions,omitempty"`
}

// The rule on groupID below looks at the step that adds it, not at each state.
// So it never stands in the way of a status write: an id that was just created
// must be recorded, even if a user added another groupID meanwhile.

// Group is a group in klink.cloud: a conversation with a set of contacts. The
// operator makes it exist, keeps it as spec declares, and writes its id to
// status. Deleting a Group archives the remote group unless spec.deletionPolicy
// says otherwise. Other APIs have the plural groups too: say kgrp or
// groups.klink.cloud to kubectl.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:path=groups,shortName=kgrp,categories=klink
// +kubebuilder:selectablefield:JSONPath=`.status.id`
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`,description="Whether the remote group is as declared"
// +kubebuilder:printcolumn:name="Reason",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].reason`,description="Why it is ready, or why not"
// +kubebuilder:printcolumn:name="ID",type=string,JSONPath=`.status.id`,description="Id of the remote group"
// +kubebuilder:printcolumn:name="Conversation",type=string,JSONPath=`.status.conversationID`,description="Id of the conversation of the remote group"
// +kubebuilder:printcolumn:name="Contacts",type=integer,JSONPath=`.status.contactCount`,description="Number of members of the remote group"
// +kubebuilder:printcolumn:name="Archived",type=date,JSONPath=`.status.archivedAt`,description="For how long the remote group has been archived"
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`,description="Age of this object"
// +kubebuilder:printcolumn:name="Remote Name",type=string,priority=1,JSONPath=`.status.remoteName`,description="Name of the remote group as last seen"
// +kubebuilder:printcolumn:name="Message",type=string,priority=1,JSONPath=`.status.conditions[?(@.type=="Ready")].message`,description="What the operator has to say about it"
// +kubebuilder:validation:XValidation:rule=`has(oldSelf.spec.groupID) || !has(self.spec.groupID) || !has(self.status) || !has(self.status.id) || self.spec.groupID == self.status.id`,fieldPath=`.spec.groupID`,reason=FieldValueForbidden,message="groupID must be the id in status.id, to which this Group is bound already; to bind to another remote group, delete this Group with deletionPolicy Orphan and create it again with the other groupID"
type Group struct {
	metav1.TypeMeta `json:",inline"`

	// metadata is the standard object metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitzero"`

	// spec declares what the remote group shall be. A field that is omitted is
	// unmanaged: its remote value is left alone.
	// +required
	Spec GroupSpec `json:"spec"`

	// status is what the operator last saw of the remote group. Written by the
	// operator alone.
	// +optional
	// +kubebuilder:default={"observedGeneration":-1}
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
