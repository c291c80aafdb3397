// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package controller

import (
	"context"
	"errors"
	"fmt"

	"github.com/klink-cloud/klink-operator/internal/plan"
)

// bind ties the Group to a remote group that it did not just create.
func (l *look) bind(ctx context.Context, step plan.Step) error {
	// spec.groupID is a person's word, and a recovery has an attempt of its own.
	adopting := l.group.Spec.GroupID == "" && l.facts.Identity.Attempt == nil
	free, err := l.free(ctx, step.ID, adopting)
	if err != nil {
		return err
	}
	if !free {
		return errNotFree
	}
	if !l.Accounts.Claims.Claim(l.endpoint, step.ID, string(l.group.UID)) {
		return errStartOver
	}
	annotations := l.boundAnnotations(step.ID)
	if step.Unarchive {
		annotations[annotationUnarchive] = &step.ID
	}
	before := l.group.Annotations
	err = l.patch(ctx, metadataPatch{
		UID: l.group.UID, ResourceVersion: l.group.ResourceVersion,
		Finalizers: l.withFinalizer(), Annotations: annotations,
	})
	if err != nil {
		l.Accounts.Claims.Release(string(l.group.UID))
		return err
	}
	// Another manager, at a change of leaders, may have bound another Group to it
	// since: whoever looks after writing sees the other, and takes it back.
	if free, err = l.stillFree(ctx, step); err != nil || !free {
		return l.unbind(ctx, before, err)
	}
	if l.waits() {
		if err := l.takeOver(ctx, step.ID); err != nil {
			return err
		}
	}
	l.bound(step.ID)
	l.facts.Identity.Unarchive = step.Unarchive
	if step.Origin == plan.OriginRecovered {
		l.Count.Recovered("bound")
		l.say(createdGroup(step.ID, "recovered after a create without a clear answer"))
	} else {
		l.say(adoptedGroup(step.ID))
	}
	return l.observeRemote(ctx)
}

// unbind takes back a binding that came second, or of which that cannot be told.
func (l *look) unbind(ctx context.Context, before map[string]string, cause error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordTimeout)
	defer cancel()
	l.Accounts.Claims.Release(string(l.group.UID))
	annotations := map[string]*string{}
	for name := range l.boundAnnotations("") {
		annotations[name] = nil
		if value, had := before[name]; had {
			annotations[name] = &value
		}
	}
	err := l.patch(ctx, metadataPatch{UID: l.group.UID, ResourceVersion: l.group.ResourceVersion, Annotations: annotations})
	if cause = errors.Join(cause, err); cause != nil {
		return fmt.Errorf("taking back a binding: %w", cause)
	}
	return errNotFree
}

// takeOver puts the id into status before anything is written remotely. Until then
// status says IDConflict, by which a manager after a crash would take the Group for
// one that waits, and let it be deleted without its policy.
func (l *look) takeOver(ctx context.Context, id string) error {
	status := l.group.Status.DeepCopy()
	status.ID = id
	if err := l.patchStatus(ctx, *status); err != nil {
		return fmt.Errorf("taking over %s: %w", id, err)
	}
	return nil
}
