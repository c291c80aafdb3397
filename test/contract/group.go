// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package contract

import (
	"fmt"
	"time"
)

// The keys of a group that are set in several ways.
const (
	keyDescription = "description"
	keyAvatarURL   = "avatar_url"
	keyArchivedAt  = "archived_at"
)

// group is a group object as it came, so that a missing key and a null can be told apart.
type group map[string]any

func (g group) text(key string) string {
	text, _ := g[key].(string)
	return text
}

func (g group) id() string { return g.text("id") }

// contacts are the usernames of the members.
func (g group) contacts() []string {
	list, _ := g["contacts"].([]any)
	usernames := make([]string, 0, len(list))
	for _, element := range list {
		contact, _ := element.(map[string]any)
		usernames = append(usernames, group(contact).text("username"))
	}
	return usernames
}

// null tells whether the key is there, and null.
func (g group) null(key string) bool {
	value, present := g[key]
	return present && value == nil
}

// timeForm says how a timestamp is written: "Unix seconds", "RFC 3339", "null", or an error.
func timeForm(value any) (string, error) {
	switch value := value.(type) {
	case nil:
		return "null", nil
	case float64:
		return "Unix seconds", nil
	case string:
		if _, err := time.Parse(time.RFC3339, value); err != nil {
			return "", err
		}
		return "RFC 3339", nil
	default:
		return "", fmt.Errorf("%v is no timestamp", value)
	}
}

// checkShape says what a group lacks of the group model.
func (g group) checkShape() error {
	for _, key := range []string{"id", "name", "conversation_id"} {
		if g.text(key) == "" {
			return fmt.Errorf("%s is %v, want a text", key, g[key])
		}
	}
	for _, key := range []string{keyDescription, keyAvatarURL} {
		if _, isText := g[key].(string); !isText && !g.null(key) {
			return fmt.Errorf("%s is %v, want a text or null", key, g[key])
		}
	}
	if _, isList := g["contacts"].([]any); !isList {
		return fmt.Errorf("contacts is %v, want an array", g["contacts"])
	}
	if form, err := timeForm(g["created_at"]); err != nil || form == "null" {
		return fmt.Errorf("created_at is %v, want a timestamp", g["created_at"])
	}
	if _, err := timeForm(g[keyArchivedAt]); err != nil {
		return fmt.Errorf("archived_at: %w", err)
	}
	return nil
}

// page is a list reply.
type page struct {
	groups   []group
	hasMore  any // nil when absent
	lastPage any // nil when absent
}

func (r reply) page() (page, error) {
	object := r.object()
	list, isList := object["data"].([]any)
	if !r.ok() || !isList {
		return page{}, fmt.Errorf("no list: %v", r)
	}
	p := page{hasMore: object["has_more"], lastPage: object["lastPage"]}
	for _, element := range list {
		g, isObject := element.(map[string]any)
		if !isObject {
			return page{}, fmt.Errorf("data has %v in it, want groups", element)
		}
		p.groups = append(p.groups, g)
	}
	return p, nil
}

func (p page) find(id string) group {
	for _, g := range p.groups {
		if g.id() == id {
			return g
		}
	}
	return nil
}

// advances tells whether the page shows a group that the other does not.
func (p page) advances(other page) bool {
	for _, g := range p.groups {
		if other.find(g.id()) == nil {
			return true
		}
	}
	return false
}
