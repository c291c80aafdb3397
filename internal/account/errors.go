// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package account

import (
	"fmt"
	"time"
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

// DownError says that the connection takes no calls, and why. Nothing was sent.
type DownError struct {
	Reason  string
	Message string
}

func (d *DownError) Error() string { return d.Message }
