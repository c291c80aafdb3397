// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package controller

import (
	"fmt"
	"slices"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/klink-cloud/klink-operator/internal/account"
)

// leftKept is for how long a remote group that is left behind is tried to be settled.
const leftKept = time.Hour

// leftBehind are the remote groups whose Group went before their id was written down, and of
// which it is not settled yet what becomes of them, and those that are being made: their
// Groups may be gone by the time of the answer. Each holds its connection.
type leftBehind struct {
	mu sync.Mutex
	of map[types.UID]leftGroup // by the UID of the Group
}

type leftGroup struct {
	connection account.Key
	id         string
	group      types.NamespacedName
	// since is when its Group was found gone; zero while the group is being made.
	since time.Time
}

// begin notes that a remote group is about to be made for a Group.
func (l *leftBehind) begin(uid types.UID, connection account.Key, group types.NamespacedName) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.of == nil {
		l.of = map[types.UID]leftGroup{}
	}
	l.of[uid] = leftGroup{connection: connection, group: group}
}

// add notes a remote group that could not be settled, and reports whether that is news.
func (l *leftBehind) add(uid types.UID, g leftGroup) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.of[uid].since.IsZero() {
		return false
	}
	if l.of == nil {
		l.of = map[types.UID]leftGroup{}
	}
	l.of[uid] = g
	return true
}

// remove forgets what is noted of the Group of this UID, and returns what that was, if
// anything.
func (l *leftBehind) remove(uid types.UID) (g leftGroup, noted bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	g, noted = l.of[uid]
	delete(l.of, uid)
	return g, noted
}

// expired reports whether it was tried for long enough.
func (l *leftBehind) expired(uid types.UID, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	since := l.of[uid].since
	return !since.IsZero() && now.Sub(since) >= leftKept
}

// on names what is left behind on a connection.
func (l *leftBehind) on(connection account.Key) (names []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, g := range l.of {
		if g.connection == connection && !g.since.IsZero() {
			names = append(names, fmt.Sprintf("%s, made for %s", g.id, g.group))
		}
	}
	slices.Sort(names)
	return names
}

// creating names the Groups whose remote group is being made over a connection, or is made
// and not written down yet.
func (l *leftBehind) creating(connection account.Key) (names []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, g := range l.of {
		if g.connection == connection && g.since.IsZero() {
			names = append(names, g.group.String())
		}
	}
	slices.Sort(names)
	return names
}
