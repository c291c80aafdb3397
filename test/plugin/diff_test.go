// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package plugin

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	rbacv1 "k8s.io/api/rbac/v1"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/simulator"
	"github.com/klink-cloud/klink-operator/test/harness/worlds"
)

// TestDiffSaysWhatTheOperatorThenDoes: a pull request is judged by what diff says, so
// that this must be what happens when it is merged.
func TestDiffSaysWhatTheOperatorThenDoes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.sim.Seed(simulator.Group{Name: "Plaza", Description: new("old\nsame"), Contacts: simulator.Contacts("Hector", "Eve")})
	file := filepath.Join(t.TempDir(), "groups.yaml")
	manifests := fmt.Sprintf(`
apiVersion: klink.cloud/v1alpha1
kind: Group
metadata: {name: plaza}
spec:
  connectionRef: {kind: Connection, name: sim}
  name: Plaza
  groupID: %s
  description: "new\nsame"
  contacts: [{username: Hector}, {username: Cliff}]
---
apiVersion: klink.cloud/v1alpha1
kind: Group
metadata: {name: fresh}
spec:
  connectionRef: {kind: Connection, name: sim}
  name: Fresh
`, id)
	if err := os.WriteFile(file, []byte(manifests), 0o600); err != nil {
		t.Fatal(err)
	}
	s := w.want(w.klink("diff", "-f", file), 1, "kgrp/plaza: adopt "+id, "kgrp/plaza: update "+id, "    - old\n    + new\n      same\n",
		"    - Eve\n", "    + Cliff\n", "kgrp/fresh: create\n")
	if strings.Contains(s.out, "\x1b") {
		t.Error("colours without a terminal")
	}
	w.wantNoWrites()
	w.operate()
	w.apply("-f", file)
	w.groups.await("plaza", v1alpha1.ReasonSynced)
	w.groups.await("fresh", v1alpha1.ReasonSynced)
	writes := map[string]int{}
	for _, r := range w.sim.Requests() {
		if r.Method != http.MethodGet {
			writes[r.Method]++
		}
	}
	if writes[http.MethodPut] != 1 || writes[http.MethodPost] != 1 || len(writes) != 2 {
		t.Errorf("diff said one update and one create; the operator sent %v", writes)
	}
	w.want(w.klink("diff", "-f", file), 0, "kgrp/plaza: nothing (Synced", "kgrp/fresh: nothing (Synced")
	w.want(w.klink("diff"), 0, "kgrp/plaza: nothing")
	w.want(w.run(strings.Replace(manifests, "Fresh\n", "Renamed\n", 1), "diff", "-f", "-", "-n", w.namespace, "--kubeconfig", cluster.Kubeconfig()), 1, "    - Fresh\n    + Renamed\n")
	w.want(w.run("kind: Nonsense", "diff", "-f", "-", "-n", w.namespace, "--kubeconfig", cluster.Kubeconfig()), 2, "error:")
}

// TestDiffWithoutTheTokenSaysSo: a person who may not read the Secret gets what status says.
func TestDiffWithoutTheTokenSaysSo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.operate()
	w.groups.create("plaza")
	w.groups.await("plaza", v1alpha1.ReasonSynced)
	user := "reader-" + w.namespace
	worlds.Create(t, api, &rbacv1.Role{
		ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: "read"},
		Rules:      []rbacv1.PolicyRule{{APIGroups: []string{"klink.cloud"}, Resources: []string{"groups", "connections"}, Verbs: []string{"get", "list", "patch"}}},
	})
	worlds.Create(t, api, &rbacv1.RoleBinding{
		ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: "read"}, RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: "read"},
		Subjects: []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: rbacv1.UserKind, Name: user}},
	})
	as := w.kubeconfigOf(user)
	w.want(w.run("", "diff", "plaza", "--kubeconfig", as), 2, "you may not read Secret", "Synced")
	// One namespace without any right in the cluster.
	w.want(w.run("", "status", "--kubeconfig", as), 0, "kgrp/plaza", "kconn/sim", "2 ready, 0 waiting, 0 stalled")
	w.want(w.run("", "why", "plaza", "--kubeconfig", as), 0, "you may not read it", "Nothing is wrong")
	w.want(w.run("", "reconcile", "plaza", "--kubeconfig", as), 0, "looked at")
}
