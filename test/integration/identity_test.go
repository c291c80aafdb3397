// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package integration

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/manager"
	"github.com/klink-cloud/klink-operator/internal/simulator"
)

// kubectl replace with the manifest that a user keeps in git strips finalizer and
// annotations: they are put back on sight, and nothing else happens.
func TestReplaceStripsTheFinalizer(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Settings{})
	id := w.owned("lobby")["lobby"]
	w.sim.ResetRequests()
	g := w.get("lobby")
	g.Finalizers, g.Annotations = nil, nil
	if err := api.Update(context.Background(), g); err != nil {
		t.Fatal(err)
	}
	w.eventually(func() string {
		if missing := w.unmarked(id); missing != "" {
			return missing
		}
		return ""
	})
	w.delete("lobby")
	w.awaitGone("lobby")
	w.wantArchived(id, true)
	w.wantCalls(map[string]int{"PUT": 1})
}

// unmarked says what is missing of the marks that the Group lobby bears when bound.
func (w *world) unmarked(id string) string {
	g := w.get("lobby")
	switch {
	case len(g.Finalizers) != 1 || g.Finalizers[0] != v1alpha1.FinalizerGroup:
		return "the finalizer is missing"
	case g.Annotations[v1alpha1.AnnotationGroupID] != id:
		return "the annotation group-id is missing"
	case g.Annotations[v1alpha1.AnnotationGroupCluster] != w.clusterUID():
		return "the annotation group-cluster is missing"
	case g.Annotations[v1alpha1.AnnotationCreateAttempt] != "":
		return "the annotation create-attempt is still there"
	}
	return ""
}

// What was found of a Group that is gone is not written to another that has its
// name by now. The API server takes no metadata from a patch of the status, so that
// a merge patch cannot name the UID; a JSON patch can test it, and ours do.
func TestAStatusIsNotWrittenToANamesake(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Settings{})
	id := w.owned("lobby")["lobby"]
	w.stop()
	patch := client.RawPatch(types.JSONPatchType, []byte(
		`[{"op":"test","path":"/metadata/uid","value":"gone"},{"op":"add","path":"/status/id","value":"somebody-elses"}]`))
	if err := api.Status().Patch(context.Background(), w.get("lobby"), patch); !apierrors.IsInvalid(err) {
		t.Errorf("the API server says %v, want a refusal", err)
	}
	if now := w.get("lobby").Status.ID; now != id {
		t.Errorf("status.id is %s now, was %s", now, id)
	}
}

// Where status.id and the annotation differ, status.id counts.
func TestStatusCountsWhereTheAnnotationDiffers(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Settings{})
	ids := w.owned("lobby", "bar")
	w.annotate("lobby", v1alpha1.AnnotationGroupID, ids["bar"])
	w.eventually(func() string { return w.unmarked(ids["lobby"]) })
	w.awaitSynced("lobby")
	w.awaitSynced("bar")
	w.wantRemotes(2)
}

// A backup restored without status binds to the same group again and makes none.
func TestBackupRestoredWithoutStatus(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Settings{})
	w.group("lobby", func(g *v1alpha1.Group) { g.Spec.Description = new("Mine.") })
	backup := w.awaitSynced("lobby")
	w.edit("lobby", func(g *v1alpha1.Group) { g.Finalizers = nil })
	w.edit("lobby", func(g *v1alpha1.Group) { g.Spec.DeletionPolicy = v1alpha1.DeletionOrphan })
	w.delete("lobby")
	w.awaitGone("lobby")
	w.sim.ResetRequests()

	w.group("lobby", func(g *v1alpha1.Group) { g.Annotations, g.Spec = backup.Annotations, backup.Spec })
	g := w.awaitSynced("lobby")
	if g.Status.ID != backup.Status.ID || g.Status.ConversationID != backup.Status.ConversationID {
		t.Errorf("bound to %q, not %q", g.Status.ID, backup.Status.ID)
	}
	w.eventually(func() string { return w.unmarked(backup.Status.ID) })
	w.nextListings(1)
	w.wantNoWrite()
	if n := w.sim.Counts()["GET one"]; n > 1 {
		t.Errorf("it took %d reads: %v", n, w.writes())
	}
	w.wantRemotes(1)
}

// A whole namespace restored while the operator was away: all are bound again.
func TestBackupRestoredBeforeTheManagerStarts(t *testing.T) {
	t.Parallel()
	w := prepareWorld(t, simulator.Settings{})
	ids := map[string]string{}
	for _, name := range []string{"one", "two", "three"} {
		ids[name] = w.seed("The " + name)
		w.group(name, w.boundTo(ids[name]))
	}
	w.start()
	for name, id := range ids {
		if g := w.awaitSynced(name); g.Status.ID != id {
			t.Errorf("%s is bound to %q, not %q", name, g.Status.ID, id)
		}
	}
	w.wantNoWrite()
	w.wantRemotes(3)
	if n := w.sim.Counts()["GET one"]; n > 3 {
		t.Errorf("it took %d reads: %v", n, w.writes())
	}
}

// reconcile-requested-at makes one fresh GET, is echoed, and finds drift before the
// next listing would.
func TestReconcileRequestLooksNow(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Settings{}, func(c *v1alpha1.Connection, _ *manager.Options) {
		c.Spec.ResyncInterval = metav1.Duration{Duration: time.Hour}
	})
	id := w.owned("lobby")["lobby"]
	w.sim.ResetRequests()
	w.request("lobby", "first")
	w.wantCalls(map[string]int{"GET one": 1})
	w.awaitSynced("lobby")

	w.sim.Mutate(id, func(g *simulator.Group) { g.Name = "Theirs" })
	w.sim.ResetRequests()
	w.request("lobby", "second")
	w.awaitSynced("lobby")
	w.wantCalls(map[string]int{"GET one": 1, "PUT": 1})
	if name := w.remote(id).Name; name != "The lobby" {
		t.Errorf("the drift was not healed: %q", name)
	}
	w.wantEvents("lobby", map[string]int{"Created": 1, "DriftCorrected": 1})

	w.edit("lobby", func(g *v1alpha1.Group) { g.Spec.Suspend = true })
	w.await("lobby", metav1.ConditionTrue, v1alpha1.ReasonSuspended)
	w.sim.ResetRequests()
	w.request("lobby", "third")
	w.wantCalls(map[string]int{"GET one": 1})
}

// request asks for a fresh look, and waits until the status says that it was taken.
func (w *world) request(name, when string) {
	w.Helper()
	w.annotate(name, v1alpha1.AnnotationReconcileRequestedAt, when)
	w.eventually(func() string {
		if have := w.get(name).Status.LastHandledReconcileAt; have != when {
			return "status.lastHandledReconcileAt is " + have
		}
		return ""
	})
}

// No status is written where nothing has changed: neither with a listing, nor with
// one that shows what nobody declares.
func TestStatusIsWrittenOnlyWhereItDiffers(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Settings{UnknownContacts: simulator.Drop})
	w.owned("synced")
	w.group("conflict", func(g *v1alpha1.Group) { g.Spec.GroupID = w.get("synced").Status.ID })
	w.awaitStalled("conflict", v1alpha1.ReasonIDConflict)
	w.group("missing", func(g *v1alpha1.Group) { g.Spec.GroupID = "none" })
	w.awaitStalled("missing", v1alpha1.ReasonRemoteMissing)
	w.group("not-applied", func(g *v1alpha1.Group) { g.Spec.Contacts = contacts("Nobody") })
	w.awaitStalled("not-applied", v1alpha1.ReasonNotApplied)
	w.group("suspended", func(g *v1alpha1.Group) { g.Spec.Suspend = true })
	w.await("suspended", metav1.ConditionUnknown, v1alpha1.ReasonSuspended)
	w.nextListings(1)
	before := w.versions()
	w.seed("Somebody else's")
	w.nextListings(3)
	if diff := cmp.Diff(before, w.versions()); diff != "" {
		t.Errorf("Groups were written to: %s", diff)
	}
}
