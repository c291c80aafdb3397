// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package plan

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/klink-cloud/klink-operator/internal/remote"
)

func TestAnAttemptSurvivesItsAnnotation(t *testing.T) {
	d := Declared{Name: `Plaza "Hotel" <&> 🏨`, Description: new(""), AvatarURL: new("a"), Contacts: []string{"Hector"}}
	attempt := NewAttempt(d, now.In(time.FixedZone("", 3600)), nil)
	got, err := ParseAttempt(attempt.Encode())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(attempt, got); diff != "" {
		t.Errorf("-written +read:\n%s", diff)
	}
	if got.Time.Location() != time.UTC {
		t.Errorf("the time is kept in %s, want UTC", got.Time.Location())
	}
}

func TestAnAttemptRemembersWhatWasThere(t *testing.T) {
	there := []remote.Group{
		plaza(withID("just made")),
		plaza(withID("owned")),
		plaza(withID("renamed"), named("Ritz")),
		plaza(withID("long ago"), createdAt(now.Add(-time.Hour))),
		plaza(withID("timeless"), createdAt(time.Time{})),
		plaza(withID("folded"), named("plaza hotel")),
		plaza(withID("nameless"), func(g *remote.Group) { g.Name, g.Unknown = "", remote.FieldName }),
	}
	there[0].CreatedAt = now.Add(-9 * time.Minute)
	for i := range there[1:] {
		if c := &there[i+1].CreatedAt; i != 2 && !c.IsZero() {
			*c = now
		}
	}
	attempt := NewAttempt(Declared{Name: hotel}, now, candidates(there...))
	if diff := cmp.Diff([]string{"just made", "owned", "timeless", "folded", "nameless"}, attempt.Known); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestTheSaltOfAnAttemptSurvivesItsAnnotation(t *testing.T) {
	first := NewAttempt(Declared{Name: hotel}, now, nil)
	read, err := ParseAttempt(first.Encode())
	if err != nil {
		t.Fatal(err)
	}
	if later := NewAttempt(Declared{Name: hotel}, now.Add(1), nil); read.Salt() != first.Salt() || later.Salt() == first.Salt() {
		t.Errorf("salts: %q, read %q, of a later attempt %q", first.Salt(), read.Salt(), later.Salt())
	}
}

func TestParseAttemptRefuses(t *testing.T) {
	for name, text := range map[string]string{
		"nothing":         "",
		"no JSON":         "2026-03-01",
		"another kind":    `[]`,
		"no name":         `{"time":"2026-03-01T12:00:00Z"}`,
		"no time":         `{"name":"Plaza Hotel"}`,
		"a broken time":   `{"name":"Plaza Hotel","time":"noon"}`,
		"half of it":      `{"name":"Plaza Hotel","time":"2026-03-01T12:00:00Z"`,
		"two of them":     `{"name":"a","time":"2026-03-01T12:00:00Z"}{}`,
		"fields of texts": `{"name":"a","time":"2026-03-01T12:00:00Z","fields":"name"}`,
	} {
		if a, err := ParseAttempt(text); err == nil {
			t.Errorf("%s: read as %+v", name, a)
		}
	}
}

// What cannot be read leads to CreateUncertain, and a person; what can be must mean
// the same to every later reader.
func FuzzParseAttempt(f *testing.F) {
	f.Add(NewAttempt(Declared{Name: hotel, Contacts: []string{"Hector"}}, now, candidates(plaza(createdAt(now)))).Encode())
	f.Add(`{"name":"a","time":"0001-01-01T00:00:00Z"}`)
	f.Add(`{"name":"a","time":"9999-12-31T23:59:59.999999999-23:59","fields":null,"known":[""]}`)
	f.Add(`null`)
	f.Fuzz(func(t *testing.T, text string) {
		a, err := ParseAttempt(text)
		if err != nil {
			if diff := cmp.Diff(Attempt{}, a); diff != "" {
				t.Errorf("an attempt beside an error (-want +got):\n%s", diff)
			}
			return
		}
		again, err := ParseAttempt(a.Encode())
		if err != nil {
			t.Fatalf("%q was read, but not what was written from it, %q: %v", text, a.Encode(), err)
		}
		if diff := cmp.Diff(a, again, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("read twice, %q means two things:\n%s", text, diff)
		}
		e := Evidence{Candidates: candidates(plaza(named(a.Name))), Trust: TrustEarned, Complete: true, Listed: now}
		if r, again := Recover(a, Declared{}, now, e), Recover(again, Declared{}, now, e); r.Outcome != again.Outcome || r.ID != again.ID {
			t.Errorf("read twice, %q concludes %v and %v", text, r, again)
		}
	})
}
