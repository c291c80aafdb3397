// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package klink

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/klink-cloud/klink-operator/internal/remote"
)

const (
	// maxMembers of one group are kept, four times as many as can be declared.
	maxMembers = 20_000
	// maxMemberBytes is what the names of the members of one group may take: three times as much as
	// fits into an object of Kubernetes.
	maxMemberBytes = 4 << 20
	// maxLabel is the length in bytes of a name or conversation id.
	maxLabel = 4 << 10
	// maxText is as much as is kept of a description, in bytes, and maxAddress of an avatar's URL:
	// more than can be declared, so that what is cut differs from all that is.
	maxText    = 64<<10 + 1
	maxAddress = 8<<10 + 1
	// maxOdd is of how many things of one group a message tells that they could not be read.
	maxOdd = 8
)

// decodeGroup reads a reply that holds one group: the bare object of the groups page, or
// the {"status", "message", "data": {…}} around it of the vendor's newer endpoints.
// Keys are compared exactly: "Id" is not "id".
func decodeGroup(body io.Reader) (Group, error) {
	s := newScanner(body)
	outer, inner := newItem(), newItem()
	failed := false
	err := s.document(func(key string) error {
		switch key {
		case "status":
			return s.status(&failed)
		case "data":
			opened, err := s.open()
			if err != nil {
				return errNotJSON
			}
			if opened == '{' {
				inner = newItem()
				return s.fields(func(key string) error { return s.groupField(key, inner) })
			}
			return s.skipRest(opened)
		default:
			return s.groupField(key, outer)
		}
	})
	shown := outer
	if shown.ID == "" {
		shown = inner
	}
	switch {
	case err != nil:
		return Group{}, err
	case shown.ID == "" && failed:
		return Group{}, errSaysError // but one that shows a group has made or found it, whatever else it says
	case shown.ID == "":
		return Group{}, errors.New("the reply shows no group id")
	}
	// An odd one among the groups of a listing does no harm: nothing is asked for it.
	if err := checkID(shown.ID); err != nil {
		return Group{}, fmt.Errorf("the reply is not to be used: %w", err)
	}
	return shown.group(), nil
}

// errSaysError means that a 2xx says of itself that it is none.
var errSaysError = errors.New("the reply says that the call failed")

// status reads the "status" of the vendor's newer envelope.
func (s *scanner) status(failed *bool) error {
	raw, err := s.value()
	if err != nil {
		return err
	}
	var status string
	_ = json.Unmarshal(raw, &status) // another type is another status
	*failed = slices.Contains([]string{"error", "fail", "failed", "failure"}, strings.ToLower(status))
	return nil
}

// decodeAnswer reads the reply to a call that shows nothing, a deletion.
func decodeAnswer(body io.Reader) error {
	text, err := io.ReadAll(io.LimitReader(body, maxErrorBody))
	if err != nil {
		return err
	}
	if !apiWord("", text) {
		return errors.New("the reply is neither JSON nor empty")
	}
	failed := false
	s := newScanner(strings.NewReader(string(text)))
	_ = s.document(func(key string) error { // another document than an object says nothing
		if key == "status" {
			return s.status(&failed)
		}
		return s.skip()
	})
	if failed {
		return errSaysError
	}
	return nil
}

// item is a group while it is read.
type item struct {
	Group
	// odd is what could not be read, by the API's name of the field.
	odd []string
	// members counts those shown, counted is the largest number of them that the reply names, and more
	// means that it says in words that there are more.
	members, counted int
	more             bool
	// memberBytes is what their names take.
	memberBytes int
}

func newItem() *item {
	return &item{Group: Group{Contacts: []string{}, Unknown: remote.AllFields}}
}

func (i *item) group() Group {
	g := i.Group
	g.MoreContacts = i.more || i.counted > i.members || i.members > len(g.Contacts)
	return g
}

// groupField reads the value of a key of a group. A value that cannot be read makes that field
// unknown, and nothing else; its error is one of JSON itself.
func (s *scanner) groupField(key string, into *item) error {
	switch key {
	case "id":
		return s.text(key, 0, &into.ID, maxID, into)
	case "name":
		return s.text(key, remote.FieldName, &into.Name, maxLabel, into)
	case "description":
		err := s.text(key, remote.FieldDescription, &into.Description, maxReply, into)
		into.Description = beginningOf(into.Description, maxText)
		return err
	case "avatar_url":
		err := s.text(key, remote.FieldAvatarURL, &into.AvatarURL, maxReply, into)
		into.AvatarURL = beginningOf(into.AvatarURL, maxAddress)
		return err
	case "conversation_id":
		return s.text(key, remote.FieldConversationID, &into.ConversationID, maxLabel, into)
	case "contacts":
		return s.contacts(into)
	case "created_at":
		return s.timestamp(key, remote.FieldCreatedAt, &into.CreatedAt, into)
	case "archived_at":
		return s.timestamp(key, remote.FieldArchivedAt, &into.ArchivedAt, into)
	default:
		raw, err := s.value()
		into.hint(key, raw)
		return err
	}
}

// settle notes whether a field could be read.
func (i *item) settle(key string, field remote.FieldSet, err error) {
	if err != nil {
		i.Unknown |= field
		// Of a key that comes a million times, once is enough.
		if said := key + " " + err.Error(); len(i.odd) < maxOdd && !slices.Contains(i.odd, said) {
			i.odd = append(i.odd, said)
		}
		return
	}
	i.Unknown &^= field
}

// text reads a text or null, which is "".
func (s *scanner) text(key string, field remote.FieldSet, target *string, limit int, into *item) error {
	raw, err := s.value()
	if err != nil {
		return err
	}
	*target = ""
	switch {
	case json.Unmarshal(raw, target) != nil:
		*target, err = "", errOddType
	case len(*target) > limit:
		*target, err = "", fmt.Errorf("is longer than %d bytes", limit)
	}
	into.settle(key, field, err)
	return nil
}

// beginningOf cuts a text between two runes, and keeps nothing of the rest.
func beginningOf(text string, most int) string {
	if len(text) <= most {
		return text
	}
	for !utf8.RuneStart(text[most]) { // JSON is read as valid UTF-8
		most--
	}
	return strings.Clone(text[:most])
}

func (s *scanner) timestamp(key string, field remote.FieldSet, target *time.Time, into *item) error {
	raw, err := s.value()
	if err != nil {
		return err
	}
	*target, err = decodeTimestamp(raw)
	into.settle(key, field, err)
	return nil
}
