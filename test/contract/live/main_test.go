// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package main

import (
	"strings"
	"testing"

	"github.com/klink-cloud/klink-operator/internal/simulator"
)

func TestRun(t *testing.T) {
	good := simulator.Start(t, simulator.Options{})
	bad := simulator.Start(t, simulator.Options{Settings: simulator.Settings{Paging: simulator.SinglePage}})
	tests := []struct {
		name, endpoint, token string
		err, table            string
	}{
		{"an endpoint that keeps to the page", good.URL, simulator.DefaultToken, "", "has_more and starting_after"},
		{"one that does not", bad.URL, simulator.DefaultToken, "does not keep to the page", "NO: limit=2 shows"},
		{"a wrong token", good.URL, "wrong-token", "401", ""},
		{"no token", good.URL, "", "KLINK_TOKEN", ""},
		{"no endpoint", "", "some-token", "KLINK_ENDPOINT", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var table strings.Builder
			env := map[string]string{"KLINK_ENDPOINT": tt.endpoint, "KLINK_TOKEN": tt.token}
			err := run(t.Context(), nil, func(name string) string { return env[name] }, &table)
			if (err != nil) != (tt.err != "") || err != nil && !strings.Contains(err.Error(), tt.err) {
				t.Errorf("error %v, want %q", err, tt.err)
			}
			if !strings.Contains(table.String(), tt.table) {
				t.Errorf("table %s\nwant %q within", &table, tt.table)
			}
			if tt.token != "" && strings.Contains(table.String(), tt.token) {
				t.Error("the token is in the table")
			}
		})
	}
}
