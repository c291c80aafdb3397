// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package contract

import (
	"context"
	"fmt"
	"strconv"
)

// askPaging tries every way onward that any of the vendor's pages knows.
func askPaging(ctx context.Context, s *scratch) (string, error) {
	if err := several(ctx, s, 3); err != nil {
		return "", err
	}
	first, err := s.list(ctx, "limit", "2")
	if err != nil {
		return "", err
	}
	switch {
	case first.lastPage != nil:
		return s.onward(ctx, first, "page and lastPage", "page", "2", "pageSize", "2")
	case len(first.groups) > 2:
		return "everything at once", nil
	case first.hasMore != true:
		return "", fmt.Errorf("has_more is %v after 2 of at least 3 groups", first.hasMore)
	}
	for _, way := range []struct {
		answer string
		query  []string
	}{
		{"has_more and starting_after", []string{"limit", "2", "starting_after", first.groups[1].id()}},
		{"has_more and page", []string{"limit", "2", "page", "2"}},
	} {
		if answer, err := s.onward(ctx, first, way.answer, way.query...); err == nil {
			return answer, nil
		}
	}
	return s.byGrowingLimit(ctx)
}

// onward gives the answer if the query shows something new.
func (s *scratch) onward(ctx context.Context, first page, answer string, query ...string) (string, error) {
	next, err := s.list(ctx, query...)
	if err == nil && !next.advances(first) {
		return "", fmt.Errorf("%v shows nothing new", query)
	}
	return answer, err
}

// byGrowingLimit can tell a limit without a maximum from one of a hundred only in an account that is large enough.
func (s *scratch) byGrowingLimit(ctx context.Context) (string, error) {
	const maximum = 100
	p, err := s.list(ctx, "limit", strconv.Itoa(maximum))
	if err != nil {
		return "", err
	}
	if p.hasMore != true {
		return fmt.Sprintf("a larger limit, up to the %d groups there are", len(p.groups)), nil
	}
	larger, err := s.list(ctx, "limit", strconv.Itoa(2*maximum))
	if err == nil && len(larger.groups) > maximum {
		return "a larger limit, beyond 100", nil
	}
	return "not at all", nil
}

func askLargeLimit(ctx context.Context, s *scratch) (string, error) {
	r, err := s.get(ctx, groupsPath, "limit", "101")
	if err != nil {
		return "", err
	}
	if !r.ok() {
		return fmt.Sprintf("refused: %d", r.status), nil
	}
	p, err := r.page()
	switch n := len(p.groups); {
	case err != nil:
		return "", err
	case n < 100:
		return "not refused", nil
	default:
		return fmt.Sprintf("%d groups", n), nil
	}
}

func askReadAfterWrite(ctx context.Context, s *scratch) (string, error) {
	g, err := s.create(ctx, nil)
	if err != nil {
		return "", err
	}
	r, err := s.get(ctx, groupPath(g.id()))
	if err != nil {
		return "", err
	}
	if r.ok() {
		return "yes", nil
	}
	_, err = s.read(ctx, g.id())
	return "later", err
}

func askListAfterWrite(ctx context.Context, s *scratch) (string, error) {
	g, err := s.create(ctx, nil)
	if err != nil {
		return "", err
	}
	p, err := s.list(ctx, "limit", "100")
	if err != nil {
		return "", err
	}
	if p.find(g.id()) != nil {
		return "yes", nil
	}
	return "later", s.listed(ctx, g.id())
}
