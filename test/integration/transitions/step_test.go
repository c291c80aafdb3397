// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package transitions

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/simulator"
	"github.com/klink-cloud/klink-operator/test/harness/worlds"
)

// begin starts a round: with nothing but what the row needs.
func (w *world) begin() {
	w.round++
	w.state, w.id, w.want = nil, "", remote{}
	if w.row.path == "groupID" {
		account := w.sim.Account(w.namespace)
		w.seeds = [2]string{account.Seed(simulator.Group{Name: "One"}), account.Seed(simulator.Group{Name: "Another"})}
	}
}

// step takes the field to its next state, and wants the verdict of the API server or
// else the work of the operator.
func (w *world) step(next *state) {
	w.Helper()
	from := "nothing"
	if w.state != nil {
		from = w.state.name
	}
	defer func() {
		if w.Failed() {
			w.Logf("in the step from %s to %s", from, next.name)
			w.FailNow()
		}
	}()
	kind, name, spec := w.row.kind, w.connectionName(), w.connectionSpec()
	if kind == "Group" {
		name, spec = w.groupName(), w.groupSpec()
	}
	spec = w.with(spec, next)
	err := apply(w, w.object(kind, name, spec))
	switch verdict := w.row.verdict(w.state, next); {
	case verdict != "":
		wantRefusal(w, err, verdict)
	case err != nil:
		w.Fatal(err)
	default:
		w.state = next
		if !next.keeps {
			w.reason = next.groupReason()
		}
	}
	if w.state == nil {
		return // nothing exists yet
	}
	if kind != "Group" {
		w.awaitConnection(w.state.connectionReason())
		w.editWitness()
	}
	w.awaitGroup(w.reason)
}

// editWitness changes the Group of a connection. If the connection serves it now, it
// must have caught up before, without anybody's touching it.
func (w *world) editWitness() {
	w.Helper()
	if w.reason == v1alpha1.ReasonSynced && w.group() != nil {
		w.awaitGroup(w.reason)
	}
	spec := w.groupSpec()
	for key, value := range w.parse(w.row.witness) {
		spec[key] = value
	}
	mustApply(w, w.object("Group", w.groupName(), spec))
}

func wantRefusal(t testing.TB, err error, part string) {
	t.Helper()
	var status apierrors.APIStatus
	if !errors.As(err, &status) {
		t.Fatalf("have %v, want a refusal with %q", err, part)
	}
	// A value of another type does not get as far as the validation.
	mistyped := strings.Contains(err.Error(), "failed to create typed patch object")
	if code := status.Status().Code; code != http.StatusUnprocessableEntity && !mistyped {
		t.Errorf("refused with code %d: %v", code, err)
	}
	if !strings.Contains(err.Error(), part) {
		t.Errorf("refused with %v\nwant %q", err, part)
	}
}

// end deletes the Group and then, if it is the row's, the connection: both must go,
// and the remote group must be left as the Group's policy says.
func (w *world) end() {
	w.Helper()
	if w.state == nil {
		return
	}
	g := w.group()
	worlds.Delete(w, api, g)
	left := w.want
	switch {
	case g.Spec.DeletionPolicy == v1alpha1.DeletionDelete && !w.allowsDelete():
		w.awaitReady(v1alpha1.ReasonDeleteNotAllowed)
		released := g.DeepCopy()
		released.Spec.DeletionPolicy = v1alpha1.DeletionOrphan
		if err := api.Patch(w.Context(), released, client.MergeFrom(g)); err != nil {
			w.Fatal(err)
		}
	case g.Spec.DeletionPolicy == v1alpha1.DeletionDelete:
		left = remote{}
	case g.Spec.DeletionPolicy == v1alpha1.DeletionArchive:
		left.Archived = true
	}
	eventually(w, worlds.Gone(w, api, g))
	if w.id != "" {
		w.want = left
		w.wantRemote()
	}
	if w.row.kind != "Group" {
		c := w.connection()
		worlds.Delete(w, api, c)
		eventually(w, worlds.Gone(w, api, c))
	}
	if w.Failed() {
		w.Logf("at the end, from %s", w.state.name)
		w.FailNow()
	}
}

// group is the Group of this round; nil if there is none.
func (w *world) group() *v1alpha1.Group {
	w.Helper()
	g := &v1alpha1.Group{ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: w.groupName()}}
	if !worlds.Find(w, api, g) {
		return nil
	}
	return g
}

// connection is the connection of the Groups.
func (w *world) connection() client.Object {
	w.Helper()
	var c client.Object = &v1alpha1.Connection{}
	key := client.ObjectKey{Namespace: w.namespace, Name: w.connectionName()}
	if w.connectionKind() == "ClusterConnection" {
		c, key.Namespace = &v1alpha1.ClusterConnection{}, ""
	}
	if err := api.Get(w.Context(), key, c); err != nil {
		w.Fatal(err)
	}
	return c
}

func (w *world) allowsDelete() bool {
	w.Helper()
	c, _ := w.connection().(v1alpha1.ConnectionObject)
	return c.GetConnectionSpec().AllowDelete
}

func (w *world) awaitConnection(reason string) {
	w.Helper()
	eventually(w, func() string {
		c := w.connection()
		status := c.(v1alpha1.ConnectionObject).GetConnectionStatus()
		return settled(reason, c.GetGeneration(), status.ObservedGeneration, status.Conditions)
	})
}

// awaitReady waits for a Group's reason at its present generation.
func (w *world) awaitReady(reason string) *v1alpha1.Group {
	w.Helper()
	var g *v1alpha1.Group
	eventually(w, func() string {
		if g = w.group(); g == nil {
			return "the Group is gone"
		}
		return settled(reason, g.Generation, g.Status.ObservedGeneration, g.Status.Conditions)
	})
	return g
}

// settled says what lacks until an object of this generation is ready, or not, for
// this reason.
func settled(reason string, generation, observed int64, conditions []metav1.Condition) string {
	ready := meta.FindStatusCondition(conditions, v1alpha1.ConditionReady)
	if ready == nil || ready.Reason != reason || ready.ObservedGeneration != generation || observed != generation {
		return fmt.Sprintf("want Ready/%s at generation %d, have %d: %+v", reason, generation, observed, conditions)
	}
	return ""
}
