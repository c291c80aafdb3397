// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package account

import (
	"maps"
	"sync"
	"time"

	"github.com/klink-cloud/klink-operator/internal/klink"
	"github.com/klink-cloud/klink-operator/internal/remote"
)

// Claims are the remote ids that this process has bound and the cache may not
// show yet, and the creates that are under way.
type Claims struct {
	mu      sync.Mutex
	owners  map[claim]string
	creates map[claim]int
	made    map[claim]made
	left    map[claim]time.Time
}

// made is the Group that a remote group was made for; gone is when that Group was
// found to be gone, zero before.
type made struct {
	uid  string
	gone time.Time
}

// madeKept is for how long it is remembered whom a group was made for, after that
// Group is gone.
const madeKept = time.Hour

type claim struct{ endpoint, value string }

// NewClaims returns an empty set.
func NewClaims() *Claims {
	return &Claims{owners: map[claim]string{}, creates: map[claim]int{}, made: map[claim]made{}, left: map[claim]time.Time{}}
}

// Claim notes that the Group of this UID owns the id, unless another does.
func (c *Claims) Claim(endpoint, id, uid string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	k := claim{NormalEndpoint(endpoint), id}
	if owner, taken := c.owners[k]; taken && owner != uid {
		return false
	}
	c.owners[k] = uid
	delete(c.left, k)
	return true
}

// Owner returns the UID of the Group that this process bound the id to, or "".
func (c *Claims) Owner(endpoint, id string) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.owners[claim{NormalEndpoint(endpoint), id}]
}

// Release drops every claim of a Group that lets go, and returns the ids.
func (c *Claims) Release(uid string) (ids []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for k, owner := range c.owners {
		if owner == uid {
			delete(c.owners, k)
			ids = append(ids, k.value)
		}
	}
	return ids
}

// Gone drops every claim of a Group that is gone, and returns the ids. What was made
// for it is remembered for an hour more.
func (c *Claims) Gone(uid string) (ids []string) {
	ids = c.Release(uid)
	c.SeenGone(uid)
	return ids
}

// SeenGone begins the hour for which it is remembered what was made for a Group that is gone,
// of which it may not be settled yet what becomes of it.
func (c *Claims) SeenGone(uid string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for k, m := range c.made {
		if m.uid == uid && m.gone.IsZero() {
			c.made[k] = made{uid: uid, gone: time.Now()}
			c.expireLater()
		}
	}
}

// releaseAll drops every claim on the ids of an account to which no connection leads.
func (c *Claims) releaseAll(endpoint string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	normal := NormalEndpoint(endpoint)
	maps.DeleteFunc(c.owners, func(k claim, _ string) bool { return k.endpoint == normal })
}

// expireLater has what is remembered for an hour forgotten then, though no connection be
// left by that time.
func (c *Claims) expireLater() {
	time.AfterFunc(madeKept, func() { c.expire(time.Now()) })
}

// expire forgets whom groups were made for, an hour after these are gone.
func (c *Claims) expire(now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	maps.DeleteFunc(c.made, func(_ claim, m made) bool { return m.over(now) })
	maps.DeleteFunc(c.left, func(k claim, at time.Time) bool { _, made := c.made[k]; return !made && now.Sub(at) >= madeKept })
}

func (m made) over(now time.Time) bool { return !m.gone.IsZero() && now.Sub(m.gone) >= madeKept }

// BeginCreate notes that a group of this name is being created; the returned
// function ends that.
func (c *Claims) BeginCreate(endpoint, name string) (end func()) {
	k := claim{NormalEndpoint(endpoint), remote.NameKey(name)}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.creates[k]++
	return func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.creates[k]--; c.creates[k] == 0 {
			delete(c.creates, k)
		}
	}
}

// Creating reports whether a group of this name is being created right now.
func (c *Claims) Creating(endpoint, name string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.creates[claim{NormalEndpoint(endpoint), remote.NameKey(name)}] > 0
}

// NormalEndpoint writes an endpoint in the one way under which ids are compared.
func NormalEndpoint(endpoint string) string { return klink.NormalEndpoint(endpoint) }

// Made notes that the group was made for the Group of this UID, by this process, or that
// it may have been, where it was left when that Group went as an Orphan. No recovery of
// another Group's create may take it for its own, until an hour after that Group is gone.
func (c *Claims) Made(endpoint, id, uid string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.made[claim{NormalEndpoint(endpoint), id}] = made{uid: uid}
}

// Leave notes that the Group which a group belonged to let it go on purpose (deletionPolicy
// Orphan): to those that look for a name it is nobody's.
func (c *Claims) Leave(endpoint, id string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.left[claim{NormalEndpoint(endpoint), id}] = time.Now()
	c.expireLater()
}

// LetGo reports whether the group was left so.
func (c *Claims) LetGo(endpoint, id string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	_, left := c.left[claim{NormalEndpoint(endpoint), id}]
	return left
}

// MadeForOther reports whether this process made the group for another Group.
func (c *Claims) MadeForOther(endpoint, id, uid string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	m, known := c.made[claim{NormalEndpoint(endpoint), id}]
	return known && m.uid != uid && !m.over(time.Now())
}
