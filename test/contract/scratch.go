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
	"strconv"
	"strings"
	"time"
)

const (
	groupsPath     = "/groups"
	cleanupTimeout = 2 * time.Minute
	firstPoll      = 50 * time.Millisecond
)

// scratch is an account with the groups that the suite has made in it.
type scratch struct {
	client Client
	prefix string // of every group's name
	settle time.Duration
	made   int
	ids    []string
}

func (s *scratch) get(ctx context.Context, path string, query ...string) (reply, error) {
	return s.client.call(ctx, http.MethodGet, path, pairs(query), nil)
}

func (s *scratch) put(ctx context.Context, id string, body any) (reply, error) {
	return s.client.call(ctx, http.MethodPut, groupPath(id), nil, body)
}

func (s *scratch) delete(ctx context.Context, id string) (reply, error) {
	return s.client.call(ctx, http.MethodDelete, groupPath(id), nil, nil)
}

// post sends a POST and remembers the group, if one was made.
func (s *scratch) post(ctx context.Context, body any) (reply, error) {
	r, err := s.client.call(ctx, http.MethodPost, groupsPath, nil, body)
	if id := r.group().id(); err == nil && r.ok() && id != "" {
		s.ids = append(s.ids, id)
	}
	return r, err
}

// create makes a group by JSON. The attributes may do without a name.
func (s *scratch) create(ctx context.Context, attributes map[string]any) (group, error) {
	body := map[string]any{"name": s.name()}
	for key, value := range attributes {
		body[key] = value
	}
	r, err := s.post(ctx, body)
	if err != nil {
		return nil, err
	}
	if g := r.group(); r.ok() && g.id() != "" {
		return g, nil
	}
	return nil, fmt.Errorf("POST: %v", r)
}

func (s *scratch) list(ctx context.Context, query ...string) (page, error) {
	r, err := s.get(ctx, groupsPath, query...)
	if err != nil {
		return page{}, err
	}
	return r.page()
}

// name is a name that no other group has.
func (s *scratch) name() string {
	s.made++
	return s.prefix + strconv.Itoa(s.made)
}

func groupPath(id string) string { return groupsPath + "/" + url.PathEscape(id) }

func pairs(query []string) url.Values {
	values := url.Values{}
	for i := 0; i+1 < len(query); i += 2 {
		values.Set(query[i], query[i+1])
	}
	return values
}

// eventually repeats a check until it holds, for reads may lag behind writes. Its error is the last one.
func (s *scratch) eventually(ctx context.Context, check func() error) error {
	deadline := time.Now().Add(s.settle)
	for wait := firstPoll; ; wait *= 2 {
		err := check()
		if err == nil || !time.Now().Before(deadline) {
			return err
		}
		if err := sleep(ctx, min(wait, time.Until(deadline))); err != nil {
			return err
		}
	}
}

// read gets a group until it is there.
func (s *scratch) read(ctx context.Context, id string) (g group, err error) {
	err = s.eventually(ctx, func() error {
		r, err := s.get(ctx, groupPath(id))
		if err != nil {
			return err
		}
		if g = r.group(); !r.ok() || g == nil {
			return fmt.Errorf("GET of a group just made: %v", r)
		}
		return nil
	})
	return g, err
}

// cleanup deletes what was made, also when ctx has been cancelled, and names what could not be deleted.
func (s *scratch) cleanup(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanupTimeout)
	defer cancel()
	s.sweep(ctx)
	var errs []error
	for _, id := range s.ids {
		r, err := s.delete(ctx, id)
		switch {
		case err != nil:
			errs = append(errs, fmt.Errorf("group %s is left behind: %w", id, err))
		case !r.ok() && r.status != http.StatusNotFound:
			errs = append(errs, fmt.Errorf("group %s is left behind: %v", id, r))
		}
	}
	return errors.Join(errs...)
}

// sweep looks for groups of ours whose reply was lost. It sees the first pages only, which is where new groups are
// in most orders; their names tell people where the rest comes from.
func (s *scratch) sweep(ctx context.Context) {
	for _, query := range [][]string{{"limit", "100"}, {"limit", "100", "archived", "true"}} {
		p, err := s.list(ctx, query...)
		if err != nil {
			continue // then there is nothing to find
		}
		for _, g := range p.groups {
			if strings.HasPrefix(g.text("name"), s.prefix) && !slices.Contains(s.ids, g.id()) {
				s.ids = append(s.ids, g.id())
			}
		}
	}
}
