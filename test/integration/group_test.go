// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package integration

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/simulator"
)

// awaitStalled waits until a Group needs a person, and is told what to do.
func (w *world) awaitStalled(name, reason string, help ...string) *v1alpha1.Group {
	w.Helper()
	g := w.awaitNotReady(name, reason, help...)
	if !isStalled(g) {
		w.Errorf("%s is not Stalled, and needs a person", reason)
	}
	w.awaitEvent(name, reason)
	return g
}

// awaitBlocked waits until a Group waits for something that needs nobody's hand on
// this Group, so that it is not Stalled.
func (w *world) awaitBlocked(name, reason string, help ...string) {
	w.Helper()
	g := w.awaitNotReady(name, reason, help...)
	if isStalled(g) {
		w.Errorf("%s is Stalled, and goes on by itself", reason)
	}
}

func (w *world) awaitNotReady(name, reason string, help ...string) *v1alpha1.Group {
	w.Helper()
	g := w.await(name, metav1.ConditionFalse, reason)
	w.wantMessage(g, help...)
	reconciling := meta.IsStatusConditionTrue(g.Status.Conditions, v1alpha1.ConditionReconciling)
	if want := reason == v1alpha1.ReasonCreating || reason == v1alpha1.ReasonUpdating; reconciling != want {
		w.Errorf("%s has Reconciling=%t, want %t", reason, reconciling, want)
	}
	return g
}

func (w *world) awaitSynced(name string) *v1alpha1.Group {
	w.Helper()
	g := w.await(name, metav1.ConditionTrue, v1alpha1.ReasonSynced)
	if isStalled(g) || len(g.Status.Drift) > 0 {
		w.Errorf("a synced Group has Stalled=%t, drift %v", isStalled(g), g.Status.Drift)
	}
	return g
}

// events counts the events about a Group by reason, repetitions included.
func (w *world) events(name string) map[string]int {
	w.Helper()
	var list eventsv1.EventList
	if err := api.List(context.Background(), &list, client.InNamespace(w.namespace)); err != nil {
		w.Fatal(err)
	}
	counts := map[string]int{}
	for i := range list.Items {
		e := &list.Items[i]
		if e.Regarding.Kind != "Group" || e.Regarding.Name != name {
			continue
		}
		counts[e.Reason]++
		if e.Series != nil {
			counts[e.Reason] += int(e.Series.Count) - 1
		}
	}
	return counts
}

// wantEvents waits until exactly these events stand there, each that often.
func (w *world) wantEvents(name string, want map[string]int) {
	w.Helper()
	w.eventually(func() string {
		if have := w.events(name); fmt.Sprint(have) != fmt.Sprint(want) {
			return fmt.Sprintf("want events %v about %s, have %v", want, name, have)
		}
		return ""
	})
}

// seed puts a group into the account, past the API: an old one, unless told
// otherwise, so that it is nobody's create of just now.
func (w *world) seed(name string, adjust ...func(*simulator.Group)) string {
	g := simulator.Group{Name: name, CreatedAt: longAgo}
	for _, f := range adjust {
		f(&g)
	}
	return w.sim.Seed(g)
}

// wantRemotes checks how many remote groups there are: none was made twice, none lost.
func (w *world) wantRemotes(n int) {
	w.Helper()
	if groups := w.sim.Groups(); len(groups) != n {
		w.Errorf("want %d remote groups, have %d: %+v", n, len(groups), groups)
	}
}

// wantNoWrite checks that nothing was written remotely since the last reset.
func (w *world) wantNoWrite() {
	w.Helper()
	counts := w.sim.Counts()
	if counts["POST"]+counts["PUT"]+counts["DELETE"] > 0 {
		w.Errorf("there were writes: %v", w.writes())
	}
}

// bodies are the bodies of the calls with a method, oldest first.
func (w *world) bodies(method string) []string {
	var bodies []string
	for _, r := range w.sim.Requests() {
		if r.Method == method {
			bodies = append(bodies, r.Body)
		}
	}
	return bodies
}

func (w *world) wantBodies(method string, want ...string) {
	w.Helper()
	if have := w.bodies(method); !slices.Equal(have, want) {
		w.Errorf("want the %s bodies %q, have %q", method, want, have)
	}
}

// refuse answers the calls that match with a status and a message.
func (w *world) refuse(method string, status int, text string) *simulator.FaultHandle {
	return w.sim.AddFault(simulator.Fault{
		Method: method, PathRegexp: pathOf(method), Action: simulator.Status, Status: status, Body: fmt.Sprintf(`{"message":%q}`, text),
	})
}

// pathOf keeps listings out of what a fault of GET concerns.
func pathOf(method string) string {
	if method == "GET" {
		return "/groups/."
	}
	return ""
}

// archived is for tests that want to see what a deletion left.
func (w *world) wantArchived(id string, want bool) {
	w.Helper()
	if have := w.remote(id).Archived(); have != want {
		w.Errorf("remote group %s has archived=%t, want %t", id, have, want)
	}
}

// owned makes a few Groups that are in order, so that the connection's trust
// survives the loss of one.
func (w *world) owned(names ...string) map[string]string {
	w.Helper()
	for _, name := range names {
		w.group(name)
	}
	ids := map[string]string{}
	for _, name := range names {
		ids[name] = w.awaitSynced(name).Status.ID
	}
	return ids
}

// longAgo is before any Group of a test.
var longAgo = time.Date(1991, 12, 8, 19, 0, 0, 0, time.UTC)

// crowd seeds so many old groups that nobody declares.
func (w *world) crowd(n int) {
	for i := range n {
		w.seed(fmt.Sprintf("Somebody else's %d", i))
	}
}

// annotate sets an annotation of a Group; "" removes it.
func (w *world) annotate(name, annotation, value string) {
	w.Helper()
	w.edit(name, func(g *v1alpha1.Group) {
		if g.Annotations == nil {
			g.Annotations = map[string]string{}
		}
		g.Annotations[annotation] = value
		if value == "" {
			delete(g.Annotations, annotation)
		}
	})
}

// boundTo annotates a Group as one that this cluster has bound.
func (w *world) boundTo(id string) func(*v1alpha1.Group) { return w.boundBy(w.clusterUID(), id) }

func (w *world) boundBy(cluster, id string) func(*v1alpha1.Group) {
	return func(g *v1alpha1.Group) {
		g.Annotations = map[string]string{v1alpha1.AnnotationGroupID: id, v1alpha1.AnnotationGroupCluster: cluster}
	}
}

// clusterUID is what names this cluster.
func (w *world) clusterUID() string {
	w.Helper()
	var namespace corev1.Namespace
	if err := api.Get(context.Background(), client.ObjectKey{Name: "kube-system"}, &namespace); err != nil {
		w.Fatal(err)
	}
	return string(namespace.UID)
}

// reasonOf is why a Group is ready or not; empty before anybody has looked at it.
func reasonOf(g *v1alpha1.Group) string {
	if ready := meta.FindStatusCondition(g.Status.Conditions, v1alpha1.ConditionReady); ready != nil {
		return ready.Reason
	}
	return ""
}

// justNow is for groups that may be somebody's create of just now.
func justNow(g *simulator.Group) { g.CreatedAt = time.Time{} }

// shell runs commands of a page in a folder of their own, and returns what they said.
func (w *world) shell(commands string) string {
	w.Helper()
	sh := exec.CommandContext(w.Context(), "sh", "-ec", commands)
	sh.Dir = w.TempDir()
	sh.Env = slices.Concat(cluster.KubectlCommand(w.Context()).Env, []string{"PATH=" + filepath.Dir(cluster.KubectlPath()) + ":" + os.Getenv("PATH")})
	said, err := sh.CombinedOutput()
	if err != nil {
		w.Fatalf("%s: %v\n%s", commands, err, said)
	}
	return string(said)
}
