// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package simulator_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/klink-cloud/klink-operator/internal/simulator"
)

const plaza = `{"id":"l7cGNIBKZiNJ6wqF","name":"Plaza Hotel","description":"World-renowned.",` +
	`"avatar_url":"https://assets.protocol.chat/avatars/plazahotel.jpg","conversation_id":"ZYjVAbCE9g5XRlra",` +
	`"contacts":[{"username":"Hector"},{"username":"Cedric"},{"username":"Hester"},{"username":"Cliff"}],` +
	`"created_at":692233200,"archived_at":null}`

func TestPageExample(t *testing.T) {
	s := simulator.New(simulator.Options{Seed: 1})
	s.Account(simulator.DefaultTenant).SeedPageExample()
	c := inProcess(t, s)

	for _, id := range []string{"L7cGNIBKZiNJ6wqF", "l7cGNIBKZiNJ6wqF"} {
		got := strings.TrimSpace(c.do(http.StatusOK, http.MethodGet, "/groups/"+id, "").text)
		if diff := cmp.Diff(plaza, got); diff != "" {
			t.Errorf("GET %s (-want +got):\n%s", id, diff)
		}
	}
	c.do(http.StatusNotFound, http.MethodGet, "/groups/HSIhXBhNe8X1d8Et", "")

	list := c.list("?limit=10")
	if got := list.names(); got != "Plaza Hotel Second example" || *list.HasMore {
		t.Errorf("list: %q, has_more %v", got, *list.HasMore)
	}
	updated := c.do(http.StatusOK, http.MethodPut, "/groups/L7cGNIBKZiNJ6wqF", "description=The finest in New York.")
	want := strings.Replace(plaza, "World-renowned.", "The finest in New York.", 1)
	if diff := cmp.Diff(want, strings.TrimSpace(updated.text)); diff != "" {
		t.Errorf("PUT (-want +got):\n%s", diff)
	}
	c.do(http.StatusNoContent, http.MethodDelete, "/groups/L7cGNIBKZiNJ6wqF", "")
	c.do(http.StatusNotFound, http.MethodGet, "/groups/l7cGNIBKZiNJ6wqF", "")
}

func TestCreate(t *testing.T) {
	c := inProcess(t, simulator.New(simulator.Options{}))
	tests := []struct {
		name, body string
		status     int
		want       string // within the reply
	}{
		{"form", "name=Plaza+Hotel", 200, `"name":"Plaza Hotel","description":null,"avatar_url":null`},
		{"json", `{"name":"a","description":"","contacts":[{"username":"x","id":7},{"username":"x"}]}`, 200, `"description":""`},
		{"duplicate contacts count once", `{"name":"a","contacts":[{"username":"x"},{"username":"x"}]}`, 200, `"contacts":[{"username":"x"}]`},
		{"form contacts", "name=a&contacts[1][username]=y&contacts[0][username]=x", 200, `[{"username":"x"},{"username":"y"}]`},
		{"form contacts without index", "name=a&contacts[][username]=x&contacts[][username]=y", 200, `[{"username":"x"},{"username":"y"}]`},
		{"archived_at is no attribute of a new group", `{"name":"a","archived_at":5}`, 200, `"archived_at":null`},
		{"id is the server's", `{"name":"a","id":"mine"}`, 200, `"name":"a"`},
		{"no body", "", 422, `"name is required"`},
		{"no name", `{}`, 422, `"name is required"`},
		{"null name", `{"name":null}`, 422, `"name must not be blank"`},
		{"blank name", "name=+", 422, `"name must not be blank"`},
		{"name of 255 characters", "name=" + strings.Repeat("é", 255), 200, "é"},
		{"name of 256 characters", "name=" + strings.Repeat("é", 256), 422, "255"},
		{"name of another type", `{"name":5}`, 422, "name must be a string"},
		{"contact without username", `{"name":"a","contacts":[{}]}`, 422, "username"},
		{"contacts of another type", `{"name":"a","contacts":"x"}`, 422, "contacts must be"},
		{"cut json", `{"name":`, 400, "not a JSON object"},
		{"array", `[]`, 400, "not a JSON object"},
		{"cut form", "name=%2", 400, "form"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := c.do(tt.status, http.MethodPost, "/groups", tt.body)
			if !strings.Contains(got.text, tt.want) {
				t.Errorf("reply %s, want %s within", got.text, tt.want)
			}
			if got.header.Get("Content-Type") != "application/json" {
				t.Errorf("content type %q", got.header.Get("Content-Type"))
			}
		})
	}
}

func TestUpdateChangesOnlyWhatIsSent(t *testing.T) {
	tests := []struct {
		name, body string
		change     func(*group)
	}{
		{"nothing", "{}", func(*group) {}},
		{"no body", "", func(*group) {}},
		{"name", "name=b", func(g *group) { g.Name = "b" }},
		{"null clears", `{"description":null,"contacts":null}`, func(g *group) { g.Description, g.Contacts = nil, []member{} }},
		{"empty is not null", `{"description":""}`, func(g *group) { g.Description = new("") }},
		{"empty contacts", `{"contacts":[]}`, func(g *group) { g.Contacts = []member{} }},
		{"empty form contacts", `contacts=`, func(g *group) { g.Contacts = []member{} }},
		{"duplicate contacts", `{"contacts":[{"username":"y"},{"username":"x"},{"username":"y"}]}`, func(g *group) { g.Contacts = []member{{"y"}, {"x"}} }},
		{"archive by seconds", `{"archived_at":1000}`, func(g *group) { g.ArchivedAt = 1000.0 }},
		{"archive by form", `archived_at=1000`, func(g *group) { g.ArchivedAt = 1000.0 }},
		{"archive by RFC 3339", `{"archived_at":"1970-01-01T00:16:40Z"}`, func(g *group) { g.ArchivedAt = 1000.0 }},
		{"the server's own", `{"id":"x","conversation_id":"x","created_at":1}`, func(*group) {}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := inProcess(t, simulator.New(simulator.Options{}))
			before := decode[group](t, c.do(200, http.MethodPost, "/groups", `{"name":"a","description":"d","contacts":[{"username":"x"}]}`))
			want := before
			tt.change(&want)
			got := decode[group](t, c.do(200, http.MethodPut, "/groups/"+before.ID, tt.body))
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("reply (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(want, decode[group](t, c.do(200, http.MethodGet, "/groups/"+before.ID, ""))); diff != "" {
				t.Errorf("afterwards (-want +got):\n%s", diff)
			}
		})
	}
}

func TestUnarchive(t *testing.T) {
	for _, body := range []string{`{"archived_at":null}`, "archived_at="} {
		c := inProcess(t, simulator.New(simulator.Options{}))
		id := c.create("a").ID
		c.do(200, http.MethodPut, "/groups/"+id, `{"archived_at":1000}`)
		if got := decode[group](t, c.do(200, http.MethodPut, "/groups/"+id, body)); got.ArchivedAt != nil {
			t.Errorf("%s: archived_at %v, want null", body, got.ArchivedAt)
		}
	}
}

func TestRefusals(t *testing.T) {
	c := inProcess(t, simulator.New(simulator.Options{}))
	id := c.create("a").ID
	tests := []struct {
		name, token, method, path, body string
		status                          int
	}{
		{"no token", "", "GET", "/groups", "", 401},
		{"wrong token", "wrong", "POST", "/groups", "name=a", 401},
		{"wrong token, unknown group", "wrong", "GET", "/groups/x", "", 401},
		{"unknown group", simulator.DefaultToken, "GET", "/groups/x", "", 404},
		{"case", simulator.DefaultToken, "GET", "/groups/" + strings.ToLower(id) + "A", "", 404},
		{"unknown group updated", simulator.DefaultToken, "PUT", "/groups/x", "name=a", 404},
		{"unknown group deleted", simulator.DefaultToken, "DELETE", "/groups/x", "", 404},
		{"unknown path", simulator.DefaultToken, "GET", "/group", "", 404},
		{"trailing slash", simulator.DefaultToken, "GET", "/groups/", "", 404},
		{"deeper path", simulator.DefaultToken, "GET", "/groups/" + id + "/x", "", 404},
		{"method on the list", simulator.DefaultToken, "DELETE", "/groups", "", 405},
		{"method on a group", simulator.DefaultToken, "PATCH", "/groups/" + id, "name=a", 405},
		{"blank name", simulator.DefaultToken, "PUT", "/groups/" + id, "name=", 422},
		{"malformed", simulator.DefaultToken, "PUT", "/groups/" + id, "{", 400},
		{"archived_at", simulator.DefaultToken, "PUT", "/groups/" + id, "archived_at=yesterday", 422},
		{"limit", simulator.DefaultToken, "GET", "/groups?limit=0", "", 400},
		{"limit not a number", simulator.DefaultToken, "GET", "/groups?limit=ten", "", 400},
		{"archived", simulator.DefaultToken, "GET", "/groups?archived=maybe", "", 400},
		{"body too large", simulator.DefaultToken, "PUT", "/groups/" + id, "name=" + strings.Repeat("a", 5<<20), 413},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := *c
			c.t, c.token = t, tt.token
			got := c.do(tt.status, tt.method, tt.path, tt.body)
			var body struct{ Message string }
			if body = decode[struct{ Message string }](t, got); body.Message == "" {
				t.Errorf("no message in %s", got.text)
			}
		})
	}
}
