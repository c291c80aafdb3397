// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package plan

import (
	"crypto/sha256"
	"encoding/hex"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/remote"
)

// maxEcho is how many characters status.lastHandledReconcileAt may have.
const maxEcho = 256

// Echo is how status.lastHandledReconcileAt shows what the annotation asks for: the
// value itself, or, of one that is too long or that a terminal would obey, the
// printable beginning and a digest, so that it differs from any other.
func Echo(requested string) string {
	printable := remote.Plain(requested)
	if printable == requested && len([]rune(requested)) <= maxEcho {
		return requested
	}
	sum := sha256.Sum256([]byte(requested))
	digest := "… " + hex.EncodeToString(sum[:8])
	beginning := []rune(printable)
	return string(beginning[:min(len(beginning), maxEcho-len([]rune(digest)))]) + digest
}

// Requested reports whether a person asks for a look at the Group that it has not had.
func Requested(g *v1alpha1.Group) bool {
	return Echo(g.Annotations[v1alpha1.AnnotationReconcileRequestedAt]) != g.Status.LastHandledReconcileAt
}

// userIsWaiting reports whether a person waits for something: a changed spec, or a look.
func userIsWaiting(g *v1alpha1.Group) bool {
	return g.Status.ObservedGeneration != g.Generation || Requested(g)
}
