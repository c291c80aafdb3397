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
// which it is not settled yet what becomes of them. Each holds its connection, which names it.
type leftBehind struct {
	mu sync.Mutex
	of map[types.UID]leftGroup // by the UID of the Group that is gone
}

type leftGroup struct {
	connection account.Key
	id         string
	group      types.NamespacedName
	since      time.Time
}

// add notes a remote group that could not be settled, and reports whether that is news.
func (l *leftBehind) add(uid types.UID, g leftGroup) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, known := l.of[uid]; known {
		return false
	}
	if l.of == nil {
		l.of = map[types.UID]leftGroup{}
	}
	l.of[uid] = g
	return true
}

// remove forgets what the Group of this UID has left behind, and returns on which connection,
// if there was anything.
func (l *leftBehind) remove(uid types.UID) (connection account.Key, known bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	g, known := l.of[uid]
	delete(l.of, uid)
	return g.connection, known
}

// expired reports whether it was tried for long enough.
func (l *leftBehind) expired(uid types.UID, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	g, known := l.of[uid]
	return known && now.Sub(g.since) >= leftKept
}

// on names what is left behind on a connection.
func (l *leftBehind) on(connection account.Key) (names []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, g := range l.of {
		if g.connection == connection {
			names = append(names, fmt.Sprintf("%s, made for %s", g.id, g.group))
		}
	}
	slices.Sort(names)
	return names
}
