// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package simulator

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
)

// reply is what the client gets: a response, or none.
type reply struct {
	status int
	header http.Header
	body   []byte
	cut    bool  // break the connection halfway through the body
	broken error // no response at all
}

// The ways of no response at all.
var (
	errReset   = errors.New("connection reset")
	errRefused = errors.New("connection refused")
)

func jsonReply(status int, body any) reply {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(body); err != nil {
		return reply{status: http.StatusInternalServerError}
	}
	return reply{status, http.Header{"Content-Type": {"application/json"}}, text.Bytes(), false, nil}
}

// errorBody is the form of every error. The vendor's pages fix none.
type errorBody struct {
	Status  string              `json:"status"`
	Message string              `json:"message"`
	Errors  map[string][]string `json:"errors,omitempty"`
}

func errorReply(status int, message string) reply {
	return jsonReply(status, errorBody{Status: "error", Message: message})
}

func methodNotAllowed(allowed string) reply {
	r := errorReply(http.StatusMethodNotAllowed, "method not allowed")
	r.header.Set("Allow", allowed)
	return r
}

func requestError(err error) reply {
	var problems invalid
	switch {
	case errors.As(err, &problems):
		body := errorBody{Status: "error", Message: "the given data was invalid", Errors: map[string][]string{}}
		for name, problem := range problems {
			body.Errors[name] = []string{name + " " + problem}
		}
		return jsonReply(http.StatusUnprocessableEntity, body)
	case errors.Is(err, errContentType):
		return errorReply(http.StatusUnsupportedMediaType, err.Error())
	default:
		return errorReply(http.StatusBadRequest, err.Error())
	}
}

func (s *Settings) groupReply(g *Group) reply {
	if s.Envelope == Wrapped {
		return jsonReply(http.StatusOK, map[string]any{"status": "success", "message": "ok", "data": s.wire(g)})
	}
	return jsonReply(http.StatusOK, s.wire(g))
}

// writeReply is the reply to a POST or PUT.
func (s *Settings) writeReply(g *Group) reply {
	if s.WriteReply == WithoutBody {
		return reply{status: http.StatusNoContent, header: http.Header{}}
	}
	return s.groupReply(g)
}

// target says what a path names: the list, a group, or nothing.
func target(u *url.URL) (id string, isList, ok bool) {
	rest, found := strings.CutPrefix(u.EscapedPath(), groupsPath)
	if !found {
		return "", false, false
	}
	if rest == "" {
		return "", true, true
	}
	rest, found = strings.CutPrefix(rest, "/")
	if !found || rest == "" || strings.Contains(rest, "/") {
		return "", false, false
	}
	id, err := url.PathUnescape(rest)
	return id, false, err == nil
}
