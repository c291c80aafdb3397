// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package apiserver

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/test/harness/worlds"
)

const (
	managerUser = "system:serviceaccount:" + operatorNamespace + ":" + managerName
	ownNote     = "klink.cloud/group"
)

// notes are what the operator alone writes on a Group.
var notes = map[string]func(*v1alpha1.Group, string){
	"group-id":       annotate(v1alpha1.AnnotationGroupID),
	"group-cluster":  annotate(v1alpha1.AnnotationGroupCluster),
	"create-attempt": annotate(v1alpha1.AnnotationCreateAttempt),
	"unarchive":      annotate("klink.cloud/unarchive"),
	"finalizer":      func(g *v1alpha1.Group, _ string) { g.Finalizers = append(g.Finalizers, ownNote) },
}

func annotate(key string) func(*v1alpha1.Group, string) {
	return func(g *v1alpha1.Group, value string) {
		if g.Annotations == nil {
			g.Annotations = map[string]string{}
		}
		g.Annotations[key] = value
	}
}

// person is a client that acts as a user.
func person(user string) client.Client {
	return worlds.Client(cluster.ConfigAs(user))
}

// awaitPolicy waits until the API server refuses what the policy forbids: it takes up a
// new policy a moment after it was applied.
func awaitPolicy(t *testing.T) {
	t.Helper()
	readManifests(t)
	if denied := eventuallyAllowed(t, "editor", rights{"create", "groups.klink.cloud", team}); denied != "" {
		t.Fatal("the editor never got the right to write Groups")
	}
	probe := worlds.Group(team, "probe", "api", func(g *v1alpha1.Group) { notes["group-id"](g, "x") })
	worlds.Eventually(t, patience, 100*time.Millisecond, func() string {
		if err := person("editor").Create(t.Context(), probe.DeepCopy(), client.DryRunAll); !apierrors.IsForbidden(err) {
			return fmt.Sprintf("the policy is not in force: %v", err)
		}
		return ""
	})
}

// wantRefused wants the refusal to say what was wrong and what would be right.
func wantRefused(t *testing.T, what string, err error) {
	t.Helper()
	if !apierrors.IsForbidden(err) {
		t.Errorf("%s: %v, want it forbidden", what, err)
		return
	}
	for _, part := range []string{"klink-groups", "klink.cloud/group-id", "Leave them out", "spec.groupID", "klink-restore"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%s: the message lacks %q: %v", what, part, err)
		}
	}
}

// Every author of Groups could name another's remote group in an annotation, and have
// the operator archive or delete it with their own Group.
func TestAnEditorCannotClaimARemoteGroupByAnnotation(t *testing.T) {
	awaitPolicy(t)
	editor := person("editor")
	for name, note := range notes {
		g := worlds.Group(team, "forged-"+name, "api", func(g *v1alpha1.Group) { note(g, "stolen") })
		wantRefused(t, "create with "+name, editor.Create(t.Context(), g))

		plain := worlds.Group(team, "plain-"+name, "api")
		if err := editor.Create(t.Context(), plain); err != nil {
			t.Fatal(err)
		}
		before := plain.DeepCopy()
		note(plain, "stolen")
		wantRefused(t, "patch to add "+name, editor.Patch(t.Context(), plain, client.MergeFrom(before)))
		wantRefused(t, "update to add "+name, editor.Update(t.Context(), plain))
	}
	bound := newBound(t, api, "changed")
	for name, note := range notes {
		if name == "finalizer" {
			continue // it has no value to change
		}
		changed := bound.DeepCopy()
		note(changed, "stolen")
		wantRefused(t, "change of "+name, editor.Patch(t.Context(), changed, client.MergeFrom(bound)))
	}
}

// newBound is a Group as the operator leaves it.
func newBound(t *testing.T, as client.Client, name string) *v1alpha1.Group {
	t.Helper()
	g := worlds.Group(team, name, "api", func(g *v1alpha1.Group) {
		for _, note := range notes {
			note(g, "of-the-operator")
		}
		g.Annotations["example.com/owner"] = "concierge"
	})
	worlds.Create(t, as, g)
	return g
}

// A policy that names one ServiceAccount stops the operator where it has another name,
// and every restore.
func TestWhoMayRestoreWritesTheNotes(t *testing.T) {
	awaitPolicy(t)
	kubectl(t, "create", "clusterrolebinding", "backup-tool", "--clusterrole=klink-restore", "--user=backup-tool")
	if denied := eventuallyAllowed(t, "backup-tool", rights{"restore create", "groups.klink.cloud", team}); denied != "" {
		t.Fatalf("the backup tool may not %s", denied)
	}
	restored := newBound(t, person("backup-tool"), "restored")

	manager := person(managerUser)
	for name, note := range notes {
		g := worlds.Group(team, "managed-"+name, "api")
		worlds.Create(t, person("editor"), g)
		before := g.DeepCopy()
		note(g, "of-the-operator")
		if err := manager.Patch(t.Context(), g, client.MergeFrom(before)); err != nil {
			t.Errorf("the manager is refused %s: %v", name, err)
		}
	}
	before := restored.DeepCopy()
	restored.Annotations[v1alpha1.AnnotationCreateAttempt] = "another"
	if err := manager.Patch(t.Context(), restored, client.MergeFrom(before)); err != nil {
		t.Errorf("the manager is refused a change: %v", err)
	}
}

// What nobody may take away, nobody can free: a Group would be held for good, and a
// person could not settle an uncertain create.
func TestRemovingTheNotesIsFree(t *testing.T) {
	awaitPolicy(t)
	editor := person("editor")
	g := newBound(t, api, "freed")
	for _, key := range []string{
		v1alpha1.AnnotationGroupID, v1alpha1.AnnotationGroupCluster, v1alpha1.AnnotationCreateAttempt, "klink.cloud/unarchive",
	} {
		before := g.DeepCopy()
		delete(g.Annotations, key)
		if err := editor.Patch(t.Context(), g, client.MergeFrom(before)); err != nil {
			t.Errorf("removing %s: %v", key, err)
		}
	}
	before := g.DeepCopy()
	g.Finalizers = nil
	if err := editor.Patch(t.Context(), g, client.MergeFrom(before)); err != nil {
		t.Errorf("removing the finalizer: %v", err)
	}
}

// An edit of a bound Group carries all notes along, as kubectl edit and replace do.
func TestOtherEditsOfABoundGroupPass(t *testing.T) {
	awaitPolicy(t)
	kubectl(t, "create", "role", "status-writer", "-n", team, "--verb=get,update,patch", "--resource=groups.klink.cloud/status")
	kubectl(t, "create", "rolebinding", "status-writer", "-n", team, "--role=status-writer", "--user=editor")
	if denied := eventuallyAllowed(t, "editor", rights{"update", "groups.klink.cloud/status", team}); denied != "" {
		t.Fatal("the editor never got the right to write the status")
	}
	editor := person("editor")
	g := newBound(t, api, "edited")
	g.Spec.Description = new("edited")
	g.Annotations["example.com/owner"] = "lobby"
	g.Annotations[v1alpha1.AnnotationReconcileRequestedAt] = "now"
	g.Finalizers = append(g.Finalizers, "example.com/other")
	if err := editor.Update(t.Context(), g); err != nil {
		t.Errorf("an edit of the spec, other annotations and other finalizers: %v", err)
	}
	g.Status.ID = "anId"
	if err := editor.Status().Update(t.Context(), g); err != nil {
		t.Errorf("an update of the status: %v", err)
	}
	if err := editor.Delete(t.Context(), g); err != nil {
		t.Errorf("a deletion: %v", err)
	}
	if !worlds.Find(t, api, g) || !slices.Contains(g.Finalizers, ownNote) {
		t.Error("the deletion did not wait for the operator")
	}
}

// A GitOps tool applies a manifest that has none of the notes, over and over, while the
// operator's stand on the object.
func TestGitOpsNeverMeetsThePolicy(t *testing.T) {
	awaitPolicy(t)
	manager := person(managerUser)
	for name, flags := range map[string][]string{
		"client-side": nil,
		"server-side": {"--server-side", "--field-manager=gitops"},
	} {
		file := filepath.Join(t.TempDir(), "group.yaml")
		apply := func(description string) {
			text := fmt.Sprintf(`{apiVersion: klink.cloud/v1alpha1, kind: Group, metadata: {name: %s, namespace: %s}, spec: {name: %[1]s, description: %[3]s}}`,
				name, team, description)
			if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			kubectl(t, append([]string{"apply", "--as=editor", "-f", file}, flags...)...)
		}
		apply("first")
		g := worlds.Group(team, name, "api")
		worlds.Find(t, manager, g)
		before := g.DeepCopy()
		for _, note := range notes {
			note(g, "of-the-operator")
		}
		if err := manager.Patch(t.Context(), g, client.MergeFrom(before)); err != nil {
			t.Fatal(err)
		}
		apply("second")
		worlds.Find(t, manager, g)
		if *g.Spec.Description != "second" || g.Annotations[v1alpha1.AnnotationGroupID] == "" || !slices.Contains(g.Finalizers, ownNote) {
			t.Errorf("%s apply left the description %q, and of the notes %v %v", name, *g.Spec.Description, g.Annotations, g.Finalizers)
		}
	}
}
