// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package controller

import (
	"slices"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/facts"
)

// groupState is what this process keeps of one Group. All of it may be lost at any
// time without harm.
type groupState struct {
	uid    types.UID
	memory facts.Memory
	// recreating is the id that is being replaced.
	recreating string
	// written is the Group as our last write left it.
	written lastWritten[*v1alpha1.Group]
	// said is the status that was written last.
	said said
	// lastSeen is the Group as it was last seen, while a group that was made for it is
	// not written down.
	lastSeen *v1alpha1.Group
}

// see notes what is seen of the Group.
func (s *groupState) see(g *v1alpha1.Group) {
	s.memory.See(g, time.Now())
	if s.lastSeen = nil; s.memory.Unrecorded != nil {
		s.lastSeen = g
	}
}

// stateStore keeps the state of each Group. A Group is reconciled by one worker at
// a time, so that a state needs no lock of its own.
type stateStore struct {
	mu sync.Mutex
	of map[types.NamespacedName][]*groupState
	// notes are the notes of creates that this process has written, by the Group's UID.
	notes map[types.UID]string
}

// getOrCreate returns the state of the Group of this name and UID.
func (s *stateStore) getOrCreate(name types.NamespacedName, uid types.UID) *groupState {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, state := range s.of[name] {
		if state.uid == uid {
			return state
		}
	}
	if s.of == nil {
		s.of = map[types.NamespacedName][]*groupState{}
	}
	state := &groupState{uid: uid}
	s.of[name] = append(s.of[name], state)
	return state
}

// noted reports whether this process has written the note that stands on a Group.
func (s *stateStore) noted(g *v1alpha1.Group) bool {
	note := g.Annotations[v1alpha1.AnnotationCreateAttempt]
	s.mu.Lock()
	defer s.mu.Unlock()
	return note != "" && s.notes[g.UID] == note
}

// note keeps the note that this process is about to write on a Group.
func (s *stateStore) note(uid types.UID, note string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.notes == nil {
		s.notes = map[types.UID]string{}
	}
	s.notes[uid] = note
}

// others are the states of the Groups that had this name before; an empty UID means
// that there is no such Group now.
func (s *stateStore) others(name types.NamespacedName, uid types.UID) []*groupState {
	s.mu.Lock()
	defer s.mu.Unlock()
	var others []*groupState
	for _, state := range s.of[name] {
		if state.uid != uid {
			others = append(others, state)
		}
	}
	return others
}

func (s *stateStore) forget(name types.NamespacedName, gone *groupState) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.notes, gone.uid)
	kept := slices.DeleteFunc(s.of[name], func(state *groupState) bool { return state == gone })
	if len(kept) == 0 {
		delete(s.of, name)
	} else {
		s.of[name] = kept
	}
}
