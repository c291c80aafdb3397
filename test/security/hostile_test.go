// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package security

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
)

// evil clears a screen, names a window, turns the direction of writing and
// begins a line of its own.
const evil = "\x1b[2J\x1b]0;owned\x07\u202e\u009b31m\r\n{\"level\":\"error\",\"msg\":\"forged\"}\x00\x7f"

// writeJSON answers with a value as JSON.
func writeJSON(w http.ResponseWriter, status int, value any) {
	text, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	w.WriteHeader(status)
	_, _ = w.Write(text)
}

// TestWhatTheAPISaysHarmsNoTerminal lets the API put control characters into all
// that is shown, and as much text as it likes.
func TestWhatTheAPISaysHarmsNoTerminal(t *testing.T) {
	t.Parallel()
	fake, endpoint := newFakeAPI(t)
	w := newWorld(t, endpoint)
	w.awaitConnection("api", v1alpha1.ReasonConnected)

	long := func(times int) string { return evil + strings.Repeat("é"+evil, times) }
	const label, message, body = 40, 200, 20_000 // as much as is read of each, and more than of any
	fake.answerWith(func(rw http.ResponseWriter, r *http.Request) bool {
		hostile := r.Method == http.MethodPost || strings.HasSuffix(r.URL.Path, "/hostile")
		if hostile {
			writeJSON(rw, http.StatusOK, map[string]any{"id": "hostile", "name": long(label), "conversation_id": long(label), "description": long(body), "contacts": []any{map[string]any{"username": evil}}})
		}
		return hostile
	})
	w.group("named")
	g := w.await("named", v1alpha1.ReasonNotApplied)
	if g.Status.ID != "hostile" || g.Status.RemoteName == "" || g.Status.ConversationID == "" || len(g.Status.RemoteName)+len(g.Status.ConversationID) > 4096 {
		t.Errorf("the status shows id %q, a name of %d and a conversation of %d bytes", g.Status.ID, len(g.Status.RemoteName), len(g.Status.ConversationID))
	}

	fake.answerWith(func(rw http.ResponseWriter, r *http.Request) bool {
		if r.Method == http.MethodPost {
			writeJSON(rw, http.StatusBadRequest, map[string]any{"message": long(message), "errors": map[string]any{evil: evil}})
		}
		return r.Method == http.MethodPost
	})
	w.group("refused")
	w.await("refused", v1alpha1.ReasonRejected)
	fake.answerWith(func(rw http.ResponseWriter, _ *http.Request) bool {
		http.Error(rw, long(body), http.StatusUnauthorized)
		return true
	})
	w.awaitConnection("api", v1alpha1.ReasonUnauthorized)

	for _, list := range []string{"groups.klink.cloud", "connections.klink.cloud", "events.events.k8s.io"} {
		for _, output := range []string{"wide", "yaml", "jsonpath={.items[*].status}", "jsonpath={.items[*].note}"} {
			wantPrintable(t, list+" as "+output, w.kubectl("get", list, "-o", output))
		}
		wantPrintable(t, list+" described", w.kubectl("describe", list))
	}
	for line := range strings.Lines(logs.String()) {
		if strings.Contains(line, w.namespace) { // client-go writes what others' annotations say
			wantPrintable(t, "the log", line)
		}
		if strings.Contains(line, w.namespace) && !json.Valid([]byte(line)) || strings.HasPrefix(line, `{"level":"error","msg":"forged"`) {
			t.Errorf("the log has a line that the API has written: %.200q", line)
		}
	}
}

// pathOfGroups are the paths that the operator has any business with.
var pathOfGroups = regexp.MustCompile(`^[A-Z]+ /api/v1/groups(/[A-Za-z0-9]+)?(\?[a-z]\w*=\w+(&[a-z]\w*=\w+)*)?$`)

// TestNoIDLeadsOutOfTheGroups: ids come from those who write Groups, and from the
// API, and become part of a path that the token opens.
func TestNoIDLeadsOutOfTheGroups(t *testing.T) {
	t.Parallel()
	fake, endpoint := newFakeAPI(t)
	w := newWorld(t, endpoint)
	w.group("honest")
	w.await("honest", v1alpha1.ReasonSynced)
	fake.answerWith(func(rw http.ResponseWriter, r *http.Request) bool {
		if r.Method == http.MethodPost {
			writeJSON(rw, http.StatusOK, map[string]any{"id": "../users/1", "name": "The given"})
		}
		return r.Method == http.MethodPost
	})
	w.group("given", func(g *v1alpha1.Group) { g.Spec.DeletionPolicy = v1alpha1.DeletionDelete })
	w.await("given", v1alpha1.ReasonCreating) // a create without a clear answer: its group is looked for
	fake.answerWith(nil)
	if id := w.get("given").Status.ID; id != "" {
		t.Errorf("the Group is bound to %q", id)
	}

	ids := []string{
		"../users/1", "..%2Fusers%2F1", "%2e%2e%2fusers", `..\users`, "a/../../users", "a?force=true", "a#b", "..;x", "a/contacts",
		"//evil.example/a", "http://evil.example", "a&archived=true/x",
	}
	for i, id := range ids {
		byID := w.newGroup(fmt.Sprint("by-id-", i), func(g *v1alpha1.Group) { g.Spec.GroupID = id })
		if err := api.Create(t.Context(), byID); !apierrors.IsInvalid(err) {
			t.Errorf("groupID %q: the API server says %v, want a refusal", id, err)
		}
		w.group(fmt.Sprint("by-annotation-", i), func(g *v1alpha1.Group) {
			g.Annotations = map[string]string{v1alpha1.AnnotationGroupID: id + "z"}
			g.Spec.DeletionPolicy = v1alpha1.DeletionDelete
		})
	}
	for i := range ids {
		w.eventually(func() string {
			if g := w.get(fmt.Sprint("by-annotation-", i)); g.Status.ObservedGeneration != g.Generation {
				return "it was not looked at yet"
			}
			return ""
		})
	}
	for i := range ids {
		if err := api.Delete(t.Context(), w.newGroup(fmt.Sprint("by-annotation-", i))); err != nil {
			t.Error(err)
		}
	}
	w.edit("honest", func(g *v1alpha1.Group) { g.Spec.Description = new("changed") })
	w.await("honest", v1alpha1.ReasonSynced)
	for _, line := range fake.requests() {
		if !pathOfGroups.MatchString(line) {
			t.Errorf("the operator asked for %q", line)
		}
	}
}

// TestBadRepliesEndSomewhere: whatever is answered to a listing, it ends, the
// manager lives, and what is bound stays as it is.
func TestBadRepliesEndSomewhere(t *testing.T) {
	t.Parallel()
	fake, endpoint := newFakeAPI(t)
	w := newWorld(t, endpoint)
	w.group("steady")
	before := w.await("steady", v1alpha1.ReasonSynced)
	var bomb bytes.Buffer
	packed := gzip.NewWriter(&bomb)
	_, _ = io.CopyN(packed, zeros{}, 256<<20)
	_ = packed.Close()
	for _, reply := range []struct {
		name, encoding string
		body           []byte
	}{
		{"deep", "", bytes.Repeat([]byte(`{"data":[`), 100_000)},
		{"bomb", "gzip", bomb.Bytes()},
		{"other types", "", []byte(`{"data":{"data":{"id":[],"name":{}}},"has_more":"maybe","total":1e400}`)},
		{"wrong group", "", []byte(`{"id":"another","name":"x"}`)},
		{"id of an object", "", []byte(`{"data":[{"id":{"$ne":null}}],"has_more":false}`)},
	} {
		fake.answerWith(func(rw http.ResponseWriter, _ *http.Request) bool {
			if reply.encoding != "" {
				rw.Header().Set("Content-Encoding", reply.encoding)
			}
			_, _ = rw.Write(reply.body)
			return true
		})
		asked := len(fake.requests())
		w.edit("steady", func(g *v1alpha1.Group) {
			g.Annotations[v1alpha1.AnnotationReconcileRequestedAt] = reply.name // a person asks for a fresh look
		})
		w.eventually(func() string {
			if len(fake.requests()) == asked {
				return reply.name + " was not asked for"
			}
			return ""
		})
	}
	fake.answerWith(nil)
	w.edit("steady", func(g *v1alpha1.Group) { g.Spec.Description = new("changed") })
	after := w.await("steady", v1alpha1.ReasonSynced)
	if after.Status.ID != before.Status.ID || len(fake.server.Groups()) != 1 {
		t.Errorf("the Group was bound to %s and is to %s; there are %d remote groups", before.Status.ID, after.Status.ID, len(fake.server.Groups()))
	}
}

// zeros are without end.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}
