// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package simulator

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"time"
)

// Action is what a Fault does to a request.
type Action string

// The actions. Those that say "after" carry the request out first, so that the client is told a lie about it.
const (
	// Pass does nothing but wait for Delay.
	Pass Action = "Pass"
	// Status answers with Status, Headers and Body instead.
	Status Action = "Status"
	// StatusAfter carries the request out, then answers as Status does.
	StatusAfter Action = "StatusAfter"
	// Reset breaks the connection before anything is done.
	Reset Action = "Reset"
	// ResetAfter carries the request out, then breaks the connection.
	ResetAfter Action = "ResetAfter"
	// Refuse fails before a connection is made. Only Transport can; over sockets it is Reset.
	Refuse Action = "Refuse"
	// Truncate carries the request out and breaks the connection halfway through the reply.
	Truncate Action = "Truncate"
	// Garbage answers 200 with a page of HTML.
	Garbage Action = "Garbage"
	// NoBackend answers 404 with a page of HTML, as an ingress does that has nothing behind it.
	NoBackend Action = "NoBackend"
	// ProxyAuth answers 407, as a proxy does that wants its own password.
	ProxyAuth Action = "ProxyAuth"
	// SaysError answers 200 with "status": "error" in the body.
	SaysError Action = "SaysError"
	// Hang never answers: until the client leaves, or for Delay (default and maximum MaxHang), then the connection breaks.
	Hang Action = "Hang"
	// HangAfter carries the request out, then hangs.
	HangAfter Action = "HangAfter"
	// Late hangs at once, and carries the request out after Delay, even if the client has left by then.
	Late Action = "Late"
	// Redirect answers with Status (default 302) and the header Location.
	Redirect Action = "Redirect"
	// Hide makes the groups of IDs (all, if none are given) look as if they did not exist.
	Hide Action = "Hide"
	// Foreign carries the request out on the groups of Tenant (default "foreign"), as if the token were that tenant's.
	Foreign Action = "Foreign"
)

// joins tells whether the action acts together with others.
func (a Action) joins() bool { return a == Pass || a == Hide || a == Foreign }

// MaxHang is the longest that a connection hangs.
const MaxHang = 10 * time.Minute

// Fault is a rule. A request is subject to it when everything that the rule names matches. Of several rules that
// match, Pass, Hide and Foreign act together with others; otherwise the first in the order of their adding acts.
type Fault struct {
	// Method is a method; empty is any.
	Method string `json:"method,omitempty"`
	// PathRegexp, QueryRegexp and BodyRegexp match anywhere in the unescaped path (/api/v1/groups/…), the query and the body.
	PathRegexp  string `json:"pathRegexp,omitempty"`
	QueryRegexp string `json:"queryRegexp,omitempty"`
	BodyRegexp  string `json:"bodyRegexp,omitempty"`
	// Skip lets the first matching requests pass.
	Skip int `json:"skip,omitempty"`
	// Times is how many requests the rule acts on; 0 is no end.
	Times int `json:"times,omitempty"`
	// Probability is that of acting on a matching request; 0 is always.
	Probability float64 `json:"probability,omitempty"`

	Action Action        `json:"action"`
	Delay  time.Duration `json:"-"` // before anything is done

	Status   int               `json:"status,omitempty"`
	Headers  map[string]string `json:"headers,omitempty"`
	Body     string            `json:"body,omitempty"`
	Location string            `json:"location,omitempty"`
	IDs      []string          `json:"ids,omitempty"`
	Tenant   string            `json:"tenant,omitempty"`
}

type plainFault Fault

type faultJSON struct {
	*plainFault
	Delay *duration `json:"delay,omitempty"`
}

// MarshalJSON writes the delay as text.
func (f Fault) MarshalJSON() ([]byte, error) {
	return json.Marshal(faultJSON{(*plainFault)(&f), (*duration)(&f.Delay)})
}

// UnmarshalJSON refuses names that do not exist.
func (f *Fault) UnmarshalJSON(text []byte) error {
	return decodeStrict(text, &faultJSON{(*plainFault)(f), (*duration)(&f.Delay)})
}

// FaultHandle is a rule in force.
type FaultHandle struct {
	server            *Server
	id                string
	fault             Fault
	path, query, body *regexp.Regexp
	matches, hits     int
	ended             chan struct{} // closed with the end of the rule
}

// Hits is how many requests the rule has acted on.
func (h *FaultHandle) Hits() int {
	h.server.mu.Lock()
	defer h.server.mu.Unlock()
	return h.hits
}

// Remove ends the rule. Requests that wait for its Delay go on.
func (h *FaultHandle) Remove() {
	h.server.mu.Lock()
	defer h.server.mu.Unlock()
	h.server.state.endFaults(func(other *FaultHandle) bool { return other == h })
}

// AddFault puts a rule in force. A rule that makes no sense panics, as regexp.MustCompile does.
func (s *Server) AddFault(f Fault) *FaultHandle {
	handle, err := s.tryAddFault(f)
	if err != nil {
		panic("simulator: " + err.Error())
	}
	return handle
}

// ClearFaults ends all rules, as Remove does.
func (s *Server) ClearFaults() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state.endFaults(func(*FaultHandle) bool { return true })
}

// endFaults ends some of the rules, and tells how many.
func (s *state) endFaults(which func(*FaultHandle) bool) (ended int) {
	s.faults = slices.DeleteFunc(s.faults, func(h *FaultHandle) bool {
		if !which(h) {
			return false
		}
		close(h.ended)
		ended++
		return true
	})
	return ended
}

func (s *Server) tryAddFault(f Fault) (*FaultHandle, error) {
	orDefault(&f.Action, Pass)
	if err := f.validate(); err != nil {
		return nil, err
	}
	h := &FaultHandle{server: s, fault: f, ended: make(chan struct{})}
	var errs [3]error
	h.path, errs[0] = regexp.Compile(f.PathRegexp)
	h.query, errs[1] = regexp.Compile(f.QueryRegexp)
	h.body, errs[2] = regexp.Compile(f.BodyRegexp)
	if err := errors.Join(errs[:]...); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state.faultsAdded++
	h.id = fmt.Sprintf("f%d", s.state.faultsAdded)
	s.state.faults = append(s.state.faults, h)
	return h, nil
}

func (f Fault) validate() error {
	err := errors.Join(
		oneOf("action", f.Action, Pass, Status, StatusAfter, Reset, ResetAfter, Refuse, Truncate, Garbage, NoBackend, ProxyAuth, SaysError,
			Hang, HangAfter, Late, Redirect, Hide, Foreign),
		notNegative("skip", f.Skip), notNegative("times", f.Times), notNegative("delay", f.Delay),
		notNegative("probability", f.Probability),
	)
	needsStatus := f.Action == Status || f.Action == StatusAfter
	switch {
	case err != nil:
		return err
	case needsStatus && http.StatusText(f.Status) == "":
		return fmt.Errorf("status: %d is not a status code, and action %s needs one", f.Status, f.Action)
	case f.Action == Redirect && f.Location == "":
		return errors.New("location: missing, and action Redirect needs one")
	case f.Action == Late && f.Delay == 0:
		return errors.New("delay: missing, and action Late needs one")
	}
	return nil
}

// matching picks the rules that act on a call, and counts them.
func (s *state) matching(c *call) (acting []*FaultHandle) {
	terminal := false
	for _, h := range s.faults {
		f := h.fault
		if terminal && !f.Action.joins() || !h.matchesCall(c) || f.Times > 0 && h.hits >= f.Times {
			continue
		}
		if h.matches++; h.matches <= f.Skip {
			continue
		}
		if f.Probability > 0 && s.chance.Float64() >= f.Probability {
			continue
		}
		h.hits++
		terminal = terminal || !f.Action.joins()
		acting = append(acting, h)
	}
	return acting
}

func (h *FaultHandle) matchesCall(c *call) bool {
	return (h.fault.Method == "" || h.fault.Method == c.method) &&
		h.path.MatchString(c.path) && h.query.MatchString(c.query.Encode()) && h.body.Match(c.body)
}
