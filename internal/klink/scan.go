// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package klink

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"
)

var (
	errTooLarge = errors.New("the reply is too large")
	errNotJSON  = errors.New("the reply is not a JSON object")
	errEmpty    = errors.New("the reply is empty")
	errOddType  = errors.New("has an unexpected type")
)

// content is a body as it is read: bounded, with its beginning kept for a message.
type content struct {
	from  io.Reader
	limit int64
	size  int64
	head  []byte
	// broken is why it could not be read to its end.
	broken error
	// turn is waited for before more than largeReply bytes are read, unless it is nil, until given
	// ends. held means that it was taken.
	turn  chan struct{}
	given <-chan struct{}
	held  bool
}

// largeReply is as much of a reply as may be read beside others, in bytes. A text of 16 MiB
// takes four times as much while it is read, and as many are asked for at a time as there
// are workers.
const largeReply = 512 << 10

// await waits until a reply that has turned out to be large may be read on.
func (c *content) await() error {
	if c.turn == nil || c.held || c.size < largeReply {
		return nil
	}
	select {
	case c.turn <- struct{}{}:
		c.held = true
		return nil
	case <-c.given:
		return context.DeadlineExceeded
	}
}

// heads are what the beginning of a body is kept in.
var heads = sync.Pool{New: func() any { return new([maxErrorBody]byte) }}

// close lets the next large reply be read. The beginning is no longer good.
func (c *content) close() {
	if room := cap(c.head); room == maxErrorBody {
		heads.Put((*[maxErrorBody]byte)(c.head[:room]))
	}
	c.head = nil
	if c.held {
		c.held = false
		<-c.turn
	}
}

func (c *content) Read(p []byte) (int, error) {
	if c.broken != nil {
		return 0, c.broken
	}
	if err := c.await(); err != nil {
		c.broken = fmt.Errorf("the reply broke off: %w", err)
		return 0, c.broken
	}
	n, err := c.from.Read(p)
	c.size += int64(n)
	c.head = append(c.head, p[:min(n, maxErrorBody-len(c.head))]...)
	switch {
	case c.size > c.limit:
		c.broken = fmt.Errorf("%w: more than %d KiB", errTooLarge, c.limit>>10)
	case err != nil && err != io.EOF:
		c.broken = fmt.Errorf("the reply broke off: %w", err)
	default:
		return n, err
	}
	return 0, c.broken
}

// beginning returns the first bytes, also of a body that has not been read so far.
func (c *content) beginning() []byte {
	_, _ = io.CopyN(io.Discard, c, maxErrorBody-int64(len(c.head))) // what fails, fails for the next reader too
	return c.head
}

// scanner reads JSON value by value. What is not kept is thrown away as it goes by, so that a
// reply costs what is kept of it, whatever it unpacks to.
type scanner struct {
	json   *json.Decoder
	buffer json.RawMessage
	names  *names // nil keeps none
}

// null is what open finds in the place of a value that is there and empty.
const null = json.Delim('0')

func newScanner(body io.Reader) *scanner {
	decoder := json.NewDecoder(body)
	decoder.UseNumber()
	return &scanner{json: decoder}
}

// document reads a body that is one object.
func (s *scanner) document(field func(key string) error) error {
	opened, err := s.open()
	switch {
	case errors.Is(err, io.EOF):
		return errEmpty
	case err != nil || opened != '{':
		return errNotJSON
	}
	if err := s.fields(field); err != nil {
		return err
	}
	if _, err := s.json.Token(); !errors.Is(err, io.EOF) {
		return errNotJSON
	}
	return nil
}

// open reads the beginning of a value: '{' or '[', after which fields or items has to follow, null,
// or 0 for any other, which is thrown away.
func (s *scanner) open() (json.Delim, error) {
	token, err := s.json.Token()
	if err != nil {
		return 0, err
	}
	if token == nil {
		return null, nil
	}
	opened, _ := token.(json.Delim)
	return opened, nil
}

// fields reads the rest of an object. field has to read the value of the key.
func (s *scanner) fields(field func(key string) error) error {
	for s.json.More() {
		token, err := s.json.Token()
		if err != nil {
			return errNotJSON
		}
		key, _ := token.(string)
		if err := field(key); err != nil {
			return err
		}
	}
	return s.closed()
}

// items reads the rest of a list. item has to read one value.
func (s *scanner) items(item func() error) error {
	for s.json.More() {
		if err := item(); err != nil {
			return err
		}
	}
	return s.closed()
}

func (s *scanner) closed() error {
	if _, err := s.json.Token(); err != nil {
		return errNotJSON
	}
	return nil
}

// value reads a value as it is written. It is good until the next call.
func (s *scanner) value() (json.RawMessage, error) {
	if err := s.json.Decode(&s.buffer); err != nil {
		return nil, errNotJSON
	}
	return s.buffer, nil
}

func (s *scanner) skip() error {
	_, err := s.value()
	return err
}

// skipRest throws away the rest of a value that was opened.
func (s *scanner) skipRest(opened json.Delim) error {
	switch opened {
	case '{':
		return s.fields(func(string) error { return s.skip() })
	case '[':
		return s.items(s.skip)
	}
	return nil
}
