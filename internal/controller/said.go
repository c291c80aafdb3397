// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package controller

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
)

// said is the status that this process wrote last. Where the same is to be written again,
// somebody has written over it: often a manager that has just lost the lease, and that
// remembers other failures and listings than this one. Each would answer the other's write
// with its own, for as long as both live.
type said struct {
	digest [sha256.Size]byte
	at     time.Time
	// again is how many times in a row the same was written again.
	again int
}

// longestSilence bounds how long a status that somebody keeps writing over is left to them.
const longestSilence = time.Minute

// wait is how long it takes until this status may be written.
func (s *said) wait(digest [sha256.Size]byte, now time.Time) time.Duration {
	if digest != s.digest || s.over(now) {
		return 0
	}
	return max(0, s.at.Add(doubled(firstRetry, longestSilence, s.again)).Sub(now))
}

// over: nobody has written over what was said for a while.
func (s *said) over(now time.Time) bool { return now.Sub(s.at) > mostRetry }

// wrote notes that a status was written.
func (s *said) wrote(digest [sha256.Size]byte, now time.Time) {
	if digest != s.digest || s.over(now) {
		*s = said{digest: digest, at: now}
		return
	}
	s.again, s.at = s.again+1, now
}

// digestOf condenses what a status says. When a condition came to be what it is says nothing
// new.
func digestOf(status *v1alpha1.GroupStatus) ([sha256.Size]byte, error) {
	told := status.DeepCopy()
	for i := range told.Conditions {
		told.Conditions[i].LastTransitionTime = metav1.Time{}
	}
	encoded, err := json.Marshal(told)
	if err != nil {
		return [sha256.Size]byte{}, fmt.Errorf("encoding a status: %w", err)
	}
	return sha256.Sum256(encoded), nil
}
