// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package simulator

import (
	"cmp"
	"slices"
	"time"
)

// store is the groups of one tenant, with as much of their past as the lag needs. The Server's lock guards it.
type store struct {
	records map[string]*record
	ordered []*record // by (created, sequence); includes deleted ones that lagging reads may still see
	deleted []*record // by time of deletion
	aliases map[string]string
}

// record is one group through time. A version is never changed in place, so it can be read after the lock is gone.
type record struct {
	id       string
	created  time.Time
	sequence uint64
	versions []version
}

// version is the group from a moment on; nil when deleted.
type version struct {
	from  time.Time
	group *Group
}

func newStore() *store {
	return &store{records: map[string]*record{}, aliases: map[string]string{}}
}

// compare orders records by age, the oldest first. No two are equal.
func (r *record) compare(other *record) int {
	return cmp.Or(r.created.Compare(other.created), cmp.Compare(r.sequence, other.sequence))
}

// latest is the present version, nil when deleted.
func (r *record) latest() *Group { return r.versions[len(r.versions)-1].group }

// at is the version that a read of the past sees, nil when there was none.
func (r *record) at(moment time.Time) *Group {
	for _, v := range slices.Backward(r.versions) {
		if !v.from.After(moment) {
			return v.group
		}
	}
	return nil
}

// get finds the record of an id, also of a deleted one that is not forgotten yet.
func (s *store) get(id string) *record {
	if target, ok := s.aliases[id]; ok {
		id = target
	}
	return s.records[id]
}

// nameTaken tells whether a group other than except has the name.
func (s *store) nameTaken(name, except string) bool {
	for _, r := range s.ordered {
		if g := r.latest(); g != nil && g.Name == name && g.ID != except {
			return true
		}
	}
	return false
}

func (s *store) insert(g *Group, sequence uint64, from time.Time) {
	r := &record{id: g.ID, created: g.CreatedAt, sequence: sequence, versions: []version{{from, g}}}
	s.records[g.ID] = r
	s.place(r)
}

func (s *store) place(r *record) {
	i, _ := slices.BinarySearchFunc(s.ordered, r, (*record).compare)
	s.ordered = slices.Insert(s.ordered, i, r)
}

// write adds a version (nil deletes) and forgets those that no read with this lag can see any more.
func (s *store) write(r *record, g *Group, now time.Time, lag time.Duration) {
	r.versions = append(r.versions, version{now, g})
	horizon := now.Add(-lag)
	for len(r.versions) > 1 && !r.versions[1].from.After(horizon) {
		r.versions = r.versions[1:]
	}
	switch {
	case g == nil:
		s.deleted = append(s.deleted, r)
	case !g.CreatedAt.Equal(r.created):
		s.ordered = slices.DeleteFunc(s.ordered, func(other *record) bool { return other == r })
		r.created = g.CreatedAt
		s.place(r)
	}
	s.forget(horizon)
}

// forget drops the groups deleted before the horizon.
func (s *store) forget(horizon time.Time) {
	for len(s.deleted) > 0 {
		r := s.deleted[0]
		if r.latest() != nil { // seeded again
			s.deleted = s.deleted[1:]
			continue
		}
		if r.versions[len(r.versions)-1].from.After(horizon) {
			return
		}
		s.deleted = s.deleted[1:]
		delete(s.records, r.id)
		if i, found := slices.BinarySearchFunc(s.ordered, r, (*record).compare); found {
			s.ordered = slices.Delete(s.ordered, i, i+1)
		}
	}
}

// entry is a group in a listing, with its place in the account.
type entry struct {
	record *record
	group  *Group
}

// list is what a read of a moment sees, oldest first.
func (s *store) list(moment time.Time, wanted func(*Group) bool) []entry {
	entries := make([]entry, 0, len(s.ordered))
	for _, r := range s.ordered {
		if g := r.at(moment); g != nil && wanted(g) {
			entries = append(entries, entry{r, g})
		}
	}
	return entries
}
