// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package simulator_test

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/klink-cloud/klink-operator/internal/simulator"
)

// seeded is a server with groups named 1 to n, oldest first.
func seeded(t *testing.T, n int, settings simulator.Settings) (*simulator.Server, *client, []string) {
	t.Helper()
	s := simulator.New(simulator.Options{Seed: 1, Settings: settings})
	var ids []string
	for i := range n {
		ids = append(ids, s.Seed(simulator.Group{Name: strconv.Itoa(i + 1)}))
	}
	return s, inProcess(t, s), ids
}

func names(from, to int) string {
	var list []string
	for i := from; i <= to; i++ {
		list = append(list, strconv.Itoa(i))
	}
	return strings.Join(list, " ")
}

func TestPaging(t *testing.T) {
	oldest := simulator.OldestFirst
	cursor := simulator.Settings{Order: oldest}
	page := simulator.Settings{Order: oldest, Paging: simulator.Page}
	tests := []struct {
		name     string
		groups   int
		settings simulator.Settings
		query    string // %[n]s is the id of the nth group
		want     string
		more     bool
	}{
		{"ten by default", 12, cursor, "", names(1, 10), true},
		{"exactly ten", 10, cursor, "", names(1, 10), false},
		{"newest first by default", 3, simulator.Settings{}, "", "3 2 1", false},
		{"limit", 12, cursor, "?limit=3", names(1, 3), true},
		{"at most a hundred", 102, cursor, "?limit=1000", names(1, 100), true},
		{"a configured maximum", 12, simulator.Settings{Order: oldest, MaxLimit: 5}, "?limit=100", names(1, 5), true},
		{"starting_after", 12, cursor, "?limit=5&starting_after=%[5]s", names(6, 10), true},
		{"starting_after, the rest", 12, cursor, "?limit=5&starting_after=%[10]s", names(11, 12), false},
		{"starting_after the last", 12, cursor, "?starting_after=%[12]s", "", false},
		{"starting_after, newest first", 5, simulator.Settings{}, "?starting_after=%[3]s", "2 1", false},
		{"ending_before", 12, cursor, "?limit=5&ending_before=%[7]s", names(2, 6), true},
		{"ending_before the sixth", 12, cursor, "?limit=5&ending_before=%[6]s", names(1, 5), false},
		{"page", 12, page, "?page=2&pageSize=5", names(6, 10), true},
		{"last page", 12, page, "?page=3&pageSize=5", names(11, 12), false},
		{"past the last page", 12, page, "?page=4&pageSize=5", "", false},
		{"limit is the page size", 12, page, "?page=2&limit=5", names(6, 10), true},
		{"no cursor by pages", 12, page, "?limit=5&starting_after=%[5]s", names(1, 5), true},
		{"page, has_more", 12, simulator.Settings{Order: oldest, Paging: simulator.HasMorePage}, "?page=2&limit=5", names(6, 10), true},
		{"page, has_more, last", 12, simulator.Settings{Order: oldest, Paging: simulator.HasMorePage}, "?page=3&limit=5", names(11, 12), false},
		{"limit grows", 250, simulator.Settings{Order: oldest, Paging: simulator.Limit}, "?limit=200", names(1, 200), true},
		{"limit grows to all", 250, simulator.Settings{Order: oldest, Paging: simulator.Limit}, "?limit=400", names(1, 250), false},
		{"limit has no cursor", 12, simulator.Settings{Order: oldest, Paging: simulator.Limit}, "?starting_after=%[10]s&page=2", names(1, 10), true},
		{"single page", 120, simulator.Settings{Order: oldest, Paging: simulator.SinglePage}, "?limit=5", names(1, 120), false},
		{"incomplete", 120, simulator.Settings{Order: oldest, Paging: simulator.Incomplete}, "?limit=500&page=2", names(1, 100), true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, c, ids := seeded(t, tt.groups, tt.settings)
			query := tt.query
			for i, id := range ids {
				query = strings.ReplaceAll(query, fmt.Sprintf("%%[%d]s", i+1), id)
			}
			got := c.list(query)
			if got.names() != tt.want {
				t.Errorf("groups %q, want %q", got.names(), tt.want)
			}
			if tt.settings.Paging == simulator.Page {
				if *got.Total != tt.groups || got.HasMore != nil {
					t.Errorf("total %d, has_more %v", *got.Total, got.HasMore)
				}
				return
			}
			if *got.HasMore != tt.more {
				t.Errorf("has_more %v, want %v", *got.HasMore, tt.more)
			}
		})
	}
}

func TestPagingRefusals(t *testing.T) {
	tests := []struct {
		name     string
		settings simulator.Settings
		query    string
	}{
		{"a cursor that is gone", simulator.Settings{}, "?starting_after=gone"},
		{"two cursors", simulator.Settings{}, "?starting_after=a&ending_before=b"},
		{"page 0", simulator.Settings{Paging: simulator.Page}, "?page=0"},
		{"negative page size", simulator.Settings{Paging: simulator.Page}, "?pageSize=-1"},
		{"large limit", simulator.Settings{RejectLargeLimit: true}, "?limit=101"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, c, _ := seeded(t, 3, tt.settings)
			c.do(http.StatusBadRequest, http.MethodGet, "/groups"+tt.query, "")
		})
	}
}

// A cursor is a place in the account, so it still serves after its group has left the filter.
func TestCursorOfAGroupArchivedMeanwhile(t *testing.T) {
	s, c, ids := seeded(t, 6, simulator.Settings{Order: simulator.OldestFirst, HideArchived: true})
	s.Mutate(ids[2], func(g *simulator.Group) { g.ArchivedAt = g.CreatedAt })
	if got := c.list("?starting_after=" + ids[2]).names(); got != "4 5 6" {
		t.Errorf("after the third: %q", got)
	}
	if got := c.list("?ending_before=" + ids[2]).names(); got != "1 2" {
		t.Errorf("before the third: %q", got)
	}
}

// A deleted group is no place to go on from; a listing that was at it has to begin again.
func TestCursorOfADeletedGroup(t *testing.T) {
	s, c, ids := seeded(t, 6, simulator.Settings{})
	s.Remove(ids[2])
	c.do(http.StatusBadRequest, http.MethodGet, "/groups?starting_after="+ids[2], "")
	for reply, want := range map[simulator.GoneCursor]string{simulator.CursorEmptyPage: "", simulator.CursorFirstPage: "6 5"} {
		s, c, ids := seeded(t, 6, simulator.Settings{GoneCursor: reply})
		s.Remove(ids[2])
		if got := c.list("?limit=2&starting_after=" + ids[2]); got.names() != want || *got.HasMore != (want != "") {
			t.Errorf("%s: groups %q, has_more %v", reply, got.names(), *got.HasMore)
		}
	}
}

func TestArchivedFilter(t *testing.T) {
	tests := []struct {
		query       string
		hide        bool
		wantedNames string
	}{
		{"", false, "1 2 3"},
		{"?archived=false", false, "1 2 3"},
		{"?archived=true", false, "2"},
		{"", true, "1 3"},
		{"?archived=false", true, "1 3"},
		{"?archived=true", true, "2"},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprintf("%s hidden %v", tt.query, tt.hide), func(t *testing.T) {
			s, c, ids := seeded(t, 3, simulator.Settings{Order: simulator.OldestFirst, HideArchived: tt.hide})
			s.Mutate(ids[1], func(g *simulator.Group) { g.ArchivedAt = g.CreatedAt })
			if got := c.list(tt.query).names(); got != tt.wantedNames {
				t.Errorf("groups %q, want %q", got, tt.wantedNames)
			}
		})
	}
}

func TestOmitHasMore(t *testing.T) {
	_, c, _ := seeded(t, 3, simulator.Settings{OmitHasMore: true})
	if got := c.list(""); got.HasMore != nil || len(got.Data) != 3 {
		t.Errorf("has_more %v, %d groups", got.HasMore, len(got.Data))
	}
}
