// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package plugin

import (
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/simulator"
	"github.com/klink-cloud/klink-operator/test/harness/worlds"
)

// asked runs a command that asks, and says yes once what happens meanwhile has happened.
func (w *world) asked(meanwhile func(), args ...string) said {
	w.Helper()
	var out, errs worlds.Journal
	cmd := exec.CommandContext(w.Context(), binary, append(args, "-n", w.namespace, "--kubeconfig", cluster.Kubeconfig())...)
	cmd.Env = append(os.Environ(), "KLINK_TOKEN=")
	cmd.Stdout, cmd.Stderr = &out, &errs
	stdin, err := cmd.StdinPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		w.Fatal(err)
	}
	worlds.Eventually(w, patience, 20*time.Millisecond, func() string {
		if !strings.Contains(errs.String(), "Type yes") {
			return "no question in " + errs.String()
		}
		return ""
	})
	meanwhile()
	if _, err := io.WriteString(stdin, "yes\n"); err != nil {
		w.Fatal(err)
	}
	_ = cmd.Wait() // the exit code tells
	return said{out.String(), errs.String(), cmd.ProcessState.ExitCode()}
}

// TestReleaseIsOfTheGroupThatWasShown, and not of another that has its name by now.
func TestReleaseIsOfTheGroupThatWasShown(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.groups.create("plaza")
	w.want(w.asked(func() { w.groups.replace("plaza") }, "release", "plaza", "--operator-timeout", "1s"), 2, "plaza")
	if g := w.groups.get("plaza"); g.Spec.DeletionPolicy == v1alpha1.DeletionOrphan || !g.DeletionTimestamp.IsZero() {
		t.Errorf("the other Group: %+v", g)
	}
	// And of one that a person has changed since, the newest word counts.
	w.want(w.asked(func() { worlds.Edit(t, api, w.groups.get("plaza"), func() {}) }, "release", "plaza", "--operator-timeout", "1s"), 0, "released")
}

// TestAdoptIsOfWhatWasShown: a Group that says another name by now would bind to what nobody
// has looked at.
func TestAdoptIsOfWhatWasShown(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, name := range []string{"plaza", "ritz", "savoy"} {
		w.sim.Seed(simulator.Group{Name: "The " + name})
		w.groups.create(name)
		w.groups.sayNameTaken(name)
	}
	w.sim.Seed(simulator.Group{Name: "Another"})
	s := w.asked(func() {
		plaza := w.groups.get("plaza")
		worlds.Edit(t, api, plaza, func() { plaza.Spec.Name = "Another" })
		w.groups.replace("ritz", func(g *v1alpha1.Group) { g.Spec.Name = "Another" })
		savoy := w.groups.get("savoy") // a label is no other word
		worlds.Edit(t, api, savoy, func() { savoy.Labels = map[string]string{"tier": "gold"} })
	}, "adopt", "--timeout", "1s")
	w.want(s, 2, "/plaza: somebody changed it meanwhile", "/ritz: somebody changed it meanwhile", "3 of 3 Groups not bound as shown")
	for name, want := range map[string]v1alpha1.AdoptionPolicy{"plaza": v1alpha1.AdoptNever, "ritz": v1alpha1.AdoptNever, "savoy": v1alpha1.AdoptByName} {
		if got := w.groups.get(name).Spec.AdoptionPolicy; got != want {
			t.Errorf("%s says %s", name, got)
		}
	}
}

// TestRequestsGoOnBehindOneThatFails, and say what became of each.
func TestRequestsGoOnBehindOneThatFails(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.operate()
	for _, name := range []string{"first", "second", "third"} {
		w.groups.create(name)
		w.groups.await(name, v1alpha1.ReasonSynced)
	}
	user := "some-" + w.namespace
	worlds.Create(t, api, &rbacv1.Role{
		ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: "some"},
		Rules: []rbacv1.PolicyRule{
			{APIGroups: []string{"klink.cloud"}, Resources: []string{"groups"}, Verbs: []string{"get", "list"}},
			{APIGroups: []string{"klink.cloud"}, Resources: []string{"groups"}, ResourceNames: []string{"first", "third"}, Verbs: []string{"patch", "delete"}},
		},
	})
	worlds.Create(t, api, &rbacv1.RoleBinding{
		ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: "some"}, RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: "some"},
		Subjects: []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: rbacv1.UserKind, Name: user}},
	})
	as := w.kubeconfigOf(user)
	w.want(w.run("", "suspend", "--all", "--kubeconfig", as), 2, "group.klink.cloud/first suspended", "kgrp/second: ", "forbidden", "group.klink.cloud/third suspended", "1 of 3 Groups")
	w.want(w.run("", "release", "first", "second", "third", "--yes", "--kubeconfig", as), 2,
		"group.klink.cloud/first released", "kgrp/second: ", "group.klink.cloud/third released", "1 of 3 Groups")
}

// TestReconcileIsAnsweredByALaterRequest: who asks after somebody else is answered for both.
func TestReconcileIsAnsweredByALaterRequest(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.groups.create("plaza")
	done := make(chan said)
	go func() { done <- w.klink("reconcile", "plaza", "--timeout", patience.String()) }()
	worlds.Eventually(t, patience, 20*time.Millisecond, func() string {
		if w.groups.get("plaza").Annotations[v1alpha1.AnnotationReconcileRequestedAt] == "" {
			return "nothing is asked for"
		}
		return ""
	})
	g := w.groups.get("plaza")
	worlds.Edit(t, api, g, func() {
		g.Annotations[v1alpha1.AnnotationReconcileRequestedAt] = time.Now().UTC().Format(time.RFC3339Nano)
	})
	w.operate()
	w.want(<-done, 0, "looked at")
}
