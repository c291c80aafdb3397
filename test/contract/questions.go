// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package contract

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// question is something that the page leaves open. An answer is a few words; the error is for when there is none.
type question struct {
	endpoint, text string
	ask            func(context.Context, *scratch) (string, error)
}

var questions = []question{
	{onList, "how does one get beyond the first page?", askPaging},
	{onList, "does a plain list show archived groups?", askArchivedInList},
	{onList, "in which order?", askOrder},
	{onList, "what is a limit of 101?", askLargeLimit},
	{onCreate, "how is a single group wrapped?", askEnvelope},
	{onCreate, "how are timestamps written?", askTimestamps},
	{onCreate, "may two groups have one name?", askDuplicateNames},
	{onCreate, "what of a contact that does not exist?", askUnknownContact},
	{onCreate, "does a contact given twice count once?", askDuplicateContact},
	{onCreate, "is text stored as it is?", askText},
	{onCreate, "what is an empty description?", askEmptyText},
	{onCreate, "is archived_at taken from a POST?", askCreateArchived},
	{onCreate, "how does a refusal look?", askErrorBody},
	{onOne, "is a group seen at once after it was made?", askReadAfterWrite},
	{onList, "is a group listed at once after it was made?", askListAfterWrite},
	{onOne, "are ids case-sensitive?", askCase},
	{onUpdate, "what becomes of attributes that are not sent?", askPartial},
	{onUpdate, "does null clear?", askNull},
	{onUpdate, "which archived_at are understood?", askArchivedForms},
	{onUpdate, "does archived_at null unarchive?", askUnarchive},
	{onDelete, "what is the reply?", askDeleteReply},
	{onDelete, "what is the reply for a group that is gone?", askDeleteAgain},
}

func yesNo(yes bool) string {
	if yes {
		return "yes"
	}
	return "no"
}

// yesUnlessRefused is the answer that a reply gives, unless the API refuses to be asked.
func yesUnlessRefused(r reply, err error, yes func() bool) (string, error) {
	switch {
	case err != nil:
		return "", err
	case !r.ok():
		return fmt.Sprintf("refused: %d", r.status), nil
	default:
		return yesNo(yes()), nil
	}
}

func askArchivedInList(ctx context.Context, s *scratch) (string, error) {
	active, err := s.create(ctx, nil)
	if err != nil {
		return "", err
	}
	archived, err := archivedGroup(ctx, s)
	if err != nil {
		return "", err
	}
	// Both may be beyond the first page of a large account; and a list may still show the time before.
	if err := s.listed(ctx, archived.id(), "archived", "true"); err != nil {
		return "", err
	}
	if err := s.listed(ctx, active.id()); err != nil {
		return "", err
	}
	p, err := s.list(ctx, "limit", "100")
	return yesNo(p.find(archived.id()) != nil), err
}

// listed waits until a list of a hundred shows a group.
func (s *scratch) listed(ctx context.Context, id string, query ...string) error {
	return s.eventually(ctx, func() error {
		p, err := s.list(ctx, append(query, "limit", "100")...)
		if err == nil && p.find(id) == nil {
			return fmt.Errorf("%s is not among the first hundred listed", id)
		}
		return err
	})
}

func askOrder(ctx context.Context, s *scratch) (string, error) {
	var ids []string
	for range 3 {
		g, err := s.create(ctx, nil)
		if err != nil {
			return "", err
		}
		if err := s.listed(ctx, g.id()); err != nil {
			return "", err
		}
		ids = append(ids, g.id())
	}
	p, err := s.list(ctx, "limit", "100")
	if err != nil {
		return "", err
	}
	var places []int
	for _, id := range ids {
		places = append(places, slices.IndexFunc(p.groups, func(g group) bool { return g.id() == id }))
	}
	switch {
	case places[0] < places[1] && places[1] < places[2]:
		return "oldest first", nil
	case places[0] > places[1] && places[1] > places[2]:
		return "newest first", nil
	default:
		return "neither by age nor against it", nil
	}
}

func askEnvelope(ctx context.Context, s *scratch) (string, error) {
	r, err := s.post(ctx, map[string]any{"name": s.name()})
	if err != nil || !r.ok() {
		return "", orReply(err, r)
	}
	if object := r.object(); object["id"] == nil {
		return "in " + strings.Join(slices.Sorted(maps.Keys(object)), ", "), nil
	}
	return "bare", nil
}

func orReply(err error, r reply) error {
	if err != nil {
		return err
	}
	return fmt.Errorf("%v", r)
}

func askTimestamps(ctx context.Context, s *scratch) (string, error) {
	g, err := s.create(ctx, nil)
	if err != nil {
		return "", err
	}
	return timeForm(g["created_at"])
}

func askDuplicateNames(ctx context.Context, s *scratch) (string, error) {
	g, err := s.create(ctx, nil)
	if err != nil {
		return "", err
	}
	r, err := s.post(ctx, map[string]any{"name": g.text("name")})
	switch {
	case err != nil:
		return "", err
	case !r.ok():
		return fmt.Sprintf("no: %d", r.status), nil
	case r.group().id() == g.id():
		return "no: the first is returned", nil
	default:
		return "yes", nil
	}
}

const nobody = "klink-contract-nobody"

func contactsBody(usernames ...string) []any {
	list := []any{}
	for _, username := range usernames {
		list = append(list, map[string]any{"username": username})
	}
	return list
}

func askUnknownContact(ctx context.Context, s *scratch) (string, error) {
	r, err := s.post(ctx, map[string]any{"name": s.name(), "contacts": contactsBody(nobody)})
	switch {
	case err != nil:
		return "", err
	case !r.ok():
		return fmt.Sprintf("refused: %d", r.status), nil
	case slices.Contains(r.group().contacts(), nobody):
		return "accepted", nil
	default:
		return "dropped silently", nil
	}
}

func askDuplicateContact(ctx context.Context, s *scratch) (string, error) {
	r, err := s.post(ctx, map[string]any{"name": s.name(), "contacts": contactsBody(nobody, nobody)})
	switch n := len(r.group().contacts()); {
	case err != nil:
		return "", err
	case !r.ok() || n == 0:
		return "unknown: no contact to try with", nil
	default:
		return yesNo(n == 1), nil
	}
}

func askText(ctx context.Context, s *scratch) (string, error) {
	var changed []string
	for kind, text := range map[string]string{"white space at the ends": " text ", "markup": "<b> & \"text\"", "é, 漢, 🙂": "é 漢 🙂"} {
		g, err := s.create(ctx, map[string]any{keyDescription: text})
		if err != nil {
			return "", err
		}
		if g.text(keyDescription) != text {
			changed = append(changed, kind)
		}
	}
	if len(changed) == 0 {
		return "yes", nil
	}
	slices.Sort(changed)
	return "changed: " + strings.Join(changed, "; "), nil
}

func askEmptyText(ctx context.Context, s *scratch) (string, error) {
	r, err := s.post(ctx, map[string]any{"name": s.name(), keyDescription: ""})
	switch {
	case err != nil:
		return "", err
	case !r.ok():
		return fmt.Sprintf("refused: %d", r.status), nil
	case r.group().null(keyDescription):
		return "null", nil
	default:
		return fmt.Sprintf("%q", r.group().text(keyDescription)), nil
	}
}

func askCreateArchived(ctx context.Context, s *scratch) (string, error) {
	r, err := s.post(ctx, map[string]any{"name": s.name(), keyArchivedAt: time.Now().Unix()})
	return yesUnlessRefused(r, err, func() bool { return !r.group().null(keyArchivedAt) })
}

func askErrorBody(ctx context.Context, s *scratch) (string, error) {
	r, err := s.post(ctx, map[string]any{"name": ""})
	switch object := r.object(); {
	case err != nil:
		return "", err
	case r.ok():
		return "", fmt.Errorf("an empty name is not refused: %v", r)
	case object == nil:
		return fmt.Sprintf("%d, no JSON", r.status), nil
	default:
		return fmt.Sprintf("%d with %s", r.status, strings.Join(slices.Sorted(maps.Keys(object)), ", ")), nil
	}
}

func askCase(ctx context.Context, s *scratch) (string, error) {
	g, err := s.create(ctx, nil)
	if err != nil {
		return "", err
	}
	if _, err := s.read(ctx, g.id()); err != nil {
		return "", err
	}
	other := strings.ToUpper(g.id())
	if other == g.id() {
		other = strings.ToLower(other)
	}
	r, err := s.get(ctx, groupPath(other))
	return yesNo(!r.ok()), err
}

func askDeleteReply(ctx context.Context, s *scratch) (string, error) {
	g, err := s.create(ctx, nil)
	if err != nil {
		return "", err
	}
	r, err := s.delete(ctx, g.id())
	if err != nil || !r.ok() {
		return "", orReply(err, r)
	}
	if len(r.body) == 0 {
		return fmt.Sprintf("%d, empty", r.status), nil
	}
	return fmt.Sprintf("%d with %s", r.status, strings.Join(slices.Sorted(maps.Keys(r.object())), ", ")), nil
}

func askDeleteAgain(ctx context.Context, s *scratch) (string, error) {
	g, err := s.create(ctx, nil)
	if err != nil {
		return "", err
	}
	if r, err := s.delete(ctx, g.id()); err != nil || !r.ok() {
		return "", orReply(err, r)
	}
	r, err := s.delete(ctx, g.id())
	return fmt.Sprint(r.status), err
}
