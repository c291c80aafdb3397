// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package contract

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/klink-cloud/klink-operator/internal/simulator"
)

// edit changes a message on its way: the JSON object of a request or of a reply.
type edit func(r *http.Request, object map[string]any)

// requests changes the JSON requests before the simulator sees them.
func requests(change edit) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			text, _ := io.ReadAll(r.Body)
			var object map[string]any
			if json.Unmarshal(text, &object) == nil {
				change(r, object)
				text, _ = json.Marshal(object)
			}
			r.Body = io.NopCloser(bytes.NewReader(text))
			next.ServeHTTP(w, r)
		})
	}
}

// replies changes the JSON replies after the simulator has given them.
func replies(change edit) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			recorder := httptest.NewRecorder()
			next.ServeHTTP(recorder, r)
			text := recorder.Body.Bytes()
			var object map[string]any
			if json.Unmarshal(text, &object) == nil {
				change(r, object)
				text, _ = json.Marshal(object)
			}
			w.WriteHeader(recorder.Code)
			_, _ = w.Write(text)
		})
	}
}

// statuses answers with another status.
func statuses(change func(r *http.Request, status int) int) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			recorder := httptest.NewRecorder()
			next.ServeHTTP(recorder, r)
			w.WriteHeader(change(r, recorder.Code))
			_, _ = w.Write(recorder.Body.Bytes())
		})
	}
}

// onPath changes the request line.
func onPath(change func(r *http.Request)) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			change(r)
			next.ServeHTTP(w, r)
		})
	}
}

// anotherServer answers otherwise where the simulator has no setting.
func anotherServer(next http.Handler) http.Handler {
	ids := map[string]string{} // by their upper case; requests come one by one
	next = replies(func(_ *http.Request, object map[string]any) {
		if id, ok := object["id"].(string); ok {
			ids[strings.ToUpper(id)] = id
		}
	})(next)
	next = requests(func(r *http.Request, object map[string]any) {
		description, sent := object["description"]
		switch at, isText := object["archived_at"].(string); {
		case isText && at != "":
			object["archived_at"] = "not understood"
		case sent && description == nil:
			delete(object, "description")
		case sent && r.Method == http.MethodPut:
			object["avatar_url"] = nil
		}
		if at, sent := object["archived_at"]; sent && at == nil {
			delete(object, "archived_at")
		}
	})(next)
	next = refusesInText(next)
	next = archivesOnCreation(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:]
		if known := ids[strings.ToUpper(id)]; known != "" {
			r.URL.Path = strings.TrimSuffix(r.URL.Path, id) + known
		}
		if r.Method != http.MethodDelete {
			next.ServeHTTP(w, r)
			return
		}
		next.ServeHTTP(httptest.NewRecorder(), r)
		w.WriteHeader(http.StatusNoContent)
	})
}

func refusesInText(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		recorder := httptest.NewRecorder()
		next.ServeHTTP(recorder, r)
		if recorder.Code == http.StatusUnprocessableEntity {
			http.Error(w, "bad request", http.StatusBadRequest)
			return
		}
		w.WriteHeader(recorder.Code)
		_, _ = w.Write(recorder.Body.Bytes())
	})
}

// archivesOnCreation takes archived_at from a POST, in its reply at least.
func archivesOnCreation(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(text))
		var sent map[string]any
		_ = json.Unmarshal(text, &sent)
		replies(func(r *http.Request, object map[string]any) {
			if r.Method == http.MethodPost && sent["archived_at"] != nil {
				object["archived_at"] = sent["archived_at"]
			}
		})(next).ServeHTTP(w, r)
	})
}

func isList(r *http.Request) bool {
	return r.Method == http.MethodGet && strings.HasSuffix(r.URL.Path, "/groups")
}

// breaks are, for each statement of the page, handlers that make it untrue.
var breaks = map[string][]func(http.Handler) http.Handler{
	"asks for a bearer token": {onPath(func(r *http.Request) {
		r.Header.Set("Authorization", "Bearer "+simulator.DefaultToken)
	})},
	"shows groups in data, each with all properties": {
		replies(func(r *http.Request, object map[string]any) {
			if isList(r) {
				object["groups"] = object["data"]
				delete(object, "data")
			}
		}),
		inEachListed("conversation_id", nil), inEachListed("contacts", nil), inEachListed("created_at", "today"), inEachListed("description", 1),
	},
	"shows at most ten groups by default": {onPath(func(r *http.Request) {
		if isList(r) && r.URL.RawQuery == "" {
			r.URL.RawQuery = "limit=11"
		}
	})},
	"limit limits the number of groups": {onPath(withoutQuery("limit=2"))},
	"archived=true shows only archived groups": {
		onPath(withoutQuery("archived=true&")),
		replies(func(r *http.Request, object map[string]any) {
			if strings.Contains(r.URL.RawQuery, "archived") {
				object["data"] = []any{}
			}
		}),
	},
	"shows a group that was made": {replies(func(r *http.Request, object map[string]any) {
		if isList(r) {
			object["data"] = []any{}
		}
	})},
	"a form with a name makes a group, the rest null or empty": {
		inReplyTo(http.MethodPost, "description", ""), inReplyTo(http.MethodPost, "name", "another"),
		inReplyTo(http.MethodPost, "contacts", []any{map[string]any{"username": "x"}}), refuses(http.MethodPost),
	},
	"description and avatar_url are taken": {inReplyTo(http.MethodPost, "avatar_url", nil), inReplyTo(http.MethodPost, "description", "x")},
	"name is required": {requests(func(r *http.Request, object map[string]any) {
		if r.Method == http.MethodPost && object["name"] == nil {
			object["name"] = "made up"
		}
	})},
	"each id and conversation_id is unique": {inReplyTo(http.MethodPost, "id", "same"), inReplyTo(http.MethodPost, "conversation_id", "same")},
	"shows the group of the id": {
		inReplyTo(http.MethodGet, "id", "another"), inReplyTo(http.MethodGet, "description", nil), refuses(http.MethodGet),
	},
	"an id that no group has is 404": {statuses(func(_ *http.Request, status int) int {
		if status == http.StatusNotFound {
			return http.StatusOK
		}
		return status
	})},
	"a form changes the description":     {inReplyTo(http.MethodPut, "description", nil), inReplyTo(http.MethodGet, "description", nil)},
	"name and avatar_url can be changed": {inReplyTo(http.MethodPut, "name", "old"), inReplyTo(http.MethodGet, "avatar_url", nil)},
	"archived_at archives the group":     {inReplyTo(http.MethodGet, "archived_at", nil), refuses(http.MethodPut)},
	"the group is gone for good":         {refuses(http.MethodDelete), ignores(http.MethodDelete)},
}

// ignores says yes and does nothing.
func ignores(method string) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method != method {
				next.ServeHTTP(w, r)
			}
		})
	}
}

func inEachListed(key string, value any) func(http.Handler) http.Handler {
	return replies(func(r *http.Request, object map[string]any) {
		list, _ := object["data"].([]any)
		for _, element := range list {
			if g, ok := element.(map[string]any); ok && isList(r) {
				g[key] = value
			}
		}
	})
}

func inReplyTo(method, key string, value any) func(http.Handler) http.Handler {
	return replies(func(r *http.Request, object map[string]any) {
		if r.Method == method && !isList(r) {
			object[key] = value
		}
	})
}

func refuses(method string) func(http.Handler) http.Handler {
	return statuses(func(r *http.Request, status int) int {
		if r.Method == method && !isList(r) {
			return http.StatusInternalServerError
		}
		return status
	})
}

func withoutQuery(text string) func(*http.Request) {
	return func(r *http.Request) { r.URL.RawQuery = strings.Replace(r.URL.RawQuery, text, "", 1) }
}

// The suite is worth something only if it can fail: each statement, in each way that it can be broken.
func TestEachStatementCanFail(t *testing.T) {
	for _, st := range statements {
		t.Run(st.text, func(t *testing.T) {
			if len(breaks[st.text]) == 0 {
				t.Fatal("nothing breaks this statement")
			}
			for i, wrap := range append([]func(http.Handler) http.Handler{nil}, breaks[st.text]...) {
				server := simulator.New(simulator.Options{Seed: 1})
				s := &scratch{client: overHTTP(t, server, wrap), prefix: "test-", settle: time.Millisecond}
				err := st.check(t.Context(), s)
				if broken := i > 0; broken != (err != nil) {
					t.Errorf("break %d: %v", i, err)
				}
				server.Close()
			}
		})
	}
}
