// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package manifest

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/util/validation"
	"pgregory.net/rapid"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/plan"
	"github.com/klink-cloud/klink-operator/internal/remote"
)

// TestNames: two manifests of one name would be one Group, and one group lost.
func TestNames(t *testing.T) {
	at := func(n int64) time.Time { return time.Unix(n, 0) }
	groups := []remote.Group{
		{ID: "b", Name: "Plaza Hotel", CreatedAt: at(2)}, {ID: "a", Name: "plaza  hotel!", CreatedAt: at(1)},
		{ID: "c", Name: "Café Ångström"}, {ID: "d", Name: "宴会"}, {ID: "e", Name: strings.Repeat("x", 255)}, {ID: "f", Name: "Ritz"},
	}
	got := Names(groups, map[string]string{"ritz": "", "cafe-angstrom": "c"}, nil)
	want := map[string]string{
		"a": "plaza-hotel", "b": "plaza-hotel-3e23e8", "c": "cafe-angstrom", "d": "group-18ac3e",
		"e": strings.Repeat("x", longestStem), "f": "ritz-252f10",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("- want, + got:\n%s", diff)
	}
}

// TestNamesOfFiles: a Group in the place of the folder's kustomization.yaml would be lost,
// and so would one of two whose names somebody made alike.
func TestNamesOfFiles(t *testing.T) {
	groups := []remote.Group{{ID: "k", Name: "Kustomization"}, {ID: "n", Name: "NUL"}, {ID: "victim", Name: "Plaza", CreatedAt: time.Unix(9, 0)}, {ID: "first", Name: "Plaza"}}
	sum := sha256.Sum256([]byte("victim"))
	digest := hex.EncodeToString(sum[:])
	for length := 6; length <= longestDigest; length += 2 {
		groups = append(groups, remote.Group{ID: digest[:length], Name: "plaza " + digest[:length]})
	}
	seen := map[string]string{}
	for id, name := range Names(groups, nil, nil) {
		if other, taken := seen[name]; taken || name == "kustomization" || name == "nul" {
			t.Errorf("%s is named %s, as is %q", id, name, other)
		}
		seen[name] = id
	}
}

// TestNamesAreLabelsAndDistinctAndStable draws names that look alike.
func TestNamesAreLabelsAndDistinctAndStable(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		names := rapid.SliceOfN(rapid.OneOf(rapid.StringMatching(`[aA -]{0,3}`), rapid.String()), 1, 30).Draw(t, "names")
		groups := make([]remote.Group, 0, len(names))
		for n, name := range names {
			groups = append(groups, remote.Group{ID: string(rune('A' + n)), Name: name, CreatedAt: time.Unix(int64(n%3), 0)})
		}
		first := Names(groups, nil, nil)
		slices.Reverse(groups)
		if diff := cmp.Diff(first, Names(groups, nil, nil)); diff != "" {
			t.Fatalf("another order, other names:\n%s", diff)
		}
		seen := map[string]bool{}
		for id, name := range first {
			if problems := validation.IsDNS1123Label(name); len(problems) > 0 || seen[name] {
				t.Fatalf("%s: %q, seen %t: %v", id, name, seen[name], problems)
			}
			seen[name] = true
		}
	})
}

// TestManifestSaysWhatTheGroupShows: whatever a text holds, it is read back as it was.
func TestManifestSaysWhatTheGroupShows(t *testing.T) {
	o := Options{Fields: []plan.Field{plan.FieldDescription, plan.FieldAvatarURL}, Contacts: v1alpha1.ContactsExact}
	rapid.Check(t, func(t *rapid.T) {
		g := remote.Group{ID: "id", Name: rapid.String().Draw(t, "name"), Description: rapid.String().Draw(t, "description"), Contacts: []string{}}
		m := Of(g, "name", o)
		if m.Undeclarable != "" {
			return
		}
		if _, err := m.YAML("ns"); err != nil {
			t.Fatal(err)
		}
		if diff := plan.DeclaredBy(&m.Spec).Diff(g); len(diff) > 0 {
			t.Fatalf("it declares other values of %v", diff)
		}
	})
}

// TestYAML shows manifests as a person reads them in Git.
func TestYAML(t *testing.T) {
	full := remote.Group{
		ID: "l7cGNIBKZiNJ6wqF", Name: "Plaza Hotel", Description: "World-renowned.", AvatarURL: "https://example.com/p.jpg",
		Contacts: []string{"Hector", "Cedric"}, ArchivedAt: time.Unix(1, 0),
	}
	all := Options{Fields: []plan.Field{plan.FieldDescription, plan.FieldAvatarURL}, Contacts: v1alpha1.ContactsAtLeast, Observe: true, Connection: v1alpha1.ConnectionReference{Kind: v1alpha1.KindConnection, Name: "team"}}
	for name, c := range map[string]struct {
		remote remote.Group
		o      Options
		want   string
	}{
		"bare":        {remote.Group{ID: "id", Name: "Ritz"}, Options{}, head + "spec:\n  groupID: id\n  name: Ritz\n"},
		"all":         {full, all, head + "spec:\n  archived: true\n  avatarURL: https://example.com/p.jpg\n  connectionRef:\n    kind: Connection\n    name: team\n  contacts:\n  - username: Hector\n  - username: Cedric\n  contactsPolicy: AtLeast\n  description: World-renowned.\n  groupID: l7cGNIBKZiNJ6wqF\n  managementPolicy: Observe\n  name: Plaza Hotel\n"},
		"no members":  {remote.Group{ID: "id", Name: "Ritz"}, Options{Contacts: v1alpha1.ContactsExact}, head + "spec:\n  contacts: []\n  groupID: id\n  name: Ritz\n"},
		"avatar":      {remote.Group{ID: "id", Name: "Ritz", AvatarURL: "ftp://x/\ny"}, all, "# Not declared: avatarURL \"ftp://x/\\ny\" is no absolute http or https URL.\n" + head},
		"members":     {remote.Group{ID: "id", Name: "Ritz", Contacts: make([]string, 5001)}, all, "# Not declared: contacts are 5001, and a Group can declare 5000.\n" + head},
		"unknown":     {remote.Group{ID: "id", Name: "Ritz", Unknown: remote.AllFields &^ remote.FieldName}, all, "# Not declared: description is not shown by the API, or not so that it can be read.\n# Not declared: avatarURL is not shown by the API, or not so that it can be read.\n# Not declared: archived is not shown by the API, or not so that it can be read.\n# Not declared: contacts is not shown by the API, or not so that it can be read.\n" + head + "spec:\n  connectionRef:\n    kind: Connection\n    name: team\n  groupID: id\n"},
		"no name":     {remote.Group{ID: "id", Unknown: remote.AllFields}, all, "# Remote group \"id\" is not declared: the API does not show its name, or not so that it can be read.\n"},
		"id":          {remote.Group{ID: "a/b", Name: "Ritz"}, all, "# Remote group \"a/b\" is not declared: its id, \"a/b\", cannot be a groupID.\n"},
		"outer blank": {remote.Group{ID: "id", Name: "Ritz "}, all, "# Remote group \"id\" is not declared: name \"Ritz \" begins or ends with white space, which a Group cannot declare.\n"},
	} {
		t.Run(name, func(t *testing.T) {
			m := Of(c.remote, "ritz", c.o)
			got, err := m.YAML("")
			if err != nil || !strings.HasPrefix(got, c.want) || len(m.LeftOut) == 0 && got != c.want {
				t.Errorf("%v\n%s\nwant\n%s", err, got, c.want)
			}
		})
	}
}

const head = "apiVersion: klink.cloud/v1alpha1\nkind: Group\nmetadata:\n  name: ritz\n"
