// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package controller

import (
	"context"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/facts"
	"github.com/klink-cloud/klink-operator/internal/klink"
	"github.com/klink-cloud/klink-operator/internal/plan"
)

const (
	// postTimeout bounds the POST, recordTimeout what is written right after it.
	// Neither is cut short by a shutdown.
	postTimeout   = 30 * time.Second
	recordTimeout = 15 * time.Second
)

// create makes the remote group, exactly once: the rate slot, a note of the
// attempt that loses against any newer version of the Group, one POST, and the
// id in the note's place. A crash at any point leaves the note, and the note is
// recovered from.
func (e *executor) create(ctx context.Context, s *scope, f *plan.Facts, step plan.Step) (outcome, error) {
	// A connection that is deleted from here on waits for this create.
	e.left.begin(s.group.UID, s.key, s.name())
	switch allowed, err := e.owners.mayCreate(ctx, s); {
	case err != nil:
		return failed(s, step, err)
	case !allowed:
		return outcome{}, nil // the next facts say so
	}
	if err := s.account.Take(e.caller(s, klink.ClassCreate)); err != nil {
		return failed(s, step, err)
	}
	noted := time.Now()
	note := plan.NewAttempt(f.Declared.Only(step.Fields), noted, f.Evidence.Candidates)
	note.Account = s.account.Fingerprint(note.Salt())
	attempt := note.Encode()
	// Until the POST is sent it is known that nothing was made, also where the API
	// server takes the note and its answer is lost.
	m := &s.state.memory
	m.Prove(attempt, true)
	m.SeeAttempt(attempt, noted)
	m.History.Attempted = true
	e.owners.states.note(s.group.UID, attempt)
	if err := e.records.noteAttempt(ctx, s, attempt); err != nil {
		s.account.GiveBack()
		return failed(s, step, err)
	}
	if f.Identity.Attempt != nil && !f.Identity.AttemptEmpty {
		e.count.Recovered("none")
	}
	endCreate := e.claims.BeginCreate(s.endpoint, f.Declared.Name)
	defer endCreate()
	if time.Since(noted) > plan.PostWindow {
		s.account.GiveBack()
		return passAgain(staleRetry), nil // this process was paused
	}
	m.Prove(attempt, false)
	return e.post(ctx, s, f, step)
}

// post sends the one call that cannot be repeated.
func (e *executor) post(ctx context.Context, s *scope, f *plan.Facts, step plan.Step) (outcome, error) {
	postCtx, cancel := context.WithTimeout(context.WithoutCancel(ctx), postTimeout)
	defer cancel()
	m := &s.state.memory
	sent := f.Declared.Only(step.Fields).Creation()
	step.Fields = sent.Names()
	g, err := s.account.Create(postCtx, sent)
	if err != nil {
		// The settle time starts when the call is over.
		m.AttemptSeen = time.Now()
		m.Prove(m.Attempt, klink.NothingMade(err))
		return failed(s, step, err)
	}
	e.claims.Made(s.endpoint, g.ID, s.uid())
	logWrite(ctx, s, "Created the remote group", g.ID, step.Fields)
	m.Unrecorded = &facts.Unrecorded{Group: g, Account: s.account.Fingerprint(g.ID), Sent: step.Fields}
	s.state.lastSeen = s.group
	return e.recordCreated(ctx, s, f, step)
}

// recordCreated writes the id of a created group down, in the place of the
// attempt. Until that has worked, the id is kept in memory and the attempt stays.
func (e *executor) recordCreated(ctx context.Context, s *scope, f *plan.Facts, step plan.Step) (outcome, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordTimeout)
	defer cancel()
	m := &s.state.memory
	g, sent := m.Unrecorded.Group, m.Unrecorded.Sent
	if !e.claims.Claim(s.endpoint, g.ID, s.uid()) {
		m.Unrecorded = nil
		m.Prove(m.Attempt, true)
		return failed(s, step, notNew(g.ID))
	}
	err := e.records.bindCreated(ctx, s, g.ID)
	if apierrors.IsNotFound(err) || apierrors.IsConflict(err) {
		return e.recordNowhere(ctx, s, step)
	}
	if err != nil {
		return failed(s, step, fmt.Errorf("recording the id of the created group: %w", err))
	}
	m.Unrecorded = nil
	s.bound(g.ID)
	s.succeeded(sent)
	s.shows(g)
	s.reply.fresh = len(f.Declared.Hidden(g)) == 0 // else a read has to tell
	if s.state.recreating != "" {
		s.say(recreatedGroup(g.ID, s.state.recreating))
		s.state.recreating = ""
	} else {
		s.say(createdGroup(g.ID, ""))
	}
	if lacking := lackingFields(f.Declared.Diff(g), sent); len(lacking) > 0 {
		notApplied(s, f.Declared, g, lacking)
	}
	return outcome{}, nil
}

// recordNowhere goes on with a created group whose Group is gone, or another by
// now. Whether it is, the API server itself has to say; the plan decides then what
// becomes of the remote group.
func (e *executor) recordNowhere(ctx context.Context, s *scope, step plan.Step) (outcome, error) {
	var now v1alpha1.Group
	err := e.owners.live.Get(ctx, s.name(), &now)
	if client.IgnoreNotFound(err) != nil {
		return failed(s, step, fmt.Errorf("recording the id of the created group: %w", err))
	}
	if err == nil && now.UID == s.group.UID {
		return passAgain(staleRetry), nil
	}
	s.gone = true
	return outcome{}, nil
}

// notNew: the API answered a create with a group that another Group owns.
func notNew(id string) error {
	return &klink.Error{
		Kind: klink.KindRejected, Method: "POST", NothingMade: true,
		Message: fmt.Sprintf("the API answered the create with group %s, which another Group owns", id),
	}
}
