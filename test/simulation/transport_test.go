// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package simulation

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"strconv"
	"strings"
	"time"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/simulator"
)

var (
	errReset   = errors.New("connection reset by peer")
	errRefused = errors.New("connection refused")
)

// transport carries one process's calls to the stand-in API for the connections of
// a kind, and lies about them.
type transport struct {
	p    *process
	kind v1alpha1.ConnectionKind
}

var httpFaults = []string{
	"refused", "lost request", "lost request", "lost reply", "lost reply", "500 before", "500 after", "502 after",
	"429", "503", "garbage after", "truncated", "late", "slow", "slow",
}

// RoundTrip implements http.RoundTripper.
func (t transport) RoundTrip(r *http.Request) (*http.Response, error) {
	p := t.p
	call, err := readCall(r)
	if err != nil {
		return nil, err
	}
	call.dice = p.dice(fmt.Sprint(t.kind, call.about.name))
	if err := p.step(call.dice, r.Method); err != nil {
		return nil, err
	}
	fault := call.dice.http(httpFaults...)
	response, err := t.play(call, fault)
	if reply := p.breaks.reply; reply != nil {
		response, err = reply(call, response, err)
	}
	status := 0
	if response != nil {
		status = response.StatusCode
	}
	p.journal.note("p%d %s %s?%s %s -> %d %v %s", p.number, r.Method, r.URL.Path, r.URL.RawQuery, call.body, status, err, fault)
	if stepErr := p.step(call.dice, "reply to "+r.Method); stepErr != nil {
		return nil, stepErr
	}
	return response, err
}

// call is a request whose body can be sent any number of times.
type call struct {
	request *http.Request
	body    []byte
	about   about
	dice    dice
	began   time.Time
}

func readCall(r *http.Request) (*call, error) {
	c := &call{request: r, began: time.Now()}
	c.about, _ = r.Context().Value(workKey{}).(about)
	if r.Body == nil {
		return c, nil
	}
	var err error
	if c.body, err = io.ReadAll(r.Body); err == nil {
		err = r.Body.Close()
	}
	return c, err
}

// meet lets a call meet its fault.
func (t transport) meet(c *call, fault string) (*http.Response, error) {
	trace := httptrace.ContextClientTrace(c.request.Context())
	if fault == "refused" {
		if trace != nil && trace.GetConn != nil {
			trace.GetConn(c.request.URL.Host)
		}
		return nil, errRefused
	}
	if trace != nil && trace.GetConn != nil {
		trace.GetConn(c.request.URL.Host)
	}
	if trace != nil && trace.GotConn != nil {
		trace.GotConn(httptrace.GotConnInfo{})
	}
	switch fault {
	case "lost request":
		return nil, errReset
	case "lost reply":
		t.commit(c)
		return nil, errReset
	case "500 before":
		return answer(c, 500, "", ""), nil
	case "500 after", "502 after":
		t.commit(c)
		code, _ := strconv.Atoi(fault[:3])
		return answer(c, code, "", ""), nil
	case "429":
		return answer(c, 429, strconv.Itoa(c.dice.roll(20)), ""), nil
	case "503":
		return answer(c, 503, "", ""), nil
	case "garbage after":
		t.commit(c)
		return answer(c, 200, "", "<html>sign in</html>"), nil
	case "truncated":
		response, err := t.serve(c)
		if err == nil {
			body, _ := io.ReadAll(response.Body)
			response.Body = io.NopCloser(io.MultiReader(bytes.NewReader(body[:len(body)/2]), cut{}))
		}
		return response, err
	case "late":
		return t.late(c)
	case "slow":
		t.wait(c.request.Context(), time.Duration(c.dice.roll(20_000))*time.Millisecond)
	}
	return t.carryOut(c)
}

// commit carries a call out whose reply nobody gets.
func (t transport) commit(c *call) {
	if response, err := t.serve(c); err == nil {
		_ = response.Body.Close()
	}
}

// carryOut carries a call out, as a broken operator would.
func (t transport) carryOut(c *call) (*http.Response, error) {
	b := t.p.breaks
	if b.call != nil {
		return b.call(t, c)
	}
	return t.serve(c)
}

// late carries the call out after the client has given up.
func (t transport) late(c *call) (*http.Response, error) {
	patience := time.Duration(c.dice.roll(60_000))*time.Millisecond + c.dice.latency()
	t.p.done.Go(func() {
		time.Sleep(patience)
		t.commit(c)
		t.p.journal.note("p%d the late %s arrives", t.p.number, c.request.Method)
	})
	t.wait(c.request.Context(), 30*time.Second)
	return nil, errReset
}

func (t transport) wait(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// serve carries the call out, and checks it.
func (t transport) serve(c *call) (*http.Response, error) {
	t.p.judge.checkCall(t.p, c)
	r := c.request.Clone(context.WithoutCancel(c.request.Context()))
	if c.body != nil {
		r.Body = io.NopCloser(bytes.NewReader(c.body))
	}
	response, err := t.p.sim.Transport().RoundTrip(r)
	if err != nil {
		return nil, err
	}
	if t.p.witness != nil {
		response.Body = t.p.witness.hear(response)
	}
	if r.Method == http.MethodPost && response.StatusCode < 300 {
		body, err := io.ReadAll(response.Body)
		if err != nil {
			return nil, err
		}
		response.Body = io.NopCloser(bytes.NewReader(body))
		var made struct {
			ID   string
			Data struct{ ID string } // where the reply is wrapped
		}
		if len(body) == 0 { // nothing is shown of it
			groups := t.p.sim.Account(simulator.DefaultTenant).Groups()
			made.ID = groups[len(groups)-1].ID
		} else if err := json.Unmarshal(body, &made); err != nil {
			return nil, err
		}
		t.p.judge.checkMade(t.p, c, cmp.Or(made.ID, made.Data.ID))
	}
	return response, nil
}

func answer(c *call, status int, retryAfter, body string) *http.Response {
	r := &http.Response{
		StatusCode: status, Status: http.StatusText(status), Header: http.Header{}, Request: c.request,
		Body: io.NopCloser(strings.NewReader(body)), ProtoMajor: 1, ProtoMinor: 1,
	}
	if retryAfter != "" {
		r.Header.Set("Retry-After", retryAfter)
	}
	return r
}

// cut is the end of a reply that breaks off.
type cut struct{}

func (cut) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }
