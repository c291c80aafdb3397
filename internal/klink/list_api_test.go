// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package klink

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// listAPI is a list endpoint whose paging can be switched. The zero value honours nothing: it
// shows the first ten groups with has_more, whatever is asked.
type listAPI struct {
	active, archived []string // ids

	limit, size, cursor, page bool // which parameters are honoured
	inclusive                 bool // a cursor's own group is shown again
	numbered                  bool // replies have page, lastPage and total instead of has_more
	noEcho                    bool // … but no page
	mute                      bool // replies have data alone
	total                     bool // replies have total
	mixed                     bool // a plain list shows archived groups
	maximum                   int  // of a page; 0 means 100
	padding                   int  // bytes that each group has more
	strict                    bool // parameters that are not honoured are refused

	mu       sync.Mutex
	requests []string
	// intercept, if set, is called ahead of the nth request, counted from 1. It may change the
	// API, or answer in its place and return true.
	intercept func(n int, w http.ResponseWriter) bool
}

func (a *listAPI) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	query := r.URL.Query()
	a.requests = append(a.requests, strings.TrimPrefix(r.URL.RawQuery, "?"))
	if a.intercept != nil && a.intercept(len(a.requests), w) {
		return
	}
	if a.strict && a.refuses(query) {
		http.Error(w, `{"message":"unknown parameter"}`, http.StatusBadRequest)
		return
	}
	ids := a.selected(query)
	size := a.pageSize(query)
	from := a.from(query, ids, size)
	to := min(len(ids), from+size)
	reply := map[string]any{"data": a.render(ids[from:to])}
	if a.numbered {
		reply["lastPage"], reply["pageSize"] = (len(ids)+size-1)/size, size
		if !a.noEcho {
			reply["page"] = from/size + 1
		}
	} else if !a.mute {
		reply["has_more"] = to < len(ids)
	}
	if a.numbered || a.total {
		reply["total"] = len(ids)
	}
	_ = json.NewEncoder(w).Encode(reply)
}

func (a *listAPI) refuses(query url.Values) bool {
	return query.Has("starting_after") && !a.cursor || query.Has("page") && !a.page
}

func (a *listAPI) selected(query url.Values) []string {
	switch {
	case query.Get("archived") == "true":
		return a.archived
	case a.mixed:
		return slices.Concat(a.active, a.archived)
	default:
		return a.active
	}
}

func (a *listAPI) pageSize(query url.Values) int {
	asked, maximum := 10, a.maximum
	if maximum == 0 {
		maximum = 100
	}
	if n, err := strconv.Atoi(query.Get("limit")); err == nil && a.limit {
		asked = n
	}
	if n, err := strconv.Atoi(query.Get("pageSize")); err == nil && a.size {
		asked = n
	}
	return min(asked, maximum)
}

func (a *listAPI) from(query url.Values, ids []string, size int) int {
	if after := query.Get("starting_after"); after != "" && a.cursor {
		at := slices.Index(ids, after) // a cursor that is gone starts from the beginning
		if a.inclusive {
			return max(0, at)
		}
		return at + 1
	}
	if n, err := strconv.Atoi(query.Get("page")); err == nil && a.page {
		return min(len(ids), (n-1)*size)
	}
	return 0
}

func (a *listAPI) render(ids []string) []map[string]any {
	list := []map[string]any{}
	for _, id := range ids {
		group := map[string]any{"id": id, "archived_at": nil, "padding": strings.Repeat("x", a.padding)}
		if slices.Contains(a.archived, id) {
			group["archived_at"] = 692233200
		}
		list = append(list, group)
	}
	return list
}

func ids(prefix string, n int) []string {
	list := make([]string, n)
	for i := range list {
		list[i] = fmt.Sprintf("%s%04d", prefix, i)
	}
	return list
}

func idsOf(groups []Group) []string {
	list := make([]string, len(groups))
	for i, g := range groups {
		list[i] = g.ID
	}
	return list
}

func (a *listAPI) lister(t *testing.T, first Dialect) *Lister {
	return NewLister(serve(t, a.ServeHTTP), first)
}
