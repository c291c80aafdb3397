// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package controller

import (
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/klink-cloud/klink-operator/internal/klink"
	"github.com/klink-cloud/klink-operator/internal/plan"
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

func driftCorrected(fields []plan.Field) occurrence {
	return normal("DriftCorrected", "Update", "changed back what was changed remotely: "+joined(fields))
}

func contestedFields(fields []plan.Field) occurrence {
	return warning("Contested", "Update", "somebody else (another cluster, a script, a person) keeps changing "+joined(fields)+
		"; from now on corrected once an hour")
}

// updated says what a changed declaration did. Archiving is told apart.
func (l *look) updated(before, after klink.Group, fields []plan.Field) {
	if before.Archived() != after.Archived() {
		l.say(archivedGroup(after.ID, after.Archived()))
	}
	var others []plan.Field
	for _, field := range fields {
		if field != plan.FieldArchived {
			others = append(others, field)
		}
	}
	if len(others) > 0 {
		l.say(normal("Updated", "Update", "set "+joined(others)))
	}
}

// maxNote is the API server's limit, in bytes, of an event's note: it refuses a
// longer one, and the event would be lost.
const maxNote = 1024

// say notes that something has happened; it is recorded at the end of the look,
// however that ends.
func (l *look) say(o occurrence) { l.events = append(l.events, o) }

// publish records the events of this look.
func (l *look) publish() {
	for _, o := range l.events {
		l.Events.Eventf(l.group, nil, o.kind, o.reason, o.action, "%s", cut(o.message, maxNote))
	}
	l.events = nil
}

func joined(fields []plan.Field) string { return strings.Join(fields, ", ") }
