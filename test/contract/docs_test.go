// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package contract

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"

	"github.com/klink-cloud/klink-operator/internal/simulator"
	"github.com/klink-cloud/klink-operator/test/harness/checkout"
)

var documentedCommand = regexp.MustCompile(`(?m)^    curl (?:.*\\\n)*.*$`)

const simulatorPage = "docs/simulator.md"

// TestDocumentedCommands runs each curl command of the page, in its order and against
// one simulator, as a reader does: what one of them changes, the next ones meet.
func TestDocumentedCommands(t *testing.T) {
	text := checkout.Read(t, simulatorPage)
	commands := documentedCommand.FindAllString(text, -1)
	if len(commands) < 10 {
		t.Fatalf("found %d commands", len(commands))
	}
	server := simulator.Start(t, simulator.Options{})
	server.Account(simulator.DefaultTenant).SeedPageExample()
	host := strings.TrimSuffix(server.URL, simulator.Prefix)
	id := ""
	for _, command := range commands {
		if strings.Contains(command, "<setting>") || strings.Contains(command, "<fault>") {
			continue // TestDocumentedHabits
		}
		command = strings.ReplaceAll(command, "http://127.0.0.1:8080", host)
		status, reply := sendCurl(t, strings.ReplaceAll(command, "<id of that reply>", id))
		if status > 299 {
			t.Errorf("%s: %d %s", strings.TrimSpace(command), status, reply)
		}
		var shown struct{ ID string }
		if json.Unmarshal([]byte(reply), &shown) == nil && shown.ID != "" {
			id = shown.ID
		}
		server.ClearFaults() // a reader may try one and go on
	}
}

var documentedHabit = regexp.MustCompile("(?m)^\\| [^|]+ \\| `(\\{.*?\\})`")

// TestDocumentedHabits turns each habit of the page on.
func TestDocumentedHabits(t *testing.T) {
	text := checkout.Read(t, simulatorPage)
	habits := documentedHabit.FindAllStringSubmatch(text, -1)
	if len(habits) < 15 {
		t.Fatalf("found %d habits", len(habits))
	}
	server := simulator.Start(t, simulator.Options{})
	host := strings.TrimSuffix(server.URL, simulator.Prefix)
	for _, habit := range habits {
		command := "curl -X PUT " + host + simulator.AdminPrefix + "/settings -d '" + habit[1] + "'"
		if strings.Contains(habit[1], `"action"`) {
			command = "curl -X POST " + host + simulator.AdminPrefix + "/faults -d '" + habit[1] + "'"
		}
		if status, reply := sendCurl(t, command); status > 299 {
			t.Errorf("%s: %d %s", command, status, reply)
		}
	}
}
