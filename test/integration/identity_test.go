// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package integration

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/simulator"
)

// kubectl replace with the manifest that a user keeps in git strips finalizer and
// annotations: they are put back on sight, and nothing else happens.
func TestReplaceStripsTheFinalizer(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Settings{})
	id := w.groups.owned("lobby")["lobby"]
	w.sim.ResetRequests()
	g := w.groups.get("lobby")
	g.Finalizers, g.Annotations = nil, nil
	if err := api.Update(context.Background(), g); err != nil {
		t.Fatal(err)
	}
	eventually(w, func() string { return w.groups.unmarked(id) })
	w.groups.delete("lobby")
	w.groups.awaitGone("lobby")
	w.remote.wantArchived(id, true)
	w.calls.want(map[string]int{"PUT": 1})
}

// What was found of a Group that is gone is not written to another that has its
// name by now. The API server takes no metadata from a patch of the status, so that
// a merge patch cannot name the UID; a JSON patch can test it, and ours do.
func TestAStatusIsNotWrittenToANamesake(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Settings{})
	id := w.groups.owned("lobby")["lobby"]
	w.stop()
	patch := client.RawPatch(types.JSONPatchType, []byte(
		`[{"op":"test","path":"/metadata/uid","value":"gone"},{"op":"add","path":"/status/id","value":"somebody-elses"}]`))
	if err := api.Status().Patch(context.Background(), w.groups.get("lobby"), patch); !apierrors.IsInvalid(err) {
		t.Errorf("the API server says %v, want a refusal", err)
	}
	if now := w.groups.get("lobby").Status.ID; now != id {
		t.Errorf("status.id is %s now, was %s", now, id)
	}
}

// Where status.id and the annotation differ, status.id counts.
func TestStatusCountsWhereTheAnnotationDiffers(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Settings{})
	ids := w.groups.owned("lobby", "bar")
	w.groups.annotate("lobby", v1alpha1.AnnotationGroupID, ids["bar"])
	eventually(w, func() string { return w.groups.unmarked(ids["lobby"]) })
	w.groups.awaitSynced("lobby")
	w.groups.awaitSynced("bar")
	w.remote.wantCount(2)
}

// A backup restored without status binds to the same group again and makes none.
func TestBackupRestoredWithoutStatus(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Settings{})
	w.groups.create("lobby", func(g *v1alpha1.Group) { g.Spec.Description = new("Mine.") })
	backup := w.groups.awaitSynced("lobby")
	w.groups.edit("lobby", func(g *v1alpha1.Group) { g.Finalizers = nil })
	w.groups.edit("lobby", func(g *v1alpha1.Group) { g.Spec.DeletionPolicy = v1alpha1.DeletionOrphan })
	w.groups.delete("lobby")
	w.groups.awaitGone("lobby")
	w.sim.ResetRequests()

	w.groups.create("lobby", func(g *v1alpha1.Group) { g.Annotations, g.Spec = backup.Annotations, backup.Spec })
	g := w.groups.awaitSynced("lobby")
	if g.Status.ID != backup.Status.ID || g.Status.ConversationID != backup.Status.ConversationID {
		t.Errorf("bound to %q, not %q", g.Status.ID, backup.Status.ID)
	}
	eventually(w, func() string { return w.groups.unmarked(backup.Status.ID) })
	w.calls.nextListings(1)
	w.calls.wantNoWrite()
	if n := w.sim.Counts()["GET one"]; n > 1 {
		t.Errorf("it took %d reads: %v", n, w.calls.writes())
	}
	w.remote.wantCount(1)
}

// A whole namespace restored while the operator was away: all are bound again.
func TestBackupRestoredBeforeTheManagerStarts(t *testing.T) {
	t.Parallel()
	w := prepareWorld(t, simulator.Settings{})
	ids := map[string]string{}
	for _, name := range []string{"one", "two", "three"} {
		ids[name] = w.remote.seed("The " + name)
		w.groups.create(name, boundTo(w, ids[name]))
	}
	w.start()
	for name, id := range ids {
		if g := w.groups.awaitSynced(name); g.Status.ID != id {
			t.Errorf("%s is bound to %q, not %q", name, g.Status.ID, id)
		}
	}
	w.calls.wantNoWrite()
	w.remote.wantCount(3)
	if n := w.sim.Counts()["GET one"]; n > 3 {
		t.Errorf("it took %d reads: %v", n, w.calls.writes())
	}
}

// reconcile-requested-at makes one fresh GET, is echoed, and finds drift before the
// next listing would.
func TestReconcileRequestLooksNow(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Settings{}, rarelyListed)
	id := w.groups.owned("lobby")["lobby"]
	w.sim.ResetRequests()
	w.groups.request("lobby", "first")
	w.calls.want(map[string]int{"GET one": 1})
	w.groups.awaitSynced("lobby")

	w.sim.Mutate(id, func(g *simulator.Group) { g.Name = "Theirs" })
	w.sim.ResetRequests()
	w.groups.request("lobby", "second")
	w.groups.awaitSynced("lobby")
	w.calls.want(map[string]int{"GET one": 1, "PUT": 1})
	if name := w.remote.get(id).Name; name != "The lobby" {
		t.Errorf("the drift was not healed: %q", name)
	}
	w.groups.wantEvents("lobby", map[string]int{"Created": 1, "DriftCorrected": 1})

	w.groups.edit("lobby", func(g *v1alpha1.Group) { g.Spec.Suspend = true })
	w.groups.await("lobby", metav1.ConditionTrue, v1alpha1.ReasonSuspended)
	w.sim.ResetRequests()
	w.groups.request("lobby", "third")
	w.calls.want(map[string]int{"GET one": 1})
}

// No status is written where nothing has changed: neither with a listing, nor with
// one that shows what nobody declares.
func TestStatusIsWrittenOnlyWhereItDiffers(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Settings{UnknownContacts: simulator.Drop})
	w.groups.owned("synced")
	w.groups.create("conflict", func(g *v1alpha1.Group) { g.Spec.GroupID = w.groups.get("synced").Status.ID })
	w.groups.awaitStalled("conflict", v1alpha1.ReasonIDConflict)
	w.groups.create("missing", func(g *v1alpha1.Group) { g.Spec.GroupID = "none" })
	w.groups.awaitStalled("missing", v1alpha1.ReasonRemoteMissing)
	w.groups.create("not-applied", func(g *v1alpha1.Group) { g.Spec.Contacts = contacts("Nobody") })
	w.groups.awaitStalled("not-applied", v1alpha1.ReasonNotApplied)
	w.groups.create("suspended", func(g *v1alpha1.Group) { g.Spec.Suspend = true })
	w.groups.await("suspended", metav1.ConditionUnknown, v1alpha1.ReasonSuspended)
	w.calls.nextListings(1)
	before := w.groups.versions()
	w.remote.seed("Somebody else's")
	w.calls.nextListings(3)
	if diff := cmp.Diff(before, w.groups.versions()); diff != "" {
		t.Errorf("Groups were written to: %s", diff)
	}
}
