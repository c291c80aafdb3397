// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package plan

import (
	"slices"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
)

// showing adds the remote group to a report, where it is known and this Group's to see.
func showing(f *Facts, r Report) Report {
	if f.Remote.State == RemotePresent && f.maySee() {
		r.Remote = &f.Remote.Group
	}
	return r
}

// drifting adds the remote group, and the fields that stay different, to a report.
func drifting(f *Facts, step Step, diff []Field) Step {
	step.Report = showing(f, step.Report)
	step.Report.Drift = diff
	return step
}

// correct leaves out fields that are contested and not due yet. What is held
// back is judged by the others: those are what the PUT would send again.
func correct(f *Facts, diff []Field) Step {
	due, contested, again := f.History.uncontested(diff, f.Now)
	if len(due) == 0 {
		r := waiting(v1alpha1.ReasonUpdating, "somebody else keeps changing "+list(contested)+" ("+f.Declared.Differences(f.Remote.Group, contested)+
			"); corrected once an hour, and at once when the spec changes")
		return drifting(f, writeStatus(r, again), diff)
	}
	due, held := f.sendable(due)
	if held != nil {
		return drifting(f, backedOff(f, held), diff)
	}
	drifted := f.wasSynced() || f.History.contestedAny(due, f.Now)
	adds := addsMembers(f, due) && f.Now.Sub(f.Remote.ReadAt) > membersServe
	if adds || drifted && (f.Remote.setLately(due) || f.Remote.untried(due)) {
		return readBeforeWrite(f)
	}
	return Step{Action: Update, ID: f.Identity.ID, Fields: due, Drifted: drifted}
}

// setLately: a listing shows otherwise what our own write set within the last hour. It
// may come out of a cache, or show less than a GET does: before anybody is said to have
// changed the field, a GET has to show it too.
func (r *Remote) setLately(fields []Field) bool {
	return !r.Fresh && slices.ContainsFunc(fields, func(field Field) bool { return !r.Writes[field].IsZero() })
}

// untried: it is not known whether lists show all of these fields. They may show less than
// a GET does, which somebody has to try before anybody is blamed.
func (r *Remote) untried(fields []Field) bool {
	return !r.Fresh && slices.ContainsFunc(fields, func(field Field) bool { return r.Untried&fieldSets[field] != 0 })
}

// sendable leaves out what the API has refused, where others are to be sent, or returns
// what keeps all of them back. After a refusal of several at once the others go without
// contacts and avatar, once: so one member who is no more holds back nothing else.
func (f *Facts) sendable(due []Field) ([]Field, *Backoff) {
	if refused := f.refused(); refused != nil {
		foreign := func(field Field) bool { return !slices.Contains(refused.Fields, field) }
		rest := func(field Field) bool { return slices.Contains(refused.Rest, field) }
		switch {
		case refused.Fields != nil && slices.ContainsFunc(due, foreign):
			due = only(due, foreign)
		case slices.ContainsFunc(due, rest):
			due = only(due, rest)
		default:
			return nil, refused
		}
	}
	for _, b := range []*Backoff{f.History.NotApplied, f.History.Failed} {
		if b.active(f.Now) && b.covers(due) {
			return nil, b
		}
	}
	return due, nil
}

func only(fields []Field, which func(Field) bool) []Field {
	return slices.DeleteFunc(slices.Clone(fields), func(field Field) bool { return !which(field) })
}
