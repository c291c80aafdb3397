// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package klink

import (
	"encoding/json"
	"time"
)

// encode writes the body of a POST or PUT: only the fields that are set.
func encode(f Fields) ([]byte, error) {
	body := map[string]any{}
	if f.Name != nil {
		body["name"] = *f.Name
	}
	if f.Description != nil {
		body["description"] = *f.Description
	}
	if f.AvatarURL != nil {
		body["avatar_url"] = *f.AvatarURL
	}
	if f.Contacts != nil {
		body["contacts"] = members(*f.Contacts)
	}
	if f.ArchivedAt != nil {
		body["archived_at"] = unixOrNull(*f.ArchivedAt)
	}
	return json.Marshal(body)
}

type member struct {
	Username string `json:"username"`
}

func members(usernames []string) []member {
	list := make([]member, len(usernames)) // never nil: an empty list must not become null
	for i, name := range usernames {
		list[i].Username = name
	}
	return list
}

func unixOrNull(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.Unix()
}
