// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package plan

import (
	"testing"
	"time"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/remote"
)

// gaveUp is an unbound Group that gave its id up ten minutes ago, and shows again since.
func gaveUp(s *Facts) {
	unbound(s)
	s.Dropped = Dropped{ID: plazaID, At: now.Add(-10 * time.Minute), Confirmed: true}
	s.Dropped.Remote = Remote{State: RemotePresent, Group: plaza(named("Renamed since"), createdAt(now.Add(-24*time.Hour))), AsOf: now.Add(-time.Minute)}
}

func dropped(edit func(*Dropped)) option { return func(s *Facts) { edit(&s.Dropped) } }

// A group that had vanished for a while, as after a restore of the account, stayed beside
// the one that was made in its place.
func TestAGroupThatWasGivenUpAndShowsAgainIsBoundAgain(t *testing.T) {
	bound := Step{Action: Bind, ID: plazaID, Origin: OriginRestored}
	mayNotAdopt := func(s *Facts) { s.Connection.MayAdopt = false }
	unconfirmed := dropped(func(d *Dropped) { d.Confirmed = false })
	ofAnother := dropped(func(d *Dropped) { d.OtherOwner = "lobby/plaza" })
	before := dropped(func(d *Dropped) { d.Remote.AsOf = d.At.Add(-time.Second) })
	absent := dropped(func(d *Dropped) { d.Remote = Remote{State: RemoteUnlisted} })
	resting := dropped(func(d *Dropped) { d.Remote.Group.ArchivedAt = now.Add(-time.Hour) })
	decide(t, []decision{
		{"before another one is made", facts(gaveUp), bound},
		{"whatever the name says", facts(gaveUp, allowDuplicate, shows(plaza(withID(otherID)))), bound},
		{"before one is adopted by name", facts(gaveUp, byName, shows(plaza(withID(otherID)))), bound},
		{"archived, it stays so", facts(gaveUp, resting), bound},
		{"it was this Group's: no adoption", facts(gaveUp, mayNotAdopt), bound},
		{"though one that only an annotation named is", facts(gaveUp, mayNotAdopt, unconfirmed), Step{Action: Create}},
		{"which who may adopt binds again", facts(gaveUp, unconfirmed), bound},
		{"what began before that has to be asked for", facts(gaveUp, before), Step{Action: Read, ID: plazaID}},
		{"without insisting", facts(gaveUp, before, failing), says(v1alpha1.ReasonUnavailable, "503").again(4 * time.Second)},
		{"what does not show again is made again", facts(gaveUp, absent), Step{Action: Create}},
		{"nor what another Group owns by now", facts(gaveUp, ofAnother), Step{Action: Create}},
		{"nor what a wrong tenant shows", facts(gaveUp, distrusted), says(v1alpha1.ReasonConnectionNotReady, "nothing is created")},
		{"nor before the first listing", facts(gaveUp, unmirrored), Step{Action: Wait}},
		{"a dry run binds nothing", facts(gaveUp, dry), says(v1alpha1.ReasonDryRun, "would bind")},
		{"what spec.groupID names goes first", facts(gaveUp, spec(func(g *v1alpha1.GroupSpec) { g.GroupID = otherID })), Step{Action: Read, ID: otherID}},
	})
}

// The POST in its place goes first: what it may have made is looked for, and what it has
// made is the Group's, so that the old one is nobody's.
func TestAnOpenCreateGoesBeforeWhatWasGivenUp(t *testing.T) {
	again := func(s *Facts) {
		gaveUp(s)
		attempted(s)
	}
	made := plaza(withID(otherID), createdAt(now.Add(-30*time.Minute)))
	decide(t, []decision{
		{"what it made is bound", facts(again, shows(made)), Step{Action: Bind, ID: otherID, Origin: OriginRecovered}},
		{"it made nothing", facts(again), Step{Action: Bind, ID: plazaID, Origin: OriginRestored}},
		{"it is proven that it made nothing", facts(again, empty), Step{Action: Bind, ID: plazaID, Origin: OriginRestored}},
		{"not known yet", facts(again, listed(29*time.Minute)), says(v1alpha1.ReasonCreating, "looking for its group").awaiting(now.Add(-28 * time.Minute))},
	})
}

// A deletion applies its policy to what was given up and shows again.
func TestAGroupThatWasGivenUpAndShowsAgainIsArchivedAtDeletion(t *testing.T) {
	absent := dropped(func(d *Dropped) { d.Remote = Remote{State: RemoteUnlisted, Group: remote.Group{}} })
	decide(t, []decision{
		{"it is bound first", facts(gaveUp, deleted), Step{Action: Bind, ID: plazaID, Origin: OriginRestored}},
		{"an Orphan leaves it", facts(gaveUp, deleted, policy(v1alpha1.DeletionOrphan)), Step{Action: Release}},
		{"what is gone holds nobody up", facts(gaveUp, deleted, absent), Step{Action: Release}},
		{"nor what another Group owns", facts(gaveUp, deleted, dropped(func(d *Dropped) { d.OtherOwner = "lobby/plaza" })), Step{Action: Release}},
		{"nor where the namespace may not use the connection", facts(gaveUp, deleted, notAllowed), Step{Action: Release}},
		{"what has just failed is waited for", facts(gaveUp, deleted, dropped(func(d *Dropped) { d.Remote.AsOf = d.At.Add(-time.Second) }), failing), says(v1alpha1.ReasonDeleting, "503").again(4 * time.Second)},
		{"a read that has not failed is made", facts(gaveUp, deleted, dropped(func(d *Dropped) { d.Remote.AsOf = d.At.Add(-time.Second) })), Step{Action: Read, ID: plazaID}},
		{"a failure holds no binding up", facts(gaveUp, deleted, failing), Step{Action: Bind, ID: plazaID, Origin: OriginRestored}},
		{"a connection that is down is waited for", facts(gaveUp, deleted, down), says(v1alpha1.ReasonDeleting, "not ready").again(time.Minute)},
	})
}
