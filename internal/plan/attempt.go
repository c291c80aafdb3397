// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package plan

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/klink-cloud/klink-operator/internal/remote"
)

const (
	// SettleTime is how long the API may lag behind a write, and how long a
	// create is given to become visible before its absence proves anything.
	SettleTime = 2 * time.Minute
	// ClockSkew is how far the API's created_at may lie from our own clock.
	ClockSkew = 5 * time.Minute
	// PostWindow is how soon after the attempt was noted its POST must start. A
	// process that was paused for longer starts over.
	PostWindow = 10 * time.Second
)

// Attempt is the note left on a Group before the one call that cannot be
// repeated (annotation klink.cloud/create-attempt).
type Attempt struct {
	// Time is when the attempt was noted.
	Time time.Time `json:"time"`
	// Name is the group name that was sent.
	Name string `json:"name"`
	// Fields are the fields that were sent, and Digest condenses their values.
	Fields []Field `json:"fields"`
	Digest string  `json:"digest"`
	// AtLeast: others may add members, so that contacts are not in the digest.
	AtLeast bool `json:"atLeast,omitempty"`
	// Account is a fingerprint of the endpoint and the token that it was sent with.
	Account string `json:"account,omitempty"`
	// Known are ids that bore the name before the POST: never candidates.
	Known []string `json:"known,omitempty"`
}

// NewAttempt notes an attempt to create d. Groups that may have that name and which the mirror
// already shows are remembered, unless they are too old to be taken for ours
// anyway: claimed ones too, since their Groups may let go of them meanwhile.
func NewAttempt(d Declared, now time.Time, candidates []Candidate) Attempt {
	a := Attempt{
		Time: now.UTC(), Name: d.Name, Fields: d.creationFields(), AtLeast: d.AtLeast, Digest: d.digest(d.digestFields()),
	}
	for _, c := range candidates {
		if g := c.Group; mayHaveName(g, d.Name) && a.near(g.CreatedAt, 2*ClockSkew) {
			a.Known = append(a.Known, g.ID)
		}
	}
	return a
}

// Salt goes into the fingerprint of the account.
func (a Attempt) Salt() string { return a.Time.UTC().Format(time.RFC3339Nano) }

// Encode renders the attempt for its annotation.
func (a Attempt) Encode() string {
	// An Attempt holds a time and strings only: marshalling cannot fail.
	encoded, _ := json.Marshal(a) //nolint:errchkjson // see above
	return string(encoded)
}

// ParseAttempt reads the annotation back.
func ParseAttempt(annotation string) (Attempt, error) {
	var a Attempt
	if err := json.Unmarshal([]byte(annotation), &a); err != nil {
		return Attempt{}, fmt.Errorf("not a create attempt: %w", err)
	}
	if a.Name == "" || a.Time.IsZero() {
		return Attempt{}, errors.New("not a create attempt: it has no name or no time")
	}
	return a, nil
}

// near reports whether a group created at t may stem from the attempt. A group
// without a creation time may.
func (a Attempt) near(t time.Time, skew time.Duration) bool {
	return t.IsZero() || t.Sub(a.Time).Abs() <= skew
}

// MayHaveMade reports whether the attempt may have made g.
func (a Attempt) MayHaveMade(g remote.Group) bool {
	return mayHaveName(g, a.Name) && a.near(g.CreatedAt, ClockSkew) && !slices.Contains(a.Known, g.ID)
}

// mayHaveName reports whether a group that was created under a name may be g: the API may
// have trimmed the name, composed or folded it, or not show it.
func mayHaveName(g remote.Group, name string) bool {
	return g.Unknown.Has(remote.FieldName) || remote.NameKey(g.Name) == remote.NameKey(name)
}

// shows reports whether g has exactly the values that the attempt sent, or at least
// the members that d declares.
func (a Attempt) shows(g remote.Group, d Declared) bool {
	sent := Declared{AtLeast: a.AtLeast}.digested(a.Fields)
	if a.AtLeast && d.AtLeast && d.lacksMembers(g) {
		return false
	}
	return shownBy(g).digest(sent) == a.Digest
}
