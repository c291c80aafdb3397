// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package plan

import (
	"strings"
	"testing"
	"time"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/remote"
)

func TestASuspendedGroupIsOnlyLookedAt(t *testing.T) {
	declaredLate := func(s *Facts) { s.Remote.AsOf, s.History.DeclaredSeen = now.Add(-2*time.Minute), now.Add(-time.Minute) }
	decide(t, []decision{
		{"suspend tells that the declared fields were seen", facts(suspend),
			says(v1alpha1.ReasonSuspended, "shows the declared fields").showing(plaza()).ready()},
		{"suspend tells what differs and corrects nothing", facts(suspend, describedAs("new")),
			says(v1alpha1.ReasonSuspended, "differ remotely: description").showing(plaza(), FieldDescription)},
		{"suspend without a look says that nothing is known", facts(suspend, changed, remoteState(RemoteUnknown)),
			says(v1alpha1.ReasonSuspended, "is not known")},
		{"a restart leaves a suspended Group's status alone", facts(suspend, ready(v1alpha1.ReasonSuspended, "True"), remoteState(RemoteUnknown)),
			Step{Action: Wait}},
		{"what is seen after it is told", facts(suspend, ready(v1alpha1.ReasonSuspended, "Unknown")),
			says(v1alpha1.ReasonSuspended, "shows the declared").showing(plaza()).ready()},
		{"nor does a connection that is down change it", facts(suspend, ready(v1alpha1.ReasonSuspended, "Unknown"), remoteState(RemoteUnknown), down), Step{Action: Wait}},
		{"a requested look at a suspended Group is a fresh one", facts(suspend, requested), Step{Action: Read, ID: plazaID}},
		{"also at one that another cluster has bound", facts(suspend, requested, foreign), Step{Action: Read, ID: plazaID}},
		{"suspend does not keep a finalizerMissing finalizer from being put back", facts(suspend, unrecorded), Step{Action: Record, ID: plazaID}},
		{"suspend puts nothing on another's group", facts(suspend, unrecorded, owned, remoteState(RemoteUnknown), changed),
			says(v1alpha1.ReasonSuspended, "is not known")},
		{"one fresh look is enough", facts(suspend, requested, fresh),
			says(v1alpha1.ReasonSuspended, "shows the declared").showing(plaza()).ready()},
		{"no look is taken while the last call's failure holds", facts(suspend, requested, failing),
			says(v1alpha1.ReasonSuspended, "shows the declared").showing(plaza()).ready()},
		{"no look is taken while the connection is down", facts(suspend, requested, down),
			says(v1alpha1.ReasonSuspended, "shows the declared").showing(plaza()).ready()},
		{"what was seen before a field was declared says nothing of it", facts(suspend, changed, declaredLate), Step{Action: Read, ID: plazaID}},
		{"nor while nothing can be read", facts(suspend, changed, declaredLate, down), says(v1alpha1.ReasonSuspended, "is not known")},
		{"suspend opens no window into an account that the namespace may not use", facts(suspend, notAllowed, requested),
			says(v1alpha1.ReasonSuspended, "is not known")},
		{"nor onto a group that only an annotation names, where it may not adopt", facts(suspend, claimedID, adoptsNothing, requested),
			says(v1alpha1.ReasonSuspended, "is not known")},
		{"nor of one that only an annotation names: its id is not confirmed", facts(suspend, claimedID, noStatus), says(v1alpha1.ReasonSuspended, "is not known")},
		{"so that a requested look could tell nothing", facts(suspend, claimedID, noStatus, requested), says(v1alpha1.ReasonSuspended, "is not known")},
		{"suspend keeps an unbound Group from being created", facts(suspend, unbound), says(v1alpha1.ReasonSuspended, "is not known")},
		{"suspend keeps an unbound Group from being adopted", facts(suspend, unbound, groupID, remoteGroup(plaza())),
			says(v1alpha1.ReasonSuspended, "is not known")},
		{"suspend keeps a lost create from being recovered", facts(suspend, attempted), says(v1alpha1.ReasonSuspended, "is not known")},
	})
}

func TestTheConnectionDecidesWhoIsServed(t *testing.T) {
	decide(t, []decision{
		{"nothing is said before the connection was looked at", facts(changed, waitingFor), Step{Action: Wait}},
		{"a namespace that is not allowed", facts(notAllowed),
			says(v1alpha1.ReasonConnectionNotAllowed, "does not allow namespace concierge; a cluster admin").again(time.Minute)},
		{"it hears which are", facts(notAllowed, func(s *Facts) { s.Connection.Selector = "klink.cloud/account=default" }),
			says(v1alpha1.ReasonConnectionNotAllowed, "concierge, but those labelled klink.cloud/account=default; a cluster admin").again(time.Minute)},
		{"a synced Group stays Ready through an outage", facts(down, describedAs("drifted")), Step{Action: Wait}},
		{"an outage does not keep a finalizerMissing finalizer from being put back", facts(down, unrecorded), Step{Action: Record, ID: plazaID}},
		{"nor does the lack of a connection", facts(notFound, unrecorded), Step{Action: Record, ID: plazaID}},
		{"nor what this process has bound and no status says yet", facts(down, unrecorded, noStatus, changed), Step{Action: Record, ID: plazaID}},
		{"what annotations alone say is recorded only where the connection serves", facts(down, claimedID, unrecorded, noStatus, changed),
			says(v1alpha1.ReasonConnectionNotReady, "is not ready")},
		{"a dry run puts nothing back", facts(down, unrecorded, dry), Step{Action: Wait}},
		{"a synced Group stays Ready when its connection goes", facts(notFound), Step{Action: Wait}},
		{"a Group with a change says that its connection is down", facts(down, changed),
			says(v1alpha1.ReasonConnectionNotReady, "401 Unauthorized")},
		{"a Group that is not in order says so too", facts(down, ready(v1alpha1.ReasonUpdating, "False")),
			says(v1alpha1.ReasonConnectionNotReady, "ClusterConnection default is not ready")},
		{"a requested look says that the connection is down", facts(down, requested),
			says(v1alpha1.ReasonConnectionNotReady, "401 Unauthorized")},
		{"a connection that does not exist", facts(notFound, unbound),
			says(v1alpha1.ReasonConnectionNotFound, "ClusterConnection default does not exist")},
		{"one that is not to be read", facts(notFound, unbound, func(s *Facts) { s.Connection.Problem = "403 Forbidden" }),
			says(v1alpha1.ReasonConnectionNotFound, "ClusterConnection default is not read: 403 Forbidden; or delete")},
		{"a connection being deleted takes no new Groups", facts(leaving, unbound),
			says(v1alpha1.ReasonConnectionNotReady, "takes no new Groups")},
		{"nor one that names its remote group", facts(leaving, unbound, groupID, remoteGroup(plaza())),
			says(v1alpha1.ReasonConnectionNotReady, "takes no new Groups")},
		{"a connection being deleted goes on serving", facts(leaving, changed, describedAs("new")),
			Step{Action: Update, ID: plazaID, Fields: []Field{FieldDescription}}},
		{"a connection being deleted still recovers a lost create",
			facts(leaving, attempted, shows(plaza(createdAt(now.Add(-30*time.Minute))))),
			Step{Action: Bind, ID: plazaID, Origin: OriginRecovered}},
		{"a connection being deleted repeats no lost create", facts(leaving, attempted),
			says(v1alpha1.ReasonConnectionNotReady, "takes no new Groups")},
		{"nor does it adopt in its place", facts(leaving, attempted, byName, shows(plaza(createdAt(now.Add(-5*time.Hour))))),
			says(v1alpha1.ReasonConnectionNotReady, "takes no new Groups")},
	})
}

func TestNobodyWritesToAnothersGroup(t *testing.T) {
	decide(t, []decision{
		{"a copied manifest ends in IDConflict", facts(owned, describedAs("copy")),
			says(v1alpha1.ReasonIDConflict, "remote group "+plazaID+" is owned by Group lobby/plaza").again(time.Minute)},
		{"and says nothing new of an owner that the cache does not show yet", facts(notCached, ready(v1alpha1.ReasonIDConflict, "False")),
			Step{Action: Wait, RequeueAfter: inFlightPoll}},
		{"of which it says at first what it knows", facts(notCached), says(v1alpha1.ReasonIDConflict, "owned by Group").again(time.Minute)},
		{"and says again what it said of one that is known", facts(owned, ready(v1alpha1.ReasonIDConflict, "False")), says(v1alpha1.ReasonIDConflict, "owned by Group lobby/plaza").again(time.Minute)},
		{"a Group without conditions says so too", facts(notCached, func(s *Facts) { s.Group.Status.Conditions = nil }), says(v1alpha1.ReasonIDConflict, "owned by Group").again(time.Minute)},
		{"groupID of an owned group ends in IDConflict", facts(unbound, groupID, owned, remoteGroup(plaza())),
			says(v1alpha1.ReasonIDConflict, "remote group "+plazaID+" is owned").again(time.Minute)},
		{"a namespace restored into another cluster only reads", facts(foreign, describedAs("staging")),
			says(v1alpha1.ReasonIDConflict, v1alpha1.AnnotationTakeOver+"="+elsewhere).showing(plaza())},
		{"take-over does not go against an owner here", facts(foreign, takeOverOK, owned),
			says(v1alpha1.ReasonIDConflict, "owned by Group lobby/plaza").again(time.Minute)},
		{"take-over binds", facts(foreign, takeOverOK), Step{Action: Bind, ID: plazaID}},
		{"take-over unarchives as any adoption", facts(foreign, takeOverOK, remoteGroup(plaza(archivedSince(now)))),
			Step{Action: Bind, ID: plazaID, Unarchive: true}},
		{"take-over looks first", facts(foreign, takeOverOK, remoteState(RemoteUnknown)), Step{Action: Read, ID: plazaID}},
		{"what its owner has let go is taken over", facts(contends), Step{Action: Bind, ID: plazaID}},
		{"and unarchived", facts(contends, remoteGroup(plaza(archivedSince(now)))), Step{Action: Bind, ID: plazaID, Unarchive: true}},
		{"and not created where the owner has deleted it", facts(contends, remoteState(RemoteNotFound), proven),
			says(v1alpha1.ReasonRemoteMissing, "so it cannot be taken over").again(time.Hour)},
		{"take-over believes no 404 of an account that shows nothing", facts(foreign, takeOverOK, remoteState(RemoteNotFound), distrusted),
			says(v1alpha1.ReasonConnectionNotReady, "does not show the groups")},
		{"take-over of a group that is gone", facts(foreign, takeOverOK, remoteState(RemoteNotFound)),
			says(v1alpha1.ReasonRemoteMissing, "so it cannot be taken over").again(time.Hour)},
	})
}

// A manifest that was copied from the API server has the annotations of the first.
func TestACopyIsToldWhatToRemove(t *testing.T) {
	annotated := func(s *Facts) { s.Group.Annotations[v1alpha1.AnnotationGroupID] = plazaID }
	for name, c := range map[string]struct {
		in   *Facts
		want bool
	}{
		"a copy":                             {facts(owned, annotated), true},
		"a copy that names the group itself": {facts(owned, annotated, groupID), false},
		"no copy":                            {facts(owned), false},
	} {
		if got := strings.Contains(Next(c.in).Report.Message, "remove its annotations"); got != c.want {
			t.Errorf("%s is told to remove annotations: %t", name, got)
		}
	}
}

func TestABoundGroupIsKeptAsDeclared(t *testing.T) {
	decide(t, []decision{
		{"in order", facts(), says(v1alpha1.ReasonSynced, "shows the declared fields").showing(plaza())},
		{"finalizerMissing annotations and finalizers are put back", facts(unrecorded), Step{Action: Record, ID: plazaID}},
		{"a dry run records nothing", facts(unrecorded, dry), says(v1alpha1.ReasonSynced, "shows").showing(plaza())},
		{"groupID cannot name another id than the one that is bound", facts(groupID, func(s *Facts) { s.Group.Spec.GroupID = otherID }),
			says(v1alpha1.ReasonRejected, "is bound to remote group "+plazaID).showing(plaza())},
		{"a requested look is a fresh one, and a PUT may follow it", facts(requested), Step{Action: Read, ID: plazaID, WithWrite: true}},
		{"no PUT follows where the group is only observed", facts(requested, observe), Step{Action: Read, ID: plazaID}},
		{"nor in a dry run", facts(requested, dry), Step{Action: Read, ID: plazaID}},
		{"a fresh look serves the request", facts(requested, fresh), says(v1alpha1.ReasonSynced, "shows").showing(plaza())},
		{"a 404 serves the request too", facts(requested, remoteState(RemoteNotFound), fresh, proven), Step{Action: ForgetID, ID: plazaID}},
		{"a requested look waits for the last failure's backoff", facts(requested, failing), says(v1alpha1.ReasonUnavailable, "503").again(4 * time.Second)},
		{"a restart waits for the first listing", facts(remoteState(RemoteUnknown)), Step{Action: Wait}},
		{"a changed spec does not wait for the listing", facts(remoteState(RemoteUnknown), changed), Step{Action: Read, ID: plazaID}},
		{"an absence from a listing is confirmed by a GET", facts(remoteState(RemoteUnlisted)), Step{Action: Read, ID: plazaID}},
		{"drift is corrected, and told apart", facts(remoteGroup(plaza(named("Ritz")))),
			Step{Action: Update, ID: plazaID, Fields: []Field{FieldName}, Drifted: true}},
		{"a change is no drift", facts(changed, describedAs("new")), Step{Action: Update, ID: plazaID, Fields: []Field{FieldDescription}}},
		{"what was never in order is no drift", facts(ready(v1alpha1.ReasonUnavailable, "False"), describedAs("new")),
			Step{Action: Update, ID: plazaID, Fields: []Field{FieldDescription}}},
		{"a Group without conditions is not in order", facts(describedAs("new"), func(s *Facts) { s.Group.Status.Conditions = nil }),
			Step{Action: Update, ID: plazaID, Fields: []Field{FieldDescription}}},
		{"a dry run says what it would set", facts(dry, describedAs("new")),
			says(v1alpha1.ReasonDryRun, "would set description").showing(plaza(), FieldDescription)},
		{"observed and the same", facts(observe), says(v1alpha1.ReasonObserved, "only observed").showing(plaza())},
		{"observed and different", facts(observe, describedAs("new")),
			says(v1alpha1.ReasonDrifted, "description").showing(plaza(), FieldDescription)},
	})
}

// What was seen before a declaration says nothing of it, until a comparison has.
func TestADeclarationIsComparedWithWhatIsSeenAfterIt(t *testing.T) {
	seenBefore := func(s *Facts) { s.Remote.AsOf, s.History.DeclaredSeen = now.Add(-2*time.Minute), now.Add(-time.Minute) }
	seenAfter := func(s *Facts) { s.Remote.AsOf, s.History.DeclaredSeen = now.Add(-time.Minute), now.Add(-2*time.Minute) }
	noConditions := func(s *Facts) { s.Group.Status.Conditions = nil }
	read := Step{Action: Read, ID: plazaID}
	decide(t, []decision{
		{"of a new generation", facts(seenBefore, changed), read},
		{"of a Group without conditions", facts(seenBefore, noConditions), read},
		{"of a Group that was kept from it", facts(seenBefore, ready(v1alpha1.ReasonIDConflict, "False")), read},
		{"of one that is only observed, and differs", facts(seenBefore, changed, observe, describedAs("new")), read},
		{"that was seen since", facts(seenAfter, changed), says(v1alpha1.ReasonSynced, "shows").showing(plaza())},
		{"that was compared", facts(seenBefore), says(v1alpha1.ReasonSynced, "shows").showing(plaza())},
		{"whose values were not taken, and are there now", facts(seenBefore, ready(v1alpha1.ReasonNotApplied, "False")), says(v1alpha1.ReasonSynced, "shows").showing(plaza())},
	})
}

func TestWhatHasJustFailedIsNotRepeated(t *testing.T) {
	both := facts(describedAs("new"), remoteGroup(plaza(named("Ritz"))), refused(FieldDescription))
	decide(t, []decision{
		{"a refused field waits", facts(describedAs("new"), refused(FieldDescription)),
			says(v1alpha1.ReasonRejected, "422").showing(plaza(), FieldDescription).again(time.Hour)},
		{"a field that the reply does not show waits", facts(describedAs("new"), notApplied(FieldDescription)),
			says(v1alpha1.ReasonNotApplied, "not shown").showing(plaza(), FieldDescription).again(time.Minute)},
		{"a backoff that has ended holds no longer",
			facts(describedAs("new"), notApplied(FieldDescription), func(s *Facts) { s.History.NotApplied.Until = now }),
			Step{Action: Update, ID: plazaID, Fields: []Field{FieldDescription}, Drifted: true}},
		{"an outage of this Group's calls holds every field", facts(describedAs("new"), failing),
			says(v1alpha1.ReasonUnavailable, "503").showing(plaza(), FieldDescription).again(4 * time.Second)},
		{"another field is set all the same, by itself", both,
			Step{Action: Update, ID: plazaID, Fields: []Field{FieldName}, Drifted: true}},
		{"a refused field does not hold a look back", facts(requested, refused(FieldDescription)), Step{Action: Read, ID: plazaID, WithWrite: true}},
	})
}

func TestAContestedFieldIsLeftAlone(t *testing.T) {
	ritz := plaza(named("Ritz"))
	decide(t, []decision{
		{"until its hour is over", facts(remoteGroup(ritz), contested(20*time.Minute, FieldName)),
			says(v1alpha1.ReasonUpdating, "keeps changing name").showing(ritz, FieldName).again(20 * time.Minute)},
		{"and then corrected, as drift whatever was last said", facts(remoteGroup(ritz), ready(v1alpha1.ReasonUpdating, "False"), contested(0, FieldName)),
			Step{Action: Update, ID: plazaID, Fields: []Field{FieldName}, Drifted: true}},
		{"and then corrected", facts(remoteGroup(ritz), contested(0, FieldName)),
			Step{Action: Update, ID: plazaID, Fields: []Field{FieldName}, Drifted: true}},
		{"while others are corrected", facts(remoteGroup(ritz), describedAs("new"), contested(time.Minute, FieldName)),
			Step{Action: Update, ID: plazaID, Fields: []Field{FieldDescription}, Drifted: true}},
		{"of several the first to be due says when", facts(remoteGroup(ritz), describedAs("new"), contested(time.Minute, FieldName, FieldDescription),
			func(s *Facts) {
				s.History.Contests[FieldDescription] = Contest{Contested: true, Times: []time.Time{now.Add(time.Second - contestedFor)}}
			}),
			says(v1alpha1.ReasonUpdating, "name, description").showing(ritz, FieldName, FieldDescription).again(time.Second)},
		// Judged by all that differs, the held field would be sent again at once, and again.
		{"and does not free another that is held", facts(remoteGroup(ritz), describedAs("new"), contested(time.Hour, FieldName), notApplied(FieldDescription)),
			says(v1alpha1.ReasonNotApplied, "not shown").showing(ritz, FieldName, FieldDescription).again(time.Minute)},
	})
}

func TestABoundGroupThatIsGone(t *testing.T) {
	gone := remoteState(RemoteNotFound)
	decide(t, []decision{
		{"an untrusted connection proves nothing", facts(gone, proven, distrusted), Step{Action: Wait}},
		{"nor does one that is not judged yet, which may end without news", facts(gone, proven, unjudged), Step{Action: Wait, RequeueAfter: SettleTime / 4}},
		{"a 404 right after our own write is the API's lag", facts(gone, proven, settling), Step{Action: Wait, RequeueAfter: 30 * time.Second}},
		{"which a person who waits is told", facts(gone, requested), says(v1alpha1.ReasonUpdating, "does not find remote group "+plazaID).again(30 * time.Second).awaiting(askedAt)},
		{"a 404 alone is not enough", facts(gone), Step{Action: Wait, AwaitListing: askedAt}},
		{"nor is a listing from before it", facts(gone, absentBefore), Step{Action: Wait, AwaitListing: askedAt}},
		{"nor one that the bound id's first sight is too young for", facts(gone, proven, justSeen), Step{Action: Wait, RequeueAfter: 30 * time.Second}},
		{"a 404 and a complete listing are", facts(gone, proven), Step{Action: ForgetID, ID: plazaID}},
		{"which need not be asked again after it", facts(gone, proven, unlisted), Step{Action: ForgetID, ID: plazaID}},
		{"nor before it", facts(gone, unlisted), Step{Action: Wait, AwaitListing: askedAt}},
		{"unless no listing can tell", facts(gone, unlisted, incomplete), Step{Action: Read, ID: plazaID}},
		{"of several questions one that the listing answers counts", facts(gone, proven, asksAgain), Step{Action: ForgetID, ID: plazaID}},
		{"an incomplete listing proves nothing", facts(gone, proven, incomplete),
			says(v1alpha1.ReasonRemoteMissing, "cannot be listed completely").again(time.Hour)},
		{"and an old one is taken again", facts(gone, proven, incomplete, listed(relistAfter+time.Second)),
			says(v1alpha1.ReasonRemoteMissing, "cannot be listed completely").again(time.Hour).awaiting(now)},
		{"which five minutes are not", facts(gone, proven, incomplete, listed(relistAfter)),
			says(v1alpha1.ReasonRemoteMissing, "cannot be listed completely").again(time.Hour)},
		{"what groupID names is never created", facts(gone, proven, groupID),
			says(v1alpha1.ReasonRemoteMissing, "spec.groupID names is never created").again(time.Hour)},
		{"what is only observed is never created", facts(gone, proven, observe),
			says(v1alpha1.ReasonRemoteMissing, "only observed is never created").again(time.Hour)},
		{"a dry run says that it would", facts(gone, proven, dry), says(v1alpha1.ReasonDryRun, plazaID+" is gone")},
		{"a failing Group waits", facts(gone, proven, failing), says(v1alpha1.ReasonUnavailable, "503").again(4 * time.Second)},
	})
}

func TestEveryActionHasAName(t *testing.T) {
	seen := map[string]bool{}
	for a := Wait; a <= Release; a++ {
		seen[a.String()] = true
	}
	if len(seen) != int(Release)+1 || seen[""] {
		t.Errorf("actions are called %v", seen)
	}
	if got := DeleteRemote.String(); got != "DeleteRemote" {
		t.Errorf("DeleteRemote is called %s", got)
	}
}

// TestWhatTheAPIDoesNotShowIsNoDrift: a list of summaries was corrected three times though nobody had
// changed anything, and then contested for good.
func TestWhatTheAPIDoesNotShowIsNoDrift(t *testing.T) {
	summary := func(name string) option {
		return remoteGroup(remote.Group{ID: plazaID, Name: name, Contacts: []string{}, Unknown: remote.AllFields &^ remote.FieldName})
	}
	describes := func(s *Facts) { s.Group.Spec.Description = new("World-renowned.") }
	unread := remote.Group{ID: plazaID, Name: plaza().Name, Contacts: []string{}, Unknown: remote.AllFields &^ remote.FieldName}
	atLeast := func(s *Facts) {
		s.Group.Spec.ContactsPolicy, s.Group.Spec.Contacts = v1alpha1.ContactsAtLeast, []v1alpha1.Contact{{Username: "Cliff"}}
	}
	unlistedMembers := plaza(func(g *remote.Group) { g.Unknown = remote.FieldContacts })
	cut := plaza(func(g *remote.Group) { g.Contacts, g.MoreContacts = []string{"Hector"}, true })
	decide(t, []decision{
		{"what a listing does not show is read", facts(summary(plaza().Name), describes), Step{Action: Read, ID: plazaID}},
		{"what no read shows is not said to be in place", facts(summary(plaza().Name), describes, fresh),
			says(v1alpha1.ReasonNotApplied, "does not show description").showing(unread).again(stalledRetry)},
		{"what is shown otherwise is corrected, and nothing else", facts(summary("other"), describes, fresh),
			Step{Action: Update, ID: plazaID, Fields: []Field{FieldName}, Drifted: true}},
		{"a list of members that is cut short is not written over", facts(atLeast, remoteGroup(cut), fresh),
			says(v1alpha1.ReasonNotApplied, "shows every member").showing(cut).again(stalledRetry)},
		{"nor is one that is not shown at all", facts(atLeast, remoteGroup(unlistedMembers), fresh),
			says(v1alpha1.ReasonNotApplied, "does not show contacts").showing(unlistedMembers).again(stalledRetry)},
		{"a suspended Group says that it is not known", facts(suspend, summary(plaza().Name), describes),
			says(v1alpha1.ReasonSuspended, "not known whether the remote group shows the declared description").showing(unread)},
	})
}
