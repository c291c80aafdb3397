// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package klink

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"time"
)

const (
	readTimeout  = 15 * time.Second
	writeTimeout = 30 * time.Second
)

// Config is what a Client is made of. Printing one leaves out the token.
type Config struct {
	// Endpoint is the API's base URL, without a trailing slash: https://api.klink.cloud/api/v1.
	Endpoint string
	// Token is the bearer token.
	Token string
	// UserAgent is sent with each request.
	UserAgent string
	// Transport carries the requests; nil means NewTransport(). It must be, or wrap, an
	// *http.Transport: what it tells httptrace is evidence for Error.NothingMade.
	Transport http.RoundTripper
	// CABundle are further roots for the endpoint's certificate, in PEM, beside those of the system.
	CABundle []byte
	// ReadOnly refuses every call but GET before anything is sent.
	ReadOnly bool
	// Observe, if set, is called after each HTTP exchange, from the calling goroutine.
	Observe func(Call)
}

// String leaves out the token.
func (c Config) String() string { return "klink.Config{Endpoint: " + c.endpoint() + "}" }

// Format leaves out the token, whatever the verb.
func (c Config) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, c.String()) }

// LogValue leaves out the token.
func (c Config) LogValue() slog.Value { return slog.StringValue(c.String()) }

// MarshalText leaves out the token.
func (c Config) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

func (c Config) endpoint() string {
	if u, err := ParseEndpoint(c.Endpoint); err == nil {
		return newRedactor(c.Token)(u.String())
	}
	return "(invalid)"
}

// Call is one HTTP exchange, for metrics and for Limiter.Done.
type Call struct {
	Method string
	// Code is the HTTP status, 0 without a reply.
	Code     int
	Duration time.Duration
	// Err is the *Error that the call returns, or nil.
	Err error
}

// Client calls one account of the groups API. It is safe for concurrent use.
type Client struct {
	base      Endpoint
	userAgent string
	readOnly  bool
	observe   func(Call)
	transport http.RoundTripper
	reads     *http.Client
	// authorization returns the header's value; like redact, it is a function so that printing a Client cannot show the token.
	authorization func() string
	redact        redactor
	// names are those of people, as listings show them again and again.
	names *names
	// large has a place for the one large reply that is read at a time.
	large chan struct{}
	// mostOfReply is how many bytes of a success are read: maxReply, except in tests.
	mostOfReply int64
}

// New returns a client, or an error that says what is wrong with the endpoint, the token or
// the roots and quotes none of them.
func New(config Config) (*Client, error) {
	base, err := ParseEndpoint(config.Endpoint)
	if err != nil {
		return nil, err
	}
	if err := CheckToken(config.Token); err != nil {
		return nil, err
	}
	transport, err := transportFor(config)
	if err != nil {
		return nil, err
	}
	return &Client{
		base:          base,
		userAgent:     config.UserAgent,
		readOnly:      config.ReadOnly,
		observe:       config.Observe,
		transport:     transport,
		reads:         &http.Client{Transport: transport, CheckRedirect: followBelow(base)},
		authorization: func() string { return "Bearer " + config.Token },
		redact:        newRedactor(config.Token),
		names:         &names{},
		large:         make(chan struct{}, 1),
		mostOfReply:   maxReply,
	}, nil
}

// String names the endpoint alone.
func (c *Client) String() string { return "klink.Client{" + c.redact(c.base.String()) + "}" }

// GoString names the endpoint alone.
func (c *Client) GoString() string { return c.String() }

// LogValue names the endpoint alone.
func (c *Client) LogValue() slog.Value { return slog.StringValue(c.String()) }

// Close drops the idle connections; calls in flight go on.
func (c *Client) Close() { c.reads.CloseIdleConnections() }

// Get reads a group (GET /groups/:id).
func (c *Client) Get(ctx context.Context, id string) (Group, error) {
	return c.one(ctx, request{method: http.MethodGet, id: id, timeout: readTimeout})
}

// Create makes a group (POST /groups). The request is sent once at most, and not at all when
// ctx has ended; a caller that must not lose the reply to a shutdown passes a context that outlives it.
func (c *Client) Create(ctx context.Context, f Fields) (Group, error) {
	return c.one(ctx, request{method: http.MethodPost, fields: &f, timeout: writeTimeout})
}

// Update changes the fields that are set (PUT /groups/:id) and returns the group as the reply shows it.
func (c *Client) Update(ctx context.Context, id string, f Fields) (Group, error) {
	return c.one(ctx, request{method: http.MethodPut, id: id, fields: &f, timeout: writeTimeout})
}

// Delete removes a group for good (DELETE /groups/:id). No error means that the API took the call;
// that the group is gone, a read has to say. One that is not there is an error of KindNotFound;
// whether that is a success is the caller's to say.
func (c *Client) Delete(ctx context.Context, id string) error {
	return c.do(ctx, request{method: http.MethodDelete, id: id, timeout: writeTimeout}, func(body io.Reader, _ http.Header) error {
		return decodeAnswer(body)
	})
}

// Page reads one page of the account (GET /groups).
func (c *Client) Page(ctx context.Context, r PageRequest) (Page, error) {
	page, err := c.page(ctx, r, readPage{})
	return page.Page, err
}

// Probe asks for the shortest list there is, to learn whether the API answers this token.
func (c *Client) Probe(ctx context.Context) error {
	_, err := c.Page(ctx, PageRequest{Limit: 1})
	return err
}

// one makes a call whose reply is a group.
func (c *Client) one(ctx context.Context, r request) (Group, error) {
	var group Group
	err := c.do(ctx, r, func(body io.Reader, _ http.Header) (err error) {
		group, err = decodeGroup(body)
		switch {
		case err != nil || r.id == "" || group.ID == r.id:
		case strings.EqualFold(group.ID, r.id):
			// The groups page itself shows ids that differ in case. Which spelling counts is not
			// for the client to say.
			err = &spellingError{shown: group.ID}
		default:
			// A mixed-up cache or proxy; binding to what it shows would be the worst outcome of all.
			err = fmt.Errorf("the reply shows another group, %q", group.ID)
		}
		return err
	})
	if err != nil {
		return Group{}, err
	}
	return group, nil
}

// spellingError says that a reply shows the id in another case.
type spellingError struct{ shown string }

func (e *spellingError) Error() string { return "the API writes this id " + e.shown }
