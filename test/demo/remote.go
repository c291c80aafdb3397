// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// remote is the account behind the groups API, as somebody else would use it.
type remote struct {
	endpoint, admin string
	token           string
	http            *http.Client
}

func newRemote(endpoint, admin, token string) *remote {
	return &remote{endpoint: endpoint, admin: admin, token: token, http: &http.Client{Timeout: 10 * time.Second}}
}

// group is a group as the API shows it.
type group struct {
	ID          string  `json:"id"`
	Name        string  `json:"name"`
	Description *string `json:"description"`
	Contacts    []struct {
		Username string `json:"username"`
	} `json:"contacts"`
	ArchivedAt *int64 `json:"archived_at"`
}

// field is one attribute of a group, as a person reads it.
type field struct{ name, value string }

// fields are what the story is about, always the same ones in the same order.
func (g group) fields() []field {
	archived := "no"
	if g.ArchivedAt != nil {
		archived = "since " + time.Unix(*g.ArchivedAt, 0).UTC().Format(time.RFC3339)
	}
	return []field{
		{"name", strconv.Quote(g.Name)}, {"description", strconv.Quote(text(g.Description))},
		{"contacts", g.usernames()}, {"archived", archived},
	}
}

// reply is what a call was answered.
type reply struct {
	status int
	body   []byte
}

// call sends a request to the URL, and body as JSON unless it is empty.
func (r *remote) call(ctx context.Context, method, url, body string) (reply, error) {
	req, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(body))
	if err != nil {
		return reply{}, err
	}
	req.Header.Set("Authorization", "Bearer "+r.token)
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := r.http.Do(req)
	if err != nil {
		return reply{}, err
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	return reply{status: resp.StatusCode, body: text}, err
}

func (r *remote) groupURL(id string) string { return r.endpoint + "/groups/" + id }

func (a reply) group() (group, error) {
	if a.status != http.StatusOK {
		return group{}, fmt.Errorf("the API answered %d: %s", a.status, a.body)
	}
	var g group
	if err := json.Unmarshal(a.body, &g); err != nil {
		return group{}, fmt.Errorf("reading a group: %w", err)
	}
	return g, nil
}

// pretty is the reply for people.
func (a reply) pretty() string {
	var text bytes.Buffer
	if json.Indent(&text, bytes.TrimSpace(a.body), "", "  ") != nil {
		return string(a.body)
	}
	return text.String()
}
