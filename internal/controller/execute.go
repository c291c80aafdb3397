// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package controller

import (
	"context"
	"fmt"
	"slices"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/klink-cloud/klink-operator/internal/account"
	"github.com/klink-cloud/klink-operator/internal/facts"
	"github.com/klink-cloud/klink-operator/internal/klink"
	"github.com/klink-cloud/klink-operator/internal/plan"
	"github.com/klink-cloud/klink-operator/internal/remote"
)

// executor carries out one step of a plan. It decides nothing: what its calls were
// answered goes into the scope, on which the next facts are observed.
type executor struct {
	records *records
	owners  *owners
	claims  *account.Claims
	left    *leftBehind
	count   Counter
	queue   *queue
	// letGo drops what this process holds for a Group that is released.
	letGo func(context.Context, *groupState)
}

// outcome is what came of a step. The zero value goes on with the plan.
type outcome struct {
	// Done: the pass is over. RequeueAfter is when the next one begins; zero leaves
	// that to events.
	Done         bool
	RequeueAfter time.Duration
	// Report is to be written to status.
	Report *plan.Report
}

// passAgain ends a pass that has to begin from the start.
func passAgain(in time.Duration) outcome { return outcome{Done: true, RequeueAfter: in} }

// execute does what the step says, and no more.
func (e *executor) execute(ctx context.Context, s *scope, f *plan.Facts, step plan.Step) (outcome, error) {
	switch step.Action {
	case plan.Wait:
		awaitListing(s, f, step)
		return outcome{Done: true, RequeueAfter: step.RequeueAfter}, nil
	case plan.WriteStatus:
		awaitListing(s, f, step)
		return outcome{Done: true, RequeueAfter: step.RequeueAfter, Report: &step.Report}, nil
	case plan.Read:
		return e.read(ctx, s, step)
	case plan.ReadCandidate:
		return e.readCandidate(ctx, s, step)
	case plan.RestoreNote:
		return e.restoreNote(ctx, s, step)
	case plan.Bind:
		return e.bind(ctx, s, f, step)
	case plan.Record:
		return e.record(ctx, s, f, step)
	case plan.ForgetID:
		return e.forgetID(ctx, s, f, step)
	case plan.Create:
		return e.create(ctx, s, f, step)
	case plan.Update:
		return e.update(ctx, s, f, step)
	case plan.ArchiveRemote:
		return e.archive(ctx, s, step)
	case plan.Unarchive:
		return e.unarchive(ctx, s, step)
	case plan.DeleteRemote:
		return e.delete(ctx, s, step)
	case plan.Release:
		return e.release(ctx, s, step)
	}
	return outcome{}, fmt.Errorf("the plan says %d, for which there is no case", step.Action)
}

// awaitListing asks for the listing that the plan waits for.
func awaitListing(s *scope, f *plan.Facts, step plan.Step) {
	if !step.AwaitListing.IsZero() && s.account != nil {
		s.account.AwaitListing(step.AwaitListing, f.Identity.ID)
	}
}

// class is the place of this Group's calls in the queue for the rate.
func class(s *scope) klink.Class {
	if s.priority == priorityDrift && !s.gone {
		return klink.ClassDrift
	}
	return klink.ClassChange
}

// caller is the Group where it asks for a rate slot.
func (e *executor) caller(s *scope, class klink.Class) klink.Caller {
	return e.queue.caller(s.group, s.priority, class)
}

// read gets the remote group (groups API, GET /groups/:id).
func (e *executor) read(ctx context.Context, s *scope, step plan.Step) (outcome, error) {
	began := time.Now()
	s.giveBack()
	g, err := s.account.Get(ctx, e.caller(s, class(s)), step.ID)
	switch {
	case klink.KindOf(err) == klink.KindNotFound && !isDown(err):
		if apiError, ok := klink.AsError(err); ok && s.contradicted(step.ID) {
			backOff(s, apiError)
		} else {
			s.answered()
		}
		s.reply = &reply{id: step.ID, state: plan.RemoteNotFound, fresh: true}
	case klink.KindOf(err) == klink.KindSpelling:
		spelled, _ := klink.AsError(err)
		s.answered()
		s.reply = &reply{id: step.ID, state: plan.RemoteMisspelled, group: remote.Group{ID: spelled.Spelled}, fresh: true}
	case err != nil:
		return failed(s, step, err)
	default:
		s.showed()
		s.shows(g)
		s.reply.readAt = began
		if step.WithWrite {
			s.account.TakeNext()
			s.slotTaken = true
		}
	}
	return outcome{}, nil
}

// readCandidate gets a remote group of the wanted name (groups API, GET /groups/:id): it
// may be gone, renamed or archived by now, which the mirror learns from the reply.
func (e *executor) readCandidate(ctx context.Context, s *scope, step plan.Step) (outcome, error) {
	began := time.Now()
	_, err := s.account.Get(ctx, e.caller(s, class(s)), step.ID)
	if klink.KindOf(err) == klink.KindNotFound && !isDown(err) {
		s.state.memory.Miss(step.ID, began)
	} else if err != nil {
		return failed(s, step, err)
	}
	s.showed()
	return outcome{}, nil
}

// restoreNote puts the note of an open create back.
func (e *executor) restoreNote(ctx context.Context, s *scope, step plan.Step) (outcome, error) {
	if err := e.records.noteAttempt(ctx, s, s.state.memory.Attempt); err != nil {
		return failed(s, step, err)
	}
	return outcome{}, nil
}

// update sets the fields that differ, and no others (groups API, PUT /groups/:id).
func (e *executor) update(ctx context.Context, s *scope, f *plan.Facts, step plan.Step) (outcome, error) {
	caller := e.caller(s, class(s))
	caller.Taken, s.slotTaken = s.slotTaken, false
	g, err := s.account.Update(ctx, caller, step.ID, f.Declared.Changes(step.Fields, f.Remote.Group, f.Now))
	if silent(err) { // whether it is done, a GET says
		shown, getErr := s.account.Get(ctx, e.caller(s, class(s)), step.ID)
		if getErr == nil && len(lackingFields(f.Declared.Diff(shown), step.Fields)) == 0 {
			g, err = shown, nil
		}
	}
	if err != nil {
		return failed(s, step, err)
	}
	logWrite(ctx, s, "Updated the remote group", g.ID, step.Fields)
	s.succeeded(step.Fields)
	s.shows(g)
	s.reply.fresh = len(f.Declared.Hidden(g)) == 0 // else a read has to tell
	if lacking := lackingFields(f.Declared.Diff(g), step.Fields); len(lacking) > 0 {
		notApplied(s, f.Declared, g, lacking)
		return outcome{}, nil
	}
	h := &s.state.memory.History
	if undone := f.Declared.Undone(f.Remote.Group, g, step.Fields); len(undone) > 0 && h.Undone > 0 {
		undid(s, f.Declared, g, undone, step.Fields)
		return outcome{}, nil
	} else if len(undone) > 0 {
		h.Undone++
	} else {
		h.Undone = 0
	}
	h.NotApplied, h.Unapplied = nil, 0
	if !step.Drifted {
		for _, o := range updated(f.Remote.Group, g, step.Fields) {
			s.say(o)
		}
		return outcome{}, nil
	}
	e.count.Drifted(s.key, step.Fields)
	s.say(driftCorrected(f.Declared.Differences(f.Remote.Group, step.Fields)))
	if contested := h.Corrected(step.Fields, time.Now()); len(contested) > 0 {
		s.say(contestedFields(contested, f.Declared.Differences(f.Remote.Group, contested)))
	}
	return outcome{}, nil
}

// archive archives a group because its Group is being deleted (groups API, PUT
// /groups/:id with archived_at).
func (e *executor) archive(ctx context.Context, s *scope, step plan.Step) (outcome, error) {
	at := step.ArchivedAt
	if at.IsZero() {
		at = time.Now()
	}
	if applied, out, err := e.setArchived(ctx, s, step, true, at); !applied {
		return out, err
	}
	if step.ArchivedAt.IsZero() { // else it was archived before
		s.say(archivedGroup(step.ID, true))
	}
	return outcome{}, nil
}

// unarchive ends the adoption of a group that was archived.
func (e *executor) unarchive(ctx context.Context, s *scope, step plan.Step) (outcome, error) {
	applied, out, err := e.setArchived(ctx, s, step, false, time.Time{})
	if applied {
		s.say(archivedGroup(step.ID, false))
	}
	return out, err
}

func (e *executor) setArchived(ctx context.Context, s *scope, step plan.Step, archived bool, at time.Time) (applied bool, _ outcome, _ error) {
	step.Fields = []plan.Field{plan.FieldArchived}
	g, err := s.account.Update(ctx, e.caller(s, klink.ClassChange), step.ID, plan.Archive(archived, at))
	if err != nil {
		out, err := failed(s, step, err)
		return false, out, err
	}
	done := "Unarchived the remote group"
	if archived {
		done = "Archived the remote group"
	}
	logWrite(ctx, s, done, step.ID, step.Fields)
	s.succeeded(step.Fields)
	s.shows(g)
	if g.Archived() != archived {
		notApplied(s, plan.Declared{Archived: &archived}, g, step.Fields)
	}
	return g.Archived() == archived, outcome{}, nil
}

// delete deletes for good (groups API, DELETE /groups/:id).
func (e *executor) delete(ctx context.Context, s *scope, step plan.Step) (outcome, error) {
	err := s.account.Delete(ctx, e.caller(s, klink.ClassChange), step.ID)
	if err != nil {
		return failed(s, step, err)
	}
	logWrite(ctx, s, "Deleted the remote group", step.ID, nil)
	s.answered()
	s.reply = nil // whether it is gone, a GET has to say
	return outcome{}, nil
}

// release lets the Group go.
func (e *executor) release(ctx context.Context, s *scope, step plan.Step) (outcome, error) {
	if !s.gone {
		if err := e.records.release(ctx, s); err != nil {
			return outcome{}, err
		}
	}
	if step.Deleted {
		s.say(deletedGroup(step.ID))
	}
	if step.Orphaned {
		if step.MadeOwn {
			e.claims.Made(s.endpoint, step.ID, s.uid())
		}
		e.claims.Leave(s.endpoint, step.ID)
		s.say(orphanedGroup(step.ID))
	}
	s.state.memory.Unrecorded = nil
	e.letGo(ctx, s.state)
	return outcome{Done: true}, nil
}

// forgetID forgets an id that is proven gone, so that the group can be created again.
func (e *executor) forgetID(ctx context.Context, s *scope, f *plan.Facts, step plan.Step) (outcome, error) {
	if err := e.records.forgetID(ctx, s); err != nil {
		return failed(s, step, err)
	}
	s.account.Gone(step.ID)
	e.claims.Release(s.uid())
	m := &s.state.memory
	m.Bound, m.Dropped = "", facts.Dropped{ID: step.ID, At: time.Now(), Confirmed: f.Identity.ID == step.ID}
	s.state.recreating = step.ID
	s.reply = nil
	return outcome{}, nil
}

// logWrite leaves one line for each remote write.
func logWrite(ctx context.Context, s *scope, message, id string, fields []plan.Field) {
	log.FromContext(ctx).Info(message, "id", id, "fields", fields, "connection", s.key.String())
}

func lackingFields(diff, sent []plan.Field) []plan.Field {
	return slices.DeleteFunc(slices.Clone(sent), func(field plan.Field) bool { return !slices.Contains(diff, field) })
}
