// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package simulator

import (
	"encoding/json"
	"net/http"
)

// account is the account that the query names, the default one if it names none.
func (a admin) account(r *http.Request) Account {
	if tenant := r.URL.Query().Get("tenant"); tenant != "" {
		return a.server.Account(tenant)
	}
	return a.server.Account(DefaultTenant)
}

func (a admin) groups(r *http.Request) (int, any, error) {
	var form Settings
	groups := []wireGroup{}
	for _, g := range a.account(r).Groups() {
		groups = append(groups, form.wire(&g))
	}
	return http.StatusOK, groups, nil
}

func (a admin) seed(r *http.Request) (int, any, error) {
	edit, err := readEdit(r)
	if err != nil {
		return 0, nil, err
	}
	var g Group
	if err := edit(&g); err != nil {
		return 0, nil, err
	}
	if g.Name == "" {
		return 0, nil, invalid{"name": "is required"}
	}
	of := a.account(r)
	id := of.Seed(g)
	return shown(of, id, http.StatusCreated)
}

func (a admin) mutate(r *http.Request) (int, any, error) {
	edit, err := readEdit(r)
	if err != nil {
		return 0, nil, err
	}
	of, id := a.account(r), r.PathValue("id")
	found := of.Mutate(id, func(g *Group) {
		edited := g.clone()
		if err = edit(&edited); err == nil {
			*g = edited
		}
	})
	switch {
	case !found:
		return 0, nil, errNotFound
	case err != nil:
		return 0, nil, err
	}
	return shown(of, id, http.StatusOK)
}

func (a admin) remove(r *http.Request) (int, any, error) {
	if !a.account(r).Remove(r.PathValue("id")) {
		return 0, nil, errNotFound
	}
	return http.StatusNoContent, nil, nil
}

func shown(of Account, id string, status int) (int, any, error) {
	g, found := of.Group(id)
	if !found {
		return 0, nil, errNotFound
	}
	var form Settings
	return status, form.wire(&g), nil
}

func readEdit(r *http.Request) (func(*Group) error, error) {
	var attributes map[string]json.RawMessage
	if err := readJSON(r, &attributes); err != nil {
		return nil, err
	}
	return parseEdit(attributes)
}

// parseEdit reads a person's edit: the attributes of a PUT, and those that only the server sets otherwise.
func parseEdit(attributes map[string]json.RawMessage) (func(*Group) error, error) {
	c, err := parseAttributes(attributes)
	if err != nil {
		return nil, err
	}
	var (
		id, conversation field[string]
		created          field[moment]
		problems         = invalid{}
	)
	parse(attributes, "id", "a string", &id, problems)
	parse(attributes, "conversation_id", "a string", &conversation, problems)
	parse(attributes, "created_at", "Unix seconds or an RFC 3339 time", &created, problems)
	if len(problems) > 0 {
		return nil, problems
	}
	return func(g *Group) error {
		if id.value != nil {
			g.ID = *id.value
		}
		if conversation.value != nil {
			g.ConversationID = *conversation.value
		}
		if created.value != nil {
			g.CreatedAt = created.value.Time
		}
		form := Settings{}.withDefaults() // a person's edit is stored as it is
		return form.apply(c, g)
	}, nil
}
