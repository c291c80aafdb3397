// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package plan

import (
	"testing"
	"time"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
)

func TestASuspendedGroupIsOnlyLookedAt(t *testing.T) {
	decide(t, []decision{
		{"suspend tells that the declared fields were seen", situation(suspend),
			says(v1alpha1.ReasonSuspended, "shows the declared fields").showing(plaza()).ready()},
		{"suspend tells what differs and corrects nothing", situation(suspend, describedAs("new")),
			says(v1alpha1.ReasonSuspended, "differ remotely: description").showing(plaza(), FieldDescription)},
		{"suspend without a look says that nothing is known", situation(suspend, changed, remote(RemoteUnknown)),
			says(v1alpha1.ReasonSuspended, "is not known")},
		{"a restart leaves a suspended Group's status alone", situation(suspend, ready(v1alpha1.ReasonSuspended, "True"), remote(RemoteUnknown)),
			Step{Do: Keep}},
		{"a requested look at a suspended Group is a fresh one", situation(suspend, requested), Step{Do: Read, ID: plazaID}},
		{"suspend does not keep a stripped finalizer from being put back", situation(suspend, unrecorded), Step{Do: Record, ID: plazaID}},
		{"suspend puts nothing on another's group", situation(suspend, unrecorded, owned, remote(RemoteUnknown), changed),
			says(v1alpha1.ReasonSuspended, "is not known")},
		{"one fresh look is enough", situation(suspend, requested, fresh),
			says(v1alpha1.ReasonSuspended, "shows the declared").showing(plaza()).ready()},
		{"no look is taken while the last call's failure holds", situation(suspend, requested, failing),
			says(v1alpha1.ReasonSuspended, "shows the declared").showing(plaza()).ready()},
		{"no look is taken while the connection is down", situation(suspend, requested, down),
			says(v1alpha1.ReasonSuspended, "shows the declared").showing(plaza()).ready()},
		{"suspend opens no window into an account that the namespace may not use", situation(suspend, notAllowed, requested),
			says(v1alpha1.ReasonSuspended, "is not known")},
		{"suspend keeps an unbound Group from being created", situation(suspend, unbound), says(v1alpha1.ReasonSuspended, "is not known")},
		{"suspend keeps an unbound Group from being adopted", situation(suspend, unbound, groupID, remoteGroup(plaza())),
			says(v1alpha1.ReasonSuspended, "is not known")},
		{"suspend keeps a lost create from being recovered", situation(suspend, attempted), says(v1alpha1.ReasonSuspended, "is not known")},
	})
}

func TestTheConnectionDecidesWhoIsServed(t *testing.T) {
	decide(t, []decision{
		{"nothing is said before the connection was looked at", situation(changed, waitingFor), Step{Do: Keep}},
		{"a namespace that is not allowed", situation(notAllowed),
			says(v1alpha1.ReasonConnectionNotAllowed, "does not allow namespace concierge").again(time.Minute)},
		{"a synced Group stays Ready through an outage", situation(down, describedAs("drifted")), Step{Do: Keep}},
		{"an outage does not keep a stripped finalizer from being put back", situation(down, unrecorded), Step{Do: Record, ID: plazaID}},
		{"nor does the lack of a connection", situation(notFound, unrecorded), Step{Do: Record, ID: plazaID}},
		{"what annotations alone say is recorded only where the connection serves", situation(down, unrecorded, noStatus, changed),
			says(v1alpha1.ReasonConnectionNotReady, "is not ready")},
		{"a dry run puts nothing back", situation(down, unrecorded, dry), Step{Do: Keep}},
		{"a synced Group stays Ready when its connection goes", situation(notFound), Step{Do: Keep}},
		{"a Group with a change says that its connection is down", situation(down, changed),
			says(v1alpha1.ReasonConnectionNotReady, "401 Unauthorized")},
		{"a Group that is not in order says so too", situation(down, ready(v1alpha1.ReasonUpdating, "False")),
			says(v1alpha1.ReasonConnectionNotReady, "ClusterConnection default is not ready")},
		{"a requested look says that the connection is down", situation(down, requested),
			says(v1alpha1.ReasonConnectionNotReady, "401 Unauthorized")},
		{"a connection that does not exist", situation(notFound, unbound),
			says(v1alpha1.ReasonConnectionNotFound, "ClusterConnection default does not exist")},
		{"a connection being deleted takes no new Groups", situation(leaving, unbound),
			says(v1alpha1.ReasonConnectionNotReady, "takes no new Groups")},
		{"a connection being deleted goes on serving", situation(leaving, changed, describedAs("new")),
			Step{Do: Update, ID: plazaID, Fields: []Field{FieldDescription}}},
		{"a connection being deleted still recovers a lost create",
			situation(leaving, attempted, shows(plaza(createdAt(now.Add(-30*time.Minute))))),
			Step{Do: Bind, ID: plazaID, Origin: OriginRecovered}},
		{"a connection being deleted repeats no lost create", situation(leaving, attempted),
			says(v1alpha1.ReasonConnectionNotReady, "takes no new Groups")},
		{"nor does it adopt in its place", situation(leaving, attempted, byName, shows(plaza(createdAt(now.Add(-5*time.Hour))))),
			says(v1alpha1.ReasonConnectionNotReady, "takes no new Groups")},
	})
}

func TestNobodyWritesToAnothersGroup(t *testing.T) {
	decide(t, []decision{
		{"a copied manifest ends in IDConflict", situation(owned, describedAs("copy")),
			says(v1alpha1.ReasonIDConflict, "owned by Group lobby/plaza").showing(plaza())},
		{"groupID of an owned group ends in IDConflict", situation(unbound, groupID, owned, remoteGroup(plaza())),
			says(v1alpha1.ReasonIDConflict, "remote group "+plazaID+" is owned")},
		{"a namespace restored into another cluster only reads", situation(foreign, describedAs("staging")),
			says(v1alpha1.ReasonIDConflict, v1alpha1.AnnotationTakeOver+"="+elsewhere).showing(plaza())},
		{"take-over does not go against an owner here", situation(foreign, takeOverOK, owned),
			says(v1alpha1.ReasonIDConflict, "owned by Group lobby/plaza").showing(plaza())},
		{"take-over binds", situation(foreign, takeOverOK), Step{Do: Bind, ID: plazaID}},
		{"take-over unarchives as any adoption", situation(foreign, takeOverOK, remoteGroup(plaza(archivedSince(now)))),
			Step{Do: Bind, ID: plazaID, Unarchive: true}},
		{"take-over looks first", situation(foreign, takeOverOK, remote(RemoteUnknown)), Step{Do: Read, ID: plazaID}},
		{"what its owner has let go is taken over", situation(contends), Step{Do: Bind, ID: plazaID}},
		{"and unarchived", situation(contends, remoteGroup(plaza(archivedSince(now)))), Step{Do: Bind, ID: plazaID, Unarchive: true}},
		{"and not created where the owner has deleted it", situation(contends, remote(RemoteNotFound), proven),
			says(v1alpha1.ReasonRemoteMissing, "so it cannot be taken over").again(time.Hour)},
		{"take-over believes no 404 of an account that shows nothing", situation(foreign, takeOverOK, remote(RemoteNotFound), distrusted),
			says(v1alpha1.ReasonConnectionNotReady, "does not show the groups")},
		{"take-over of a group that is gone", situation(foreign, takeOverOK, remote(RemoteNotFound)),
			says(v1alpha1.ReasonRemoteMissing, "so it cannot be taken over").again(time.Hour)},
	})
}

func TestABoundGroupIsKeptAsDeclared(t *testing.T) {
	decide(t, []decision{
		{"in order", situation(), says(v1alpha1.ReasonSynced, "shows the declared fields").showing(plaza())},
		{"stripped annotations and finalizers are put back", situation(unrecorded), Step{Do: Record, ID: plazaID}},
		{"a dry run records nothing", situation(unrecorded, dry), says(v1alpha1.ReasonSynced, "shows").showing(plaza())},
		{"groupID cannot name another id than the one that is bound", situation(groupID, func(s *Situation) { s.Group.Spec.GroupID = otherID }),
			says(v1alpha1.ReasonRejected, "is bound to remote group "+plazaID).showing(plaza())},
		{"a requested look is a fresh one", situation(requested), Step{Do: Read, ID: plazaID}},
		{"a fresh look serves the request", situation(requested, fresh), says(v1alpha1.ReasonSynced, "shows").showing(plaza())},
		{"a 404 serves the request too", situation(requested, remote(RemoteNotFound), fresh, proven), Step{Do: Drop, ID: plazaID}},
		{"a requested look waits for the last failure's hold", situation(requested, failing), says(v1alpha1.ReasonUnavailable, "503").again(4 * time.Second)},
		{"a restart waits for the first listing", situation(remote(RemoteUnknown)), Step{Do: Keep}},
		{"a changed spec does not wait for the listing", situation(remote(RemoteUnknown), changed), Step{Do: Read, ID: plazaID}},
		{"an absence from a listing is confirmed by a GET", situation(remote(RemoteUnlisted)), Step{Do: Read, ID: plazaID}},
		{"drift is corrected, and told apart", situation(remoteGroup(plaza(named("Ritz")))),
			Step{Do: Update, ID: plazaID, Fields: []Field{FieldName}, Drifted: true}},
		{"a change is no drift", situation(changed, describedAs("new")), Step{Do: Update, ID: plazaID, Fields: []Field{FieldDescription}}},
		{"what was never in order is no drift", situation(ready(v1alpha1.ReasonUnavailable, "False"), describedAs("new")),
			Step{Do: Update, ID: plazaID, Fields: []Field{FieldDescription}}},
		{"a Group without conditions is not in order", situation(describedAs("new"), func(s *Situation) { s.Group.Status.Conditions = nil }),
			Step{Do: Update, ID: plazaID, Fields: []Field{FieldDescription}}},
		{"a dry run says what it would set", situation(dry, describedAs("new")),
			says(v1alpha1.ReasonDryRun, "would set description").showing(plaza(), FieldDescription)},
		{"observed and the same", situation(observe), says(v1alpha1.ReasonObserved, "only observed").showing(plaza())},
		{"observed and different", situation(observe, describedAs("new")),
			says(v1alpha1.ReasonDrifted, "description").showing(plaza(), FieldDescription)},
	})
}

func TestWhatHasJustFailedIsNotRepeated(t *testing.T) {
	both := situation(describedAs("new"), remoteGroup(plaza(named("Ritz"))), refused(FieldDescription))
	decide(t, []decision{
		{"a refused field waits", situation(describedAs("new"), refused(FieldDescription)),
			says(v1alpha1.ReasonRejected, "422").showing(plaza(), FieldDescription).again(time.Hour)},
		{"a field that the reply does not show waits", situation(describedAs("new"), notApplied(FieldDescription)),
			says(v1alpha1.ReasonNotApplied, "not shown").showing(plaza(), FieldDescription).again(time.Minute)},
		{"a hold that has ended holds no longer",
			situation(describedAs("new"), notApplied(FieldDescription), func(s *Situation) { s.Past.NotApplied.Until = now }),
			Step{Do: Update, ID: plazaID, Fields: []Field{FieldDescription}, Drifted: true}},
		{"an outage of this Group's calls holds every field", situation(describedAs("new"), failing),
			says(v1alpha1.ReasonUnavailable, "503").showing(plaza(), FieldDescription).again(4 * time.Second)},
		{"another field is set all the same", both,
			Step{Do: Update, ID: plazaID, Fields: []Field{FieldName, FieldDescription}, Drifted: true}},
		{"a refused field does not hold a look back", situation(requested, refused(FieldDescription)), Step{Do: Read, ID: plazaID}},
	})
}

func TestAContestedFieldIsLeftAlone(t *testing.T) {
	ritz := plaza(named("Ritz"))
	decide(t, []decision{
		{"until its hour is over", situation(remoteGroup(ritz), contested(20*time.Minute, FieldName)),
			says(v1alpha1.ReasonUpdating, "keeps changing name").showing(ritz, FieldName).again(20 * time.Minute)},
		{"and then corrected, as drift whatever was last said", situation(remoteGroup(ritz), ready(v1alpha1.ReasonUpdating, "False"), contested(0, FieldName)),
			Step{Do: Update, ID: plazaID, Fields: []Field{FieldName}, Drifted: true}},
		{"and then corrected", situation(remoteGroup(ritz), contested(0, FieldName)),
			Step{Do: Update, ID: plazaID, Fields: []Field{FieldName}, Drifted: true}},
		{"while others are corrected", situation(remoteGroup(ritz), describedAs("new"), contested(time.Minute, FieldName)),
			Step{Do: Update, ID: plazaID, Fields: []Field{FieldDescription}, Drifted: true}},
		{"of several the first to be due says when", situation(remoteGroup(ritz), describedAs("new"), contested(time.Minute, FieldName, FieldDescription),
			func(s *Situation) { s.Past.Contested[FieldDescription] = now.Add(time.Second) }),
			says(v1alpha1.ReasonUpdating, "name, description").showing(ritz, FieldName, FieldDescription).again(time.Second)},
		// Judged by all that differs, the held field would be sent again at once, and again.
		{"and does not free another that is held", situation(remoteGroup(ritz), describedAs("new"), contested(time.Hour, FieldName), notApplied(FieldDescription)),
			says(v1alpha1.ReasonNotApplied, "not shown").showing(ritz, FieldName, FieldDescription).again(time.Minute)},
	})
}

func TestABoundGroupThatIsGone(t *testing.T) {
	gone := remote(RemoteNotFound)
	decide(t, []decision{
		{"an untrusted connection proves nothing", situation(gone, proven, distrusted), Step{Do: Keep}},
		{"a 404 right after our own write is the API's lag", situation(gone, proven, settling), Step{Do: Keep, Again: 30 * time.Second}},
		{"a 404 alone is not enough", situation(gone), Step{Do: Keep, AwaitListing: now}},
		{"a 404 and a complete listing are", situation(gone, proven), Step{Do: Drop, ID: plazaID}},
		{"an incomplete listing proves nothing", situation(gone, proven, incomplete),
			says(v1alpha1.ReasonRemoteMissing, "cannot be listed completely").again(time.Hour)},
		{"what groupID names is never created", situation(gone, proven, groupID),
			says(v1alpha1.ReasonRemoteMissing, "spec.groupID names is never created").again(time.Hour)},
		{"what is only observed is never created", situation(gone, proven, observe),
			says(v1alpha1.ReasonRemoteMissing, "only observed is never created").again(time.Hour)},
		{"a dry run says that it would", situation(gone, proven, dry), says(v1alpha1.ReasonDryRun, plazaID+" is gone")},
		{"a failing Group waits", situation(gone, proven, failing), says(v1alpha1.ReasonUnavailable, "503").again(4 * time.Second)},
	})
}

func TestEveryActionHasAName(t *testing.T) {
	seen := map[string]bool{}
	for a := Keep; a <= Release; a++ {
		seen[a.String()] = true
	}
	if len(seen) != int(Release)+1 || seen[""] {
		t.Errorf("actions are called %v", seen)
	}
	if got := DeleteRemote.String(); got != "DeleteRemote" {
		t.Errorf("DeleteRemote is called %s", got)
	}
}
