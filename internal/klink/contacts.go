// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package klink

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/klink-cloud/klink-operator/internal/remote"
)

// contacts leaves out members that show no username: there is no way to declare such a member, so
// it is neither kept nor missed. One with a username that is no text could be anybody.
func (s *scanner) contacts(into *item) error {
	into.Contacts, into.members, into.memberBytes = []string{}, 0, 0
	opened, err := s.open()
	if err != nil {
		return errNotJSON
	}
	var odd error
	if opened != '[' && opened != null {
		odd = errOddType
	}
	if opened != '[' {
		into.settle("contacts", remote.FieldContacts, odd)
		return s.skipRest(opened)
	}
	err = s.items(func() error {
		if odd != nil {
			return s.skip()
		}
		raw, err := s.value()
		if err != nil {
			return err
		}
		into.members++
		var name string
		var unreadable error
		if plain, ok := plainMember(raw); ok {
			name = s.names.of(plain)
		} else {
			name, unreadable = username(raw)
		}
		into.memberBytes += len(name)
		switch {
		case unreadable != nil:
			odd = unreadable
		case into.memberBytes > maxMemberBytes:
			odd = fmt.Errorf("has members whose names take more than %d bytes", maxMemberBytes)
		case into.members > maxMembers:
			odd = fmt.Errorf("has more than %d members", maxMembers)
		case name != "":
			into.Contacts = append(into.Contacts, name)
		}
		return nil
	})
	if odd != nil {
		into.Contacts = []string{}
	}
	into.settle("contacts", remote.FieldContacts, odd)
	return err
}

// username reads a member: "" for one that shows none.
func username(raw json.RawMessage) (string, error) {
	var m *struct {
		Username json.RawMessage `json:"username"`
	}
	if json.Unmarshal(raw, &m) != nil {
		return "", errors.New("has a member of an unexpected type")
	}
	if m == nil || m.Username == nil {
		return "", nil
	}
	var name string
	if json.Unmarshal(m.Username, &name) != nil {
		return "", errors.New("has a username of an unexpected type")
	}
	return name, nil
}

// hint looks in a key that nobody needs for a word about the number of members.
func (i *item) hint(key string, raw json.RawMessage) {
	key = strings.ToLower(key)
	if !strings.Contains(key, "contact") && !strings.Contains(key, "member") {
		return
	}
	if n, err := strconv.Atoi(string(raw)); err == nil {
		i.counted = max(i.counted, n)
	}
	if string(raw) == "true" && (strings.Contains(key, "more") || strings.Contains(key, "truncated") || strings.Contains(key, "partial")) {
		i.more = true
	}
}
