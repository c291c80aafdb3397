// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package main

import (
	"bytes"
	"strings"
	"testing"
)

// What goes into a pipe has neither pauses nor colours, and of a group that was shown
// before it has one line for each difference.
func TestAPipeGetsTheStoryAlone(t *testing.T) {
	var out bytes.Buffer
	n := newNarrator(&out, false)
	if n.pause != 0 {
		t.Errorf("it waits for %s between two sections", n.pause)
	}
	n.heading(t.Context(), "Create")
	n.command("kubectl get kgrp")
	g := group{ID: "id", Name: "Plaza Hotel"}
	n.remote(g)
	out.Reset()
	g.Description = new("Loud.")
	n.remote(g)
	n.remote(g)
	want := "Remote group id:\n  description  \"\" → \"Loud.\"\nRemote group id shows the same as before.\n"
	if got := out.String(); got != want {
		t.Errorf("it says\n%s\nwant\n%s", got, want)
	}
}

// On a terminal the commands and the operator have colours of their own.
func TestColoursTellWhoDoesWhat(t *testing.T) {
	var out bytes.Buffer
	n := &narrator{out: &out, terminal: true, colours: true}
	n.command("kubectl get kgrp")
	n.operator("Created")
	command, operator, _ := strings.Cut(out.String(), "The operator: ")
	if !strings.Contains(command, "\x1b["+green+"m$ kubectl get kgrp\x1b[0m") || !strings.HasSuffix(command, "\x1b["+cyan+"m") || !strings.HasPrefix(operator, "\x1b[0mCreated") {
		t.Errorf("it says %q", out.String())
	}
}
