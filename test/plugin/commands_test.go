// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package plugin

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/simulator"
	"github.com/klink-cloud/klink-operator/test/harness/worlds"
)

// TestStatusWhyAndRequests follow a Group that is well and one that is not.
func TestStatusWhyAndRequests(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.groups.create("early")
	w.want(w.klink("why", "early"), 1, "The operator has said nothing of this Group yet", "those who run the operator")
	w.want(w.klink("reconcile", "early", "--timeout", "1s"), 2, "no answer yet for 1 of 1 Group;")
	w.operate()
	w.groups.create("plaza")
	w.groups.create("missing", func(g *v1alpha1.Group) { g.Spec.GroupID = "nothere0" })
	w.groups.await("plaza", v1alpha1.ReasonSynced)
	w.groups.await("missing", v1alpha1.ReasonRemoteMissing)
	w.want(w.klink("status"), 1, "kgrp/missing", "RemoteMissing", "1 stalled")
	w.want(w.klink("status", "-o", "json"), 1, `"state": "stalled"`, `"remoteGroups": `)
	w.want(w.klink("status", "-o", "name"), 1, "group.klink.cloud/plaza\n", "connection.klink.cloud/sim\n")
	w.want(w.klink("why", "plaza"), 0, "Nothing is wrong", `has a value under key "token"`)
	w.want(w.klink("why", "missing"), 1, "nothere0", "Who can fix it: those who write this Group", "kubectl klink orphans -n "+w.namespace)
	w.want(w.klink("suspend", "plaza"), 0, "Suspended")
	if s := w.want(w.klink("suspend", "plaza", "--wait=false"), 0); s.out != "group.klink.cloud/plaza patched\n" {
		t.Errorf("without waiting: %q", s.out)
	}
	w.want(w.klink("why", "plaza"), 0)
	w.want(w.klink("resume", "--all"), 0, "group.klink.cloud/plaza resumed")
	w.want(w.klink("reconcile", "plaza", "missing"), 0, "group.klink.cloud/plaza looked at: Ready=True", "group.klink.cloud/missing looked at: Ready=False")
	w.want(w.klink("reconcile"), 2, "which Groups?")
	w.want(w.run("", "__complete", "why", "-n", w.namespace, "--kubeconfig", cluster.Kubeconfig(), ""), 0, "plaza")
	worlds.Delete(t, api, worlds.Secret(w.namespace, token))
	w.want(w.klink("why", "missing"), 1, "does not exist")
}

// TestReleaseLeavesTheRemoteGroup: with an operator and without one, and never unasked.
func TestReleaseLeavesTheRemoteGroup(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	stop := w.operate()
	w.groups.create("first")
	w.groups.create("second")
	w.groups.await("first", v1alpha1.ReasonSynced)
	id := w.groups.await("second", v1alpha1.ReasonSynced).Status.ID
	w.sim.ResetRequests()
	args := []string{"release", "first", "-n", w.namespace, "--kubeconfig", cluster.Kubeconfig()}
	w.want(w.run("no\n", args...), 2, "nothing was changed")
	w.groups.get("first")
	w.want(w.run("yes\n", args...), 0, "group.klink.cloud/first released by the operator")
	stop()
	w.want(w.klink("release", "second", "--yes", "--operator-timeout", "1s"), 0, "group.klink.cloud/second released without the operator, which did not answer in time")
	if worlds.Find(t, api, &v1alpha1.Group{ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: "second"}}) {
		t.Error("second is still there")
	}
	if g, ok := w.sim.Group(id); !ok || g.Archived() {
		t.Errorf("the remote group of second: %+v", g)
	}
	for _, r := range w.sim.Requests() {
		if r.Method != http.MethodGet {
			t.Errorf("a write: %s %s", r.Method, r.Path)
		}
	}
}

// TestAdoptAfterAClusterWasRebuilt: each Group gets the group it had, and what is not
// clear is left to a person.
func TestAdoptAfterAClusterWasRebuilt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.sim.Seed(simulator.Group{Name: "The plaza"})
	w.sim.Seed(simulator.Group{Name: "The twins"})
	w.sim.Seed(simulator.Group{Name: "The twins"})
	w.sim.Seed(simulator.Group{Name: "Wanted"})
	for _, name := range []string{"plaza", "twins", "one", "other"} {
		w.groups.create(name, func(g *v1alpha1.Group) {
			if name == "one" || name == "other" {
				g.Spec.Name = "Wanted"
			}
		})
		w.groups.sayNameTaken(name)
	}
	w.want(w.run("no\n", "adopt", "-n", w.namespace, "--kubeconfig", cluster.Kubeconfig()), 2, "would bind to "+id+" (\"The plaza\")\n", "nothing was changed")
	if policy := w.groups.get("plaza").Spec.AdoptionPolicy; policy != v1alpha1.AdoptNever {
		t.Errorf("plaza says %s", policy)
	}
	// The operator comes once the policy is set: it writes the other statuses itself.
	done := make(chan said)
	go func() { done <- w.klink("adopt", "--yes") }()
	worlds.Eventually(t, patience, 50*time.Millisecond, func() string {
		if policy := w.groups.get("plaza").Spec.AdoptionPolicy; policy != v1alpha1.AdoptByName {
			return fmt.Sprintf("plaza says %s", policy)
		}
		return ""
	})
	for _, name := range []string{"twins", "one", "other"} {
		if policy := w.groups.get(name).Spec.AdoptionPolicy; policy != v1alpha1.AdoptNever {
			t.Errorf("%s says %s", name, policy)
		}
		g := w.groups.get(name)
		worlds.Edit(t, api, g, func() { g.Spec.Suspend = true })
	}
	w.operate()
	w.want(<-done, 1, "group.klink.cloud/plaza adopted "+id, "twins: AdoptionAmbiguous", "2 Groups would take")
	if got := w.groups.await("plaza", v1alpha1.ReasonSynced).Status.ID; got != id {
		t.Errorf("plaza is bound to %s, want %s", got, id)
	}
	w.wantNoWrites()
}
