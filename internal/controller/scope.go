// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package controller

import (
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/account"
	"github.com/klink-cloud/klink-operator/internal/facts"
	"github.com/klink-cloud/klink-operator/internal/plan"
	"github.com/klink-cloud/klink-operator/internal/remote"
)

// scope is one pass over one Group: what it is about, and what has come of it so
// far. The observer reads it, the executor adds what the API replied, and the
// records replace the Group by what was written.
type scope struct {
	group    *v1alpha1.Group // as last read or written; never changed, only replaced
	gone     bool            // it is no longer there
	state    *groupState
	key      account.Key
	account  *account.Account // nil until the connection is set up
	endpoint string
	priority int // of this pass

	reply *reply             // the API's last word on a remote group, in this pass
	down  *account.DownError // a call found the connection down, in this pass
	// slotTaken: the rate slot of the PUT was taken with that of the GET before it.
	slotTaken bool
	missed    bool         // a write of this pass did not find its group
	events    []occurrence // to be recorded at the end of the pass
	// writing is for how long this pass has waited for writes to Kubernetes.
	writing time.Duration
}

// reply is what a call of this pass says of a remote group.
type reply struct {
	id    string
	state plan.RemoteState
	group remote.Group
	fresh bool
	// readAt is when the GET began that showed it.
	readAt time.Time
}

// uid is the Group's, as the claims know it.
func (s *scope) uid() string { return string(s.state.uid) }

func (s *scope) name() client.ObjectKey { return client.ObjectKeyFromObject(s.group) }

// say notes that something has happened; it is recorded at the end of the pass,
// however that ends.
func (s *scope) say(o occurrence) { s.events = append(s.events, o) }

// bound notes the id that the Group was bound to, which the cache does not show yet.
func (s *scope) bound(id string) {
	m := &s.state.memory
	m.Bound, m.Attempt = id, ""
	if m.Dropped.ID == id {
		m.Dropped, s.state.recreating = facts.Dropped{}, ""
	}
}

// giveBack returns a rate slot that was taken for a PUT which is not made.
func (s *scope) giveBack() {
	if s.slotTaken {
		s.account.GiveBack()
		s.slotTaken = false
	}
}

// shows notes a reply that showed the remote group.
func (s *scope) shows(g remote.Group) {
	s.reply = &reply{id: g.ID, state: plan.RemotePresent, group: g, fresh: true}
}

// contradicted: lists show a group that calls for it do not find. Nothing is to be gained
// by asking again and again.
func (s *scope) contradicted(id string) bool {
	return s.account != nil && s.account.Lookup(id).Contradicted
}

// answered ends a series of failures of this Group's own calls. What the API has
// refused to write it refuses still, for all that a read can tell.
func (s *scope) answered() {
	h := &s.state.memory.History
	h.Failed, h.Failures = nil, 0
}

// showed ends a series of failed reads. Whether a write that failed would succeed now, a
// read does not tell: reads may lag behind, or fail less than writes.
func (s *scope) showed() {
	if failed := s.state.memory.History.Failed; failed == nil || !failed.Write {
		s.answered()
	}
}

// succeeded ends them after a write of these fields.
func (s *scope) succeeded(fields []plan.Field) {
	s.answered()
	s.state.memory.History.Accepted(fields)
}
