// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package account

import (
	"errors"
	"fmt"
	"time"

	"github.com/klink-cloud/klink-operator/internal/klink"
)

// DeferredError says that a call cannot start now, because of the rate, and when it
// can. Nothing was sent.
type DeferredError struct {
	Until time.Time
	// Paused: the API asked for the wait (429), it is not our own ceiling.
	Paused bool
}

func (d *DeferredError) Error() string {
	return fmt.Sprintf("the call waits for its turn until %s", d.Until.Format(time.RFC3339))
}

// Down is why a connection takes no calls.
type Down int

const (
	// Blocked: what configures the account keeps it from working, and says why.
	Blocked Down = iota + 1
	// Unauthorized: the API refuses the token.
	Unauthorized
	// RateLimited: the API answers nothing but 429.
	RateLimited
	// Unavailable: there is no usable answer.
	Unavailable
	// Untrusted: it does not show the groups that its Groups own.
	Untrusted
)

// downFor is what a failed call says of the connection.
func downFor(err error) Down {
	switch klink.KindOf(err) {
	case klink.KindUnauthorized, klink.KindForbidden:
		return Unauthorized
	case klink.KindThrottled:
		return RateLimited
	default:
		return Unavailable
	}
}

// DownError says that the connection takes no calls, and why. Nothing was sent.
type DownError struct {
	Down    Down
	Message string
}

func (d *DownError) Error() string { return d.Message }

// downError adds what a call itself was answered.
type downError struct {
	DownError
	cause error
}

func (d *downError) Unwrap() []error { return []error{&d.DownError, d.cause} }

func isDown(err error) bool {
	_, down := errors.AsType[*DownError](err)
	return down
}
