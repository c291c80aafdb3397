// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package plugin

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/simulator"
	"github.com/klink-cloud/klink-operator/test/harness/worlds"
)

// TestDiffOfFoldersAndLabels: archiving, unarchiving and members, of files at any depth, and
// of live Groups by their labels.
func TestDiffOfFoldersAndLabels(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.operate()
	w.groups.create("plaza", func(g *v1alpha1.Group) { g.Labels = map[string]string{"tier": "gold"} })
	w.groups.create("ritz")
	plaza := w.groups.await("plaza", v1alpha1.ReasonSynced).Status.ID
	w.groups.await("ritz", v1alpha1.ReasonSynced)
	old := w.sim.Seed(simulator.Group{Name: "Old", ArchivedAt: time.Unix(9, 0)})
	folder := t.TempDir()
	for path, spec := range map[string]string{
		"plaza.yaml":   "name: The plaza\n  archived: true\n  contacts: [{username: Hector}]",
		"deep/old.yml": "name: Old\n  groupID: " + old,
		"deep/new.yml": "name: New\n  archived: true",
	} {
		name, _, _ := strings.Cut(filepath.Base(path), ".")
		text := fmt.Sprintf("apiVersion: klink.cloud/v1alpha1\nkind: Group\nmetadata: {name: %s}\nspec:\n  connectionRef: {kind: Connection, name: sim}\n  %s\n", name, spec)
		if err := os.MkdirAll(filepath.Join(folder, filepath.Dir(path)), 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(folder, path), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	changes := []string{"kgrp/plaza: update " + plaza + "\n  contacts:\n    + Hector\n  archived:\n    - false\n    + true\n"}
	w.want(w.klink("diff", "-f", folder), 1, changes...)
	changes = append(changes, "kgrp/old: adopt "+old+"\nkgrp/old: unarchive "+old+"\n  archived:\n    - true, since 1970-01-01T00:00:09Z\n    + false\n",
		"kgrp/new: create\n  name:\n    + New\n", "kgrp/new: update (new)\n  archived:\n")
	w.want(w.klink("diff", "-R", "-f", folder), 1, changes...)
	s := w.want(w.klink("diff", "-l", "tier=gold"), 0, "kgrp/plaza: nothing (Synced")
	if strings.Contains(s.out, "ritz") {
		t.Error(s.out)
	}
	w.want(w.klink("diff", "-l", "tier=gold", "-f", folder), 2, "not both")
}

// TestRequestsBySelector: all that have a label, and no others.
func TestRequestsBySelector(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.operate()
	for _, name := range []string{"plaza", "ritz", "savoy"} {
		w.groups.create(name, func(g *v1alpha1.Group) {
			if name != "savoy" {
				g.Labels = map[string]string{"tier": "gold"}
			}
		})
		w.groups.await(name, v1alpha1.ReasonSynced)
	}
	for verb, done := range map[string]string{"reconcile": "looked at", "suspend": "suspended", "resume": "resumed"} {
		s := w.want(w.klink(verb, "-l", "tier=gold"), 0, "group.klink.cloud/plaza "+done, "group.klink.cloud/ritz "+done)
		if strings.Contains(s.out, "savoy") {
			t.Error(s.out)
		}
	}
	w.want(w.klink("reconcile", "-l", "tier=none"), 0, "No Group is meant by this.")
	w.want(w.klink("reconcile", "plaza", "-l", "tier=gold"), 2, "one of them")
	w.want(w.klink("status", "-l", "tier=gold", "-o", "name"), 0, "connection.klink.cloud/sim\ngroup.klink.cloud/plaza\ngroup.klink.cloud/ritz\n")
}

// TestAdoptInAllNamespaces: what two of them would take is left out, wherever they are.
func TestAdoptInAllNamespaces(t *testing.T) {
	w := newWorld(t) // not parallel: others leave Groups that say NameTaken
	other := &world{T: t, sim: w.sim, url: w.url, namespace: worlds.CreateNamespace(t, api, "plugin-")}
	other.groups = groups{t, other.namespace}
	worlds.Create(t, api, worlds.Secret(other.namespace, token))
	connection := worlds.Connection(other.namespace, "sim", w.url)
	worlds.Create(t, api, connection)
	seen(t, connection, v1alpha1.ReasonConnected)
	ids := map[string]string{}
	for _, name := range []string{"plaza", "ritz", "both"} {
		ids[name] = w.sim.Seed(simulator.Group{Name: "The " + name})
	}
	for _, in := range []*world{w, other} {
		in.groups.create("both")
		in.groups.sayNameTaken("both")
	}
	w.groups.create("plaza")
	w.groups.sayNameTaken("plaza")
	other.groups.create("ritz")
	other.groups.sayNameTaken("ritz")
	w.want(w.run("no\n", "adopt", "-A", "--kubeconfig", cluster.Kubeconfig()), 2,
		"kgrp "+w.namespace+"/plaza would bind to "+ids["plaza"], "kgrp "+other.namespace+"/ritz would bind to "+ids["ritz"],
		"left out: kgrp "+w.namespace+"/both: 2 Groups would take "+ids["both"], "left out: kgrp "+other.namespace+"/both: 2 Groups", "on these 2 Groups?")
	// Also where only one of them is meant.
	w.want(w.klink("adopt", "--yes", "both"), 1, "left out: kgrp "+w.namespace+"/both: 2 Groups would take "+ids["both"])
	for _, in := range []*world{w, other} {
		worlds.Delete(t, api, in.groups.get("both"))
	}
}

// TestWhyLooksIntoTheSecret: whether it is there, and has the key.
func TestWhyLooksIntoTheSecret(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: worlds.TokenSecret}}
	worlds.Edit(t, api, secret, func() { secret.Data = map[string][]byte{"other": []byte(token)} })
	w.operate()
	w.groups.create("plaza")
	w.groups.await("plaza", v1alpha1.ReasonConnectionNotReady)
	w.want(w.klink("why", "plaza"), 1, `klink-token: has no value under key "token"`, `has no key "token"`, "Who can fix it: those who write the connection",
		"How: kubectl -n "+w.namespace+" create secret generic klink-token --from-file=token=FILE --dry-run=client")
	w.want(w.run("", "why", "plaza", "--kubeconfig", w.tenant()), 1, "klink-token: you may not read it", "Connection sim is not ready")
	worlds.Delete(t, api, secret)
	w.want(w.klink("why", "plaza"), 1, "klink-token: does not exist", "How: kubectl -n "+w.namespace+" create secret generic klink-token --from-file=token=FILE\n")
}

// TestImportNamesWhatItLeavesOut, and what is too large for a Group.
func TestImportNamesWhatItLeavesOut(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.sim.Seed(simulator.Group{Name: "The plaza"})
	w.groups.create("plaza", func(g *v1alpha1.Group) { g.Spec.GroupID = id })
	members := make([]simulator.Contact, 5001)
	for n := range members {
		members[n].Username = fmt.Sprintf("u%d", n)
	}
	w.sim.Seed(simulator.Group{Name: "Everybody", Contacts: members})
	s := w.want(w.klink("import", "--connection", "kconn/sim", "--contacts=Exact"), 1,
		"in the cluster already, and not declared again: "+w.namespace+"/plaza\n", "# Not declared: contacts are 5001, and a Group can declare 5000.",
		"1 of 2 groups declared, 1 of them in part; 0 cannot be declared; 1 in the cluster already")
	if strings.Contains(s.out, id) || strings.Contains(s.out, "username") {
		t.Error(s.out)
	}
	w.want(w.klink("import", "--connection", "kconn/sim", "--unclaimed=false", "-o", "name"), 0, "group.klink.cloud/the-plaza\n", "group.klink.cloud/everybody\n")
}
