// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package v1alpha1

// Condition types, in the sense of kstatus. All three kinds use them.
const (
	// ConditionReady is always present once an object has been observed. It is
	// True when the object is as declared.
	ConditionReady = "Ready"

	// ConditionReconciling is present, and True, only while work is under way
	// that one pass could not finish.
	ConditionReconciling = "Reconciling"

	// ConditionStalled is present, and True, only while a person is needed and
	// retries are rare. It never stands beside ConditionReconciling.
	ConditionStalled = "Stalled"
)

// Reasons of a Group's Ready condition.
const (
	// ReasonSynced (True): the remote group matches the declared fields.
	ReasonSynced = "Synced"

	// ReasonObserved (True): managementPolicy Observe, and there is no
	// difference.
	ReasonObserved = "Observed"

	// ReasonDrifted (True): managementPolicy Observe, and status.drift lists the
	// fields that differ.
	ReasonDrifted = "Drifted"

	// ReasonSuspended: spec.suspend is true. The status is True if the declared
	// fields were last seen remotely, else Unknown.
	ReasonSuspended = "Suspended"

	// ReasonCreating (False, Reconciling): the remote group is being made, and
	// one pass was not enough.
	ReasonCreating = "Creating"

	// ReasonUpdating (False, Reconciling): the remote group is being changed,
	// and one pass was not enough.
	ReasonUpdating = "Updating"

	// ReasonConnectionNotFound (False): there is work to do, and the connection
	// that spec.connectionRef names does not exist.
	ReasonConnectionNotFound = "ConnectionNotFound"

	// ReasonConnectionNotReady (False): there is work to do, and the connection
	// is not ready. Its own conditions say why.
	ReasonConnectionNotReady = "ConnectionNotReady"

	// ReasonConnectionNotAllowed (False, Stalled): the Group's namespace is not
	// among the allowedNamespaces of its ClusterConnection.
	ReasonConnectionNotAllowed = "ConnectionNotAllowed"

	// ReasonRejected (False, Stalled): the API refused the request, or the
	// declaration contradicts the remote group that is bound. Retried when the
	// Group changes, or hourly.
	ReasonRejected = "Rejected"

	// ReasonNotApplied (False, Stalled): the API accepted the request, but its
	// reply does not show the declared values. The message names the fields.
	ReasonNotApplied = "NotApplied"

	// ReasonIDConflict (False, Stalled): another Group, or another cluster, owns
	// this remote id.
	ReasonIDConflict = "IDConflict"

	// ReasonAdoptionAmbiguous (False, Stalled): adoptionPolicy ByName found
	// several active remote groups of the name that no Group owns, or one beside
	// one that a Group owns. The message lists them and says which is owned.
	ReasonAdoptionAmbiguous = "AdoptionAmbiguous"

	// ReasonNameTaken (False, Stalled): adoptionPolicy Never, and an active remote
	// group of the name exists that no Group owns. The message lists the ids and
	// the ways out.
	ReasonNameTaken = "NameTaken"

	// ReasonAdoptionNotAllowed (False, Stalled): the Group would bind to a remote
	// group that it did not make, and its namespace is not among the
	// allowedAdoptionNamespaces of its ClusterConnection.
	ReasonAdoptionNotAllowed = "AdoptionNotAllowed"

	// ReasonDeleteNotAllowed (False, Stalled): the Group is being deleted with
	// deletionPolicy Delete, and its connection does not say allowDelete.
	ReasonDeleteNotAllowed = "DeleteNotAllowed"

	// ReasonCreateUncertain (False, Stalled): a create may have happened and
	// cannot be proven either way. Settled by setting spec.groupID, or by
	// removing AnnotationCreateAttempt when no remote group was made.
	ReasonCreateUncertain = "CreateUncertain"

	// ReasonRemoteMissing (False, Stalled): the bound remote group is gone and
	// must not be recreated.
	ReasonRemoteMissing = "RemoteMissing"

	// ReasonDryRun (False): the manager runs with --dry-run. The message says
	// what it would have done.
	ReasonDryRun = "DryRun"

	// ReasonDeleting (False): the Group is being finalized. The message says
	// what it waits for.
	ReasonDeleting = "Deleting"
)

// Reasons that Groups and connections share.
const (
	// ReasonUnavailable (False): the API cannot be reached or fails. On a Group:
	// the declared change waits for it.
	ReasonUnavailable = "Unavailable"

	// ReasonRateLimited (False): the API refuses calls for now. On a Group: the
	// declared change waits. On a connection: the pause is longer than a resync
	// interval.
	ReasonRateLimited = "RateLimited"
)

// Reasons of the Ready condition of a Connection or ClusterConnection.
const (
	// ReasonConnected (True): the API answers to the token.
	ReasonConnected = "Connected"

	// ReasonSecretNotFound (False): the Secret of spec.tokenSecretRef does not
	// exist, and no token that still works is in memory.
	ReasonSecretNotFound = "SecretNotFound"

	// ReasonTerminating (False): the connection is being deleted. It takes no
	// new Groups and serves the ones it has until the last is gone.
	ReasonTerminating = "Terminating"

	// ReasonSecretInvalid (False, Stalled): the Secret exists, but holds no
	// usable token under the key.
	ReasonSecretInvalid = "SecretInvalid"

	// ReasonEndpointNotAllowed (False, Stalled): the endpoint of a namespaced
	// Connection does not match the manager's --allowed-endpoints.
	ReasonEndpointNotAllowed = "EndpointNotAllowed"

	// ReasonUnauthorized (False, Stalled): the API refuses the token.
	ReasonUnauthorized = "Unauthorized"

	// ReasonMassDisappearance (False, Stalled): so many owned groups are missing
	// at once that a wrong tenant or a broken API is assumed. Heals by itself
	// when they are back; AnnotationAcceptMissing accepts the loss.
	ReasonMassDisappearance = "MassDisappearance"
)
