// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package plugin

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/simulator"
	"github.com/klink-cloud/klink-operator/test/harness/checkout"
	"github.com/klink-cloud/klink-operator/test/harness/worlds"
)

// shared points the world's Groups at a ClusterConnection, of which a tenant may not even
// know that it exists. Its Secret is in the world's namespace, as that of the operator. Every
// manager would serve it, so that no other may run: such a test is not parallel.
func (w *world) shared() (name string) {
	w.Helper()
	name = w.namespace
	w.Cleanup(func() { // before the manager stops, which lets them go
		w.kubectl("", "delete", "kgrp", "--all", "-n", w.namespace, "--timeout=2m")
		w.kubectl("", "delete", "kcconn", name)
	})
	connection := &v1alpha1.ClusterConnection{ObjectMeta: metav1.ObjectMeta{Name: name}}
	connection.Spec.ConnectionSpec = worlds.ConnectionSpec(w.url)
	worlds.Create(w, api, connection)
	return name
}

// on is a Group on a ClusterConnection.
func on(connection string, adjust ...func(*v1alpha1.Group)) func(*v1alpha1.Group) {
	return func(g *v1alpha1.Group) {
		g.Spec.ConnectionRef = v1alpha1.ConnectionReference{Kind: v1alpha1.KindClusterConnection, Name: connection}
		for _, a := range adjust {
			a(g)
		}
	}
}

// tenant is a kubeconfig of a person who has the shipped roles klink-view and
// klink-groups-edit in one namespace, and nothing else.
func (w *world) tenant() string {
	w.Helper()
	return w.tenantOf(w.namespace)
}

func (w *world) tenantOf(namespace string) string {
	w.Helper()
	user := "tenant-" + namespace
	for _, name := range []string{"klink_view", "klink_groups_edit"} {
		var shipped rbacv1.ClusterRole
		if err := yaml.Unmarshal([]byte(checkout.Read(w, "config/rbac/"+name+"_role.yaml")), &shipped); err != nil {
			w.Fatal(err)
		}
		worlds.Create(w, api, &rbacv1.Role{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: shipped.Name}, Rules: shipped.Rules})
		worlds.Create(w, api, &rbacv1.RoleBinding{
			ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: shipped.Name}, RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: shipped.Name},
			Subjects: []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: rbacv1.UserKind, Name: user}},
		})
	}
	return w.kubeconfigOf(user)
}

// TestTenantIsToldWhatMayNotBeRead: what a person may not read is never said not to exist,
// nor is a question that has no answer then ended with the exit code of one that has.
func TestTenantIsToldWhatMayNotBeRead(t *testing.T) {
	w := newWorld(t)
	w.operate()
	connection := w.shared()
	taken := w.sim.Seed(simulator.Group{Name: "The taken"})
	for _, name := range []string{"plaza", "ritz", "savoy", "taken"} {
		w.groups.create(name, on(connection))
	}
	w.groups.create("lost", on(connection, func(g *v1alpha1.Group) { g.Spec.GroupID = "nothere0" }))
	for _, name := range []string{"plaza", "ritz", "savoy"} {
		w.groups.await(name, v1alpha1.ReasonSynced)
	}
	w.groups.await("taken", v1alpha1.ReasonNameTaken)
	w.groups.await("lost", v1alpha1.ReasonRemoteMissing)
	as, hidden := w.tenant(), "you may not read kcconn/"+connection
	tenant := func(args ...string) said {
		s := w.run("", append(args, "--kubeconfig", as)...)
		for _, wrong := range []string{"does not exist", "not found", connection + " does not", "forbidden:"} {
			if strings.Contains(s.out+s.err, wrong) {
				t.Errorf("%v says %q:\n%s\n%s", args, wrong, s.out, s.err)
			}
		}
		return s
	}
	s := w.want(tenant("diff"), 2, hidden, "kgrp/taken: Ready=False, NameTaken", "3 Groups: Ready=True, by what status says", "error: 5 of 5 Groups could not be compared")
	if n := strings.Count(s.err, hidden); n != 1 {
		t.Errorf("it is told %d times what may not be read:\n%s", n, s.err)
	}
	w.want(tenant("diff", "plaza"), 2, hidden, "kgrp/plaza: Ready=True, Synced", "1 of 1 Group could not")
	file := filepath.Join(t.TempDir(), "groups.yaml")
	manifests := ""
	for _, name := range []string{"plaza", "fresh"} {
		manifests += fmt.Sprintf("---\napiVersion: klink.cloud/v1alpha1\nkind: Group\nmetadata: {name: %s}\nspec:\n  connectionRef: {kind: ClusterConnection, name: %s}\n  name: Another\n", name, connection)
	}
	if err := os.WriteFile(file, []byte(manifests), 0o600); err != nil {
		t.Fatal(err)
	}
	w.want(tenant("diff", "-f", file), 2, hidden, "kgrp/plaza: declares otherwise than in the cluster: name\n", "kgrp/fresh: is not in the cluster yet, and would be created there\n")
	w.want(tenant("status"), 1, "kcconn/"+connection, "Forbidden", "you may not read it", "2 stalled; 1 connection that you may not read")
	w.want(tenant("why", "plaza"), 0, connection+": you may not read it", "Events: you may not read them", "Nothing is wrong")
	w.want(tenant("why", "taken"), 1, connection+": you may not read it", taken, `"groupID":"ID"`, "kubectl klink adopt needs the token, which you may not read")
	w.want(tenant("why", "lost"), 1, "ask somebody who may read the token of ClusterConnection "+connection, "kubectl klink orphans")
	w.want(tenant("adopt", "--yes"), 2, "left out: kgrp "+w.namespace+"/taken: "+hidden, "cannot be told without reading the account")
	w.want(tenant("orphans", "--connection", "kcconn/"+connection), 2, hidden)
	w.want(tenant("import", "--connection", "kcconn/"+connection), 2, hidden)
	w.want(tenant("reconcile", "plaza"), 0, "looked at")
}

// TestTenantWithATokenOfTheirOwn: who may not read a connection, and has a token, says where
// it leads.
func TestTenantWithATokenOfTheirOwn(t *testing.T) {
	w := newWorld(t)
	w.operate()
	connection := w.shared()
	id := w.sim.Seed(simulator.Group{Name: "The taken"})
	w.groups.create("taken", on(connection))
	w.groups.await("taken", v1alpha1.ReasonNameTaken)
	as := w.tenant()
	env := []string{"KLINK_TOKEN=" + token}
	w.want(w.runIn(env, "", "diff", "--endpoint", w.sim.URL, "--kubeconfig", as), 2, "is taken to lead to --endpoint", "kgrp/taken: nothing (NameTaken", id, "cannot be told for certain")
	// Not to an endpoint that a connection does not have.
	w.want(w.runIn(env, "", "diff", "--endpoint", "http://127.0.0.1:1", "--kubeconfig", cluster.Kubeconfig(), "-n", w.namespace), 2, "--endpoint is another account")
	// Of other namespaces nothing is known, and their Groups may claim what is shown here.
	s := w.want(w.runIn(env, "", "orphans", "--connection", "kcconn/"+connection, "--endpoint", w.sim.URL, "--kubeconfig", as), 2, "cannot be told", "all namespaces")
	if strings.Contains(s.out, "Unclaimed") {
		t.Error(s.out)
	}
	w.want(w.runIn(env, "", "adopt", "--yes", "--endpoint", w.sim.URL, "--kubeconfig", as), 2, "you may not list, may own groups of its account; set groupID to an id")
}
