// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package integration

import (
	"net/http"
	"time"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/plan"
	"github.com/klink-cloud/klink-operator/internal/simulator"
)

// trouble is something between the operator and the API, or a habit of the API's, that
// comes upon Groups that are in order, and ends.
type trouble struct {
	from  simulator.Settings        // before it, and after it
	habit func(*simulator.Settings) // while it lasts
	fault simulator.Fault           // while it lasts
	down  string                    // the reason of the connection while it lasts; empty: it stays Connected
	// heldBack are the Groups that cannot be finished while it lasts. Where none is, all are.
	heldBack []string
	// quoted is what the message of a Group says of it while it lasts.
	quoted map[string]string
	// unproven: a POST that was answered so may have made its group, and is not sent again
	// within the settle time.
	unproven bool
}

const (
	backend404 = "default backend - 404"
	loginPage  = "<html><body>Please sign in to the network.</body></html>"
)

// unlistable is an account whose lists show strangers' groups alone, so that the API's own
// word has to do that a group is gone.
var unlistable = simulator.Settings{Paging: simulator.Incomplete, Order: simulator.OldestFirst}

// all are the Groups that somebody changes during a trouble, here or remotely.
var all = []string{"edited", "made", "filed", "ended", "drifted"}

var troubles = map[string]trouble{
	// What is not the API's word.
	"an ingress without a backend": {
		fault: simulator.Fault{Action: simulator.NoBackend}, down: v1alpha1.ReasonUnavailable, heldBack: all, unproven: true,
	},
	"that, over an account paged by number": {
		from: simulator.Settings{Paging: simulator.Page}, fault: simulator.Fault{Action: simulator.NoBackend}, down: v1alpha1.ReasonUnavailable,
		heldBack: all, unproven: true,
	},
	"an ingress without a backend for single groups, of an account that cannot be listed": {
		from: unlistable, fault: simulator.Fault{PathRegexp: "/groups/.", Action: simulator.NoBackend},
		heldBack: []string{"edited", "filed", "ended", "drifted"},
		quoted:   map[string]string{"edited": backend404},
	},
	"an ingress that answers 404 to a POST that was carried out": {
		fault: simulator.Fault{Method: http.MethodPost, Action: simulator.StatusAfter, Status: http.StatusNotFound, Body: "<h1>" + backend404 + "</h1>"},
	},
	"a proxy's 407": {fault: simulator.Fault{Action: simulator.ProxyAuth}, down: v1alpha1.ReasonUnavailable, heldBack: all},
	"that, over an account paged by number too": {
		from: simulator.Settings{Paging: simulator.Page}, fault: simulator.Fault{Action: simulator.ProxyAuth}, down: v1alpha1.ReasonUnavailable, heldBack: all,
	},
	"a redirect to a login page": {
		fault: simulator.Fault{Action: simulator.Redirect, Location: "https://login.example/"}, down: v1alpha1.ReasonUnavailable, heldBack: all,
	},
	"a login page": {
		fault: simulator.Fault{Action: simulator.Garbage}, down: v1alpha1.ReasonUnavailable, heldBack: all, unproven: true,
	},
	"an error under 200": {
		fault: simulator.Fault{Action: simulator.SaysError}, down: v1alpha1.ReasonUnavailable, heldBack: all, unproven: true,
	},
	"a 404 to every single group, while lists are answered": {
		fault:    simulator.Fault{PathRegexp: "/groups/.", Action: simulator.Status, Status: http.StatusNotFound, Body: `{"message":"not found"}`},
		heldBack: []string{"edited", "filed", "ended", "drifted"},
	},
	"a refused first page, while single groups are answered": {
		from:  simulator.Settings{Paging: simulator.Page},
		fault: simulator.Fault{QueryRegexp: `limit=(100|[2-9])`, Action: simulator.NoBackend}, heldBack: []string{"drifted"},
	},
	"a login page in answer to DELETE": {
		fault: simulator.Fault{Method: http.MethodDelete, Action: simulator.Garbage}, heldBack: []string{"ended"},
		quoted: map[string]string{"ended": "Please sign in"},
	},
	"an error under 200 in answer to POST": {
		fault: simulator.Fault{Method: http.MethodPost, Action: simulator.SaysError}, heldBack: []string{"made"},
		quoted: map[string]string{"made": "being maintained"}, unproven: true,
	},
	"an error under 200 in answer to a POST that was carried out": {
		fault: simulator.Fault{Method: http.MethodPost, Action: simulator.StatusAfter, Status: http.StatusOK, Body: `{"status":"error","message":"no"}`},
	},
	"a login page in answer to POST": {
		fault: simulator.Fault{Method: http.MethodPost, Action: simulator.Garbage}, heldBack: []string{"made"},
		quoted: map[string]string{"made": "Please sign in"}, unproven: true,
	},
	"a login page in answer to a POST that was carried out": {
		fault: simulator.Fault{Method: http.MethodPost, Action: simulator.StatusAfter, Status: http.StatusOK, Body: loginPage},
	},

	// What a reply does not show.
	"lists of summaries": {
		habit: func(s *simulator.Settings) { s.OmitInLists = []string{"description", "avatar_url", "contacts"} },
	},
	"lists without archived_at":  {habit: func(s *simulator.Settings) { s.OmitInLists = []string{"archived_at"} }},
	"usernames that are numbers": {habit: func(s *simulator.Settings) { s.NumericUsernames = true }},
	"a PUT that replaces":        {habit: func(s *simulator.Settings) { s.Put = simulator.Replace }, heldBack: []string{"edited", "drifted"}},
	"replies out of a cache":     {habit: func(s *simulator.Settings) { s.Age = time.Second }, heldBack: []string{"ended"}},
}

// listingsToRecover are those of twice the settle time: what waits for it takes half of them,
// and a backoff of minutes would take more.
const listingsToRecover = 2 * int(plan.SettleTime/(10*time.Second))
