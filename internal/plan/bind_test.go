// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package plan

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/remote"
)

func TestAGroupWithoutOneIsCreated(t *testing.T) {
	equal := plaza(createdAt(now.Add(-time.Minute)))
	decide(t, []decision{
		{"once nothing stands against it", facts(unbound), Step{Action: Create}},
		{"not before the first listing", facts(unbound, unmirrored), Step{Action: Wait}},
		{"not on an untrusted connection", facts(unbound, distrusted), says(v1alpha1.ReasonConnectionNotReady, "nothing is created")},
		{"nor where trust rests on what is no longer so", facts(unbound, unjudged), says(v1alpha1.ReasonConnectionNotReady, "nothing is created").again(SettleTime / 4)},
		{"not while its declaration is refused", facts(unbound, refused()), says(v1alpha1.ReasonRejected, "422").again(time.Hour)},
		{"not while the API fails", facts(unbound, failing), says(v1alpha1.ReasonUnavailable, "503").again(4 * time.Second)},
		{"not in a dry run", facts(unbound, dry), says(v1alpha1.ReasonDryRun, `would create the group "Plaza Hotel"`)},
		{"not under Observe", facts(unbound, observe), says(v1alpha1.ReasonRemoteMissing, "never created")},
		{"a field that could not be set does not hold the create back", facts(unbound, refused(FieldDescription)), Step{Action: Create}},
		{"an equal group made after the Group is a create whose note was lost", facts(unbound, shows(equal), readNow),
			Step{Action: Bind, ID: plazaID, Origin: OriginRecovered}},
		{"it is read first: it may be gone or another by now", facts(unbound, shows(equal)), Step{Action: ReadCandidate, ID: plazaID}},
		{"an equal group may be that of a create in flight", facts(unbound, inFlight, shows(equal)), Step{Action: Wait, RequeueAfter: time.Second}},
		{"without a finalizer there was no note: an equal group is a namesake like any other", facts(unbound, noNote, shows(equal)),
			Step{Action: ReadCandidate, ID: plazaID}},
		{"but for what this process remembers", facts(unbound, noNote, shows(equal), readNow, attemptedBefore),
			Step{Action: Bind, ID: plazaID, Origin: OriginRecovered}},
		{"an equal group that another Group owns is none", facts(unbound, shows(equal), claimed(plazaID)), Step{Action: Create}},
		{"a dry run binds to no equal group", facts(unbound, dry, shows(equal), readNow), says(v1alpha1.ReasonDryRun, "would bind to remote group "+plazaID)},
		{"an attempt that is proven empty is made again", facts(attempted, empty), Step{Action: Create}},
		{"an attempt's own note stands in the place of looking for an equal group", facts(attempted, empty, allowDuplicate, shows(equal)), Step{Action: Create}},
	})
}

func TestALostCreateIsRecovered(t *testing.T) {
	made := plaza(createdAt(now.Add(-30 * time.Minute)))
	other := plaza(withID(otherID), createdAt(now.Add(-29*time.Minute)), described("not ours"))
	started := now.Add(-30 * time.Minute)
	decide(t, []decision{
		{"an exact candidate is bound at once", facts(attempted, seen(0), listed(time.Second), shows(made)),
			Step{Action: Bind, ID: plazaID, Origin: OriginRecovered}},
		{"also by a Group that was restored since, where its namespace may adopt", facts(attempted, shows(made), func(s *Facts) {
			s.Group.CreationTimestamp.Time = now.Add(-10 * time.Minute)
		}), Step{Action: Bind, ID: plazaID, Origin: OriginRecovered}},
		{"it is not unarchived", facts(attempted, shows(plaza(createdAt(started), archivedSince(now)))),
			Step{Action: Bind, ID: plazaID, Origin: OriginRecovered}},
		{"nothing in a complete, late listing: it is made again", facts(attempted), Step{Action: Create}},
		{"a listing from before the attempt was seen says nothing: one is asked for", facts(attempted, seen(time.Minute), listed(2*time.Minute)),
			says(v1alpha1.ReasonCreating, "looking for its group").awaiting(now.Add(-time.Minute))},
		{"what the create was answered is said", facts(attempted, seen(time.Minute), listed(2*time.Minute), failing),
			says(v1alpha1.ReasonCreating, "no clear answer (503); looking for its group").awaiting(now.Add(-time.Minute))},
		{"one from within the settle time proves nothing: a later one is asked for", facts(attempted, seen(time.Minute), listed(time.Second)),
			says(v1alpha1.ReasonCreating, "looking for its group").awaiting(now.Add(time.Minute))},
		{"an untrusted connection proves nothing, and more listings change nothing", facts(attempted, distrusted),
			says(v1alpha1.ReasonCreating, "looking for its group")},
		{"an incomplete listing proves nothing", facts(attempted, incomplete),
			says(v1alpha1.ReasonCreateUncertain, "cannot be listed completely").again(5 * time.Minute)},
		{"what another token shows proves nothing", facts(attempted, func(s *Facts) { s.Evidence.OtherAccount = true }),
			says(v1alpha1.ReasonCreateUncertain, "another endpoint or token").again(5 * time.Minute)},
		{"where it shows a part, that is said", facts(attempted, incomplete, func(s *Facts) { s.Evidence.OtherAccount = true }),
			says(v1alpha1.ReasonCreateUncertain, "cannot be listed completely").again(5 * time.Minute)},
		{"a candidate that does not show the values needs a person", facts(describedAs("ours"), attempted, shows(other)),
			says(v1alpha1.ReasonCreateUncertain, otherID+" (created 2026-03-01T11:31:00Z)").again(5 * time.Minute)},
		{"a refusal that proves nothing is shown meanwhile", facts(attempted, distrusted, refused()),
			says(v1alpha1.ReasonRejected, "422").again(time.Hour)},
		{"a note that nobody can read needs a person", facts(unreadable),
			says(v1alpha1.ReasonCreateUncertain, v1alpha1.AnnotationCreateAttempt+" cannot be read, so whether a group was created is not known").again(time.Hour)},
		{"who can remove it", facts(unreadable, func(s *Facts) { s.Group.Annotations[v1alpha1.AnnotationCreateAttempt] = "?" }),
			says(v1alpha1.ReasonCreateUncertain, "or remove the annotation "+v1alpha1.AnnotationCreateAttempt+" when none was made").again(time.Hour)},
		{"or cannot, where it is gone by now", facts(unreadable), says(v1alpha1.ReasonCreateUncertain, "or set adoptionPolicy AllowDuplicate when there is none").again(time.Hour)},
		{"a create in flight in this process is waited for", facts(attempted, inFlight), Step{Action: Wait, RequeueAfter: time.Second}},
		{"groupID does not pass what can still be found", facts(attempted, groupID, distrusted, remoteGroup(plaza())),
			says(v1alpha1.ReasonCreating, "looking for its group")},
		{"groupID settles what nobody can read", facts(unreadable, groupID, remoteGroup(plaza())), Step{Action: Bind, ID: plazaID}},
		{"groupID settles what is uncertain", facts(attempted, incomplete, groupID, remoteGroup(plaza())), Step{Action: Bind, ID: plazaID}},
		{"nothing was made, but the name is taken by now: ByName adopts", facts(attempted, byName, shows(plaza(createdAt(now)))),
			Step{Action: Bind, ID: plazaID}},
		{"nothing was made, and Observe came meanwhile", facts(attempted, byName, observe), says(v1alpha1.ReasonRemoteMissing, "never created")},
		{"nothing was made, and ByName has another name by now",
			facts(attempted, byName, spec(func(g *v1alpha1.GroupSpec) { g.Name = "Ritz" }), shows(plaza(named("Ritz")))), Step{Action: Bind, ID: plazaID}},
		{"a dry run binds nothing", facts(attempted, dry, shows(made)), says(v1alpha1.ReasonDryRun, "would bind")},
	})
}

// The manager of the create has heard an answer, and the next one has not: what status says of
// it stays, of this generation.
func TestTheAnswerToACreateIsQuotedByTheNextManagerToo(t *testing.T) {
	const quoted = "a create got no clear answer (POST /groups: 503); looking for its group before trying again"
	says := func(generation int64) option {
		return func(s *Facts) {
			ready(v1alpha1.ReasonCreating, "False")(s)
			condition := &s.Group.Status.Conditions[0]
			condition.Message, condition.ObservedGeneration = quoted, generation
		}
	}
	for _, c := range []struct {
		name  string
		facts *Facts
		want  bool
	}{
		{"nothing is said yet", facts(attempted, distrusted), false},
		{"it is said", facts(attempted, distrusted, says(3)), true},
		{"it was said of another generation", facts(attempted, distrusted, says(2)), false},
		{"this manager has heard another answer", facts(attempted, distrusted, says(3), failing), false},
	} {
		c.facts.Group.Generation = 3
		if got := Next(c.facts); (got.Report.Message == quoted) != c.want || got.Report.Reason != v1alpha1.ReasonCreating {
			t.Errorf("%s: %+v", c.name, got.Report)
		}
	}
}

func TestGroupIDBindsAndNeverCreates(t *testing.T) {
	resting := remoteGroup(plaza(archivedSince(now.Add(-time.Hour))))
	decide(t, []decision{
		{"it looks first", facts(unbound, groupID), Step{Action: Read, ID: plazaID}},
		{"it looks where the listing lacks it", facts(unbound, groupID, remoteState(RemoteUnlisted)), Step{Action: Read, ID: plazaID}},
		{"it waits while the API fails", facts(unbound, groupID, failing), says(v1alpha1.ReasonUnavailable, "503").again(4 * time.Second)},
		{"it binds", facts(unbound, groupID, remoteGroup(plaza())), Step{Action: Bind, ID: plazaID}},
		{"it binds under Observe", facts(unbound, groupID, observe, resting), Step{Action: Bind, ID: plazaID}},
		{"it unarchives", facts(unbound, groupID, resting), Step{Action: Bind, ID: plazaID, Unarchive: true}},
		{"it does not unarchive where the spec says archived", facts(unbound, groupID, archivedAs(true), resting), Step{Action: Bind, ID: plazaID}},
		{"a dry run does neither", facts(unbound, groupID, dry, resting), says(v1alpha1.ReasonDryRun, "would bind")},
		{"a 404 is final", facts(unbound, groupID, remoteState(RemoteNotFound)),
			says(v1alpha1.ReasonRemoteMissing, "spec.groupID names is never created").again(time.Hour)},
		{"a 404 under Observe is too", facts(unbound, groupID, observe, remoteState(RemoteNotFound)),
			says(v1alpha1.ReasonRemoteMissing, "only observed").again(time.Hour)},
		{"but not on an untrusted connection", facts(unbound, groupID, distrusted, remoteState(RemoteNotFound)),
			says(v1alpha1.ReasonConnectionNotReady, "does not show the groups")},
	})
}

func TestByNameBindsElseCreates(t *testing.T) {
	second := plaza(withID(otherID), createdAt(now.Add(-2*time.Hour)))
	resting := plaza(archivedSince(now.Add(-time.Hour)))
	nameless := plaza(named(""), func(g *remote.Group) { g.Unknown = remote.FieldName })
	decide(t, []decision{
		{"not by a listing from before the Group appeared", facts(unbound, byName, listed(2*time.Hour), asked(0)),
			Step{Action: Wait, AwaitListing: now.Add(-time.Hour), RequeueAfter: 30 * time.Second}},
		{"which is said once it lasts", facts(unbound, byName, listed(2*time.Hour), asked(time.Minute)),
			says(v1alpha1.ReasonCreating, "waiting for a listing").again(2 * time.Minute).awaiting(now.Add(-time.Hour))},
		{"the one of this name", facts(unbound, byName, shows(plaza())), Step{Action: Bind, ID: plazaID}},
		{"an archived one is unarchived", facts(unbound, byName, shows(resting)), Step{Action: Bind, ID: plazaID, Unarchive: true}},
		{"an archived one is bound under Observe", facts(unbound, byName, observe, shows(resting)), Step{Action: Bind, ID: plazaID}},
		{"several active ones need a person", facts(unbound, byName, shows(plaza(), second)),
			says(v1alpha1.ReasonAdoptionAmbiguous, otherID+" (created 2026-03-01T10:00:00Z)").again(time.Hour)},
		{"one beside one that a Group owns needs a person too", facts(unbound, byName, shows(plaza(), second), claimed(otherID)),
			says(v1alpha1.ReasonAdoptionAmbiguous, "which Group").again(time.Hour)},
		{"one that another Group owns is waited for", facts(unbound, byName, shows(plaza()), claimed(plazaID)),
			says(v1alpha1.ReasonCreating, "belongs to Group").again(time.Hour)},
		{"in silence at first", facts(unbound, byName, shows(plaza()), claimed(plazaID), asked(10*time.Second)),
			Step{Action: Wait, RequeueAfter: 20 * time.Second}},
		{"an archived one that another Group owns is waited for", facts(unbound, byName, shows(resting), claimed(plazaID)),
			says(v1alpha1.ReasonCreating, "belongs to Group").again(time.Hour)},
		{"active goes before archived", facts(unbound, byName, shows(plaza(withID(otherID), archivedSince(now)), plaza())), Step{Action: Bind, ID: plazaID}},
		{"the one archived last", facts(unbound, byName, shows(plaza(withID(otherID), archivedSince(now.Add(-2*time.Hour))), resting)),
			Step{Action: Bind, ID: plazaID, Unarchive: true}},
		{"not by a listing from before the name was edited", facts(unbound, byName, shows(plaza()), func(s *Facts) { s.History.NameSeen = now.Add(-time.Second) }, asked(time.Second)),
			Step{Action: Wait, AwaitListing: now.Add(-time.Second), RequeueAfter: 29 * time.Second}},
		{"what a Group that is gone has left is there to adopt", facts(unbound, byName, shows(plaza()), madeForOther), Step{Action: Bind, ID: plazaID}},
		{"none: it is created", facts(unbound, byName), Step{Action: Create}},
		{"none of exactly this name: it is created", facts(unbound, byName, shows(plaza(named("plaza hotel")))), Step{Action: Create}},
		{"a name that the API does not show may be this one", facts(unbound, byName, shows(nameless)),
			says(v1alpha1.ReasonCreateUncertain, "a group of this name may exist, and these groups may be it: "+plazaID).again(5 * time.Minute)},
		{"but not where a Group owns it", facts(unbound, byName, shows(nameless), claimed(plazaID)), Step{Action: Create}},
		{"nor under Never, which is refused by what is shown alone", facts(unbound, shows(nameless)), Step{Action: Create}},
		{"none: an observed one is not", facts(unbound, byName, observe), says(v1alpha1.ReasonRemoteMissing, "no group of this name exists")},
		{"none in an incomplete listing proves nothing", facts(unbound, byName, incomplete),
			says(v1alpha1.ReasonCreateUncertain, "a group of this name may exist").again(5 * time.Minute)},
		{"one that may be a wrong tenant's is not it", facts(unbound, byName, unjudged, shows(plaza())),
			says(v1alpha1.ReasonConnectionNotReady, "nothing is created").again(SettleTime / 4)},
		{"a wrong tenant's group of this name is not it", facts(unbound, byName, distrusted, shows(plaza())),
			says(v1alpha1.ReasonConnectionNotReady, "nothing is created or adopted")},
		{"a dry run adopts nothing", facts(unbound, byName, dry, shows(plaza())), says(v1alpha1.ReasonDryRun, "would bind")},
	})
}

func TestALongListOfGroupsIsCutShort(t *testing.T) {
	var groups []remote.Group
	for i := range 12 {
		groups = append(groups, plaza(withID(fmt.Sprintf("id-%02d", i)), createdAt(time.Time{})))
	}
	got := describe(groups)
	if !strings.HasSuffix(got, "id-08, id-09 and 2 more") || strings.Contains(got, "created") {
		t.Errorf("described as %q", got)
	}
}

func TestNothingIsKnownOfAnUnseenGroupsArchival(t *testing.T) {
	s := facts(unbound, shows(plaza(withID(otherID), archivedSince(now))))
	if knownGroup(s, plazaID).Archived() {
		t.Error("a group that nobody has seen is said to be archived")
	}
}

// Unarchiving before the binding left the group of a Group that went meanwhile
// active and without an owner.
func TestAnAdoptedGroupIsUnarchivedAfterTheBinding(t *testing.T) {
	adopted := func(s *Facts) { s.Identity.Unarchive = true }
	resting := remoteGroup(plaza(archivedSince(now)))
	finished := Step{Action: Record, ID: plazaID}
	decide(t, []decision{
		{"once it is bound", facts(adopted, resting), Step{Action: Unarchive, ID: plazaID}},
		{"once it is seen", facts(adopted, remoteState(RemoteUnknown)), Step{Action: Read, ID: plazaID}},
		{"and that is that", facts(adopted), finished},
		{"unless the spec says archived by now", facts(adopted, resting, archivedAs(true)), finished},
		{"unless it is only observed by now", facts(adopted, resting, observe), finished},
		{"unless it is gone", facts(adopted, remoteState(RemoteNotFound)), finished},
		{"without insisting", facts(adopted, resting, notApplied(FieldArchived)),
			says(v1alpha1.ReasonNotApplied, "not shown").again(time.Minute)},
	})
}
