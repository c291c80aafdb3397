// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package controller

import (
	"context"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
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
func (l *look) create(ctx context.Context) error {
	if err := l.account.Take(l.caller(klink.ClassCreate)); err != nil {
		return err
	}
	declared := l.facts.Declared
	before := l.facts.Identity
	noted := time.Now()
	note := plan.NewAttempt(declared, noted, l.facts.Evidence.Candidates)
	note.Account = l.account.Fingerprint(note.Salt())
	attempt := note.Encode()
	// Until the POST is sent it is known that nothing was made, also where the API
	// server takes the note and its answer is lost.
	l.mem.seeAttempt(attempt, noted)
	l.mem.attemptEmpty = true
	if err := l.patch(ctx, metadataPatch{
		UID: l.group.UID, ResourceVersion: l.group.ResourceVersion, Finalizers: l.withFinalizer(),
		Annotations: map[string]*string{v1alpha1.AnnotationCreateAttempt: &attempt},
	}); err != nil {
		return err
	}
	if before.Attempt != nil && !before.AttemptEmpty {
		l.Count.Recovered("none")
	}
	endCreate := l.Accounts.Claims.BeginCreate(l.endpoint, declared.Name)
	defer endCreate()
	if time.Since(noted) > plan.PostWindow {
		return errStartOver // this process was paused
	}
	l.mem.attemptEmpty = false
	return l.post(ctx, declared)
}

// post sends the one call that cannot be repeated.
func (l *look) post(ctx context.Context, declared plan.Declared) error {
	postCtx, cancel := context.WithTimeout(context.WithoutCancel(ctx), postTimeout)
	defer cancel()
	g, err := l.account.Create(postCtx, declared.Creation())
	if err != nil {
		// The settle time starts when the call is over.
		l.mem.attemptSeen, l.mem.attemptEmpty = time.Now(), klink.NothingMade(err)
		l.facts.Identity = l.openAttempt()
		return err
	}
	l.Accounts.Claims.Made(l.endpoint, g.ID, string(l.group.UID))
	l.logWrite(ctx, "Created the remote group", g.ID, declared.Creation().Names())
	l.mem.unrecorded = &unrecorded{
		group: g, owner: l.group.DeepCopy(), remote: l.account, delete: l.facts.Connection.AllowDelete,
	}
	return l.recordCreated(ctx)
}

// openAttempt is the identity of a Group whose create has just failed.
func (l *look) openAttempt() plan.Identity {
	id := plan.Identity{AttemptSeen: l.mem.attemptSeen, AttemptEmpty: l.mem.attemptEmpty}
	if attempt, err := plan.ParseAttempt(l.mem.attempt); err == nil {
		id.Attempt = &attempt
	}
	return id
}

// recordCreated writes the id of a created group down, in the place of the
// attempt. Until that has worked, the id is kept in memory and the attempt stays.
func (l *look) recordCreated(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordTimeout)
	defer cancel()
	g := l.mem.unrecorded.group
	if !l.Accounts.Claims.Claim(l.endpoint, g.ID, string(l.group.UID)) {
		return l.notNew(g.ID)
	}
	err := l.patch(ctx, metadataPatch{UID: l.group.UID, Annotations: l.boundAnnotations(g.ID)})
	if apierrors.IsNotFound(err) || apierrors.IsConflict(err) {
		return l.recordNowhere(ctx)
	}
	if err != nil {
		return fmt.Errorf("recording the id of the created group: %w", err)
	}
	l.mem.unrecorded = nil
	l.bound(g.ID)
	l.succeeded()
	l.shows(g)
	if l.mem.recreating != "" {
		l.say(recreatedGroup(g.ID, l.mem.recreating))
		l.mem.recreating = ""
	} else {
		l.say(createdGroup(g.ID, ""))
	}
	if lacking := lackingFields(l.facts.Declared.Diff(g), l.facts.Declared.Creation().Names()); len(lacking) > 0 {
		l.notApplied(lacking)
	}
	return nil
}

// recordNowhere applies the deletion policy to a created group whose Group is
// gone, or another by now. Whether it is, the API server itself has to say.
func (l *look) recordNowhere(ctx context.Context) error {
	var current v1alpha1.Group
	err := l.Live.Get(ctx, client.ObjectKeyFromObject(l.group), &current)
	if client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("recording the id of the created group: %w", err)
	}
	if err == nil && current.UID == l.group.UID {
		return errStartOver
	}
	l.settleUnrecorded(ctx, l.mem)
	return errStartOver
}

// notNew: the API answered a create with a group that another Group owns.
func (l *look) notNew(id string) error {
	l.mem.unrecorded, l.mem.attemptEmpty = nil, true
	return &klink.Error{
		Kind: klink.KindRejected, Method: "POST", NothingMade: true,
		Message: fmt.Sprintf("the API answered the create with group %s, which another Group owns", id),
	}
}

// settleUnrecorded applies the deletion policy, as last seen, to a group that was
// created for a Group which is gone. It returns when to try again, zero once all
// is settled.
func (r *GroupReconciler) settleUnrecorded(ctx context.Context, mem *memory) (again time.Duration) {
	u := mem.unrecorded
	if u == nil {
		return 0
	}
	var err error
	switch policy := u.owner.Spec.DeletionPolicy; {
	case policy == v1alpha1.DeletionOrphan:
	case policy == v1alpha1.DeletionDelete && u.delete:
		err = u.remote.Delete(ctx, r.News.groups.caller(u.owner, klink.ClassChange), u.group.ID)
	default:
		_, err = u.remote.Update(ctx, r.News.groups.caller(u.owner, klink.ClassChange), u.group.ID, plan.Archive(true, time.Now()))
	}
	if err != nil && klink.KindOf(err) != klink.KindNotFound {
		log.FromContext(ctx).Info("The group created for a Group that is gone is not settled yet", "id", u.group.ID, "error", err.Error())
		return firstRetry * 5
	}
	log.FromContext(ctx).Info("Settled the group created for a Group that is gone",
		"id", u.group.ID, "deletionPolicy", u.owner.Spec.DeletionPolicy, "connection", u.remote.Key().String())
	mem.unrecorded = nil
	return 0
}
