// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package v1alpha1

// DefaultEndpoint is the base URL of the klink.cloud API that a connection
// uses when it names none. The groups endpoints are below it, at /groups.
const DefaultEndpoint = "https://api.klink.cloud/api/v1"

// Annotations that users set or read.
const (
	// AnnotationReconcileRequestedAt, set on a Group to any new value (by
	// custom the current time), asks for a fresh look at the remote group. The
	// value is echoed in status.lastHandledReconcileAt once that was done.
	AnnotationReconcileRequestedAt = "klink.cloud/reconcile-requested-at"

	// AnnotationGroupID repeats status.id on a bound Group, because annotations
	// survive a backup that is restored without status.
	AnnotationGroupID = "klink.cloud/group-id"

	// AnnotationGroupCluster stands beside AnnotationGroupID and holds the UID
	// of the namespace kube-system of the cluster that bound the remote group.
	AnnotationGroupCluster = "klink.cloud/group-cluster"

	// AnnotationCreateAttempt is the note of a create that may have been sent.
	// It is written before the call and replaced by AnnotationGroupID after it.
	// A user removes it only to settle ReasonCreateUncertain.
	AnnotationCreateAttempt = "klink.cloud/create-attempt"

	// AnnotationUnarchive names the adopted remote group that is still to be
	// unarchived, so that a crash in between does not leave an adoption half done.
	AnnotationUnarchive = "klink.cloud/unarchive"

	// AnnotationTakeOver, set on a connection to the kube-system UID of another
	// cluster, lets Groups write to remote groups which that cluster bound.
	AnnotationTakeOver = "klink.cloud/take-over"

	// AnnotationAcceptMissing, set on a connection to an RFC 3339 time, accepts
	// what listings begun within ten minutes after that time miss, and so
	// settles ReasonMassDisappearance.
	AnnotationAcceptMissing = "klink.cloud/accept-missing"
)

// Finalizers.
const (
	// FinalizerGroup holds a Group until its deletion policy has been applied.
	FinalizerGroup = "klink.cloud/group"

	// FinalizerInUse holds a connection until its last Group is gone.
	FinalizerInUse = "klink.cloud/in-use"
)
