// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package main

import (
	"net/http"
	"time"

	"github.com/klink-cloud/klink-operator/internal/simulator"
)

// latest is how long after its call a create may still be carried out. It is well
// below the settle time, which is what the operator promises to cope with.
const latest = 15 * time.Second

// faults is what the network and the API do to calls, in the order in which they
// are tried.
var faults = []simulator.Fault{
	{Method: http.MethodPost, Probability: .06, Action: simulator.ResetAfter},
	{Method: http.MethodPost, Probability: .06, Action: simulator.StatusAfter, Status: http.StatusInternalServerError},
	{Method: http.MethodPost, Probability: .03, Action: simulator.Truncate},
	{Method: http.MethodPost, Probability: .03, Action: simulator.Late, Delay: 2 * time.Second},
	{Method: http.MethodPost, Probability: .02, Action: simulator.Late, Delay: latest},
	{Method: http.MethodPost, Probability: .04, Action: simulator.Status, Status: http.StatusTooManyRequests, Headers: map[string]string{"Retry-After": "1"}},
	{Method: http.MethodPost, Probability: .03, Action: simulator.Reset},
	{Method: http.MethodPost, Probability: .03, Action: simulator.Status, Status: http.StatusServiceUnavailable},
	{Method: http.MethodPut, Probability: .05, Action: simulator.ResetAfter},
	{Method: http.MethodPut, Probability: .03, Action: simulator.Status, Status: http.StatusBadGateway},
	{Method: http.MethodDelete, Probability: .1, Action: simulator.ResetAfter},
	{Method: http.MethodGet, Probability: .02, Action: simulator.Reset},
	{Method: http.MethodGet, Probability: .02, Action: simulator.Status, Status: http.StatusInternalServerError},
	{Method: http.MethodGet, Probability: .01, Action: simulator.Garbage},
}

// breakCalls puts the faults in force.
func (s *stage) breakCalls() {
	for _, f := range faults {
		s.sim.AddFault(f)
	}
}
