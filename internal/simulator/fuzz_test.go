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

	"github.com/klink-cloud/klink-operator/internal/simulator"
)

// Whatever is sent, the stand-in answers as the API does: with a status, JSON
// unless there is nothing to say, and groups that have an id and a name.
func FuzzServe(f *testing.F) {
	const jsonType, formType = "application/json", "application/x-www-form-urlencoded"
	for _, request := range [][4]string{
		{"GET", "groups?limit=100", "", ""}, {"GET", "groups?page=-1&pageSize=99999999999999999999", "", ""}, {"GET", "groups?starting_after=%00", "", ""},
		{"GET", "groups/l7cGNIBKZiNJ6wqF", "", ""}, {"DELETE", "groups/l7cGNIBKZiNJ6wqF", "", ""}, {"GET", "groups/%2e%2e/admin", "", ""},
		{"POST", "groups", jsonType, `{"name":"Plaza","contacts":[{"username":"Hector"}],"archived_at":null}`},
		{"POST", "groups", formType, "name=Plaza&contacts[][username]=Hector"}, {"POST", "groups", jsonType, `{"name":1}`},
		{"PUT", "groups/l7cGNIBKZiNJ6wqF", jsonType, `{"archived_at":1e400}`}, {"PUT", "groups/l7cGNIBKZiNJ6wqF", jsonType, `{"archived_at":"9999-12-31T23:59:59Z","name":null}`},
		{"PUT", "groups/l7cGNIBKZiNJ6wqF", formType, "contacts[0][username]=a&contacts[0][username]=b"}, {"POST", "groups", "text/plain; x", "{"},
	} {
		f.Add(request[0], request[1], request[2], []byte(request[3]))
	}
	f.Fuzz(func(t *testing.T, method, path, contentType string, body []byte) {
		u, err := url.Parse("http://klink.test" + simulator.Prefix + "/" + path)
		if err != nil {
			return
		}
		r, err := http.NewRequest(method, u.String(), strings.NewReader(string(body)))
		if err != nil {
			return
		}
		s := simulator.New(simulator.Options{Token: "tok-1234567890"})
		defer s.Close()
		s.Account(simulator.DefaultTenant).SeedPageExample()
		r.Header.Set("Authorization", "Bearer tok-1234567890")
		r.Header.Set("Content-Type", contentType)
		reply, err := s.Transport().RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = reply.Body.Close() }()
		text, err := io.ReadAll(reply.Body)
		if err != nil || reply.StatusCode < 200 || reply.StatusCode > 599 {
			t.Errorf("%d %v", reply.StatusCode, err)
		}
		if reply.StatusCode != http.StatusNoContent && r.Method != http.MethodHead && !json.Valid(text) {
			t.Errorf("%s %s: %d %q", method, path, reply.StatusCode, text)
		}
		for _, g := range s.Groups() {
			if g.ID == "" || strings.TrimSpace(g.Name) == "" {
				t.Errorf("%s %s %q left %+v", method, path, body, g)
			}
		}
	})
}
