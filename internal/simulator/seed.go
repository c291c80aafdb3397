// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package simulator

import (
	"encoding/json"
	"fmt"
	"time"
)

// The ids of the groups page's example. The page's paths spell the first with a capital L, its replies do not.
const (
	pageExampleID       = "l7cGNIBKZiNJ6wqF"
	pageExamplePathID   = "L7cGNIBKZiNJ6wqF"
	pageExampleSecondID = "hSIhXBhNe8X1d8Et"
	pageExampleCreated  = 692233200
)

// SeedPageExample adds the two groups that the groups page shows. Ids are case-sensitive, and the page spells this
// one in two ways; so that its calls work as printed, the spelling of its paths is one more name of that group,
// and of no other.
func (a Account) SeedPageExample() {
	a.Seed(Group{
		ID: pageExampleSecondID, Name: "Second example",
		CreatedAt: time.Unix(pageExampleCreated, 0).Add(-time.Hour),
	})
	a.Seed(Group{
		ID: pageExampleID, Name: "Plaza Hotel", Description: new("World-renowned."),
		AvatarURL:      new("https://assets.protocol.chat/avatars/plazahotel.jpg"),
		ConversationID: "ZYjVAbCE9g5XRlra",
		Contacts:       Contacts("Hector", "Cedric", "Hester", "Cliff"),
		CreatedAt:      time.Unix(pageExampleCreated, 0),
	})
	a.server.mu.Lock()
	defer a.server.mu.Unlock()
	a.server.state.storeOf(a.tenant).aliases[pageExamplePathID] = pageExampleID
}

// SeedJSON adds the groups of a JSON array, in the form of the API, each with at least a name. It adds all or none.
func (a Account) SeedJSON(text []byte) error {
	var list []map[string]json.RawMessage
	if err := json.Unmarshal(text, &list); err != nil {
		return fmt.Errorf("seed: not a JSON array of groups: %w", err)
	}
	groups := make([]Group, len(list))
	for i, attributes := range list {
		edit, err := parseEdit(attributes)
		if err == nil {
			err = edit(&groups[i])
		}
		if err == nil && groups[i].Name == "" {
			err = invalid{"name": "is required"}
		}
		if err != nil {
			return fmt.Errorf("seed: group %d: %w", i+1, err)
		}
	}
	for _, g := range groups {
		a.Seed(g)
	}
	return nil
}
