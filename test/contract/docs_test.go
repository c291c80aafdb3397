// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package contract

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/klink-cloud/klink-operator/internal/simulator"
)

var documentedCommand = regexp.MustCompile(`(?m)^    curl (?:.*\\\n)*.*$`)

// TestDocumentedCommands runs each curl command of docs/simulator.md against a fresh simulator.
func TestDocumentedCommands(t *testing.T) {
	text, err := os.ReadFile("../../docs/simulator.md")
	if err != nil {
		t.Fatal(err)
	}
	commands := documentedCommand.FindAllString(string(text), -1)
	if len(commands) < 10 {
		t.Fatalf("found %d commands", len(commands))
	}
	for _, command := range commands {
		t.Run(strings.TrimSpace(command), func(t *testing.T) {
			server := simulator.Start(t, simulator.Options{})
			server.Account(simulator.DefaultTenant).SeedPageExample()
			server.AddFault(simulator.Fault{PathRegexp: "never"}) // something to delete
			host := strings.TrimSuffix(server.URL, simulator.Prefix)
			if status, reply := sendCurl(t, strings.ReplaceAll(command, "http://127.0.0.1:8080", host)); status > 299 {
				t.Errorf("%d %s", status, reply)
			}
		})
	}
}
