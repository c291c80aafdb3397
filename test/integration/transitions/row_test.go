// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package transitions

import (
	"slices"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
)

// row is a field of a kind and its states; the first is one to begin and end with.
type row struct {
	kind string
	// path of the field in spec; [] is an item of a list.
	path string
	// at is where the values of the states go, if not at path: the whole of what
	// the field is a part of.
	at string
	// with is what the spec needs beside the field, as YAML.
	with   string
	states []state
	// witness is what the Group of a connection's row has in its spec, as YAML.
	witness string
	// fresh has an object of its own for each pair of states, for what is decided
	// once in an object's life.
	fresh bool
	// immutable is what the API server says of a change from one good state to
	// another. Such a row is fresh.
	immutable string
}

// state is a state of a field and what it leads to.
type state struct {
	name string
	// value as YAML; empty: the field is not there. $own and $other stand for ids of
	// remote groups, the first being the Group's own if it has one.
	value string
	// refused is a part of what the API server says of this value, whatever was before.
	refused string
	// after says so for particular states before, where it is not row.immutable; empty
	// means that the step is taken.
	after map[string]string
	// connection and group are the reasons of Ready; empty: Connected and Synced.
	connection, group string
	// keeps: the connection goes on as it did in the state before, with the token that
	// was read then, so that the Group stands as it stood.
	keeps bool
}

// verdict is a part of what the API server says of a step; empty if it is taken. An
// object that does not exist yet has no state before.
func (r *row) verdict(before, next *state) string {
	if next.refused != "" || before == nil || before.name == next.name {
		return next.refused
	}
	if after, ok := next.after[before.name]; ok {
		return after
	}
	return r.immutable
}

// rounds are the states to go through, each round with an object of its own.
func (r *row) rounds() [][]int {
	if r.fresh || r.immutable != "" {
		return pairs(len(r.states))
	}
	return [][]int{walk(len(r.states))}
}

func (r *row) transitions() int { return len(r.states) * (len(r.states) - 1) }

func (s *state) connectionReason() string {
	if s.connection == "" {
		return v1alpha1.ReasonConnected
	}
	return s.connection
}

func (s *state) groupReason() string {
	if s.group == "" {
		return v1alpha1.ReasonSynced
	}
	return s.group
}

// rows is the whole table.
func rows() []row {
	return slices.Concat(
		of("Group", groupRows()),
		of("Connection", connectionRows(state{
			name: "foreign", value: foreignEndpoint, connection: v1alpha1.ReasonEndpointNotAllowed, group: v1alpha1.ReasonConnectionNotReady,
		})),
		of("ClusterConnection", connectionRows()),
		of("ClusterConnection", allowedNamespacesRows()),
		of("ClusterConnection", allowedAdoptionNamespacesRows()),
	)
}

func of(kind string, rows []row) []row {
	for i := range rows {
		rows[i].kind = kind
	}
	return rows
}
