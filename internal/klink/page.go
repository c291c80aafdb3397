// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package klink

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strconv"
	"strings"
)

// maxItems is how many groups a page may hold, whatever their size.
const maxItems = 10_000

// PageRequest are the query parameters of a list call; the zero value of one leaves it out.
type PageRequest struct {
	// Limit is the number of groups asked for (groups page).
	Limit int
	// Archived asks for archived groups only.
	Archived bool
	// StartingAfter is the id behind which the page starts (cursor dialect).
	StartingAfter string
	// Number is the page, counted from 1, and Size the groups on each (page-number dialect: page, pageSize).
	Number, Size int
}

// Page is a list reply. A nil pointer means that the reply does not say.
type Page struct {
	// Groups are those that show an id, Items all that the page has.
	Groups  []Group
	Items   int
	HasMore *bool
	// Total is the number of groups on all pages, LastPage the number of the last page,
	// Number that of this one, Size the groups that fit on each.
	Total, LastPage, Number, Size *int
	// Odd is what could not be read of the items.
	Odd Oddities
	// Cached means that the reply came out of a cache.
	Cached bool
}

// Oddities are the items that could not be read as a whole: the first, in words, and how many.
type Oddities struct {
	First string
	Count int
}

// String is "" where there are none.
func (o Oddities) String() string {
	if o.Count > 1 {
		return fmt.Sprintf("%s, and %d more", o.First, o.Count-1)
	}
	return o.First
}

func (o *Oddities) add(more Oddities) {
	if o.Count == 0 {
		o.First = more.First
	}
	o.Count += more.Count
}

func (r PageRequest) query() url.Values {
	q := url.Values{}
	set := func(key string, n int) {
		if n > 0 {
			q.Set(key, strconv.Itoa(n))
		}
	}
	set("limit", r.Limit)
	set("page", r.Number)
	set("pageSize", r.Size)
	if r.Archived {
		q.Set("archived", "true")
	}
	if r.StartingAfter != "" {
		q.Set("starting_after", r.StartingAfter)
	}
	return q
}

// last says whether the reply to a request for page number is, by its own account, the last one. A
// reply that says nothing about that is the last if it has fewer groups than a page has at least.
func (p Page) last(number, least int) bool {
	switch {
	case p.LastPage != nil && number < *p.LastPage:
		return false
	case p.HasMore != nil:
		return !*p.HasMore
	default:
		return p.LastPage != nil || p.Items < least
	}
}

// decodePage reads a list reply in any of the envelopes: has_more + data, total + lastPage + data,
// or either of them inside the data of a {"status", "message", "data": {…}}.
func decodePage(body io.Reader, n *names) (Page, error) {
	s := newScanner(body)
	s.names = n
	var outer, inner Page
	failed := false
	err := s.document(func(key string) error {
		switch key {
		case "status":
			return s.status(&failed)
		case "data":
			opened, err := s.open()
			switch {
			case err != nil:
				return errNotJSON
			case opened == '[':
				return s.groups(&outer)
			case opened == '{':
				return s.fields(func(key string) error { return s.pageField(key, &inner) })
			}
			return s.skipRest(opened)
		default:
			return s.pageField(key, &outer)
		}
	})
	if inner.Groups != nil {
		outer = inner
	}
	switch {
	case err != nil:
		return Page{}, err
	case failed:
		return Page{}, errSaysError
	case outer.Groups == nil:
		return Page{}, errors.New("the reply has no list in data")
	}
	return outer, nil
}

func (s *scanner) pageField(key string, into *Page) error {
	if key == "data" {
		opened, err := s.open()
		if err != nil {
			return errNotJSON
		}
		if opened == '[' {
			return s.groups(into)
		}
		return s.skipRest(opened)
	}
	raw, err := s.value()
	if err != nil {
		return err
	}
	var target any
	switch key {
	case "has_more":
		target = &into.HasMore
	case "total":
		target = &into.Total
	case "lastPage":
		target = &into.LastPage
	case "page":
		target = &into.Number
	case "pageSize":
		target = &into.Size
	default:
		return nil
	}
	// Taken for absent, such a value could make an account complete that is not. Some write numbers as texts.
	if json.Unmarshal(raw, target) != nil && json.Unmarshal([]byte(strings.Trim(string(raw), `"`)), target) != nil {
		return fmt.Errorf("%s %w", key, errOddType)
	}
	return nil
}

// groups reads the rest of a list of groups.
func (s *scanner) groups(into *Page) error {
	into.Groups, into.Items = []Group{}, 0
	return s.items(func() error {
		if into.Items++; into.Items > maxItems {
			return fmt.Errorf("%w: more than %d groups on a page", errTooLarge, maxItems)
		}
		opened, err := s.open()
		if err != nil {
			return errNotJSON
		}
		i := newItem()
		if opened == '{' {
			err = s.fields(func(key string) error { return s.groupField(key, i) })
		} else {
			err = s.skipRest(opened)
		}
		if i.ID == "" {
			into.Odd.add(Oddities{First: "an item shows no readable id", Count: 1})
			return err
		}
		if len(i.odd) > 0 {
			into.Odd.add(Oddities{First: fmt.Sprintf("of the group %s, %s", i.ID, strings.Join(i.odd, "; ")), Count: 1})
		}
		into.Groups = append(into.Groups, i.group())
		return err
	})
}
