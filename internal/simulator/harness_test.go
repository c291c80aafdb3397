// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package simulator_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/klink-cloud/klink-operator/internal/simulator"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// client calls the API in one of its two ways: in process, or over the loopback address.
type client struct {
	t     *testing.T
	http  *http.Client
	base  string
	token string
}

func inProcess(t *testing.T, s *simulator.Server) *client {
	t.Helper()
	t.Cleanup(s.Close)
	return &client{t, &http.Client{Transport: s.Transport()}, "http://simulator.test" + simulator.Prefix, simulator.DefaultToken}
}

func overSockets(t *testing.T, o simulator.Options) (*simulator.Instance, *client) {
	t.Helper()
	s := simulator.Start(t, o)
	transport := &http.Transport{DisableKeepAlives: true} // or GETs on broken connections are repeated
	t.Cleanup(transport.CloseIdleConnections)
	return s, &client{t, &http.Client{Transport: transport}, s.URL, simulator.DefaultToken}
}

// answer is a reply, read to its end.
type answer struct {
	status int
	header http.Header
	text   string
}

func (c *client) try(method, path, body string) (answer, error) {
	c.t.Helper()
	request, err := http.NewRequestWithContext(c.t.Context(), method, c.base+path, strings.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+c.token)
	if body != "" {
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		if strings.ContainsAny(body[:1], "{[") {
			request.Header.Set("Content-Type", "application/json")
		}
	}
	response, err := c.http.Do(request)
	if err != nil {
		return answer{}, err
	}
	text, err := io.ReadAll(response.Body)
	if closeErr := response.Body.Close(); closeErr != nil {
		c.t.Fatal(closeErr)
	}
	return answer{response.StatusCode, response.Header, string(text)}, err
}

// do expects a whole reply of this status.
func (c *client) do(status int, method, path, body string) answer {
	c.t.Helper()
	a, err := c.try(method, path, body)
	if err != nil {
		c.t.Fatalf("%s %s: %v", method, path, err)
	}
	if a.status != status {
		c.t.Fatalf("%s %s: status %d, want %d; body %s", method, path, a.status, status, a.text)
	}
	return a
}

type group struct {
	ID             string   `json:"id"`
	Name           string   `json:"name"`
	Description    *string  `json:"description"`
	ConversationID string   `json:"conversation_id"`
	Contacts       []member `json:"contacts"`
	CreatedAt      any      `json:"created_at"`
	ArchivedAt     any      `json:"archived_at"`
}

type member struct {
	Username string `json:"username"`
}

type page struct {
	HasMore  *bool   `json:"has_more"`
	Total    *int    `json:"total"`
	LastPage *int    `json:"lastPage"`
	Data     []group `json:"data"`
}

func (p page) names() string {
	var names []string
	for _, g := range p.Data {
		names = append(names, g.Name)
	}
	return strings.Join(names, " ")
}

func decode[T any](t *testing.T, a answer) T {
	t.Helper()
	var value T
	if err := json.Unmarshal([]byte(a.text), &value); err != nil {
		t.Fatalf("decode %q: %v", a.text, err)
	}
	return value
}

func (c *client) create(name string) group {
	c.t.Helper()
	return decode[group](c.t, c.do(http.StatusOK, http.MethodPost, "/groups", "name="+url.QueryEscape(name)))
}

func (c *client) list(query string) page {
	c.t.Helper()
	return decode[page](c.t, c.do(http.StatusOK, http.MethodGet, "/groups"+query, ""))
}
