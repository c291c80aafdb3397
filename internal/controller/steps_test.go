// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package controller

import (
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"testing"
	"time"

	jsonpatch "gopkg.in/evanphx/json-patch.v4"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/account"
	"github.com/klink-cloud/klink-operator/internal/facts"
	"github.com/klink-cloud/klink-operator/internal/plan"
	"github.com/klink-cloud/klink-operator/internal/simulator"
)

// oneGroup is an API server that has one Group, or none by now, and takes patches of it.
type oneGroup struct {
	client.Client

	group  *v1alpha1.Group
	bodies []string      // of the patches
	fails  []error       // of the next patches; nil lets one through
	takes  time.Duration // each patch
	reads  error         // of each Get
	lists  [][]v1alpha1.Group
	// later is what lists fail with once those that were set are over.
	later error
}

func (o *oneGroup) Get(_ context.Context, key client.ObjectKey, into client.Object, _ ...client.GetOption) error {
	if o.reads != nil {
		return o.reads
	}
	if o.group == nil {
		return apierrors.NewNotFound(schema.GroupResource{Resource: "groups"}, key.Name)
	}
	o.group.DeepCopyInto(into.(*v1alpha1.Group)) //nolint:forcetypeassert // nothing else is asked for
	return nil
}

// List answers each complete list with the next of those that were set.
func (o *oneGroup) List(_ context.Context, into client.ObjectList, options ...client.ListOption) error {
	var asked client.ListOptions
	switch asked.ApplyOptions(options); {
	case asked.FieldSelector != nil: // it is asked for an id
	case len(o.lists) > 0:
		into.(*v1alpha1.GroupList).Items, o.lists = o.lists[0], o.lists[1:] //nolint:forcetypeassert // nothing else is asked for
	default:
		return o.later
	}
	return nil
}

func (o *oneGroup) Patch(_ context.Context, into client.Object, p client.Patch, _ ...client.PatchOption) error {
	body, err := p.Data(into)
	if err != nil {
		return err
	}
	o.bodies = append(o.bodies, string(body))
	time.Sleep(o.takes)
	if len(o.fails) > 0 {
		err, o.fails = o.fails[0], o.fails[1:]
		if err != nil {
			return err
		}
	}
	before, err := json.Marshal(o.group)
	if err != nil {
		return err
	}
	var after []byte
	if p.Type() == types.JSONPatchType {
		var operations jsonpatch.Patch
		if operations, err = jsonpatch.DecodePatch(body); err == nil {
			after, err = operations.Apply(before)
		}
	} else {
		after, err = jsonpatch.MergePatch(before, body)
	}
	if err != nil {
		return err
	}
	version, _ := strconv.Atoi(o.group.ResourceVersion)
	o.group = &v1alpha1.Group{}
	if err := json.Unmarshal(after, o.group); err != nil {
		return err
	}
	o.group.ResourceVersion = strconv.Itoa(version + 1)
	o.group.DeepCopyInto(into.(*v1alpha1.Group)) //nolint:forcetypeassert // nothing else is written
	return nil
}

func (o *oneGroup) Status() client.SubResourceWriter { return oneStatus{o: o} }

type oneStatus struct {
	client.SubResourceWriter

	o *oneGroup
}

func (s oneStatus) Patch(ctx context.Context, into client.Object, p client.Patch, _ ...client.SubResourcePatchOption) error {
	return s.o.Patch(ctx, into, p)
}

// counts counts what a Counter is told.
type counts struct {
	drifted   []plan.Field
	recovered []string
}

func (c *counts) Drifted(_ account.Key, fields []plan.Field) {
	c.drifted = append(c.drifted, fields...)
}
func (c *counts) Recovered(outcome string) { c.recovered = append(c.recovered, outcome) }

// steps carries steps out, one by one, on one Group, over a listed account of these groups.
type steps struct {
	e *executor

	t     *testing.T
	s     *scope
	f     *plan.Facts
	sim   *simulator.Server
	api   *oneGroup
	count *counts
	let   []*groupState // what was let go
}

func newSteps(t *testing.T, groups ...simulator.Group) *steps {
	t.Helper()
	s, sim := listedScope(t, groups...)
	s.group.ResourceVersion, s.group.Generation, s.group.Spec.Name = "7", 1, "Plaza"
	accounts := account.NewRegistry(account.Hooks{})
	r := &steps{t: t, s: s, sim: sim, api: &oneGroup{group: s.group.DeepCopy()}, count: &counts{}}
	r.f = &plan.Facts{Now: time.Now(), Group: s.group, Declared: plan.Declared{Name: "Plaza"}}
	r.e = &executor{
		records: &records{client: r.api, cluster: "ours"}, claims: accounts.Claims, left: &leftBehind{}, count: r.count, queue: &queue{},
		owners: &owners{
			groups: Groups{Cache: &fakeCache{}, Index: &fakeCache{}, labels: &namespaceLabelCache{}}, live: r.api, accounts: accounts, cluster: "ours",
			states: &stateStore{}, pages: make(chan struct{}, 1), since: time.Now,
		},
		letGo: func(_ context.Context, state *groupState) { r.let = append(r.let, state) },
	}
	return r
}

// goesOn carries out a step that has to go on with the plan.
func (r *steps) goesOn(step plan.Step) {
	r.t.Helper()
	if out, err := r.e.execute(r.t.Context(), r.s, r.f, step); err != nil || out != (outcome{}) {
		r.t.Fatalf("%s: %+v, %v", step.Action, out, err)
	}
}

// ends carries out a step that has to end the pass.
func (r *steps) ends(step plan.Step) outcome {
	r.t.Helper()
	out, err := r.e.execute(r.t.Context(), r.s, r.f, step)
	if err != nil || !out.Done {
		r.t.Fatalf("%s: %+v, %v", step.Action, out, err)
	}
	return out
}

// said returns what was said since it was asked last.
func (r *steps) said(want ...string) {
	r.t.Helper()
	var said []string
	for _, o := range r.s.events {
		said = append(said, o.kind+" "+o.reason+": "+o.message)
	}
	if r.s.events = nil; !slices.Equal(said, want) {
		r.t.Errorf("it says %q, want %q", said, want)
	}
}

// has compares what stands on the Group, as the API server has it and as the pass does.
func (r *steps) has(annotations map[string]string) {
	r.t.Helper()
	for whose, g := range map[string]*v1alpha1.Group{"the API server": r.api.group, "the pass": r.s.group} {
		for _, name := range []string{v1alpha1.AnnotationGroupID, v1alpha1.AnnotationGroupCluster, v1alpha1.AnnotationCreateAttempt, v1alpha1.AnnotationUnarchive} {
			if got, want := g.Annotations[name], annotations[name]; got != want {
				r.t.Errorf("for %s, %s is %q, want %q", whose, name, got, want)
			}
		}
	}
}

func bound(id string) map[string]string {
	return map[string]string{v1alpha1.AnnotationGroupID: id, v1alpha1.AnnotationGroupCluster: "ours"}
}

// made is a group that was made for the Group and is not written down.
func (r *steps) made(id string) {
	r.s.state.memory.Unrecorded = &facts.Unrecorded{Group: toRemote(id), Sent: []plan.Field{plan.FieldName}}
}
