// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package monitoring

import (
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/simulator"
)

// line is what a line of the log says of a remote write.
type line struct {
	Level, Msg, Namespace, Name, ID, Connection string
	Fields                                      []string
}

// writes are the lines about remote writes for a Group, in their order.
func (w *world) writes(name string) (all []line) {
	w.Helper()
	for text := range strings.Lines(w.log.String()) {
		var l line
		if json.Unmarshal([]byte(text), &l) == nil && l.Name == name && strings.Contains(l.Msg, "the remote group") {
			all = append(all, l)
		}
	}
	return all
}

// eachWriteLeavesOneLine makes each kind of write, and compares the log with what
// the API has seen.
func eachWriteLeavesOneLine(w *world) {
	w.sim.ResetRequests()
	w.create(group("lobby", func(g *v1alpha1.Group) { g.Spec.Description = new("Large.") }))
	lobby := w.await("lobby", v1alpha1.ReasonSynced)
	w.edit(group("lobby"), func() {})
	g := group("lobby")
	w.edit(g, func() { g.Spec.Description = new("Small.") })
	w.await("lobby", v1alpha1.ReasonSynced)
	w.edit(g, func() { g.Spec.Archived = new(true) })
	w.await("lobby", v1alpha1.ReasonSynced)
	w.edit(g, func() { g.Spec.Archived = new(false) })
	w.await("lobby", v1alpha1.ReasonSynced)
	w.delete(g)

	attic := w.sim.Seed(simulator.Group{Name: "The attic", ArchivedAt: time.Now()})
	g = group("attic", func(g *v1alpha1.Group) {
		g.Spec.AdoptionPolicy, g.Spec.DeletionPolicy = v1alpha1.AdoptByName, v1alpha1.DeletionDelete
	})
	w.create(g)
	w.await("attic", v1alpha1.ReasonSynced)
	w.delete(g)

	const connection = "ClusterConnection/default"
	say := func(msg, name, id string, fields ...string) line {
		return line{Level: "info", Msg: msg, Namespace: team, Name: name, ID: id, Connection: connection, Fields: append([]string{}, fields...)}
	}
	lines := append(w.writes("lobby"), w.writes("attic")...)
	want := []line{
		say("Created the remote group", "lobby", lobby, "name", "description"),
		say("Updated the remote group", "lobby", lobby, "description"),
		say("Updated the remote group", "lobby", lobby, "archived"),
		say("Updated the remote group", "lobby", lobby, "archived"),
		say("Archived the remote group", "lobby", lobby, "archived"),
		say("Unarchived the remote group", "attic", attic, "archived"),
		say("Deleted the remote group", "attic", attic),
	}
	if diff := cmp.Diff(want, lines); diff != "" {
		w.Errorf("- wanted, + logged:\n%s", diff)
	}
	written := 0
	for _, r := range w.sim.Requests() {
		if r.Method != http.MethodGet {
			written++
		}
	}
	if written != len(lines) {
		w.Errorf("%d writes and %d lines", written, len(lines))
	}
}

// checkFormat wants nothing but JSON, with a level, a time and a message.
func (w *world) checkFormat() {
	w.Helper()
	n := 0
	for text := range strings.Lines(w.log.String()) {
		n++
		var l struct{ Level, TS, Msg string }
		if err := json.Unmarshal([]byte(text), &l); err != nil || l.Level == "" || l.TS == "" || l.Msg == "" {
			w.Errorf("not a line of JSON with level, time and message: %s", strings.ReplaceAll(text, w.token, "[token]"))
		}
	}
	if n == 0 {
		w.Error("the manager wrote nothing")
	}
}
