// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package simulation

import (
	"bytes"
	"encoding/json"
	"flag"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
)

// breaks are deliberate breaks of the protocol, made at the edges of the
// controllers, so that the operator itself has no switch for them. The zero value
// breaks nothing.
type breaks struct {
	// patchBody changes what is written of the metadata to Kubernetes.
	patchBody func(metadata map[string]any)
	// call changes how calls to the API are carried out.
	call func(transport, *call) (*http.Response, error)
	// reply changes what is made of what came back.
	reply func(*call, *http.Response, error) (*http.Response, error)
	// see changes what the caches show.
	see func(client.Object)
	// blind hides from a Group what the cache and the API server show of others.
	blind bool
}

func (b breaks) patch(body []byte) []byte {
	if b.patchBody == nil {
		return body
	}
	var p map[string]any
	if json.Unmarshal(body, &p) != nil {
		return body // a JSON patch, of a status
	}
	metadata, _ := p["metadata"].(map[string]any)
	b.patchBody(metadata)
	changed, err := json.Marshal(p)
	if err != nil {
		return body
	}
	return changed
}

// annotation removes one from a patch that sets it.
func annotation(metadata map[string]any, name string) {
	if annotations, ok := metadata["annotations"].(map[string]any); ok && annotations[name] != nil {
		delete(annotations, name)
	}
}

// protocolBreaks are what a careless change might do; each has to be caught.
var protocolBreaks = map[string]breaks{
	"skip the precondition": {patchBody: func(metadata map[string]any) { delete(metadata, "resourceVersion") }},
	"leave no attempt":      {patchBody: func(metadata map[string]any) { annotation(metadata, v1alpha1.AnnotationCreateAttempt) }},
	"put no finalizer": {patchBody: func(metadata map[string]any) {
		if finalizers, ok := metadata["finalizers"].([]any); ok && len(finalizers) > 0 {
			delete(metadata, "finalizers")
		}
	}},
	"forget which cluster bound it": {see: func(o client.Object) {
		if g, ok := o.(*v1alpha1.Group); ok {
			delete(g.Annotations, v1alpha1.AnnotationGroupCluster)
		}
	}},
	"retry the POST": {call: func(t transport, c *call) (*http.Response, error) {
		if c.request.Method == http.MethodPost {
			t.commit(c)
		}
		return t.serve(c)
	}},
	"take a failure for an absence": {reply: func(c *call, response *http.Response, err error) (*http.Response, error) {
		switch {
		case c.request.Method != http.MethodGet || err == nil && response.StatusCode < 500:
			return response, err
		case strings.HasSuffix(c.request.URL.Path, "/groups"):
			return answer(c, http.StatusOK, "", `{"data":[],"has_more":false}`), nil
		}
		return answer(c, http.StatusNotFound, "", `{"message":"not found"}`), nil
	}},
	"forget archived groups": {call: func(t transport, c *call) (*http.Response, error) {
		response, err := t.serve(c)
		if err != nil || c.request.Method != http.MethodGet || !strings.HasSuffix(c.request.URL.Path, "/groups") {
			return response, err
		}
		return withoutArchived(response)
	}},
	"believe any account": {call: func(t transport, c *call) (*http.Response, error) {
		response, err := t.serve(c)
		foreign := strings.Contains(c.request.Header.Get("Authorization"), foreignToken)
		if err != nil || !foreign || !strings.HasSuffix(c.request.URL.Path, "/groups") || c.request.Method != http.MethodGet {
			return response, err
		}
		return withOwned(t, response)
	}},
	"delete instead of archiving": {call: func(t transport, c *call) (*http.Response, error) {
		if c.request.Method == http.MethodPut && strings.Contains(string(c.body), `"archived_at":9`) {
			c.request = c.request.Clone(c.request.Context())
			c.request.Method = http.MethodDelete
		}
		return t.serve(c)
	}},
	"send what is not declared": {call: func(t transport, c *call) (*http.Response, error) {
		if c.request.Method == http.MethodPut {
			c.body = bytes.Replace(c.body, []byte("{"), []byte(`{"avatar_url":"",`), 1)
		}
		return t.serve(c)
	}},
	"archive a stranger": {call: func(t transport, c *call) (*http.Response, error) {
		if c.request.Method == http.MethodPut {
			t.archiveStranger(c)
		}
		return t.serve(c)
	}},
	"ignore suspend": {see: func(o client.Object) {
		if g, ok := o.(*v1alpha1.Group); ok {
			g.Spec.Suspend = false
		}
	}},
	"ignore the claims of others": {blind: true},
}

// archiveStranger archives a group of the account that no Group owns.
func (t transport) archiveStranger(c *call) {
	owned := map[string]bool{}
	for _, g := range t.p.cluster.groups() {
		owned[g.Status.ID] = true
	}
	for _, g := range t.p.sim.Groups() {
		if t.p.journal.began.Sub(g.CreatedAt) > 30*time.Minute && !owned[g.ID] && !g.Archived() {
			more := *c
			more.request = c.request.Clone(c.request.Context())
			more.request.URL.Path = c.request.URL.Path[:strings.LastIndex(c.request.URL.Path, "/")+1] + g.ID
			more.body = []byte(`{"archived_at":946684800}`)
			t.commit(&more)
			return
		}
	}
}

// withoutArchived takes the archived groups out of a page.
func withoutArchived(response *http.Response) (*http.Response, error) {
	return editPage(response, func(groups []any) []any {
		active := []any{}
		for _, g := range groups {
			if fields, ok := g.(map[string]any); ok && fields["archived_at"] == nil {
				active = append(active, g)
			}
		}
		return active
	})
}

// withOwned makes a page show the first group that a Group owns, as if trust had
// been earned.
func withOwned(t transport, response *http.Response) (*http.Response, error) {
	return editPage(response, func(groups []any) []any {
		for _, g := range t.p.cluster.groups() {
			if g.Status.ID != "" {
				return append(groups, map[string]any{"id": g.Status.ID, "name": g.Spec.Name, "created_at": 0})
			}
		}
		return groups
	})
}

func editPage(response *http.Response, edit func([]any) []any) (*http.Response, error) {
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, err
	}
	var page map[string]any
	if json.Unmarshal(body, &page) == nil {
		if groups, ok := page["data"].([]any); ok {
			page["data"] = edit(groups)
			if body, err = json.Marshal(page); err != nil {
				return nil, err
			}
		}
	}
	response.Body = io.NopCloser(bytes.NewReader(body))
	return response, nil
}

var breakRuns = flag.Int("break-runs", 1000, "within how many schedules each deliberate break has to be caught")

// Each deliberate break of the protocol is caught, or the checks prove nothing.
func TestDeliberateBreaksAreCaught(t *testing.T) {
	for name, b := range protocolBreaks {
		t.Run(name, func(t *testing.T) {
			for n := range *breakRuns {
				if w := live(t, uint64(n), b); len(w.journal.violations) > 0 {
					t.Logf("caught by run %d: %s", n+1, w.journal.violations[0])
					return
				}
			}
			t.Errorf("not caught within %d schedules", *breakRuns)
		})
	}
}
