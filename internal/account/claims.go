// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package account

import (
	"net/url"
	"strings"
	"sync"
)

// Claims are the remote ids that this process has bound and the cache may not
// show yet, and the creates that are under way.
type Claims struct {
	mu      sync.Mutex
	owners  map[claim]string
	creates map[claim]int
	made    map[claim]string
	left    map[claim]struct{}
}

type claim struct{ endpoint, value string }

// NewClaims returns an empty set.
func NewClaims() *Claims {
	return &Claims{owners: map[claim]string{}, creates: map[claim]int{}, made: map[claim]string{}, left: map[claim]struct{}{}}
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

// Release drops every claim of a Group that is gone, or that let go,
// and returns the ids.
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

// BeginCreate notes that a group of this name is being created; the returned
// function ends that.
func (c *Claims) BeginCreate(endpoint, name string) (end func()) {
	k := claim{NormalEndpoint(endpoint), name}
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
	return c.creates[claim{NormalEndpoint(endpoint), name}] > 0
}

// NormalEndpoint writes an endpoint in the one way under which ids are compared:
// scheme and host in lower case, no default port, no trailing slash.
func NormalEndpoint(endpoint string) string {
	u, err := url.Parse(endpoint)
	if err != nil {
		return endpoint
	}
	u.Scheme, u.Host = strings.ToLower(u.Scheme), strings.TrimSuffix(strings.ToLower(u.Host), ":")
	if port := u.Port(); u.Scheme == "https" && port == "443" || u.Scheme == "http" && port == "80" {
		u.Host = strings.TrimSuffix(u.Host, ":"+port)
	}
	return u.Scheme + "://" + u.Host + strings.TrimRight(u.EscapedPath(), "/")
}

// Made notes that the group was made for the Group of this UID: by this process, or so
// that it was left when that Group went as an Orphan. It is remembered for as long as the process lives: no recovery of another Group's
// create may take the group for its own, also when its Group is gone.
func (c *Claims) Made(endpoint, id, uid string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.made[claim{NormalEndpoint(endpoint), id}] = uid
}

// Leave notes that the Group which a group belonged to let it go on purpose (deletionPolicy
// Orphan): to those that look for a name it is nobody's.
func (c *Claims) Leave(endpoint, id string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.left[claim{NormalEndpoint(endpoint), id}] = struct{}{}
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
	owner, made := c.made[claim{NormalEndpoint(endpoint), id}]
	return made && owner != uid
}
