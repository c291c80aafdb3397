// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package simulator

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
)

// defaultLimit is the length of a page when the request names none (groups API, GET /groups).
const defaultLimit = 10

type listBody struct {
	HasMore *bool `json:"has_more,omitempty"`
	Data    []any `json:"data"`
}

type pageBody struct {
	Total    int   `json:"total"`
	Page     int   `json:"page"`
	PageSize int   `json:"pageSize"`
	LastPage int   `json:"lastPage"`
	Data     []any `json:"data"`
}

// listing is one GET /groups: entries are all that the filter lets through, in the order of the listing.
type listing struct {
	settings *Settings
	store    *store
	entries  []entry
	query    url.Values
}

func (l listing) reply() reply {
	var (
		body any
		err  error
	)
	switch l.settings.Paging {
	case Page, HasMorePage:
		body, err = l.byPage()
	case Cursor:
		body, err = l.byCursor()
	default:
		body, err = l.firstOnly()
	}
	if err != nil {
		return errorReply(http.StatusBadRequest, err.Error())
	}
	return jsonReply(http.StatusOK, body)
}

func (l listing) firstOnly() (any, error) {
	limit, err := l.limit("limit")
	if err != nil {
		return nil, err
	}
	if l.settings.Paging == SinglePage {
		limit = len(l.entries)
	}
	end := min(limit, len(l.entries))
	return l.hasMore(l.entries[:end], end < len(l.entries)), nil
}

func (l listing) byCursor() (any, error) {
	limit, err := l.limit("limit")
	if err != nil {
		return nil, err
	}
	after, before := l.query.Get("starting_after"), l.query.Get("ending_before")
	switch {
	case after != "" && before != "":
		return nil, errors.New("starting_after and ending_before exclude each other")
	case after != "":
		_, rest, err := l.split("starting_after", after)
		end := min(limit, len(rest))
		return l.hasMore(rest[:end], end < len(rest)), err
	case before != "":
		rest, _, err := l.split("ending_before", before)
		start := max(0, len(rest)-limit)
		return l.hasMore(rest[start:], start > 0), err
	default:
		end := min(limit, len(l.entries))
		return l.hasMore(l.entries[:end], end < len(l.entries)), nil
	}
}

// split returns the entries before and after the group of an id, which need not be among them itself: it may have
// been archived since. A group that is gone for good has no place to go on from.
func (l listing) split(parameter, id string) (before, after []entry, err error) {
	cursor := l.store.get(id)
	switch {
	case cursor != nil:
	case l.settings.GoneCursor == CursorEmptyPage:
		return nil, nil, nil
	case l.settings.GoneCursor == CursorFirstPage:
		return l.entries, l.entries, nil
	default:
		return nil, nil, fmt.Errorf("%s: no such group", parameter)
	}
	place, found := slices.BinarySearchFunc(l.entries, cursor, func(e entry, cursor *record) int {
		if l.settings.Order == NewestFirst {
			return cursor.compare(e.record)
		}
		return e.record.compare(cursor)
	})
	if found {
		return l.entries[:place], l.entries[place+1:], nil
	}
	return l.entries[:place], l.entries[place:], nil
}

func (l listing) byPage() (any, error) {
	size, err := l.pageSize()
	if err != nil {
		return nil, err
	}
	page, err := l.number("page", 1)
	if err != nil {
		return nil, err
	}
	total := len(l.entries)
	lastPage := max(1, (total+size-1)/size)
	start := total
	if page <= lastPage {
		start = (page - 1) * size
	}
	end := min(start+size, total)
	if l.settings.Paging == HasMorePage {
		return l.hasMore(l.entries[start:end], page < lastPage), nil
	}
	return pageBody{total, page, size, lastPage, l.wire(l.entries[start:end])}, nil
}

func (l listing) pageSize() (int, error) {
	if l.query.Get("pageSize") != "" {
		return l.limit("pageSize")
	}
	return l.limit("limit")
}

// limit reads the length of a page and holds it to the maximum.
func (l listing) limit(parameter string) (int, error) {
	limit, err := l.number(parameter, defaultLimit)
	if err != nil {
		return 0, err
	}
	largest := l.settings.MaxLimit
	if largest == 0 {
		if l.settings.Paging == Limit {
			return limit, nil
		}
		largest = defaultMaxLimit
	}
	if limit > largest && l.settings.RejectLargeLimit {
		return 0, fmt.Errorf("%s must be at most %d", parameter, largest)
	}
	return min(limit, largest), nil
}

func (l listing) number(parameter string, byDefault int) (int, error) {
	text := l.query.Get(parameter)
	if text == "" {
		return byDefault, nil
	}
	number, err := strconv.Atoi(text)
	if err != nil || number < 1 {
		return 0, fmt.Errorf("%s must be a whole number of at least 1", parameter)
	}
	return number, nil
}

func (l listing) hasMore(entries []entry, more bool) listBody {
	body := listBody{Data: l.wire(entries)}
	if !l.settings.OmitHasMore {
		body.HasMore = &more
	}
	return body
}

func (l listing) wire(entries []entry) []any {
	groups := make([]any, 0, len(entries))
	for _, e := range entries {
		groups = append(groups, l.settings.item(e.group))
	}
	return groups
}
