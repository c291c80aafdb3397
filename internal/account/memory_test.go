// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package account

import (
	"fmt"
	"runtime"
	"testing"
	"time"
	"unsafe"

	"github.com/klink-cloud/klink-operator/internal/klink"
)

// sampleListing is an account of groups with 20 of 5,000 members each, every text of it
// in memory of its own, as replies are decoded.
func sampleListing(groups int) klink.Listing {
	l := klink.Listing{Begun: time.Now(), Complete: true}
	for i := range groups {
		g := klink.Group{
			ID: fmt.Sprintf("%016d", i), Name: fmt.Sprintf("Group number %d of the hotel", i), Description: fmt.Sprintf("World-renowned, as number %d is.", i),
			AvatarURL: fmt.Sprintf("https://assets.example.com/avatars/%d.jpg", i), ConversationID: fmt.Sprintf("c%015d", i), CreatedAt: time.Unix(692233200, 0),
		}
		for n := range 20 {
			g.Contacts = append(g.Contacts, fmt.Sprintf("member-%06d", (i*7+n*31)%5000))
		}
		l.Groups = append(l.Groups, g)
	}
	return l
}

func heap() uint64 {
	var stats runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&stats)
	return stats.HeapAlloc
}

// BenchmarkMirror prints what each group of a settled account costs.
func BenchmarkMirror(b *testing.B) {
	const groups = 10_000
	for b.Loop() {
		before := heap()
		m := newMirror()
		for range 3 {
			m.apply(sampleListing(groups), nil, time.Now())
		}
		b.ReportMetric(float64(heap()-before)/groups, "bytes/group")
		runtime.KeepAlive(m)
	}
}

// An account of 2,500 groups of 5,000 members each kept each name 2,500 times.
func TestMembersAreKeptOnceHoweverManyGroupsHaveThem(t *testing.T) {
	m := newMirror()
	m.apply(sampleListing(2000), nil, time.Now())
	kept := map[*byte]bool{}
	for _, e := range m.entries {
		for _, name := range e.group.Contacts {
			kept[unsafe.StringData(name)] = true
		}
	}
	if len(kept) > 5000 {
		t.Errorf("%d names are kept of 5000", len(kept))
	}
}

func TestAListingThatChangesNothingIsNotKept(t *testing.T) {
	m := newMirror()
	m.apply(sampleListing(100), nil, time.Now())
	before := unsafe.SliceData(m.entries["0000000000000007"].group.Contacts)
	m.apply(sampleListing(100), nil, time.Now())
	if unsafe.SliceData(m.entries["0000000000000007"].group.Contacts) != before {
		t.Error("the newest listing is kept in the place of the same one before")
	}
}
