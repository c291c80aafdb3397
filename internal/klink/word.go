// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package klink

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxPlain is the length in bytes up to which plain text can be the API's own. What stands
// before an API explains itself at greater length.
const maxPlain = 300

// apiWord says whether a body can be the API's own: JSON, nothing, or a short plain text. HTML
// and XML never are, whatever they are called: ingresses, proxies and login pages answer so.
func apiWord(contentType string, body []byte) bool {
	text := bytes.TrimSpace(body)
	switch {
	case len(text) == 0:
		return true
	case text[0] == '{' || text[0] == '[':
		return json.Valid(text)
	case text[0] == '<', len(text) > maxPlain, isMarkup(contentType):
		return false
	default:
		return utf8.Valid(text) && !bytes.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) && !unicode.IsSpace(r) })
	}
}

// looksMarkedUp says whether a reply that should have been JSON is HTML or XML.
func looksMarkedUp(contentType string, body []byte) bool {
	text := bytes.TrimSpace(body)
	return len(text) > 0 && text[0] != '{' && (text[0] == '<' || isMarkup(contentType))
}

func isMarkup(contentType string) bool {
	contentType = strings.ToLower(contentType)
	return strings.Contains(contentType, "html") || strings.Contains(contentType, "xml")
}

// kindOf sorts the replies that are no success. own says whether the body can be the API's.
// A rate limit, an outage and a refused token are what they are, no matter who says so.
func kindOf(status int, own bool) Kind {
	switch {
	case status == http.StatusUnauthorized:
		return KindUnauthorized
	case status == http.StatusTooManyRequests:
		return KindThrottled
	case status == http.StatusRequestTimeout, status >= 500:
		return KindServer // a 408 is the server's impatience, not the caller's mistake
	case !own, status < 400, isProxys(status):
		return KindIntermediary
	case status == http.StatusForbidden:
		return KindForbidden
	case status == http.StatusNotFound:
		return KindNotFound
	default:
		return KindRejected
	}
}

// isProxys says whether a status is one that an API has no use for, and what stands before it has.
func isProxys(status int) bool {
	switch status {
	case http.StatusProxyAuthRequired, http.StatusMisdirectedRequest, http.StatusTooEarly,
		http.StatusRequestHeaderFieldsTooLarge, http.StatusUnavailableForLegalReasons:
		return true
	}
	return false
}

// provesNothingMade says whether a reply proves that a request changed nothing: it was turned down
// before it reached the API, or the API itself looked at it and refused. A 408 may come from a
// gateway while the server goes on; a 409 may answer the second copy of a request that a gateway
// sent twice; a 303, or a location below the base path, may point at what was made.
func provesNothingMade(status int, own, pointsBelow bool) bool {
	switch status {
	case http.StatusUnauthorized, http.StatusProxyAuthRequired, http.StatusMisdirectedRequest, http.StatusTooEarly,
		http.StatusTooManyRequests, http.StatusRequestHeaderFieldsTooLarge:
		return true
	case http.StatusRequestTimeout, http.StatusConflict, http.StatusUnavailableForLegalReasons, http.StatusSeeOther:
		return false
	}
	if status >= 300 && status < 400 {
		return !pointsBelow
	}
	return status >= 400 && status < 500 && own
}
