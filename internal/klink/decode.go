// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package klink

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// object is a JSON object by its exact keys. (A struct would also match keys that
// differ in case, and "Id" is not "id".)
type object map[string]json.RawMessage

// decodeGroup reads a reply that holds one group: the bare object of the groups page, or
// the {"status", "message", "data": {…}} around it of the vendor's newer endpoints.
func decodeGroup(body []byte) (Group, error) {
	o, err := decodeObject(body)
	if err != nil {
		return Group{}, err
	}
	failed := o.saysError()
	if _, bare := o["id"]; !bare {
		if inner, err := decodeObject(o["data"]); err == nil {
			o = inner
		}
	}
	g, err := o.group()
	if err != nil && failed {
		return Group{}, errSaysError // but one that shows a group has made or found it, whatever else it says
	}
	if err != nil {
		return Group{}, err
	}
	// An odd one among the groups of a listing does no harm: nothing is asked for it.
	if err := checkID(g.ID); err != nil {
		return Group{}, fmt.Errorf("the reply is not to be used: %w", err)
	}
	return g, nil
}

// decodePage reads a list reply in any of the envelopes: has_more + data, total + lastPage + data,
// or either of them inside the data of a {"status", "message", "data": {…}}.
func decodePage(body []byte) (Page, error) {
	o, err := decodeObject(body)
	if err != nil {
		return Page{}, err
	}
	if o.saysError() {
		return Page{}, errSaysError
	}
	if inner, err := decodeObject(o["data"]); err == nil {
		o = inner
	}
	var items []json.RawMessage
	if err := json.Unmarshal(o["data"], &items); err != nil || items == nil {
		return Page{}, errors.New("the reply has no list in data")
	}
	p := Page{Groups: make([]Group, 0, len(items))}
	for i, item := range items {
		g, err := decodeItem(item)
		if err != nil {
			return Page{}, fmt.Errorf("data[%d]: %w", i, err)
		}
		p.Groups = append(p.Groups, g)
	}
	return p, errors.Join(
		o.optional("has_more", &p.HasMore),
		o.optional("total", &p.Total),
		o.optional("lastPage", &p.LastPage),
		o.optional("page", &p.Number),
		o.optional("pageSize", &p.Size),
	)
}

// errSaysError means that a 2xx says of itself that it is none.
var errSaysError = errors.New("the reply says that the call failed")

// saysError finds the "status": "error" of the vendor's newer envelope.
func (o object) saysError() bool {
	var status string
	_ = json.Unmarshal(o["status"], &status)
	return slices.Contains([]string{"error", "fail", "failed", "failure"}, strings.ToLower(status))
}

// answered reads the reply to a call that shows nothing, a deletion.
func answered(body []byte) error {
	if !apiWord("", body) {
		return errors.New("the reply is neither JSON nor empty")
	}
	if o, err := decodeObject(body); err == nil && o.saysError() {
		return errSaysError
	}
	return nil
}

func decodeItem(raw json.RawMessage) (Group, error) {
	o, err := decodeObject(raw)
	if err != nil {
		return Group{}, err
	}
	return o.group()
}

func decodeObject(raw []byte) (object, error) {
	if len(bytes.TrimSpace(raw)) == 0 {
		return nil, errors.New("the reply is empty")
	}
	var o object
	if err := json.Unmarshal(raw, &o); err != nil || o == nil {
		return nil, errors.New("the reply is not a JSON object")
	}
	return o, nil
}

func (o object) group() (Group, error) {
	g := Group{Contacts: []string{}}
	if err := errors.Join(
		o.optional("id", &g.ID),
		o.optional("name", &g.Name),
		o.optional("description", &g.Description),
		o.optional("avatar_url", &g.AvatarURL),
		o.optional("conversation_id", &g.ConversationID),
		o.contacts(&g.Contacts),
		o.timestamp("created_at", &g.CreatedAt),
		o.timestamp("archived_at", &g.ArchivedAt),
	); err != nil {
		return Group{}, err
	}
	if g.ID == "" {
		return Group{}, errors.New("the reply shows no group id")
	}
	return g, nil
}

// optional decodes a key; null and an absent key leave target alone.
func (o object) optional(key string, target any) error {
	raw, ok := o[key]
	if !ok {
		return nil
	}
	if err := json.Unmarshal(raw, target); err != nil {
		return fmt.Errorf("%s has an unexpected type", key)
	}
	return nil
}

// contacts leaves out members that show no username: there is no way to declare such a
// member, so it is neither kept nor missed.
func (o object) contacts(target *[]string) error {
	var list []member
	if err := o.optional("contacts", &list); err != nil {
		return err
	}
	for _, m := range list {
		if m.Username != "" {
			*target = append(*target, m.Username)
		}
	}
	return nil
}

func (o object) timestamp(key string, target *time.Time) error {
	raw, ok := o[key]
	if !ok {
		return nil
	}
	t, err := decodeTimestamp(raw)
	if err != nil {
		return fmt.Errorf("%s: %w", key, err)
	}
	*target = t
	return nil
}

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

var errNoTimestamp = errors.New("not a timestamp between the years 0 and 9999")

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
