// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package v1alpha1

// AdoptionPolicy says whether a Group without groupID may bind to a remote
// group that exists already.
// +kubebuilder:validation:Enum=Never;ByName;AllowDuplicate
type AdoptionPolicy string

// Adoption policies.
const (
	// AdoptNever binds to nothing that exists, and does not create beside an
	// active remote group of the declared name that no Group owns.
	AdoptNever AdoptionPolicy = "Never"
	// AdoptByName binds to the remote group of exactly the declared name, and
	// creates when there is none.
	AdoptByName AdoptionPolicy = "ByName"
	// AdoptAllowDuplicate creates, even beside remote groups of the declared name.
	AdoptAllowDuplicate AdoptionPolicy = "AllowDuplicate"
)

// ContactsPolicy says what the declared contacts mean for the other members of
// the remote group.
// +kubebuilder:validation:Enum=Exact;AtLeast
type ContactsPolicy string

// Contacts policies.
const (
	// ContactsExact makes the declared contacts all members.
	ContactsExact ContactsPolicy = "Exact"
	// ContactsAtLeast adds the declared contacts and leaves other members alone.
	ContactsAtLeast ContactsPolicy = "AtLeast"
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

// AdoptionNamespacesFrom says how the namespaces are chosen whose Groups may bind
// to remote groups that they did not make.
// +kubebuilder:validation:Enum=All;None;Selector
type AdoptionNamespacesFrom string

// Ways to choose namespaces that may adopt.
const (
	// AdoptionNamespacesFromAll lets every allowed namespace adopt.
	AdoptionNamespacesFromAll AdoptionNamespacesFrom = "All"
	// AdoptionNamespacesFromNone lets no namespace adopt.
	AdoptionNamespacesFromNone AdoptionNamespacesFrom = "None"
	// AdoptionNamespacesFromSelector lets the namespaces adopt whose labels match.
	AdoptionNamespacesFromSelector AdoptionNamespacesFrom = "Selector"
)

// PaginationDialect is a way in which the API pages through a list.
// +kubebuilder:validation:Enum=SinglePage;Cursor;Page;Limit;Incomplete
type PaginationDialect string

// Pagination dialects.
const (
	// PaginationSinglePage means that everything came in one reply.
	PaginationSinglePage PaginationDialect = "SinglePage"
	// PaginationCursor means starting_after with the last id seen.
	PaginationCursor PaginationDialect = "Cursor"
	// PaginationPage means page numbers.
	PaginationPage PaginationDialect = "Page"
	// PaginationLimit means one page under an ever larger limit.
	PaginationLimit PaginationDialect = "Limit"
	// PaginationIncomplete means that nothing advances, and the account cannot
	// be listed completely.
	PaginationIncomplete PaginationDialect = "Incomplete"
)
