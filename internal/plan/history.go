// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package plan

import (
	"cmp"
	"maps"
	"slices"
	"time"
)

// History is what a process remembers of how its calls for a Group went. It may be
// lost at any time without harm.
type History struct {
	// FirstSeen is when this process first saw the Group.
	FirstSeen time.Time
	// DeclaredSeen is when it first saw these declared fields; zero where status said of
	// them already that they were compared.
	DeclaredSeen time.Time
	// NameSeen is when it first saw the Group declare this name with this adoptionPolicy.
	NameSeen time.Time
	// NameTaken: of this name and adoptionPolicy status has said NameTaken.
	NameTaken bool
	// Attempted: this process has noted a create for the Group.
	Attempted bool

	// What follows concerns this generation, and what was asked for by annotation.
	Generation int64
	// AskedAt is when this process first saw that.
	AskedAt   time.Time
	Requested string
	// Refused is the API's last refusal of this declaration.
	Refused *Backoff
	// NotApplied is the last reply that did not show the declared values, and
	// Unapplied how many there were in a row.
	NotApplied *Backoff
	Unapplied  int
	// Undone is how many writes in a row have undone a field that was as declared.
	Undone int
	// Failed is the last failure of this Group's own calls, and Failures how many
	// there were in a row.
	Failed   *Backoff
	Failures int

	// Contests are the corrections of each field that somebody else changed.
	Contests map[Field]Contest
}

// Backoff keeps a Group from repeating what has just failed.
type Backoff struct {
	// Until is when it may be tried again.
	Until time.Time
	// Reason and Message are for the Ready condition.
	Reason  string
	Message string
	// Unprovable: a cache says that the group is gone, and nothing else says anything.
	Unprovable bool
	// Write: it was no GET that failed, and none that succeeds ends it.
	Write bool
	// Fields are those a PUT or POST could not set; nil when another call failed, which
	// holds back everything.
	Fields []Field
	// Rest are those of them that are sent once more, without the others.
	Rest []Field
	// Conflict: it was a 409 to a request with the name. Holders are the groups that
	// were seen to have the name then.
	Conflict bool
	Holders  []string
}

func (b *Backoff) active(now time.Time) bool {
	return b != nil && now.Before(b.Until)
}

func (b *Backoff) covers(fields []Field) bool {
	if b.Fields == nil {
		return true
	}
	foreign := func(field Field) bool { return !slices.Contains(b.Fields, field) }
	return len(fields) > 0 && !slices.ContainsFunc(fields, foreign)
}

// Refuse notes that the API has refused these fields (nil: another call) at this time.
// What else it has refused, it refuses still. split: it may be for some of them alone;
// contacts and avatar are what others may take away.
func (h *History) Refuse(b Backoff, split bool, now time.Time) {
	if last := h.Refused; last.active(now) && last.Fields != nil && b.Fields != nil {
		added := only(b.Fields, func(field Field) bool { return !slices.Contains(last.Fields, field) })
		if len(added) == 0 { // not even the rest, sent by itself
			b.Message = last.Message
		}
		b.Fields, split = append(slices.Clone(last.Fields), added...), false
	}
	rest := only(b.Fields, func(field Field) bool { return field != FieldContacts && field != FieldAvatarURL })
	if split && len(rest) < len(b.Fields) {
		b.Rest = rest
	}
	h.Refused = &b
}

// Accepted notes that the API has taken these fields. What else it has refused, it
// refuses still.
func (h *History) Accepted(fields []Field) {
	if h.Refused == nil {
		return
	}
	left := *h.Refused
	left.Fields = only(left.Fields, func(field Field) bool { return !slices.Contains(fields, field) })
	left.Rest, h.Refused = nil, nil
	if len(left.Fields) > 0 {
		h.Refused = &left
	}
}

// Clone is a copy that later changes leave alone.
func (h History) Clone() History {
	h.Contests = maps.Clone(h.Contests)
	return h
}

// ResetOnChange drops what a person's change, or request for a fresh look, overrides.
func (h *History) ResetOnChange(generation int64, requested string, now time.Time) {
	if h.Generation == generation && h.Requested == requested {
		return
	}
	kept := History{
		FirstSeen: h.FirstSeen, DeclaredSeen: h.DeclaredSeen, NameSeen: h.NameSeen, NameTaken: h.NameTaken, Attempted: h.Attempted,
		Generation: generation, Requested: requested, AskedAt: now,
	}
	if h.Generation == generation {
		kept.Contests = h.Contests
	}
	*h = kept
}

const (
	// contestedAfter corrections of a field within contestedFor it is contested,
	// and corrected once per contestedFor.
	contestedAfter = 3
	contestedFor   = time.Hour
)

// Contest counts the corrections of one field.
type Contest struct {
	// Times are when it was corrected, the last few.
	Times []time.Time
	// Contested: there were too many within an hour.
	Contested bool
}

// over: a field that was left alone for an hour after it was due is contested no longer.
func (c Contest) over(now time.Time) bool {
	return c.Contested && (len(c.Times) == 0 || now.Sub(c.Times[len(c.Times)-1]) >= 2*contestedFor)
}

// Corrected notes that drift was corrected, and returns the fields that are
// contested from now on.
func (h *History) Corrected(fields []Field, now time.Time) (contested []Field) {
	if h.Contests == nil {
		h.Contests = map[Field]Contest{}
	}
	for _, field := range fields {
		c := h.Contests[field]
		if c.over(now) {
			c = Contest{}
		}
		c.Times = append(slices.Clone(c.Times), now)
		c.Times = c.Times[max(0, len(c.Times)-contestedAfter):]
		if !c.Contested && len(c.Times) == contestedAfter && now.Sub(c.Times[0]) < contestedFor {
			c.Contested = true
			contested = append(contested, field)
		}
		h.Contests[field] = c
	}
	return contested
}

// contested tells from when on a contested field may be corrected; ok is false for
// one that is not contested.
func (h *History) contested(field Field, now time.Time) (due time.Time, ok bool) {
	c := h.Contests[field]
	if !c.Contested || c.over(now) {
		return time.Time{}, false
	}
	return c.Times[len(c.Times)-1].Add(contestedFor), true
}

// uncontested splits the differing fields into those that may be corrected now
// and those that wait, and says how long the first of these waits.
func (h *History) uncontested(diff []Field, now time.Time) (due, contested []Field, again time.Duration) {
	for _, field := range diff {
		from, _ := h.contested(field, now)
		wait := from.Sub(now)
		if wait <= 0 {
			due = append(due, field)
			continue
		}
		contested = append(contested, field)
		again = min(cmp.Or(again, wait), wait)
	}
	return due, contested, again
}

// contestedAny reports whether one of the fields is contested, due or not.
func (h *History) contestedAny(fields []Field, now time.Time) bool {
	return slices.ContainsFunc(fields, func(field Field) bool { _, contested := h.contested(field, now); return contested })
}
