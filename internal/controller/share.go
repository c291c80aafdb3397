// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package controller

import (
	"maps"
	"slices"
	"sync"

	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/klink-cloud/klink-operator/internal/account"
)

// shares keeps the Groups of one connection, whose API may take its time, from
// taking all the workers. The zero value sets no limit.
type shares struct {
	mu   sync.Mutex
	most int // workers at one connection
	of   map[account.Key]*share
}

// share is what one connection takes, and who waits for it: each request once, by
// priority and in their order.
type share struct {
	busy    int
	waiting map[int][]reconcile.Request
	known   map[reconcile.Request]struct{}
}

// limit leaves a quarter of the workers to the other connections.
func (s *shares) limit(workers int) { s.most = max(1, min(workers-1, workers*3/4)) }

// enter takes a worker for a request of the connection, or notes that it waits for
// one; it is told by leave when to ask again.
func (s *shares) enter(key account.Key, request reconcile.Request, priority int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	of := s.of[key]
	if of == nil {
		of = &share{waiting: map[int][]reconcile.Request{}, known: map[reconcile.Request]struct{}{}}
		if s.of == nil {
			s.of = map[account.Key]*share{}
		}
		s.of[key] = of
	}
	if s.most == 0 || of.busy < s.most {
		of.busy++
		return true
	}
	if _, waits := of.known[request]; !waits {
		of.known[request] = struct{}{}
		of.waiting[priority] = append(of.waiting[priority], request)
	}
	return false
}

// leave gives the worker back, and hands the request that comes next to again.
// When nobody is left to do so once more, it hands over all.
func (s *shares) leave(key account.Key, again func(priority int, requests ...reconcile.Request)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	of := s.of[key]
	of.busy--
	for _, priority := range slices.Backward(slices.Sorted(maps.Keys(of.waiting))) {
		next := of.waiting[priority]
		if of.busy > 0 {
			next = next[:1]
		}
		for _, request := range next {
			delete(of.known, request)
		}
		again(priority, next...)
		if rest := of.waiting[priority][len(next):]; len(rest) > 0 {
			of.waiting[priority] = rest
		} else {
			delete(of.waiting, priority)
		}
		if of.busy > 0 {
			return
		}
	}
	if of.busy == 0 {
		delete(s.of, key)
	}
}
