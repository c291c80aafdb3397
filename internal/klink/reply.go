// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package klink

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// maxMessage is the length of an error message in runes: it must fit into a condition.
const maxMessage = 300

// maxRetryAfter bounds how long a reply can silence a connection.
const maxRetryAfter = 15 * time.Minute

// kindOf sorts the statuses that are neither a success nor a redirect.
func kindOf(status int) Kind {
	switch {
	case status == http.StatusUnauthorized:
		return KindUnauthorized
	case status == http.StatusForbidden:
		return KindForbidden
	case status == http.StatusNotFound:
		return KindNotFound
	case status == http.StatusTooManyRequests:
		return KindThrottled
	case status == http.StatusRequestTimeout, status >= 500:
		return KindServer // a 408 is the server's impatience, not the caller's mistake
	case status >= 400:
		return KindRejected
	default:
		return KindBadReply
	}
}

// provesNothingMade says whether a status proves that a request changed nothing: the request was
// looked at and turned down. A 408 may come from a gateway while the server goes on; a 409 may
// be the answer to the second copy of a request that a gateway sent twice.
func provesNothingMade(status int) bool {
	return status >= 400 && status < 500 && status != http.StatusRequestTimeout && status != http.StatusConflict
}

// retryAfter reads a Retry-After header: seconds or an HTTP date, cut to 15 minutes.
// The zero time means none, one that has passed, or one that cannot be read.
func retryAfter(value string, now time.Time) time.Time {
	value = strings.TrimSpace(value)
	until := time.Time{}
	if isDigits(value) {
		seconds, err := strconv.Atoi(value)
		if err != nil || seconds > int(maxRetryAfter.Seconds()) {
			seconds = int(maxRetryAfter.Seconds()) // a number too long to read is beyond the bound too
		}
		until = now.Add(time.Duration(seconds) * time.Second)
	} else if date, err := http.ParseTime(value); err == nil {
		until = date
	}
	if !until.After(now) {
		return time.Time{}
	}
	if latest := now.Add(maxRetryAfter); until.After(latest) {
		return latest
	}
	return until
}

func isDigits(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}

// explanation is what an error body says: its message, error and errors where it has them, else
// the body itself. The result is neither cleaned nor cut yet.
func explanation(body []byte) string {
	o, err := decodeObject(body)
	if err != nil {
		return string(body)
	}
	var parts []string
	for _, key := range []string{"message", "error", "errors"} {
		var value any
		if json.Unmarshal(o[key], &value) != nil {
			continue
		}
		if text := flatten(value); text != "" && !slices.Contains(parts, text) {
			parts = append(parts, text)
		}
	}
	if len(parts) == 0 {
		return string(body)
	}
	return strings.Join(parts, ": ")
}

// flatten turns the shapes in which APIs explain themselves into text: a string, a list of
// such, or an object that either has a message or names a field in each key.
func flatten(value any) string {
	switch v := value.(type) {
	case nil, bool:
		return ""
	case []any:
		return join(v)
	case map[string]any:
		if text := flatten(v["message"]); text != "" {
			if field, ok := v["field"].(string); ok && field != "" {
				return field + ": " + text
			}
			return text
		}
		var parts []any
		for _, key := range slices.Sorted(maps.Keys(v)) {
			if text := flatten(v[key]); text != "" {
				parts = append(parts, key+": "+text)
			}
		}
		return join(parts)
	default:
		return fmt.Sprint(v)
	}
}

func join(values []any) string {
	var parts []string
	for _, v := range values {
		if text := flatten(v); text != "" {
			parts = append(parts, text)
		}
	}
	return strings.Join(parts, "; ")
}

// tidy makes text fit for a condition. The token is taken out before the cut, which would leave a
// part of it, and after the cleaning, which could put its parts together.
func tidy(text string, redact redactor) string {
	printable := strings.Map(func(r rune) rune {
		if r == unicode.ReplacementChar || !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, text)
	runes := []rune(redact(strings.Join(strings.Fields(printable), " ")))
	if len(runes) > maxMessage {
		runes = append(runes[:maxMessage-1], '…')
	}
	return string(runes)
}
