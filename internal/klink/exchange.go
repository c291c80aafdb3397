// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package klink

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/klink-cloud/klink-operator/internal/remote"
)

const (
	maxReply     = 16 << 20 // of a success: a page of 100 groups with 1,000s of members each
	maxErrorBody = 64 << 10
)

// request is one call before it is sent.
type request struct {
	method  string
	id      string // of the group, for calls about one
	query   url.Values
	fields  *Fields
	timeout time.Duration
}

// path is the escaped path behind the endpoint.
func (r request) path() string {
	if r.method == http.MethodPost || r.query != nil {
		return "/groups"
	}
	return "/groups/" + url.PathEscape(r.id)
}

// check refuses an id that could lead elsewhere than to a group.
func (r request) check() error {
	if r.path() == "/groups" {
		return nil
	}
	return checkID(r.id)
}

// maxID is the length of a group's id in bytes, as for spec.groupID.
const maxID = 253

// checkID refuses what is no one segment of a path to every server on the way. Escapes do not
// help: some proxies resolve %2E%2E like "..", and %2F like "/", and those who may name an id must
// not reach with the token of the connection what is beside the groups.
func checkID(id string) error {
	switch {
	case id == "":
		return errors.New("the group id is empty")
	case len(id) > maxID:
		return errors.New("the group id is too long")
	case id == ".", id == "..", strings.ContainsAny(id, `/\%?#;`), strings.ContainsFunc(id, outOfPlace):
		return errors.New("the group id cannot be part of a path")
	}
	return nil
}

func outOfPlace(r rune) bool { return r == ' ' || !remote.IsPlain(r) }

// onlyReader hides the type of a reader from http.NewRequest, which would else set GetBody,
// with which net/http sends a request again on its own.
type onlyReader struct{ io.Reader }

// do makes one exchange and hands the body of a 2xx to decode. Every error is an *Error.
func (c *Client) do(ctx context.Context, r request, decode func(io.Reader, http.Header) error) error {
	failed := func(kind Kind, err error) error {
		return &Error{
			Kind: kind, Method: r.method, Path: c.redact(r.path()), Message: tidy(err.Error(), c.redact), NothingMade: true, Err: newCause(err, c.redact),
			host: c.base.url.Host, hostname: c.base.url.Hostname(),
		}
	}
	if c.readOnly && r.method != http.MethodGet {
		return failed(KindReadOnly, errors.New("refused: nothing is written in a dry run"))
	}
	if err := r.check(); err != nil {
		return failed(KindRejected, err)
	}
	if err := ctx.Err(); err != nil {
		return failed(KindNetwork, err)
	}
	ctx, cancel := context.WithTimeout(ctx, r.timeout)
	defer cancel()
	connection := &connectionTrace{}
	req, err := c.build(httptrace.WithClientTrace(ctx, connection.hooks()), r)
	if err != nil {
		return failed(KindRejected, err)
	}

	begun := time.Now()
	status, failure := c.exchange(req, decode)
	if failure == nil {
		c.report(Call{Method: r.method, Code: status, Duration: time.Since(begun)})
		return nil
	}
	failure.Method, failure.Path, failure.Status = r.method, c.redact(r.path()), status
	failure.NothingMade = failure.NothingMade || connection.neverHad()
	failure.host, failure.hostname = c.base.url.Host, c.base.url.Hostname()
	c.report(Call{Method: r.method, Code: status, Duration: time.Since(begun), Err: failure})
	return failure
}

func (c *Client) report(call Call) {
	if c.observe != nil {
		c.observe(call)
	}
}

func (c *Client) build(ctx context.Context, r request) (*http.Request, error) {
	var body io.Reader
	length := 0
	if r.fields != nil {
		content, err := encode(*r.fields)
		if err != nil {
			return nil, err
		}
		body, length = onlyReader{bytes.NewReader(content)}, len(content)
	}
	req, err := http.NewRequestWithContext(ctx, r.method, c.base.String()+r.path(), body)
	if err != nil {
		return nil, err
	}
	req.URL.RawQuery = r.query.Encode()
	req.ContentLength = int64(length)
	req.Header.Set("Authorization", c.authorization())
	req.Header.Set("Accept", "application/json")
	req.Header.Set("Cache-Control", "no-cache")
	req.Header.Set("User-Agent", c.userAgent)
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	return req, nil
}

// exchange sends the request and reads the reply. The status is 0 if none came.
func (c *Client) exchange(req *http.Request, decode func(io.Reader, http.Header) error) (status int, failure *Error) {
	reply, err := c.send(req)
	if err != nil {
		return 0, c.failure(KindNetwork, err)
	}
	defer func() { _ = reply.Body.Close() }() // what matters of it has been read by then
	status = reply.StatusCode
	if status < 200 || status >= 300 {
		return status, c.refused(reply)
	}
	head, _ := heads.Get().(*[maxErrorBody]byte)
	body := &content{from: reply.Body, limit: c.mostOfReply, head: head[:0], turn: c.large, given: req.Context().Done()}
	defer body.close()
	err = decode(body, reply.Header)
	if body.broken != nil {
		return status, c.failure(readFailure(body.broken), body.broken)
	}
	if err == nil {
		return status, nil
	}
	f := c.failure(KindBadReply, err)
	f.Cached = isCached(reply.Header)
	if errors.Is(err, errTooLarge) {
		return status, f
	}
	quoted := body.beginning()
	if errors.Is(err, errSaysError) || looksMarkedUp(reply.Header.Get("Content-Type"), quoted) {
		f.Kind = KindIntermediary
	}
	if spelling, ok := errors.AsType[*spellingError](err); ok {
		f.Kind, f.Spelled = KindSpelling, spelling.shown
		return status, f
	}
	if text := explanation(quoted); text != "" {
		f.Message = tidy(err.Error()+": "+text, c.redact)
	}
	return status, f
}

// send lets net/http follow redirects for reads alone: a write goes straight to the transport.
func (c *Client) send(req *http.Request) (*http.Response, error) {
	if req.Method != http.MethodGet {
		return c.transport.RoundTrip(req)
	}
	reply, err := c.reads.Do(req)
	var wrapper *url.Error
	if errors.As(err, &wrapper) {
		err = wrapper.Err // the method and path are said by Error already
	}
	return reply, err
}

func (c *Client) failure(kind Kind, err error) *Error {
	text := err.Error()
	if errors.Is(err, context.DeadlineExceeded) {
		text = "no reply in time: " + text
	}
	return &Error{Kind: kind, Message: tidy(text, c.redact), Err: newCause(err, c.redact)}
}

// refused reads a reply that is no success.
func (c *Client) refused(reply *http.Response) *Error {
	status := reply.StatusCode
	body, err := io.ReadAll(&content{from: reply.Body, limit: maxErrorBody})
	cached := isCached(reply.Header)
	own := err == nil && !cached && apiWord(reply.Header.Get("Content-Type"), body)
	f := &Error{
		Kind: kindOf(status, own), Cached: cached, NothingMade: provesNothingMade(status, own, c.pointsBelow(reply)),
		Until: retryAfter(reply.Header.Get("Retry-After"), time.Now()),
	}
	var text string
	switch {
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		// Never quoted: this is where an API repeats what it was sent.
	case status < 200:
		text = "the server changed the protocol"
	case status < 400:
		text = redirection(reply)
	case err != nil:
		text = err.Error()
	default:
		text = explanation(body)
	}
	switch {
	case cached && status == http.StatusNotFound:
		text = "out of a cache (the reply has an Age), which proves nothing; what stands before the API has to obey Cache-Control: no-cache"
	case f.Kind == KindIntermediary:
		text = strings.TrimSuffix("not the API answered, but something before it: "+text, ": ")
	}
	f.Message = tidy(text, c.redact)
	return f
}

// isCached says whether a reply came out of a cache.
func isCached(reply http.Header) bool { return reply.Get("Age") != "" }

// redirection names the host alone: the rest of a location may hold anything.
func redirection(reply *http.Response) string {
	to, err := reply.Location()
	if err != nil {
		return "redirected, but not to a place that can be read"
	}
	return "redirected to " + to.Host + ", which is not followed"
}

// pointsBelow says whether a reply has a location that may lie below the endpoint, on whichever host.
func (c *Client) pointsBelow(reply *http.Response) bool {
	to, err := reply.Location()
	if err != nil {
		return !errors.Is(err, http.ErrNoLocation)
	}
	return c.base.mayHold(to)
}

// readFailure tells a reply that takes too long, which is the network's, from one that is broken.
func readFailure(err error) Kind {
	var timeout interface{ Timeout() bool }
	if errors.Is(err, context.Canceled) || errors.As(err, &timeout) && timeout.Timeout() {
		return KindNetwork
	}
	return KindBadReply
}

// connectionTrace watches whether a request ever had a connection to be written to.
type connectionTrace struct{ asked, got atomic.Bool }

func (t *connectionTrace) hooks() *httptrace.ClientTrace {
	return &httptrace.ClientTrace{
		GetConn: func(string) { t.asked.Store(true) },
		GotConn: func(httptrace.GotConnInfo) { t.got.Store(true) },
	}
}

// neverHad wants to have seen the search for a connection too: a transport that tells
// httptrace nothing proves nothing.
func (t *connectionTrace) neverHad() bool { return t.asked.Load() && !t.got.Load() }
