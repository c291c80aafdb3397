// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package klink

import (
	"encoding/json"
	"errors"
	"math"
	"strconv"
	"strings"
	"time"
)

// decodeTimestamp reads Unix seconds (a number, with or without a fraction, or the same in a
// string), an RFC 3339 string, or null and "", which both are the zero time. Unix second 0 is a time.
// Its error is errNoTimestamp.
func decodeTimestamp(raw json.RawMessage) (time.Time, error) {
	text := strings.TrimSpace(string(raw))
	if text == "null" {
		return time.Time{}, nil
	}
	if strings.HasPrefix(text, `"`) {
		var s string
		if err := json.Unmarshal(raw, &s); err != nil {
			return time.Time{}, errNoTimestamp
		}
		text = strings.TrimSpace(s)
	}
	if text == "" {
		return time.Time{}, nil
	}
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		t, err = parseUnix(text)
	}
	// A time that RFC 3339 cannot write, no status could show: such a reply is as
	// broken as one with a text for a name that is no text.
	if t = t.UTC(); err != nil || t.Year() < 0 || t.Year() > 9999 {
		return time.Time{}, errNoTimestamp
	}
	return t, nil
}

var errNoTimestamp = errors.New("is not a timestamp between the years 0 and 9999")

// furthestUnix is far outside of these years, and near enough for an int64.
const furthestUnix = 1e12

func parseUnix(text string) (time.Time, error) {
	seconds, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsNaN(seconds) || math.Abs(seconds) > furthestUnix {
		return time.Time{}, errNoTimestamp
	}
	whole, fraction := math.Modf(seconds)
	return time.Unix(int64(whole), int64(fraction*1e9)), nil
}
