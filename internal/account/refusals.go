// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package account

import (
	"maps"
	"time"

	"k8s.io/apimachinery/pkg/util/sets"
)

// refusals are the ids that were answered with 404 since they were last shown.
type refusals map[string]*refusal

// refusal is what is known of an id that was answered with 404.
type refusal struct {
	// first and last are when the first and the newest such question was asked.
	first, last time.Time
	// listed is the newest question that the proof of an absence is younger than.
	listed time.Time
	// word is when the API itself first said so, probed when it was then answered a
	// list, and again when it said so once more after that.
	word, probed, again time.Time
}

// note notes a 404 to a question that was asked then; word: it is the API's own.
func (r refusals) note(id string, asked time.Time, word bool) {
	one := r[id]
	if one == nil {
		one = &refusal{first: asked}
		r[id] = one
	}
	one.last = asked
	switch {
	case !word:
	case one.word.IsZero():
		one.word = asked
	case !one.probed.IsZero() && asked.After(one.probed):
		one.again = asked
	}
}

// probed notes that a list was answered after a 404.
func (r refusals) probed(id string, now time.Time) {
	if one := r[id]; one != nil && !one.word.IsZero() && one.probed.IsZero() {
		one.probed = now
	}
}

// answered notes which questions the listings that are proof began after: since.
func (r refusals) answered(since time.Time) {
	for _, one := range r {
		if one.last.Before(since) {
			one.listed = one.last
		}
	}
}

// prune forgets, in time, the questions about ids that nobody owns.
func (r refusals) prune(kept sets.Set[string], now time.Time) {
	maps.DeleteFunc(r, func(id string, one *refusal) bool { return !kept.Has(id) && now.Sub(one.last) >= strayKept })
}
