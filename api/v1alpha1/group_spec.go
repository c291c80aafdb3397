// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package v1alpha1

// GroupSpec declares what a remote group shall be. A remote field that is
// omitted here is unmanaged: its remote value is left alone. An empty value is
// a declaration too: "" clears a text, [] removes all members.
//
// The Go tags keep omitted and empty apart, for clients that marshal this type.
//
// +kubebuilder:validation:XValidation:rule=`!has(oldSelf.groupID) || has(self.groupID) && self.groupID == oldSelf.groupID`,fieldPath=`.groupID`,reason=FieldValueForbidden,message="groupID is immutable once set: it can be neither changed nor removed; to bind to another remote group, delete this Group with deletionPolicy Orphan and create it again with the other groupID"
// +kubebuilder:validation:XValidation:rule=`!has(self.groupID) || self.adoptionPolicy != 'ByName'`,fieldPath=`.adoptionPolicy`,reason=FieldValueInvalid,message="groupID and adoptionPolicy ByName exclude each other: leave out adoptionPolicy, or set it to Never, to bind by id, or leave out groupID to bind by name"
// +kubebuilder:validation:XValidation:rule=`self.managementPolicy != 'Observe' || has(self.groupID) || self.adoptionPolicy == 'ByName'`,fieldPath=`.managementPolicy`,reason=FieldValueInvalid,message="managementPolicy Observe never creates a remote group, so it must know which one to observe: set groupID, or set adoptionPolicy to ByName"
// +kubebuilder:validation:XValidation:rule=`!has(self.contactsPolicy) || self.contactsPolicy != 'AtLeast' || has(self.contacts) && size(self.contacts) > 0`,fieldPath=`.contactsPolicy`,reason=FieldValueInvalid,message="contactsPolicy AtLeast needs contacts that are not empty: list those who must be members, or leave out contactsPolicy"
type GroupSpec struct {
	// connectionRef names the connection through which the group is managed.
	// When it is omitted as a whole, that is the ClusterConnection default.
	// Immutable. Example: {kind: Connection, name: team}
	// +optional
	// +kubebuilder:default={kind: ClusterConnection, name: default}
	// +kubebuilder:validation:XValidation:rule=`self == oldSelf`,reason=FieldValueForbidden,message="connectionRef is immutable: to move to another connection, delete this Group with deletionPolicy Orphan and create it again with that connectionRef"
	ConnectionRef ConnectionReference `json:"connectionRef,omitzero"`

	// name of the remote group: 1 to 255 characters, with no white space at
	// either end. Several remote groups may have the same name.
	// Example: Plaza Hotel
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=255
	// +kubebuilder:validation:XValidation:rule=`self == self.trim()`,message="name must not be blank, and must not begin or end with white space: remove it, for example Plaza Hotel"
	Name string `json:"name"`

	// description of the remote group, of up to 16384 characters. When omitted,
	// the remote description is left alone; "" clears it.
	// Example: World-renowned.
	// +optional
	// +nullable
	// +kubebuilder:validation:MaxLength=16384
	Description *string `json:"description,omitempty"`

	// avatarURL is the absolute http or https URL of the avatar image. When
	// omitted, the remote avatar is left alone; "" clears it.
	// Example: https://assets.protocol.chat/avatars/plazahotel.jpg
	// +optional
	// +nullable
	// +kubebuilder:validation:MaxLength=2048
	// +kubebuilder:validation:XValidation:rule=`self == '' || isURL(self) && url(self).getScheme() in ['http', 'https'] && url(self).getHostname() != '' && !self.matches(r'\s')`,message="avatarURL must be empty, to clear the avatar, or an absolute http or https URL without white space, for example https://example.com/avatar.jpg"
	AvatarURL *string `json:"avatarURL,omitempty"`

	// contacts are all members of the group, up to 5000, in any order;
	// duplicates count once. When omitted, the remote members are left alone;
	// [] removes them all. The list is atomic: the last who applies it declares
	// all of it. Example: [{username: Hector}, {username: Cedric}]
	// +optional
	// +nullable
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=5000
	Contacts []Contact `json:"contacts,omitzero"`

	// contactsPolicy says what contacts means for other members. Exact: contacts
	// are all members. AtLeast: contacts are added, and other members are left
	// alone; taking a name off the list removes nobody. AtLeast needs contacts.
	// +optional
	// +kubebuilder:default=Exact
	ContactsPolicy ContactsPolicy `json:"contactsPolicy,omitempty"`

	// archived says whether the remote group shall be archived. When omitted, it
	// is left as it is, but adopting an archived group unarchives it.
	// +optional
	// +nullable
	Archived *bool `json:"archived,omitempty"`

	// groupID binds to this existing remote group instead of creating one: a
	// Group with groupID never creates. May be added later, but then it must be
	// the id in status.id, if there is one. Immutable once set, and not to be
	// combined with adoptionPolicy ByName. Ids are case-sensitive.
	// Example: l7cGNIBKZiNJ6wqF
	// +optional
	// +nullable
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule=`self.matches(r'^[^\s\pC\pZ/\\%?#;]+$') && !(self in ['.', '..'])`,message="groupID must be the id of a remote group exactly as the API shows it, without white space and without / \\ % ? # ;, for example l7cGNIBKZiNJ6wqF"
	GroupID string `json:"groupID,omitempty"`

	// adoptionPolicy says what a Group that is not bound yet does with a remote
	// group of its name that exists already. Never: it binds to nothing that
	// exists, and creates nothing beside an active remote group of the name that
	// no Group owns (NameTaken). ByName: it binds to the remote group of exactly
	// this name, and creates one only if there is none. Active groups count before
	// archived ones; several active groups of the name stall the Group
	// (AdoptionAmbiguous). AllowDuplicate: it creates, whatever has this name.
	// +optional
	// +kubebuilder:default=Never
	AdoptionPolicy AdoptionPolicy `json:"adoptionPolicy,omitempty"`

	// managementPolicy says whether the operator writes to the remote group.
	// Manage: it keeps the declared fields as declared. Observe: it writes
	// nothing remotely, neither at adoption nor at deletion, and lists
	// differences in status.drift; this needs groupID or adoptionPolicy ByName.
	// +optional
	// +kubebuilder:default=Manage
	ManagementPolicy ManagementPolicy `json:"managementPolicy,omitempty"`

	// deletionPolicy says what happens to the remote group when the Group is
	// deleted. Archive: it is archived, which can be undone. Delete: it is
	// deleted for good with all its messages, provided that the connection says
	// allowDelete. Orphan: it is left as it is; this needs no connection and
	// always finishes.
	// +optional
	// +kubebuilder:default=Archive
	DeletionPolicy DeletionPolicy `json:"deletionPolicy,omitempty"`

	// suspend set to true holds back every write to the remote group. A
	// deletion waits too, unless deletionPolicy is Orphan.
	// +optional
	// +kubebuilder:default=false
	Suspend bool `json:"suspend,omitempty"`
}

// ConnectionReference names the connection through which a Group is managed.
//
// +structType=atomic
type ConnectionReference struct {
	// kind of the connection: Connection, which is in the namespace of the
	// Group, or ClusterConnection.
	// +required
	Kind ConnectionKind `json:"kind"`

	// name of the connection. Example: default
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule=`!format.dns1123Subdomain().validate(self).hasValue()`,message="connectionRef.name must be the name of an object: lower case letters, digits, '-' and '.', beginning and ending with a letter or digit, for example default"
	Name string `json:"name"`
}

// Contact is one member of a group.
type Contact struct {
	// username of the contact in klink.cloud, exactly as the API shows it.
	// Example: Hector
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=255
	// +kubebuilder:validation:XValidation:rule=`self == self.trim()`,message="username must not be blank, and must not begin or end with white space: write it as klink.cloud shows it, for example Hector"
	Username string `json:"username"`
}
