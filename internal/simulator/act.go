// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package simulator

import (
	"net/http"
	"strings"
	"time"
)

const garbage = "<!DOCTYPE html>\n<html><head><title>Sign in</title></head><body>Please sign in to the network.</body></html>\n"

// withFaults answers a call under the rules that act on it.
func (e *exchange) withFaults(acting []*FaultHandle) reply {
	decisive := Fault{Action: Pass}
	for _, h := range acting {
		f := h.fault
		if !f.Action.joins() {
			decisive = f
		}
		waits := f.Action == Hang || f.Action == HangAfter || f.Action == Late
		if !waits && !e.wait(f.Delay, h.ended) {
			return reply{broken: errReset}
		}
	}
	return e.act(decisive)
}

func (e *exchange) act(f Fault) reply {
	switch f.Action {
	case Status:
		return f.reply()
	case StatusAfter:
		e.carryOut()
		return f.reply()
	case Reset:
		return reply{broken: errReset}
	case Refuse:
		return reply{broken: errRefused}
	case ResetAfter:
		e.carryOut()
		return reply{broken: errReset}
	case Truncate:
		r := e.carryOut()
		r.cut = true
		if len(r.body) == 0 { // nothing to cut
			r.broken = errReset
		}
		return r
	case Hang:
		return e.hang(f.Delay)
	case HangAfter:
		e.carryOut()
		return e.hang(f.Delay)
	case Late:
		e.later(f.Delay)
		return e.hang(0)
	case Redirect:
		return f.redirect()
	case Garbage, NoBackend, ProxyAuth, SaysError:
		return f.before()
	default:
		r := e.carryOut()
		if !e.wait(e.server.Settings().Latency, nil) {
			return reply{broken: errReset}
		}
		return r
	}
}

// before is what answers in the place of the API.
func (f Fault) before() reply {
	page := func(status int, text string) reply {
		return reply{status: status, header: http.Header{"Content-Type": {"text/html; charset=utf-8"}}, body: []byte(text)}
	}
	switch f.Action {
	case NoBackend:
		return page(http.StatusNotFound, "<html><body><h1>default backend - 404</h1></body></html>\n")
	case ProxyAuth:
		r := page(http.StatusProxyAuthRequired, garbage)
		r.header.Set("Proxy-Authenticate", `Basic realm="proxy"`)
		return r
	case SaysError:
		return jsonReply(http.StatusOK, errorBody{Status: "error", Message: "the service is being maintained"})
	default:
		return page(http.StatusOK, garbage)
	}
}

func (f Fault) reply() reply {
	header := http.Header{}
	for name, value := range f.Headers {
		header.Set(name, value)
	}
	if f.Body == "" {
		r := errorReply(f.Status, strings.ToLower(http.StatusText(f.Status)))
		for name, values := range header {
			r.header[name] = values
		}
		return r
	}
	return reply{status: f.Status, header: header, body: []byte(f.Body)}
}

func (f Fault) redirect() reply {
	if f.Status == 0 {
		f.Status = http.StatusFound
	}
	r := f.reply()
	r.header.Set("Location", f.Location)
	return r
}

// wait sleeps, and tells whether the call goes on: not if its client leaves, or the server closes.
func (e *exchange) wait(d time.Duration, enough <-chan struct{}) bool {
	if d <= 0 {
		return true
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-enough:
		return true
	case <-e.ctx.Done():
	case <-e.server.done:
	}
	return false
}

func (e *exchange) hang(d time.Duration) reply {
	if d <= 0 || d > MaxHang {
		d = MaxHang
	}
	e.wait(d, nil)
	return reply{broken: errReset}
}

// later carries a call out after d, whether the client is still there or not.
func (e *exchange) later(d time.Duration) {
	s := e.server
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state.closed {
		return
	}
	var timer *time.Timer
	timer = time.AfterFunc(d, func() {
		e.carryOut()
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.state.late, timer)
	})
	s.state.late[timer] = struct{}{}
}
