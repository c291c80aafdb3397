// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package klink

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"syscall"
	"time"
)

// Kind says what a failed call means for its caller.
type Kind int

const (
	// KindRejected is the API's own 4xx that has no kind of its own, or a call that was refused
	// here because no request can express it: the same call would be refused again.
	KindRejected Kind = iota + 1
	// KindNotFound is the API's own 404. A 404 of what stands before the API is a
	// KindIntermediary; Missing finds both.
	KindNotFound
	// KindUnauthorized is a 401, whatever its body.
	KindUnauthorized
	// KindForbidden is the API's own 403.
	KindForbidden
	// KindThrottled is a 429, whatever its body.
	KindThrottled
	// KindServer is a 5xx, or a 408; Until is set where the reply has a Retry-After.
	KindServer
	// KindNetwork means that no reply came: dialling, TLS, a reset, a timeout, a cancelled context.
	KindNetwork
	// KindBadReply is a 2xx without a usable body: empty, not the JSON expected, truncated, too
	// large. Of a write it settles nothing: whether it was carried out, a read has to tell.
	KindBadReply
	// KindIntermediary is a reply of what stands before the API, an ingress, a proxy, a login page
	// or a cache: HTML of any status, a 3xx that was not followed, 407, 421, 425, 431, 451, a
	// reply that says "status": "error" under a 2xx. It decides nothing about any group.
	KindIntermediary
	// KindReadOnly means that Config.ReadOnly kept the call from being sent.
	KindReadOnly
	// KindSpelling is a 2xx that shows the id in another case than it was asked for: Spelled.
	KindSpelling
)

// Error is what every failed call returns.
type Error struct {
	Kind Kind
	// Method and Path are those of the request; Path starts behind the endpoint.
	Method, Path string
	// Status is the HTTP status, 0 without a reply.
	Status int
	// Message is what the API said, or what went wrong here: one line, bounded, without the token.
	Message string
	// Spelled is the id as the API writes it, with KindSpelling.
	Spelled string
	// Until is when the reply's Retry-After ends, at most 15 minutes ahead; zero if it has none.
	Until time.Time
	// NothingMade is proof that the call changed nothing remotely.
	NothingMade bool
	// Cached means that the reply has an Age: it came out of a cache, and proves no absence.
	Cached bool
	// Err is the cause, if there is one beside the reply; its text is without the token too.
	Err error

	host, hostname string // of the endpoint, which Discreet leaves out
}

// Error says what was asked and what came of it, fit for a condition's message.
func (e *Error) Error() string {
	text := e.Method + " " + e.Path + ": "
	if e.Status != 0 {
		text += strings.TrimSpace(fmt.Sprintf("%d %s", e.Status, http.StatusText(e.Status)))
		if e.Message == "" {
			return text
		}
		text += ": "
	}
	return text + e.Message
}

// Discreet says the same to people who may not know where the API is: it names neither the
// endpoint's host nor an address, nor where a redirect leads.
func (e *Error) Discreet() string {
	told := *e
	switch {
	case e.Kind == KindNetwork:
		told.Message = "no reply came"
	case e.Status >= 300 && e.Status < 400:
		told.Message = "redirected, which is not followed"
	}
	text := told.Error()
	for _, place := range []string{e.host, e.hostname} {
		if place != "" {
			text = strings.ReplaceAll(text, place, "(the API)")
		}
	}
	return text
}

// Unwrap returns the cause, so that errors.Is finds a cancelled or expired context.
func (e *Error) Unwrap() error { return e.Err }

// AsError finds the Error in err's chain.
func AsError(err error) (*Error, bool) {
	var e *Error
	ok := errors.As(err, &e)
	return e, ok
}

// KindOf returns the kind of the Error in err's chain, 0 if there is none.
func KindOf(err error) Kind {
	if e, ok := AsError(err); ok {
		return e.Kind
	}
	return 0
}

// NothingMade says whether err proves that its call changed nothing remotely.
func NothingMade(err error) bool {
	e, ok := AsError(err)
	return ok && e.NothingMade
}

// Missing says whether err is a 404, with any body. Not one out of a cache: that is as old as the
// cache pleases. A 404 is a hint, and proves an absence only together with a listing.
func Missing(err error) bool {
	e, ok := AsError(err)
	return ok && e.Status == http.StatusNotFound && !e.Cached
}

// cause stands for an error whose own fields are not to be printed: it keeps the redacted text,
// and what callers ask errors.Is for.
type cause struct {
	text string
	is   error
}

func newCause(err error, redact redactor) error {
	c := cause{text: tidy(err.Error(), redact)}
	var errno syscall.Errno
	switch {
	case errors.Is(err, context.Canceled):
		c.is = context.Canceled
	case errors.Is(err, context.DeadlineExceeded):
		c.is = context.DeadlineExceeded
	case errors.Is(err, errTooLarge):
		c.is = errTooLarge
	case errors.As(err, &errno):
		c.is = errno
	}
	return c
}

func (c cause) Error() string { return c.text }

func (c cause) Unwrap() error { return c.is }
