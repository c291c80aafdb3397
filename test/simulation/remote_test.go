// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package simulation

import (
	"slices"
	"time"

	"github.com/klink-cloud/klink-operator/internal/klink"
	"github.com/klink-cloud/klink-operator/internal/simulator"
)

// What is asked about the remote account, by those who look at it from outside.

// accounts are those of both tenants.
func accounts(sim *simulator.Server) []simulator.Account {
	return []simulator.Account{sim.Account(simulator.DefaultTenant), sim.Account("foreign")}
}

func alive(sim *simulator.Server, id string) bool {
	g, exists := sim.Group(id)
	return exists && !g.Archived()
}

// activeNamed reports whether an active remote group has the name.
func activeNamed(sim *simulator.Server, name string) bool {
	return slices.ContainsFunc(sim.Groups(), func(g simulator.Group) bool { return g.Name == name && !g.Archived() })
}

// stranger is the id of a group of that name, "" if there is none.
func stranger(sim *simulator.Server, name string) string {
	for _, g := range sim.Groups() {
		if g.Name == name {
			return g.ID
		}
	}
	return ""
}

// remoteNow is the remote group as it is now, with an empty ID where there is none.
func remoteNow(sim *simulator.Server, id string) simulator.Group {
	g, _ := sim.Group(id)
	return g
}

func writeCalls(sim *simulator.Server) int {
	counts := sim.Counts()
	return counts["POST"] + counts["PUT"] + counts["DELETE"]
}

// madeSoon waits for the group that a POST makes.
func madeSoon(sim *simulator.Server) string {
	for range 1000 {
		time.Sleep(time.Millisecond)
		if id := stranger(sim, "Unique"); id != "" {
			return id
		}
	}
	return ""
}

// asRead is a remote group as the client reads it.
func asRead(g simulator.Group) klink.Group {
	read := klink.Group{ID: g.ID, Name: g.Name, ConversationID: g.ConversationID, CreatedAt: g.CreatedAt, ArchivedAt: g.ArchivedAt}
	if g.Description != nil {
		read.Description = *g.Description
	}
	if g.AvatarURL != nil {
		read.AvatarURL = *g.AvatarURL
	}
	for _, c := range g.Contacts {
		read.Contacts = append(read.Contacts, c.Username)
	}
	return read
}
