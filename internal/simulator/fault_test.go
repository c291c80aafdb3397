// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package simulator_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/klink-cloud/klink-operator/internal/simulator"
)

// each runs a test in process and over sockets: a fault must look the same from both.
func each(t *testing.T, test func(t *testing.T, s *simulator.Server, c *client)) {
	t.Helper()
	t.Run("in process", func(t *testing.T) {
		s := simulator.New(simulator.Options{Seed: 1})
		test(t, s, inProcess(t, s))
	})
	t.Run("over sockets", func(t *testing.T) {
		s, c := overSockets(t, simulator.Options{Seed: 1})
		test(t, s.Server, c)
	})
}

func TestFaults(t *testing.T) {
	tests := []struct {
		fault     simulator.Fault
		status    int // 0: no reply
		broken    error
		committed bool
		within    string
	}{
		{simulator.Fault{}, 200, nil, true, `"name":"x"`},
		{simulator.Fault{Action: simulator.Status, Status: 503, Headers: map[string]string{"Retry-After": "7"}}, 503, nil, false, "service unavailable"},
		{simulator.Fault{Action: simulator.Status, Status: 500, Body: "oops"}, 500, nil, false, "oops"},
		{simulator.Fault{Action: simulator.StatusAfter, Status: 502}, 502, nil, true, "bad gateway"},
		{simulator.Fault{Action: simulator.Reset}, 0, syscall.ECONNRESET, false, ""},
		{simulator.Fault{Action: simulator.ResetAfter}, 0, syscall.ECONNRESET, true, ""},
		{simulator.Fault{Action: simulator.Truncate}, 200, io.ErrUnexpectedEOF, true, `{"id":`},
		{simulator.Fault{Action: simulator.Garbage}, 200, nil, false, "<!DOCTYPE html>"},
		{simulator.Fault{Action: simulator.NoBackend}, 404, nil, false, "default backend"},
		{simulator.Fault{Action: simulator.ProxyAuth}, 407, nil, false, "<html>"},
		{simulator.Fault{Action: simulator.SaysError}, 200, nil, false, `{"status":"error","message":"`},
		{simulator.Fault{Action: simulator.Hang, Delay: time.Millisecond}, 0, syscall.ECONNRESET, false, ""},
		{simulator.Fault{Action: simulator.HangAfter, Delay: time.Millisecond}, 0, syscall.ECONNRESET, true, ""},
		{simulator.Fault{Action: simulator.Redirect, Status: 308, Location: "/api/v1/elsewhere"}, 308, nil, false, ""},
		{simulator.Fault{Action: simulator.Pass, Delay: time.Millisecond}, 200, nil, true, ""},
	}
	for _, tt := range tests {
		t.Run(string(tt.fault.Action), func(t *testing.T) {
			each(t, func(t *testing.T, s *simulator.Server, c *client) {
				c.http.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
				tt.fault.Method, tt.fault.Times = http.MethodPost, 1
				handle := s.AddFault(tt.fault)
				got, err := c.try(http.MethodPost, "/groups", "name=x")
				if !errors.Is(err, tt.broken) || got.status != tt.status || !strings.Contains(got.text, tt.within) {
					t.Errorf("got %d %q, error %v; want %d, error %v", got.status, got.text, err, tt.status, tt.broken)
				}
				if committed := len(s.Groups()) == 1; committed != tt.committed {
					t.Errorf("committed: %v, want %v", committed, tt.committed)
				}
				for name, value := range tt.fault.Headers {
					if got.header.Get(name) != value {
						t.Errorf("header %s is %q, want %q", name, got.header.Get(name), value)
					}
				}
				recorded := s.Requests()[0]
				if recorded.Committed != tt.committed || recorded.Status != tt.status {
					t.Errorf("recorded %+v", recorded)
				}
				c.do(http.StatusOK, http.MethodPost, "/groups", "name=y") // Times is used up
				if handle.Hits() != 1 {
					t.Errorf("%d hits, want 1", handle.Hits())
				}
			})
		})
	}
}

func TestHangUntilTheClientLeaves(t *testing.T) {
	each(t, func(t *testing.T, s *simulator.Server, c *client) {
		s.AddFault(simulator.Fault{Action: simulator.HangAfter})
		ctx, cancel := context.WithCancel(t.Context())
		request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.base+"/groups", strings.NewReader(`{"name":"x"}`))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Authorization", "Bearer "+c.token)
		request.Header.Set("Content-Type", "application/json")
		go func() {
			for len(s.Groups()) == 0 {
				time.Sleep(time.Millisecond)
			}
			cancel()
		}()
		response, err := c.http.Do(request)
		if err == nil {
			_ = response.Body.Close()
		}
		if !errors.Is(err, context.Canceled) {
			t.Errorf("error %v, want canceled", err)
		}
	})
}

// What a rule holds up goes on when the rule ends, and does not wait for its time.
func TestADelayEndsWithItsRule(t *testing.T) {
	for name, end := range map[string]func(*simulator.Server, *simulator.FaultHandle){
		"removed": func(_ *simulator.Server, h *simulator.FaultHandle) { h.Remove() },
		"cleared": func(s *simulator.Server, _ *simulator.FaultHandle) { s.ClearFaults() },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := simulator.New(simulator.Options{})
				c := inProcess(t, s)
				begun := time.Now()
				h := s.AddFault(simulator.Fault{Method: http.MethodPost, Action: simulator.Pass, Delay: time.Hour})
				time.AfterFunc(time.Minute, func() { end(s, h) })
				c.do(http.StatusOK, http.MethodPost, "/groups", "name=x")
				if took := time.Since(begun); took != time.Minute {
					t.Errorf("it took %v", took)
				}
			})
		})
	}
}

// A request can be carried out long after the client has given it up: the case that a settle time exists for.
func TestLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := simulator.New(simulator.Options{})
		c := inProcess(t, s)
		c.http.Timeout = 30 * time.Second
		s.AddFault(simulator.Fault{Method: "POST", Action: simulator.Late, Delay: time.Minute, Times: 1})
		if _, err := c.try(http.MethodPost, "/groups", "name=x"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error %v, want a timeout", err)
		}
		if got := c.list("").names(); got != "" {
			t.Errorf("at the client's deadline: %q", got)
		}
		time.Sleep(31 * time.Second)
		if got := c.list("").names(); got != "x" {
			t.Errorf("later: %q", got)
		}
		s.AddFault(simulator.Fault{Method: "POST", Action: simulator.Late, Delay: time.Hour, Times: 1})
		if _, err := c.try(http.MethodPost, "/groups", "name=before the reset"); err == nil {
			t.Error("a late request was answered")
		}
		s.Reset()
		time.Sleep(2 * time.Hour)
		if len(s.Groups()) != 0 {
			t.Error("a request from before the reset was carried out after it")
		}
		s.AddFault(simulator.Fault{Method: "POST", Action: simulator.Late, Delay: time.Hour})
		if _, err := c.try(http.MethodPost, "/groups", "name=never"); err == nil {
			t.Error("a late request was answered")
		}
		s.Close()
		time.Sleep(2 * time.Hour)
		if len(s.Groups()) != 0 {
			t.Error("a closed server carried a request out")
		}
	})
}

func TestFaultSelection(t *testing.T) {
	tests := []struct {
		name  string
		fault simulator.Fault
		want  string // statuses of: list, list by cursor, POST a, POST b, GET of the seeded group
	}{
		{"all", simulator.Fault{}, "503 503 503 503 503"},
		{"method", simulator.Fault{Method: "POST"}, "200 200 503 503 200"},
		{"path", simulator.Fault{PathRegexp: "/groups$"}, "503 503 503 503 200"},
		{"query", simulator.Fault{QueryRegexp: "starting_after="}, "200 503 200 200 200"},
		{"body", simulator.Fault{BodyRegexp: "name=b"}, "200 200 200 503 200"},
		{"skip and times", simulator.Fault{Skip: 1, Times: 2}, "200 503 503 200 200"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, c, ids := seeded(t, 1, simulator.Settings{})
			tt.fault.Action, tt.fault.Status = simulator.Status, http.StatusServiceUnavailable
			handle := s.AddFault(tt.fault)
			run := func() string {
				var statuses []string
				for _, call := range [][3]string{
					{"GET", "/groups", ""}, {"GET", "/groups?starting_after=" + ids[0], ""},
					{"POST", "/groups", "name=a"}, {"POST", "/groups", "name=b"}, {"GET", "/groups/" + ids[0], ""},
				} {
					a, err := c.try(call[0], call[1], call[2])
					if err != nil {
						t.Fatal(err)
					}
					statuses = append(statuses, http.StatusText(a.status))
				}
				return strings.NewReplacer("OK", "200", "Service Unavailable", "503").Replace(strings.Join(statuses, " "))
			}
			if got := run(); got != tt.want {
				t.Errorf("statuses %s, want %s", got, tt.want)
			}
			handle.Remove()
			if got := run(); got != "200 200 200 200 200" {
				t.Errorf("after its removal: %s", got)
			}
		})
	}
}

func TestFirstRuleDecides(t *testing.T) {
	s, c, _ := seeded(t, 1, simulator.Settings{})
	s.AddFault(simulator.Fault{Action: simulator.Status, Status: 500, Times: 1})
	second := s.AddFault(simulator.Fault{Action: simulator.Status, Status: 502})
	c.do(500, "GET", "/groups", "")
	if second.Hits() != 0 {
		t.Error("a rule was counted that did not act")
	}
	c.do(502, "GET", "/groups", "")
	s.ClearFaults()
	c.do(200, "GET", "/groups", "")
}

func TestHideAndForeign(t *testing.T) {
	s, c, ids := seeded(t, 3, simulator.Settings{Order: simulator.OldestFirst})
	hide := s.AddFault(simulator.Fault{Action: simulator.Hide, IDs: ids[1:2]})
	if got := c.list("").names(); got != "1 3" {
		t.Errorf("hidden: %q", got)
	}
	for _, method := range []string{"GET", "PUT", "DELETE"} {
		c.do(http.StatusNotFound, method, "/groups/"+ids[1], "")
	}
	hide.Remove()
	foreign := s.AddFault(simulator.Fault{Action: simulator.Foreign})
	if got := c.list("").names(); got != "" {
		t.Errorf("foreign: %q", got)
	}
	c.do(http.StatusNotFound, "GET", "/groups/"+ids[0], "")
	c.create("theirs")
	foreign.Remove()
	if got := c.list("").names(); got != "1 2 3" {
		t.Errorf("home again: %q", got)
	}
	if got := s.Account("foreign").Groups(); len(got) != 1 || got[0].Name != "theirs" {
		t.Errorf("the foreign account: %v", got)
	}
	s.AddFault(simulator.Fault{Action: simulator.Hide})
	if got := c.list("").names(); got != "" {
		t.Errorf("all hidden: %q", got)
	}
}

// A client proves that nothing was made by the connection that it never got.
func TestRefuseMakesNoConnection(t *testing.T) {
	s, c, _ := seeded(t, 1, simulator.Settings{})
	s.AddFault(simulator.Fault{Action: simulator.Refuse, Times: 1})
	searches, connections := 0, 0
	ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{
		GetConn: func(string) { searches++ },
		GotConn: func(httptrace.GotConnInfo) { connections++ },
	})
	get := func() error {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, c.base+"/groups", nil)
		if err != nil {
			t.Fatal(err)
		}
		response, err := c.http.Do(request)
		if err == nil {
			err = response.Body.Close()
		}
		return err
	}
	var dial *net.OpError
	if err := get(); !errors.As(err, &dial) || dial.Op != "dial" || searches != 1 || connections != 0 {
		t.Errorf("error %v after %d searches and %d connections", err, searches, connections)
	}
	if err := get(); err != nil || connections != 1 {
		t.Errorf("error %v after %d connections", err, connections)
	}
}

func TestSenselessFaultsPanic(t *testing.T) {
	for _, f := range []simulator.Fault{
		{Action: "Explode"}, {Action: simulator.Status}, {Action: simulator.Redirect}, {Action: simulator.Late},
		{PathRegexp: "("}, {Times: -1},
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%+v was accepted", f)
				}
			}()
			simulator.New(simulator.Options{}).AddFault(f)
		}()
	}
}
