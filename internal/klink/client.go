// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package klink

import (
	"context"
	"errors"
	"net/http"
	"time"
)

// Config is what a Client is made of.
type Config struct {
	// Endpoint is the API's base URL, without a trailing slash: https://api.klink.cloud/api/v1.
	Endpoint string
	// Token is the bearer token. It is left out when a Config is printed.
	Token string
	// UserAgent is sent with each request.
	UserAgent string
	// Transport carries the requests; nil means NewTransport(). It must be, or wrap, an *http.Transport.
	Transport http.RoundTripper
	// ReadOnly refuses every call but GET before anything is sent.
	ReadOnly bool
	// Observe, if set, is called after each HTTP exchange.
	Observe func(Call)
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
type Client struct{}

var errTODO = errors.New("not written yet")

// New returns a client, or an error that says what is wrong with the endpoint or the token.
func New(Config) (*Client, error) { return nil, errTODO }

// NewTransport returns the transport of a Client: HTTP/2 where offered, bounded waits, the proxies of the environment.
func NewTransport() *http.Transport { return &http.Transport{} }

// Close drops the idle connections.
func (c *Client) Close() {}

// Get reads a group (GET /groups/:id).
func (c *Client) Get(ctx context.Context, id string) (Group, error) { return Group{}, errTODO }

// Create makes a group (POST /groups). The request is sent once at most.
func (c *Client) Create(ctx context.Context, f Fields) (Group, error) { return Group{}, errTODO }

// Update changes the fields that are set (PUT /groups/:id) and returns the group as it is then.
func (c *Client) Update(ctx context.Context, id string, f Fields) (Group, error) {
	return Group{}, errTODO
}

// Delete removes a group for good (DELETE /groups/:id). A group that is not there is a KindNotFound error.
func (c *Client) Delete(ctx context.Context, id string) error { return errTODO }

// Page reads one page of the account (GET /groups).
func (c *Client) Page(ctx context.Context, r PageRequest) (Page, error) { return Page{}, errTODO }

// Probe asks for the shortest list there is, to learn whether the API answers this token.
func (c *Client) Probe(ctx context.Context) error { return errTODO }
