// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package contract

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"
)

// statement is something that the page says, and how to see whether it is so.
type statement struct {
	endpoint, text string
	check          func(context.Context, *scratch) error
}

const (
	onList   = "GET /v1/groups"
	onCreate = "POST /v1/groups"
	onOne    = "GET /v1/groups/:id"
	onUpdate = "PUT /v1/groups/:id"
	onDelete = "DELETE /v1/groups/:id"
)

// statements are in the order of the page.
var statements = []statement{
	{onList, "asks for a bearer token", needsToken},
	{onList, "shows groups in data, each with all properties", listShape},
	{onList, "shows at most ten groups by default", tenByDefault},
	{onList, "limit limits the number of groups", limitLimits},
	{onList, "archived=true shows only archived groups", archivedOnly},
	{onList, "shows a group that was made", listsNew},
	{onCreate, "a form with a name makes a group, the rest null or empty", createByForm},
	{onCreate, "description and avatar_url are taken", createWithAttributes},
	{onCreate, "name is required", nameRequired},
	{onCreate, "each id and conversation_id is unique", idsUnique},
	{onOne, "shows the group of the id", retrieves},
	{onOne, "an id that no group has is 404", unknownIs404},
	{onUpdate, "a form changes the description", updateByForm},
	{onUpdate, "name and avatar_url can be changed", updates},
	{onUpdate, "archived_at archives the group", archives},
	{onDelete, "the group is gone for good", deletes},
}

func needsToken(ctx context.Context, s *scratch) error {
	stranger := s.client
	stranger.Token = ""
	r, err := stranger.call(ctx, http.MethodGet, groupsPath, nil, nil)
	if err == nil && (r.status < 400 || r.status > 499) {
		return fmt.Errorf("without a token: %v", r)
	}
	return err
}

func listShape(ctx context.Context, s *scratch) error {
	made, err := s.create(ctx, nil)
	if err != nil {
		return err
	}
	var p page
	err = s.eventually(ctx, func() error {
		if p, err = s.list(ctx); err == nil && len(p.groups) == 0 {
			return fmt.Errorf("an empty list, though %s was made", made.id())
		}
		return err
	})
	for _, g := range p.groups {
		err = errors.Join(err, g.checkShape())
	}
	return err
}

// several makes n groups and waits until a list shows so many.
func several(ctx context.Context, s *scratch, n int) error {
	for range n {
		if _, err := s.create(ctx, nil); err != nil {
			return err
		}
	}
	return s.eventually(ctx, func() error {
		p, err := s.list(ctx, "limit", "100")
		if err == nil && len(p.groups) < n {
			return fmt.Errorf("limit=100 shows %d groups, though %d were made", len(p.groups), n)
		}
		return err
	})
}

func tenByDefault(ctx context.Context, s *scratch) error {
	if err := several(ctx, s, 11); err != nil {
		return err
	}
	p, err := s.list(ctx)
	if err == nil && len(p.groups) != 10 {
		return fmt.Errorf("%d groups, want 10 of the 11 or more", len(p.groups))
	}
	return err
}

func limitLimits(ctx context.Context, s *scratch) error {
	if err := several(ctx, s, 3); err != nil {
		return err
	}
	p, err := s.list(ctx, "limit", "2")
	if err == nil && len(p.groups) != 2 {
		return fmt.Errorf("limit=2 shows %d groups", len(p.groups))
	}
	return err
}

func archivedOnly(ctx context.Context, s *scratch) error {
	if _, err := s.create(ctx, nil); err != nil {
		return err
	}
	archived, err := archivedGroup(ctx, s)
	if err != nil {
		return err
	}
	var p page
	err = s.eventually(ctx, func() error {
		if p, err = s.list(ctx, "archived", "true", "limit", "100"); err == nil && len(p.groups) == 0 {
			return fmt.Errorf("none, though %s is archived", archived.id())
		}
		return err
	})
	for _, g := range p.groups {
		if g[keyArchivedAt] == nil {
			err = errors.Join(err, fmt.Errorf("shows %s, which is not archived", g.id()))
		}
	}
	return err
}

func archivedGroup(ctx context.Context, s *scratch) (group, error) {
	g, err := s.create(ctx, nil)
	if err != nil {
		return nil, err
	}
	r, err := s.put(ctx, g.id(), map[string]any{keyArchivedAt: time.Now().Unix()})
	if err == nil && !r.ok() {
		err = fmt.Errorf("PUT archived_at: %v", r)
	}
	return g, err
}

// listsNew looks for the new group at both ends: the first page shows one of them in any order by age.
func listsNew(ctx context.Context, s *scratch) error {
	before, err := s.list(ctx, "limit", "100")
	if err != nil {
		return err
	}
	if len(before.groups) >= 100 {
		return listsNewInLargeAccount(ctx, s)
	}
	made, err := s.create(ctx, nil)
	if err != nil {
		return err
	}
	return s.eventually(ctx, func() error {
		p, err := s.list(ctx, "limit", "100")
		if err == nil && p.find(made.id()) == nil {
			return fmt.Errorf("%s is not listed", made.id())
		}
		return err
	})
}

// listsNewInLargeAccount uses the archived filter to make the list short.
func listsNewInLargeAccount(ctx context.Context, s *scratch) error {
	made, err := archivedGroup(ctx, s)
	if err != nil {
		return err
	}
	return s.eventually(ctx, func() error {
		p, err := s.list(ctx, "limit", "100", "archived", "true")
		if err == nil && p.find(made.id()) == nil {
			return fmt.Errorf("%s is not among the archived groups", made.id())
		}
		return err
	})
}

func createByForm(ctx context.Context, s *scratch) error {
	name := s.name()
	r, err := s.post(ctx, url.Values{"name": {name}})
	if err != nil {
		return err
	}
	g := r.group()
	if !r.ok() || g.text("name") != name {
		return fmt.Errorf("name %q: %v", name, r)
	}
	if !g.null(keyDescription) || !g.null(keyAvatarURL) || !g.null(keyArchivedAt) || len(g.contacts()) != 0 {
		return fmt.Errorf("want null description, avatar_url and archived_at, and no contacts: %v", r)
	}
	return g.checkShape()
}

const (
	someText   = "Some description."
	someAvatar = "https://example.com/avatar.jpg"
)

func createWithAttributes(ctx context.Context, s *scratch) error {
	g, err := s.create(ctx, map[string]any{keyDescription: someText, keyAvatarURL: someAvatar})
	if err != nil {
		return err
	}
	return g.want(map[string]string{keyDescription: someText, keyAvatarURL: someAvatar})
}

// want compares texts.
func (g group) want(texts map[string]string) error {
	for key, text := range texts {
		if g.text(key) != text {
			return fmt.Errorf("%s is %v, want %q", key, g[key], text)
		}
	}
	return nil
}

func nameRequired(ctx context.Context, s *scratch) error {
	r, err := s.post(ctx, map[string]any{keyDescription: someText})
	if err == nil && (r.status < 400 || r.status > 499) {
		return fmt.Errorf("without a name: %v", r)
	}
	return err
}

func idsUnique(ctx context.Context, s *scratch) error {
	var seen []string
	for range 2 {
		g, err := s.create(ctx, nil)
		if err != nil {
			return err
		}
		for _, id := range []string{g.id(), g.text("conversation_id")} {
			if slices.Contains(seen, id) {
				return fmt.Errorf("%s came twice", id)
			}
			seen = append(seen, id)
		}
	}
	return nil
}

func retrieves(ctx context.Context, s *scratch) error {
	made, err := s.create(ctx, map[string]any{keyDescription: someText})
	if err != nil {
		return err
	}
	g, err := s.read(ctx, made.id())
	if err != nil {
		return err
	}
	err = g.want(map[string]string{
		"id": made.id(), "name": made.text("name"), keyDescription: someText, "conversation_id": made.text("conversation_id"),
	})
	return errors.Join(err, g.checkShape())
}

func unknownIs404(ctx context.Context, s *scratch) error {
	r, err := s.get(ctx, groupPath("noSuchGroup00000"))
	if err == nil && r.status != http.StatusNotFound {
		return fmt.Errorf("an unknown id: %v", r)
	}
	return err
}

func updateByForm(ctx context.Context, s *scratch) error {
	return updated(ctx, s, url.Values{keyDescription: {someText}}, map[string]string{keyDescription: someText})
}

func updates(ctx context.Context, s *scratch) error {
	name := s.name()
	return updated(ctx, s, map[string]any{"name": name, keyAvatarURL: someAvatar},
		map[string]string{"name": name, keyAvatarURL: someAvatar})
}

// updated sends a PUT for a new group, and wants texts in its reply and afterwards.
func updated(ctx context.Context, s *scratch, body any, texts map[string]string) error {
	made, err := s.create(ctx, nil)
	if err != nil {
		return err
	}
	r, err := s.put(ctx, made.id(), body)
	if err != nil {
		return err
	}
	if !r.ok() {
		return fmt.Errorf("PUT: %v", r)
	}
	if err := r.group().want(texts); err != nil {
		return fmt.Errorf("reply: %w", err)
	}
	return s.eventually(ctx, func() error {
		g, err := s.read(ctx, made.id())
		if err == nil {
			err = g.want(texts)
		}
		return err
	})
}

func archives(ctx context.Context, s *scratch) error {
	made, err := archivedGroup(ctx, s)
	if err != nil {
		return err
	}
	return s.eventually(ctx, func() error {
		g, err := s.read(ctx, made.id())
		if err == nil && g[keyArchivedAt] == nil {
			return errors.New("archived_at is still null")
		}
		return err
	})
}

func deletes(ctx context.Context, s *scratch) error {
	made, err := s.create(ctx, nil)
	if err != nil {
		return err
	}
	r, err := s.delete(ctx, made.id())
	if err != nil {
		return err
	}
	if !r.ok() {
		return fmt.Errorf("DELETE: %v", r)
	}
	return s.eventually(ctx, func() error {
		r, err := s.get(ctx, groupPath(made.id()))
		if err == nil && r.status != http.StatusNotFound {
			return fmt.Errorf("GET afterwards: %v", r)
		}
		return err
	})
}
