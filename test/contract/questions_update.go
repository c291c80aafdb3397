// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package contract

import (
	"context"
	"fmt"
	"strings"
	"time"
)

func askPartial(ctx context.Context, s *scratch) (string, error) {
	made, err := s.create(ctx, map[string]any{"description": someText, "avatar_url": someAvatar})
	if err != nil {
		return "", err
	}
	r, err := s.put(ctx, made.id(), map[string]any{"description": "Another."})
	if err != nil {
		return "", err
	}
	if !r.ok() {
		return fmt.Sprintf("refused without them: %d", r.status), nil
	}
	if r.group().want(map[string]string{"name": made.text("name"), "avatar_url": someAvatar}) != nil {
		return "they are cleared", nil
	}
	return "they stay", nil
}

func askNull(ctx context.Context, s *scratch) (string, error) {
	made, err := s.create(ctx, map[string]any{"description": someText})
	if err != nil {
		return "", err
	}
	r, err := s.put(ctx, made.id(), map[string]any{"description": nil})
	switch {
	case err != nil:
		return "", err
	case !r.ok():
		return fmt.Sprintf("refused: %d", r.status), nil
	default:
		return yesNo(r.group().text("description") == ""), nil
	}
}

func askArchivedForms(ctx context.Context, s *scratch) (string, error) {
	made, err := s.create(ctx, nil)
	if err != nil {
		return "", err
	}
	now := time.Now()
	var understood []string
	for _, form := range []struct {
		name  string
		value any
	}{
		{"Unix seconds", now.Unix()},
		{"RFC 3339", now.UTC().Format(time.RFC3339)},
	} {
		if _, err := s.put(ctx, made.id(), map[string]any{"archived_at": nil}); err != nil {
			return "", err
		}
		r, err := s.put(ctx, made.id(), map[string]any{"archived_at": form.value})
		if err != nil {
			return "", err
		}
		if r.ok() && r.group()["archived_at"] != nil {
			understood = append(understood, form.name)
		}
	}
	if len(understood) == 0 {
		return "none", nil
	}
	return strings.Join(understood, ", "), nil
}

func askUnarchive(ctx context.Context, s *scratch) (string, error) {
	archived, err := archivedGroup(ctx, s)
	if err != nil {
		return "", err
	}
	r, err := s.put(ctx, archived.id(), map[string]any{"archived_at": nil})
	switch {
	case err != nil:
		return "", err
	case !r.ok():
		return fmt.Sprintf("refused: %d", r.status), nil
	default:
		return yesNo(r.group().null("archived_at")), nil
	}
}
