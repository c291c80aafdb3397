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
	made, err := s.create(ctx, map[string]any{keyDescription: someText, keyAvatarURL: someAvatar})
	if err != nil {
		return "", err
	}
	r, err := s.put(ctx, made.id(), map[string]any{keyDescription: "Another."})
	if err != nil {
		return "", err
	}
	if !r.ok() {
		return fmt.Sprintf("refused without them: %d", r.status), nil
	}
	kept := map[string]string{"name": made.text("name"), keyAvatarURL: someAvatar}
	if cleared := r.group().want(kept); cleared == nil {
		return "they stay", nil
	}
	return "they are cleared", nil
}

func askNull(ctx context.Context, s *scratch) (string, error) {
	made, err := s.create(ctx, map[string]any{keyDescription: someText})
	if err != nil {
		return "", err
	}
	r, err := s.put(ctx, made.id(), map[string]any{keyDescription: nil})
	return yesUnlessRefused(r, err, func() bool { return r.group().text(keyDescription) == "" })
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
		if _, err := s.put(ctx, made.id(), map[string]any{keyArchivedAt: nil}); err != nil {
			return "", err
		}
		r, err := s.put(ctx, made.id(), map[string]any{keyArchivedAt: form.value})
		if err != nil {
			return "", err
		}
		if r.ok() && r.group()[keyArchivedAt] != nil {
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
	r, err := s.put(ctx, archived.id(), map[string]any{keyArchivedAt: nil})
	return yesUnlessRefused(r, err, func() bool { return r.group().null(keyArchivedAt) })
}
