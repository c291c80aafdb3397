// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package simulator

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"mime"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// field is an attribute of a request: not sent, null or a value.
type field[T any] struct {
	sent  bool
	value *T // nil is null
}

// change is what a POST or PUT asks for.
type change struct {
	name, description, avatarURL field[string]
	contacts                     field[[]Contact]
	archivedAt                   field[moment]
}

// invalid is what is wrong with the attributes, by name. It is answered with 422.
type invalid map[string]string

func (i invalid) Error() string {
	problems := make([]string, 0, len(i))
	for _, name := range slices.Sorted(maps.Keys(i)) {
		problems = append(problems, name+" "+i[name])
	}
	return strings.Join(problems, "; ")
}

var (
	errMalformed   = errors.New("the body is not a JSON object nor a form")
	errContentType = errors.New("the content type is neither application/json nor application/x-www-form-urlencoded")
)

// parseBody reads a JSON object or a form; no body is no attributes. The errors are errMalformed, errContentType and
// invalid.
func parseBody(contentType string, body []byte) (change, error) {
	if len(body) == 0 && contentType == "" {
		return change{}, nil
	}
	media, _, err := mime.ParseMediaType(contentType)
	if err != nil {
		return change{}, errContentType
	}
	var attributes map[string]json.RawMessage
	switch media {
	case "application/json":
		err = json.Unmarshal(body, &attributes)
	case "application/x-www-form-urlencoded":
		attributes, err = formAttributes(body)
	default:
		return change{}, errContentType
	}
	if err != nil || attributes == nil {
		return change{}, errMalformed
	}
	return parseAttributes(attributes)
}

func parseAttributes(attributes map[string]json.RawMessage) (change, error) {
	var c change
	problems := invalid{}
	parse(attributes, "name", "a string", &c.name, problems)
	parse(attributes, "description", "a string or null", &c.description, problems)
	parse(attributes, "avatar_url", "a string or null", &c.avatarURL, problems)
	parse(attributes, "contacts", "an array of objects with a username, or null", &c.contacts, problems)
	parse(attributes, "archived_at", "Unix seconds, an RFC 3339 time or null", &c.archivedAt, problems)
	if c.contacts.value != nil {
		for _, contact := range *c.contacts.value {
			if strings.TrimSpace(contact.Username) == "" {
				problems["contacts"] = "each contact must have a username"
			}
		}
	}
	if len(problems) > 0 {
		return change{}, problems
	}
	return c, nil
}

func parse[T any](attributes map[string]json.RawMessage, name, form string, into *field[T], problems invalid) {
	text, sent := attributes[name]
	if !sent {
		return
	}
	into.sent = true
	if err := json.Unmarshal(text, &into.value); err != nil {
		problems[name] = "must be " + form
	}
}

// moment is a time in either form: a number of seconds, or a string.
type moment struct{ time.Time }

func (m *moment) UnmarshalJSON(text []byte) error {
	var seconds int64
	if err := json.Unmarshal(text, &seconds); err == nil {
		m.Time = time.Unix(seconds, 0)
		return nil
	}
	var stamp string
	if err := json.Unmarshal(text, &stamp); err != nil {
		return err
	}
	parsed, err := time.Parse(time.RFC3339, stamp)
	m.Time = parsed
	return err
}

// formContact is how forms send a list of objects: contacts[][username]=Hector, or with an index.
var formContact = regexp.MustCompile(`^contacts\[(\d*)\]\[username\]$`)

// formAttributes turns a form into the JSON it stands for. A form has no null and no list, so an empty archived_at
// is null, and an empty contacts is no contacts.
func formAttributes(body []byte) (map[string]json.RawMessage, error) {
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, fmt.Errorf("form: %w", err)
	}
	attributes := map[string]json.RawMessage{}
	contacts := map[int][]Contact{}
	for key, values := range form {
		if match := formContact.FindStringSubmatch(key); match != nil {
			index, _ := strconv.Atoi(match[1]) // an empty or huge index sorts somewhere, which is all it is for
			contacts[index] = append(contacts[index], Contacts(values...)...)
			continue
		}
		if attributes[key], err = formValue(key, values[len(values)-1]); err != nil {
			return nil, err
		}
	}
	if len(contacts) > 0 {
		var all []Contact
		for _, index := range slices.Sorted(maps.Keys(contacts)) {
			all = append(all, contacts[index]...)
		}
		if attributes["contacts"], err = json.Marshal(all); err != nil {
			return nil, err
		}
	}
	return attributes, nil
}

func formValue(key, value string) (json.RawMessage, error) {
	switch {
	case key == "archived_at" && value == "":
		return json.RawMessage("null"), nil
	case key == "archived_at" && isNumber(value):
		return json.RawMessage(value), nil
	case key == "contacts" && value == "":
		return json.RawMessage("[]"), nil
	case key == "contacts" && json.Valid([]byte(value)):
		return bytes.Clone([]byte(value)), nil
	}
	return json.Marshal(value)
}

func isNumber(value string) bool {
	_, err := strconv.ParseInt(value, 10, 64)
	return err == nil
}
