// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package controller

import (
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/klink-cloud/klink-operator/internal/plan"
	"github.com/klink-cloud/klink-operator/internal/remote"
)

// occurrence is an event to be recorded (events.k8s.io): what happened, once, on
// a transition.
type occurrence struct {
	kind    string // Normal or Warning
	reason  string
	action  string
	message string
}

func normal(reason, action, message string) occurrence {
	return occurrence{kind: corev1.EventTypeNormal, reason: reason, action: action, message: message}
}

func warning(reason, action, message string) occurrence {
	return occurrence{kind: corev1.EventTypeWarning, reason: reason, action: action, message: message}
}

func createdGroup(id, how string) occurrence {
	message := "created remote group " + id
	if how != "" {
		message += ", " + how
	}
	return normal("Created", "Create", message)
}

func recreatedGroup(id, lost string) occurrence {
	return warning("Recreated", "Create", "remote group "+lost+" was gone; created "+id+" in its place")
}

func adoptedGroup(id string) occurrence {
	return normal("Adopted", "Bind", "bound to the existing remote group "+id)
}

func archivedGroup(id string, archived bool) occurrence {
	if archived {
		return normal("Archived", "Update", "archived remote group "+id)
	}
	return normal("Unarchived", "Update", "unarchived remote group "+id)
}

func deletedGroup(id string) occurrence {
	return normal("Deleted", "Delete", "deleted remote group "+id+" and its messages")
}

func orphanedGroup(id string) occurrence {
	return normal("Orphaned", "Release", "left remote group "+id+" as it is")
}

func driftCorrected(differences string) occurrence {
	return normal("DriftCorrected", "Update", "changed back what was changed remotely: "+differences)
}

func contestedFields(fields []plan.Field, differences string) occurrence {
	return warning("Contested", "Update", "somebody else (another cluster, a script, a person) keeps changing "+strings.Join(fields, ", ")+
		" ("+differences+"); from now on corrected once an hour")
}

// updated says what a changed declaration did. Archiving is told apart.
func updated(before, after remote.Group, fields []plan.Field) []occurrence {
	var happened []occurrence
	if before.Archived() != after.Archived() {
		happened = append(happened, archivedGroup(after.ID, after.Archived()))
	}
	others := slices.DeleteFunc(slices.Clone(fields), func(field plan.Field) bool { return field == plan.FieldArchived })
	if len(others) > 0 {
		happened = append(happened, normal("Updated", "Update", "set "+strings.Join(others, ", ")))
	}
	return happened
}

// maxNote is the API server's limit, in bytes, of an event's note: it refuses a
// longer one, and the event would be lost.
const maxNote = 1024
