// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package klink

import (
	"encoding/json"
	"fmt"
	"html"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/klink-cloud/klink-operator/internal/remote"
)

// maxMessage is the length of an error message in runes: it must fit into a condition.
const maxMessage = 300

// maxRetryAfter bounds how long a reply can silence a connection.
const maxRetryAfter = 15 * time.Minute

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
	var o map[string]json.RawMessage
	if json.Unmarshal(body, &o) != nil {
		return withoutMarkup(string(body))
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

// markup matches tags, and what is written for programs between them.
var markup = regexp.MustCompile(`(?is)<(script|style)\b.*?</(script|style)\s*>|<[^>]*>`)

// withoutMarkup leaves the text of a page of HTML.
func withoutMarkup(text string) string {
	if !strings.HasPrefix(strings.TrimSpace(text), "<") {
		return text
	}
	return html.UnescapeString(markup.ReplaceAllString(text, " "))
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

// maxExamined is how much of a text is looked at: more than can be shown of it, few bytes as it is.
const maxExamined = 4 << 10

// tidy makes text fit for a condition. What shows any part of the token is replaced as a whole, before
// the cleaning, which could put its parts together, and before the cut, which could leave one.
func tidy(text string, redact redactor) string {
	text = redact(text[:min(len(text), maxExamined)])
	runes := []rune(strings.Join(strings.Fields(remote.Plain(text)), " "))
	if len(runes) > maxMessage {
		runes = append(runes[:maxMessage-1], '…')
	}
	return string(runes)
}
