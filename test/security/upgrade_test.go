// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package security

import (
	"context"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
)

// released are the CRDs of each release, as docs/release.md has them kept.
const released = "testdata/crds/*"

// TestGroupsSurviveTheirCRDs installs the CRDs of each release, lets Groups be
// made, and goes to the CRDs of this checkout and back while the manager runs.
// What is stored stays as it is, and can be written.
func TestGroupsSurviveTheirCRDs(t *testing.T) { //nolint:paralleltest // the other tests need the CRDs too
	releases, err := filepath.Glob(released)
	if err != nil || len(releases) == 0 {
		t.Fatalf("there are no releases: %v", err)
	}
	for _, release := range releases { //nolint:paralleltest // as above
		t.Run(filepath.Base(release), func(t *testing.T) {
			t.Cleanup(func() { applyCRDs(t, crds) })
			applyCRDs(t, release)
			fake, endpoint := newFakeAPI(t)
			w := newWorld(t, endpoint)
			w.group("lean")
			w.group("full", func(g *v1alpha1.Group) {
				g.Spec.Description, g.Spec.AvatarURL = new("All of it."), new("")
				g.Spec.Contacts, g.Spec.Archived = []v1alpha1.Contact{}, new(true)
				g.Spec.DeletionPolicy = v1alpha1.DeletionDelete
			})
			before := w.stored()
			for i, folder := range []string{crds, release, crds} {
				applyCRDs(t, folder)
				// A field that is new has its default, where the CRDs know it.
				defaults := cmpopts.IgnoreFields(v1alpha1.GroupSpec{}, "ContactsPolicy")
				if diff := cmp.Diff(before, w.stored(), defaults); diff != "" {
					t.Fatalf("what is stored has changed with the CRDs of %s (-before +after):\n%s", folder, diff)
				}
				w.edit("full", func(g *v1alpha1.Group) { g.Spec.Description = new(strings.Repeat("More. ", i+1)) })
				before = w.stored()
			}
			if n := len(fake.server.Groups()); n != 2 {
				t.Errorf("there are %d remote groups, want 2", n)
			}
		})
	}
}

// stored are the Groups once they are as declared, without what each write changes.
func (w *world) stored() map[string]v1alpha1.Group {
	w.Helper()
	groups := map[string]v1alpha1.Group{}
	for _, name := range []string{"lean", "full"} {
		g := w.await(name, v1alpha1.ReasonSynced)
		g.ManagedFields, g.ResourceVersion = nil, ""
		groups[name] = *g
	}
	return groups
}

// applyCRDs does what docs/install.md says of an upgrade.
func applyCRDs(t *testing.T, folder string) {
	t.Helper()
	ctx := context.WithoutCancel(t.Context()) // it cleans up too
	for _, args := range [][]string{
		{"apply", "--server-side", "--force-conflicts", "-f", folder},
		{"wait", "--for=condition=Established", "-f", folder},
	} {
		if _, err := cluster.Kubectl(ctx, args...); err != nil {
			t.Fatal(err)
		}
	}
	versions, err := cluster.Kubectl(ctx, "get", "-f", folder, "-o", "jsonpath={.items[*].status.storedVersions[*]}")
	if err != nil {
		t.Fatal(err)
	}
	if want := "v1alpha1 v1alpha1 v1alpha1"; versions != want {
		t.Errorf("the stored versions are %q, want %q", versions, want)
	}
}
