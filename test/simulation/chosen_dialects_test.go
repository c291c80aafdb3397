// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package simulation

import (
	"fmt"
	"time"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/simulator"
)

// accountPoint is where a dialect is chosen: it holds for the whole story.
const accountPoint = "account"

// neighbours is how many strangers' groups an account with a dialect has: they fill a page and
// begin another.
const neighbours = 12

// dialects are how the API may read what its page leaves open, each as it differs from the
// page's most literal reading.
var dialects = map[string]func(*simulator.Settings){
	"two pages":                 func(*simulator.Settings) {},
	"oldest first":              func(s *simulator.Settings) { s.Order = simulator.OldestFirst },
	"page":                      paging(simulator.Page, simulator.NewestFirst),
	"page, oldest first":        paging(simulator.Page, simulator.OldestFirst),
	"has_more and page":         paging(simulator.HasMorePage, simulator.NewestFirst),
	"has_more and page, oldest": paging(simulator.HasMorePage, simulator.OldestFirst),
	"growing limit":             paging(simulator.Limit, simulator.NewestFirst),
	"growing limit, oldest":     paging(simulator.Limit, simulator.OldestFirst),
	"one page":                  paging(simulator.SinglePage, simulator.NewestFirst),
	"one page, oldest first":    paging(simulator.SinglePage, simulator.OldestFirst),
	"cut off":                   paging(simulator.Incomplete, simulator.NewestFirst),
	"cut off, oldest first":     paging(simulator.Incomplete, simulator.OldestFirst),
	"no has_more":               func(s *simulator.Settings) { s.OmitHasMore = true },
	"no has_more, oldest first": func(s *simulator.Settings) { s.OmitHasMore, s.Order = true, simulator.OldestFirst },
	"archived hidden":           func(s *simulator.Settings) { s.HideArchived = true },
	"gone cursor ends":          func(s *simulator.Settings) { s.GoneCursor = simulator.CursorEmptyPage },
	"gone cursor begins":        func(s *simulator.Settings) { s.GoneCursor = simulator.CursorFirstPage },
	"unknown is deleted":        func(s *simulator.Settings) { s.DeleteUnknown = simulator.AsDeleted },
	"deleted with body":         func(s *simulator.Settings) { s.DeleteReply = simulator.WithBody },
	"ids ignore case":           func(s *simulator.Settings) { s.IgnoreIDCase = true },
	"PUT replaces":              func(s *simulator.Settings) { s.Put = simulator.Replace },
	"no bodies":                 func(s *simulator.Settings) { s.WriteReply = simulator.WithoutBody },
	"summaries":                 func(s *simulator.Settings) { s.OmitInLists = []string{"description", "avatar_url", "contacts"} },
	"archived_at not listed":    func(s *simulator.Settings) { s.OmitInLists = []string{"archived_at"} },
	"names not listed":          func(s *simulator.Settings) { s.OmitInLists = []string{"name"} },
	"created_at not listed":     func(s *simulator.Settings) { s.OmitInLists = []string{"created_at"} },
	"Age":                       func(s *simulator.Settings) { s.Age = 30 * time.Second },
	"lag":                       func(s *simulator.Settings) { s.Lag = 45 * time.Second },
	"lists lag":                 func(s *simulator.Settings) { s.Lag, s.LagOn = 45*time.Second, simulator.LagLists },
	"clock ahead":               func(s *simulator.Settings) { s.ClockSkew = 4 * time.Minute },
	"clock behind":              func(s *simulator.Settings) { s.ClockSkew = -4 * time.Minute },
	"names are unique":          func(s *simulator.Settings) { s.UniqueNames = true },
	"wrapped":                   func(s *simulator.Settings) { s.Envelope = simulator.Wrapped },
	"times as text":             func(s *simulator.Settings) { s.Timestamps = simulator.RFC3339 },
	"contacts are dropped":      func(s *simulator.Settings) { s.UnknownContacts = simulator.Drop },
	"contacts are refused":      func(s *simulator.Settings) { s.UnknownContacts = simulator.Reject },
}

// ends are the dialects in which some stories cannot end as declared, and what their Groups
// say then.
var ends = map[string][]string{
	"PUT replaces":         {v1alpha1.ReasonNotApplied}, // two fields undo each other
	"contacts are dropped": {v1alpha1.ReasonNotApplied},
	"contacts are refused": {v1alpha1.ReasonRejected},
	"names are unique":     {v1alpha1.ReasonRejected},
	// Nothing proves that a name is free, or that a group is gone.
	"cut off":               {v1alpha1.ReasonCreateUncertain, v1alpha1.ReasonRemoteMissing},
	"cut off, oldest first": {v1alpha1.ReasonCreateUncertain, v1alpha1.ReasonRemoteMissing},
	"names not listed":      {v1alpha1.ReasonCreateUncertain},
	"Age":                   {v1alpha1.ReasonCreateUncertain},
}

func paging(way simulator.Paging, order simulator.Order) func(*simulator.Settings) {
	return func(s *simulator.Settings) { s.Paging, s.Order = way, order }
}

// dialect is the one that was chosen for the account, "" for the page's most literal
// reading.
func (s *script) dialect() string {
	s.points = append(s.points, accountPoint)
	return s.fault(accountPoint)
}

// newAccount is the account of a story, in a dialect, with groups that are old.
func newAccount(dialect string, old time.Time) *simulator.Server {
	var settings simulator.Settings
	if dialect != "" {
		settings.MaxLimit = 10
		dialects[dialect](&settings)
		if settings.Paging == simulator.Limit {
			settings.MaxLimit = 0
		}
	}
	server := simulator.New(simulator.Options{Token: rightToken, Seed: 1, Settings: settings})
	server.Seed(simulator.Group{Name: "Theirs", Description: new("theirs"), CreatedAt: old})
	server.Seed(simulator.Group{Name: "Other", Description: new("other"), CreatedAt: old})
	server.Seed(simulator.Group{Name: "Old", CreatedAt: old, ArchivedAt: old.Add(time.Minute)})
	for n := range neighbours {
		if dialect != "" {
			server.Seed(simulator.Group{Name: fmt.Sprintf("Stranger %d", n), CreatedAt: old.Add(time.Duration(n) * time.Second)})
		}
	}
	server.AddToken(foreignToken, "foreign")
	server.Account("foreign").Seed(simulator.Group{Name: "Foreign", CreatedAt: old})
	return server
}
