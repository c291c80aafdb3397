// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package controller

import (
	"context"
	"errors"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/klink"
	"github.com/klink-cloud/klink-operator/internal/plan"
)

// carryOut does one step. It is done when there is nothing more to do in this
// look; otherwise the facts now hold what was learned.
func (l *look) carryOut(ctx context.Context, step plan.Step) (done bool, result reconcile.Result, err error) {
	switch step.Action {
	case plan.Wait:
		return l.rest(step), reconcile.Result{RequeueAfter: l.again(step)}, nil
	case plan.WriteStatus:
		return l.rest(step), reconcile.Result{RequeueAfter: l.again(step)}, l.report(ctx, step.Report)
	case plan.Read:
		return l.after(ctx, step, l.read(ctx, step.ID))
	case plan.Bind:
		return l.after(ctx, step, l.bind(ctx, step))
	case plan.Record:
		return l.after(ctx, step, l.record(ctx, step.ID))
	case plan.ForgetID:
		return l.after(ctx, step, l.drop(ctx, step.ID))
	case plan.Create:
		return l.after(ctx, step, l.create(ctx))
	case plan.Update:
		return l.after(ctx, step, l.update(ctx, step))
	case plan.ArchiveRemote, plan.Unarchive:
		return l.after(ctx, step, l.setArchived(ctx, step.ID, step.Action == plan.ArchiveRemote))
	case plan.DeleteRemote:
		return l.after(ctx, step, l.deleteRemote(ctx, step.ID))
	default: // plan.Release
		return true, reconcile.Result{}, l.release(ctx, step)
	}
}

// rest ends a look, and asks for the listing that the plan waits for.
func (l *look) rest(step plan.Step) bool {
	if !step.AwaitListing.IsZero() && l.account != nil {
		l.account.AwaitListing(step.AwaitListing, l.facts.Identity.ID)
	}
	return true
}

// deletionRetry is how often a deletion that waits looks whether the CRD goes.
const deletionRetry = time.Minute

func (l *look) again(step plan.Step) time.Duration {
	if step.RequeueAfter == 0 && step.Action == plan.WriteStatus && !l.group.DeletionTimestamp.IsZero() {
		return deletionRetry
	}
	return step.RequeueAfter
}

// class is the place of this Group's calls in the queue for the rate.
func (l *look) class() klink.Class {
	if priorityOf(l.group) == priorityDrift {
		return klink.ClassDrift
	}
	return klink.ClassChange
}

// read gets the remote group (groups API, GET /groups/:id).
func (l *look) read(ctx context.Context, id string) error {
	g, err := l.account.Get(ctx, l.caller(l.class()), id)
	switch {
	case klink.KindOf(err) == klink.KindNotFound && !isDown(err):
		known := l.account.Lookup(id)
		l.facts.Remote = plan.Remote{State: plan.RemoteNotFound, Fresh: true, Settling: known.Settling, AbsenceProven: known.AbsenceProven}
		l.answered()
		return nil
	case err != nil:
		return err
	}
	l.answered()
	l.shows(g)
	return nil
}

// caller is this Group where it asks for a rate slot.
func (l *look) caller(class klink.Class) klink.Caller { return l.News.groups.caller(l.group, class) }

// shows notes a reply that showed the remote group.
func (l *look) shows(g klink.Group) {
	known := remoteOf(l.account.Lookup(g.ID))
	known.State, known.Group, known.Fresh = plan.RemotePresent, g, true
	l.facts.Remote = known
}

// update sets the fields that differ, and no others (groups API, PUT /groups/:id).
func (l *look) update(ctx context.Context, step plan.Step) error {
	declared := l.facts.Declared
	before := l.facts.Remote.Group
	g, err := l.account.Update(ctx, l.caller(l.class()), step.ID, declared.Changes(step.Fields, l.facts.Now))
	if err != nil {
		return &writeError{fields: step.Fields, err: err}
	}
	l.logWrite(ctx, "Updated the remote group", g.ID, step.Fields)
	l.succeeded()
	l.shows(g)
	if lacking := lackingFields(declared.Diff(g), step.Fields); len(lacking) > 0 {
		l.notApplied(lacking)
		return nil
	}
	l.mem.notApplied, l.facts.History.NotApplied, l.mem.unapplied = nil, nil, 0
	if step.Drifted {
		l.drifted(step.Fields)
		return nil
	}
	l.updated(before, g, step.Fields)
	return nil
}

// drifted counts a correction and says so.
func (l *look) drifted(fields []plan.Field) {
	l.Count.Drifted(l.key, fields)
	l.say(driftCorrected(fields))
	if contested := l.mem.corrected(fields, time.Now()); len(contested) > 0 {
		l.say(contestedFields(contested))
	}
}

// setArchived archives or unarchives outside of the declaration: at deletion and
// at adoption (groups API, PUT /groups/:id with archived_at).
func (l *look) setArchived(ctx context.Context, id string, archived bool) error {
	fields := []plan.Field{plan.FieldArchived}
	at, again := l.facts.Now, false
	if shown := l.facts.Remote.Group.ArchivedAt; archived && !shown.IsZero() {
		at, again = shown, true // in doubt only: an archived group keeps its date
	}
	g, err := l.account.Update(ctx, l.caller(klink.ClassChange), id, plan.Archive(archived, at))
	if err != nil {
		return &writeError{fields: fields, err: err}
	}
	done := "Unarchived the remote group"
	if archived {
		done = "Archived the remote group"
	}
	l.logWrite(ctx, done, id, fields)
	l.succeeded()
	l.shows(g)
	if g.Archived() != archived {
		l.notApplied(fields)
		return nil
	}
	if !again {
		l.say(archivedGroup(id, archived))
	}
	return l.observeRemote(ctx)
}

// deleteRemote deletes for good (groups API, DELETE /groups/:id).
func (l *look) deleteRemote(ctx context.Context, id string) error {
	err := l.account.Delete(ctx, l.caller(klink.ClassChange), id)
	if klink.KindOf(err) == klink.KindNotFound && !isDown(err) {
		known := l.account.Lookup(id)
		l.facts.Remote = plan.Remote{State: plan.RemoteNotFound, Settling: known.Settling}
		return nil
	}
	if err != nil {
		return err
	}
	l.logWrite(ctx, "Deleted the remote group", id, nil)
	l.say(deletedGroup(id))
	return errFinished
}

// errFinished ends a deletion whose remote part is done.
var errFinished = errors.New("finished")

// release lets the Group go.
func (l *look) release(ctx context.Context, step plan.Step) error {
	if err := l.removeFinalizer(ctx); err != nil {
		return err
	}
	if step.Orphaned {
		if l.madeOwn() {
			// No open create of another Group may take it for what it has made.
			l.Accounts.Claims.Made(l.endpoint, step.ID, string(l.group.UID))
		}
		l.say(orphanedGroup(step.ID))
	}
	l.letGo(ctx, l.mem)
	return nil
}

// madeOwn reports whether the remote group can only have been made for this Group. One
// that was adopted may be what another's open create has made.
func (l *look) madeOwn() bool {
	spec := &l.group.Spec
	return spec.GroupID == "" && spec.AdoptionPolicy != v1alpha1.AdoptByName && spec.ManagementPolicy != v1alpha1.ManagementObserve
}

// logWrite leaves one line for each remote write.
func (l *look) logWrite(ctx context.Context, message, id string, fields []plan.Field) {
	log.FromContext(ctx).Info(message, "id", id, "fields", fields, "connection", l.key.String())
}

func lackingFields(diff, sent []plan.Field) []plan.Field {
	var lacking []plan.Field
	for _, field := range sent {
		for _, differs := range diff {
			if field == differs {
				lacking = append(lacking, field)
			}
		}
	}
	return lacking
}

const (
	// firstRetry doubles with each failure, up to mostRetry.
	firstRetry = time.Second
	mostRetry  = 5 * time.Minute
	// notAppliedRetry doubles too, up to refusedRetry, which is how long a refused
	// declaration waits unless it changes.
	notAppliedRetry = time.Minute
	refusedRetry    = time.Hour
)

func backoff(first, most time.Duration, failures int) time.Duration {
	return min(first<<min(failures, 16), most)
}

// notApplied holds the fields back that the API took and does not show.
func (l *look) notApplied(fields []plan.Field) {
	wait := backoff(notAppliedRetry, refusedRetry, l.mem.unapplied)
	l.mem.unapplied++
	l.mem.notApplied = &plan.Backoff{
		Until: time.Now().Add(wait), Reason: v1alpha1.ReasonNotApplied, Fields: fields,
		Message: "the API accepted the request, but its reply does not show the declared " + joined(fields) +
			"; check the values (an unknown contact, or text that the API normalises)",
	}
	l.facts.History.NotApplied = l.mem.notApplied
}

// answered ends a series of failures of this Group's own calls. What the API has
// refused to write it refuses still, for all that a read can tell.
func (l *look) answered() {
	l.mem.failed, l.mem.failures = nil, 0
	l.facts.History.Failed = nil
}

// succeeded ends them after a write.
func (l *look) succeeded() {
	l.answered()
	l.mem.refused, l.facts.History.Refused = nil, nil
}
