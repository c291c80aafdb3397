// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package plugin

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/simulator"
)

// TestImportDeclaresOnlyWhatTheAPIShows: a listing may leave fields out, or show less of
// them than a read does. A list of members that is declared short takes people out of a group.
func TestImportDeclaresOnlyWhatTheAPIShows(t *testing.T) {
	t.Parallel()
	for name, edit := range map[string]func(map[string]any){
		"left out": func(g map[string]any) {
			delete(g, "contacts")
			delete(g, "description")
			delete(g, "archived_at")
			delete(g, "name")
		},
		"unreadable":    func(g map[string]any) { g["contacts"], g["description"], g["archived_at"] = "3", 7, "soon" },
		"empty members": func(g map[string]any) { g["contacts"] = []any{} },
		"fewer members": func(g map[string]any) { g["contacts"] = []any{map[string]any{"username": "Hector"}} },
		"a preview":     func(g map[string]any) { g["description"] = "World-" },
		"no usernames":  func(g map[string]any) { g["contacts"] = []any{map[string]any{"id": 1}, map[string]any{"id": 2}} },
		"a count":       func(g map[string]any) { g["contacts"], g["contacts_count"] = []any{}, 3 },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorldBehind(t, edit)
			for range 9 { // more than are read to find out what the listing shows
				w.sim.Seed(simulator.Group{Name: "Plaza", Description: new("World-renowned."), Contacts: simulator.Contacts("Hector", "Cedric", "Eve")})
			}
			s := w.want(w.klink("import", "--connection", "kconn/sim", "--contacts", "Exact"), 0, "9 of 9 groups declared, 0 of them in part")
			for _, part := range []string{"name: Plaza\n", "description: World-renowned.\n", "  contacts:\n  - username: Hector\n  - username: Cedric\n  - username: Eve\n"} {
				if n := strings.Count(s.out, part); n != 9 {
					t.Errorf("%q stands there %d times:\n%s", part, n, s.out)
				}
			}
			w.wantNoWrites()
		})
	}
}

// TestImportLeavesOutWhatCannotBeRead: what no reply shows is said, counted, and not declared.
func TestImportLeavesOutWhatCannotBeRead(t *testing.T) {
	t.Parallel()
	w := newWorldBehind(t, func(g map[string]any) { delete(g, "contacts") })
	w.sim.Seed(simulator.Group{ID: "broken00", Name: "Broken", Contacts: simulator.Contacts("Hector")})
	w.sim.Seed(simulator.Group{ID: "gone0000", Name: "Gone", Contacts: simulator.Contacts("Hector")})
	w.sim.Seed(simulator.Group{ID: "cut00000", Name: "Cut", Contacts: simulator.Contacts("Hector")})
	w.sim.Seed(simulator.Group{ID: "fine0000", Name: "Fine", Contacts: simulator.Contacts("Hector")})
	w.sim.AddFault(simulator.Fault{PathRegexp: "/broken00$", Action: simulator.Status, Status: http.StatusForbidden, Body: `{"message":"not for you"}`})
	w.sim.AddFault(simulator.Fault{PathRegexp: "/gone0000$", Action: simulator.Status, Status: http.StatusNotFound})
	w.sim.AddFault(simulator.Fault{
		PathRegexp: "/cut00000$", Action: simulator.Status, Status: http.StatusOK,
		Body: `{"id":"cut00000","name":"Cut","description":null,"avatar_url":null,"contacts":[{"username":"Hector"},{"id":7}],"archived_at":null,"conversation_id":"c","created_at":1}`,
	})
	s := w.want(w.klink("import", "--connection", "kconn/sim", "--contacts", "Exact"), 1,
		"# Not declared: contacts is not shown by the API, or not so that it can be read.\n# Not declared: reading the group failed: GET /groups/broken00: 403",
		`# Remote group "gone0000" is not declared: the API lists it, and answers otherwise when it is asked for: GET /groups/gone0000: 404`,
		"# Not declared: contacts are more than the 1 that the API shows by name.\n",
		"3 of 4 groups declared, 2 of them in part; 1 cannot be declared")
	if n := strings.Count(s.out, "contacts:"); n != 1 {
		t.Errorf("contacts are declared %d times, want once:\n%s", n, s.out)
	}
	atLeast := w.want(w.klink("import", "--connection", "kconn/sim", "--contacts", "AtLeast", "--name", "Cut"), 1, "contacts are more than the 1")
	if !strings.Contains(atLeast.out, "  contacts:\n  - username: Hector\n  contactsPolicy: AtLeast\n") {
		t.Error(atLeast.out)
	}
}

// TestImportOfShortListingsWritesNothing: what was read is declared, while the operator
// sees the short listing.
func TestImportOfShortListingsWritesNothing(t *testing.T) {
	t.Parallel()
	w := newWorldBehind(t, func(g map[string]any) { g["contacts"] = []any{} })
	w.sim.Seed(simulator.Group{Name: "Plaza", Contacts: simulator.Contacts("Hector", "Cedric")})
	file := filepath.Join(t.TempDir(), "all.yaml")
	if err := os.WriteFile(file, []byte(w.want(w.klink("import", "--connection", "kconn/sim", "--contacts=Exact"), 0).out), 0o600); err != nil {
		t.Fatal(err)
	}
	w.apply("-f", file)
	w.operate()
	w.groups.await("plaza", v1alpha1.ReasonSynced)
	w.want(w.klink("reconcile", "plaza"), 0, "Synced")
	if g := w.sim.Groups()[0]; len(g.Contacts) != 2 {
		t.Errorf("members: %v", g.Contacts)
	}
}
