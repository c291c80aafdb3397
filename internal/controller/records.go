// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package controller

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
)

// records writes a Group's metadata and status, and nothing else. Each write
// replaces the scope's Group by what was written.
type records struct {
	client  client.Client
	cluster string
}

// metadataPatch is a merge patch of a Group's metadata. A nil annotation removes
// it. With a resource version it loses against any newer version; the UID keeps
// it from a namesake.
type metadataPatch struct {
	UID             types.UID          `json:"uid"`
	ResourceVersion string             `json:"resourceVersion,omitempty"`
	Finalizers      *[]string          `json:"finalizers,omitempty"`
	Annotations     map[string]*string `json:"annotations,omitempty"`
}

func (r *records) patchMetadata(ctx context.Context, s *scope, p metadataPatch) error {
	p.UID = s.group.UID
	body, err := json.Marshal(map[string]metadataPatch{"metadata": p})
	if err != nil {
		return fmt.Errorf("encoding a patch: %w", err)
	}
	patched := empty(s.group)
	defer s.timeWrite(time.Now())
	if err := r.client.Patch(ctx, patched, client.RawPatch(types.MergePatchType, body)); err != nil {
		return err //nolint:wrapcheck // the callers tell conflicts and absences apart
	}
	s.wrote(patched)
	return nil
}

// patchStatus writes the status that the Group is to have.
func (r *records) patchStatus(ctx context.Context, s *scope, status v1alpha1.GroupStatus) error {
	after := s.group.DeepCopy()
	after.Status = status
	patch, err := statusPatch(s.group, after)
	if err != nil {
		return err
	}
	patched := empty(s.group)
	defer s.timeWrite(time.Now())
	if err := r.client.Status().Patch(ctx, patched, patch); err != nil {
		return err //nolint:wrapcheck // the callers tell absences apart
	}
	s.wrote(patched)
	return nil
}

// empty names a Group: decoding a reply into the old copy would keep annotations
// that are gone.
func empty(g *v1alpha1.Group) *v1alpha1.Group {
	named := &v1alpha1.Group{}
	named.Namespace, named.Name = g.Namespace, g.Name
	return named
}

// timeWrite adds the time of a write that began then and has ended.
func (s *scope) timeWrite(began time.Time) { s.writing += time.Since(began) }

// wrote takes in the Group as a write of ours left it.
func (s *scope) wrote(patched *v1alpha1.Group) {
	s.state.written.record(patched)
	s.group = patched
}

// noteAttempt leaves the note of a create on the Group. It loses against any newer
// version.
func (r *records) noteAttempt(ctx context.Context, s *scope, attempt string) error {
	return r.patchMetadata(ctx, s, metadataPatch{
		ResourceVersion: s.group.ResourceVersion, Finalizers: withFinalizer(s.group),
		Annotations: map[string]*string{v1alpha1.AnnotationCreateAttempt: &attempt},
	})
}

// bind writes down what the Group is bound to, and that no create is open.
func (r *records) bind(ctx context.Context, s *scope, id string, unarchive bool) error {
	annotations := r.boundTo(id)
	if unarchive {
		annotations[v1alpha1.AnnotationUnarchive] = &id
	}
	return r.patchMetadata(ctx, s, metadataPatch{
		ResourceVersion: s.group.ResourceVersion, Finalizers: withFinalizer(s.group), Annotations: annotations,
	})
}

// bindCreated writes the id of a created group down, in the place of the attempt,
// whatever the Group's version: nothing goes before that.
func (r *records) bindCreated(ctx context.Context, s *scope, id string) error {
	return r.patchMetadata(ctx, s, metadataPatch{Annotations: r.boundTo(id)})
}

func (r *records) boundTo(id string) map[string]*string {
	return map[string]*string{
		v1alpha1.AnnotationGroupID:       &id,
		v1alpha1.AnnotationGroupCluster:  &r.cluster,
		v1alpha1.AnnotationCreateAttempt: nil,
		v1alpha1.AnnotationUnarchive:     nil,
	}
}

// restore puts the annotations back that bind has changed.
func (r *records) restore(ctx context.Context, s *scope, before map[string]string) error {
	annotations := r.boundTo("")
	for name := range annotations {
		annotations[name] = nil
		if value, had := before[name]; had {
			annotations[name] = &value
		}
	}
	return r.patchMetadata(ctx, s, metadataPatch{ResourceVersion: s.group.ResourceVersion, Annotations: annotations})
}

// takeOver puts the id into status before anything is written remotely. Until then
// status says IDConflict, by which a manager after a crash would take the Group for
// one that waits, and let it be deleted without its policy.
func (r *records) takeOver(ctx context.Context, s *scope, id string) error {
	status := s.group.Status.DeepCopy()
	status.ID = id
	if err := r.patchStatus(ctx, s, *status); err != nil {
		return fmt.Errorf("taking over %s: %w", id, err)
	}
	return nil
}

// forgetID removes an id that is proven gone, so that the group can be created again. The
// annotation goes first: what status alone carries is dropped once more after a crash
// between the two, but what the annotation alone carries waits for a person.
func (r *records) forgetID(ctx context.Context, s *scope) error {
	err := r.patchMetadata(ctx, s, metadataPatch{
		ResourceVersion: s.group.ResourceVersion,
		Annotations:     map[string]*string{v1alpha1.AnnotationGroupID: nil, v1alpha1.AnnotationGroupCluster: nil},
	})
	if err != nil {
		return err
	}
	status := s.group.Status.DeepCopy()
	status.ID = ""
	forgetRemote(status)
	// Ready of a group that is no more would be a lie until the next one is made.
	setConditions(&status.Conditions, s.group.Generation, metav1.ConditionFalse, v1alpha1.ReasonCreating,
		"remote group "+s.group.Status.ID+" is gone; another one is made in its place", false, true)
	if err := r.patchStatus(ctx, s, *status); err != nil {
		return fmt.Errorf("forgetting the id of a group that is gone: %w", err)
	}
	return nil
}

// release removes the finalizer.
func (r *records) release(ctx context.Context, s *scope) error {
	released := s.group.DeepCopy()
	controllerutil.RemoveFinalizer(released, v1alpha1.FinalizerGroup)
	err := r.patchMetadata(ctx, s, metadataPatch{ResourceVersion: s.group.ResourceVersion, Finalizers: &released.Finalizers})
	if client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("releasing the Group: %w", err)
	}
	return nil
}

func withFinalizer(g *v1alpha1.Group) *[]string {
	held := g.DeepCopy()
	if held.DeletionTimestamp.IsZero() {
		controllerutil.AddFinalizer(held, v1alpha1.FinalizerGroup)
	}
	return &held.Finalizers
}
