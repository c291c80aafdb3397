// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package facts

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/plan"
	"github.com/klink-cloud/klink-operator/internal/remote"
)

var now = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

const (
	ours  = "cluster-uid"
	id    = "l7cGNIBKZiNJ6wqF"
	older = "hSIhXBhNe8X1d8Et"
)

// bound is a Group that is bound, as all that belongs to it says.
func bound() *v1alpha1.Group {
	return &v1alpha1.Group{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: "concierge", Name: "plaza", UID: "uid-plaza", Finalizers: []string{v1alpha1.FinalizerGroup},
			Annotations: map[string]string{v1alpha1.AnnotationGroupID: id, v1alpha1.AnnotationGroupCluster: ours},
		},
		Spec:   v1alpha1.GroupSpec{Name: "Plaza Hotel"},
		Status: v1alpha1.GroupStatus{ID: id},
	}
}

func unbound() *v1alpha1.Group {
	g := bound()
	g.Annotations, g.Status = map[string]string{}, v1alpha1.GroupStatus{}
	return g
}

// A cache that lags behind our own writes showed a Group without the id that it had
// just been bound to, or with one that it had just given up: it was created twice.
func TestWhatThisProcessBoundGoesBeforeWhatTheCacheShows(t *testing.T) {
	for _, c := range []struct {
		name string
		g    *v1alpha1.Group
		m    Memory
		want string
	}{
		{"what the Group says", bound(), Memory{}, id},
		{"bound, and not shown yet", unbound(), Memory{Bound: id}, id},
		{"given up, and still shown", bound(), Memory{Dropped: Dropped{ID: id}}, ""},
		{"given up, and bound to another since", bound(), Memory{Dropped: Dropped{ID: older}}, id},
		{"made, and not written down", unbound(), Memory{Unrecorded: &Unrecorded{Group: remote.Group{ID: older}}}, older},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.m.See(c.g, now)
			if got := Of(Input{Now: now, Group: c.g, Cluster: ours, Memory: c.m}).Identity.ID; got != c.want {
				t.Errorf("bound to %q, want %q", got, c.want)
			}
		})
	}
}

func TestAMemoryForgetsWhatTheGroupHasComeToSay(t *testing.T) {
	m := Memory{Bound: id, Dropped: Dropped{ID: older}}
	m.See(bound(), now)
	if m.Bound != "" || m.Dropped.ID != "" {
		t.Errorf("remembered still: %+v", m)
	}
	if m.SeenID != id || m.BoundSince != now || m.History.FirstSeen != now {
		t.Errorf("first seen: %+v", m)
	}
	m.See(bound(), now.Add(time.Hour))
	if m.BoundSince != now || m.History.FirstSeen != now {
		t.Errorf("seen once more, it counts as new: %+v", m)
	}
}

// Only of a group that another process bound may that one's calls still be under way.
func TestAMemoryTellsWhoBoundTheGroup(t *testing.T) {
	unbound := bound()
	unbound.Status.ID, unbound.Annotations = "", nil
	for name, c := range map[string]struct {
		before func(*Memory)
		want   bool
	}{
		"bound when it was first seen":           {func(*Memory) {}, true},
		"bound by another manager since":         {func(m *Memory) { m.See(unbound, now) }, true},
		"bound here":                             {func(m *Memory) { m.See(unbound, now); m.Bound = id }, false},
		"made here, and not written down yet":    {func(m *Memory) { m.Unrecorded = &Unrecorded{Group: remote.Group{ID: id}} }, false},
		"bound here, and forgotten by the Group": {func(m *Memory) { m.Bound = id; m.See(unbound, now) }, false},
	} {
		var m Memory
		c.before(&m)
		m.See(bound(), now)
		m.See(bound(), now.Add(time.Second))
		if got := Of(Input{Now: now, Group: bound(), Cluster: ours, Memory: m}).Identity.Inherited; got != c.want {
			t.Errorf("%s: inherited is %t", name, got)
		}
	}
}

// An id that was given up is remembered until the Group is bound to another: it was
// forgotten as soon as the Group showed it no more, and the account could show it again.
func TestAnIDThatWasGivenUpIsRememberedUntilTheGroupHasAnother(t *testing.T) {
	m := Memory{Dropped: Dropped{ID: older, At: now, Confirmed: true}}
	shown := plan.Remote{State: plan.RemotePresent, Group: remote.Group{ID: older}, AsOf: now.Add(time.Minute)}
	owner := plan.Claimant{UID: "uid-lobby", Group: "concierge/lobby", Bound: true}
	m.See(unbound(), now.Add(time.Hour))
	got := Of(Input{Now: now, Group: unbound(), Memory: m, Dropped: shown, Claims: map[string]Claims{older: {Others: []plan.Claimant{owner}}}}).Dropped
	want := plan.Dropped{ID: older, At: now, Confirmed: true, Remote: shown, OtherOwner: "concierge/lobby"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	again := unbound()
	again.Annotations[v1alpha1.AnnotationGroupID] = older
	if claimed := ClaimedID(again, m); claimed != "" {
		t.Errorf("a cache that lags has it claimed: %s", claimed)
	}
	m.See(bound(), now.Add(2*time.Hour))
	if got := Of(Input{Now: now, Group: bound(), Memory: m, Dropped: shown}).Dropped; got.ID != "" || m.Dropped.ID != "" {
		t.Errorf("remembered beside the next one: %+v", got)
	}
}

// The settle time runs from when a note was first seen, and not from each look.
func TestANoteIsAsOldAsItsFirstSight(t *testing.T) {
	g := unbound()
	note := plan.NewAttempt(plan.Declared{Name: "Plaza Hotel"}, now, nil)
	g.Annotations[v1alpha1.AnnotationCreateAttempt] = note.Encode()
	var m Memory
	m.See(g, now)
	m.AttemptEmpty = true
	m.See(g, now.Add(time.Minute))
	identity := Of(Input{Now: now, Group: g, Memory: m}).Identity
	if identity.AttemptSeen != now || !identity.AttemptEmpty || identity.Attempt == nil || identity.AttemptUnreadable {
		t.Errorf("%+v", identity)
	}
	g.Annotations[v1alpha1.AnnotationCreateAttempt] = "?"
	m.See(g, now.Add(time.Hour))
	identity = Of(Input{Now: now, Group: g, Memory: m}).Identity
	if identity.AttemptSeen != now.Add(time.Hour) || identity.AttemptEmpty || identity.Attempt != nil || !identity.AttemptUnreadable {
		t.Errorf("another note is taken for the first: %+v", identity)
	}
}

func TestAnIdentityIsRecordedWhereAllOfItStands(t *testing.T) {
	for name, strip := range map[string]func(*v1alpha1.Group){
		"":           func(*v1alpha1.Group) {},
		"finalizer":  func(g *v1alpha1.Group) { g.Finalizers = nil },
		"id":         func(g *v1alpha1.Group) { delete(g.Annotations, v1alpha1.AnnotationGroupID) },
		"another id": func(g *v1alpha1.Group) { g.Annotations[v1alpha1.AnnotationGroupID] = older },
		"cluster":    func(g *v1alpha1.Group) { delete(g.Annotations, v1alpha1.AnnotationGroupCluster) },
		"open note":  func(g *v1alpha1.Group) { g.Annotations[v1alpha1.AnnotationCreateAttempt] = "?" },
	} {
		g := bound()
		strip(g)
		if got := Of(Input{Group: g, Cluster: ours}).Identity.Recorded; got != (name == "") {
			t.Errorf("%q missing or wrong: recorded %t", name, got)
		}
	}
}

func TestWhoOwnsAnIDIsNamed(t *testing.T) {
	other := func(edit func(*plan.Claimant)) Claims {
		c := plan.Claimant{UID: "uid-lobby", Group: "lobby/plaza", Created: now}
		edit(&c)
		return Claims{Others: []plan.Claimant{c}}
	}
	asBound := func(c *plan.Claimant) { c.Bound = true }
	asNamed := func(*plan.Claimant) {}
	for _, c := range []struct {
		name   string
		g      *v1alpha1.Group
		claims Claims
		memory Memory
		want   string
	}{
		{"nobody else", bound(), Claims{}, Memory{}, ""},
		{"one that only names it", bound(), other(asNamed), Memory{}, ""},
		{"one whose status says so too, and that is younger", bound(), other(asBound), Memory{}, ""},
		{"one whose status says so, beside our annotation", annotated(), other(asBound), Memory{}, "lobby/plaza"},
		{"which this process has bound", annotated(), other(asBound), Memory{Bound: id}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := Of(Input{Group: c.g, Cluster: ours, Memory: c.memory, Claims: map[string]Claims{id: c.claims}}).Identity.OtherOwner
			if got != c.want {
				t.Errorf("owned by %q, want %q", got, c.want)
			}
		})
	}
}

// annotated is a Group restored from a backup without status.
func annotated() *v1alpha1.Group {
	g := bound()
	g.Status = v1alpha1.GroupStatus{}
	return g
}

func TestCandidatesSayWhoseTheyAre(t *testing.T) {
	in := Input{
		Group: unbound(), Cluster: ours,
		Evidence: plan.Evidence{Candidates: []plan.Candidate{{Group: remote.Group{ID: id}}, {Group: remote.Group{ID: older}}, {Group: remote.Group{ID: "free"}}}},
		Claims: map[string]Claims{
			id:    {Others: []plan.Claimant{{UID: "a", Group: "lobby/plaza", Bound: true}}},
			older: {MadeForOther: true},
		},
	}
	want := []plan.Candidate{
		{Group: remote.Group{ID: id}, OwnedBy: "lobby/plaza"}, {Group: remote.Group{ID: older}, MadeForOther: true}, {Group: remote.Group{ID: "free"}},
	}
	if diff := cmp.Diff(want, Of(in).Evidence.Candidates); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if in.Evidence.Candidates[0].OwnedBy != "" {
		t.Error("what was read is changed by its translation")
	}
}

// The token was changed to another tenant's while a create was open.
func TestAnotherAccountIsToldByItsFingerprint(t *testing.T) {
	for _, c := range []struct {
		name, noted, present string
		trust                plan.Trust
		want                 bool
	}{
		{"the same", "aa", "aa", plan.TrustProvisional, false},
		{"another", "aa", "bb", plan.TrustProvisional, true},
		{"another that shows what is owned", "aa", "bb", plan.TrustEarned, false},
		{"a note without a fingerprint", "", "bb", plan.TrustProvisional, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := unbound()
			note := plan.NewAttempt(plan.Declared{Name: "Plaza Hotel"}, now, nil)
			note.Account = c.noted
			g.Annotations[v1alpha1.AnnotationCreateAttempt] = note.Encode()
			got := Of(Input{Group: g, Fingerprint: c.present, Evidence: plan.Evidence{Trust: c.trust}}).Evidence.OtherAccount
			if got != c.want {
				t.Errorf("another account: %t, want %t", got, c.want)
			}
		})
	}
}

func TestAnotherClustersGroupIsForeignUntilItIsTakenOver(t *testing.T) {
	g := bound()
	g.Annotations[v1alpha1.AnnotationGroupCluster] = "elsewhere"
	identity := Of(Input{Group: g, Cluster: ours, TakeOver: "another"}).Identity
	if identity.ForeignCluster != "elsewhere" || identity.TakeOver {
		t.Errorf("%+v", identity)
	}
	if identity = Of(Input{Group: g, Cluster: ours, TakeOver: "elsewhere"}).Identity; !identity.TakeOver {
		t.Errorf("%+v", identity)
	}
	if identity = Of(Input{Group: unbound(), Cluster: ours}).Identity; identity.TakeOver || identity.ForeignCluster != "" {
		t.Errorf("an unbound Group is another cluster's: %+v", identity)
	}
}
