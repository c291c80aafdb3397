// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package plan

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/remote"
)

// now is when every decision is taken.
var now = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

const (
	plazaID   = "l7cGNIBKZiNJ6wqF"
	otherID   = "hSIhXBhNe8X1d8Et"
	hotel     = "Plaza Hotel"
	elsewhere = "0b7c1f1e-other-cluster"
)

// option changes facts, from top to bottom.
type option func(*Facts)

// facts are those of a Group that is bound and in order, with a connection that
// serves it; options tell what is different.
func facts(options ...option) *Facts {
	group := &v1alpha1.Group{ObjectMeta: metav1.ObjectMeta{
		Namespace: "concierge", Name: "plaza", UID: "uid-plaza", Generation: 3,
		CreationTimestamp: metav1.NewTime(now.Add(-time.Hour)),
		Finalizers:        []string{v1alpha1.FinalizerGroup},
		Annotations:       map[string]string{},
	}}
	group.Spec = v1alpha1.GroupSpec{
		Name: hotel, AdoptionPolicy: v1alpha1.AdoptNever, ManagementPolicy: v1alpha1.ManagementManage,
		DeletionPolicy: v1alpha1.DeletionArchive,
	}
	group.Status = v1alpha1.GroupStatus{ID: plazaID, ObservedGeneration: 3}
	s := &Facts{
		Now: now, Group: group,
		Identity:   Identity{ID: plazaID, Recorded: true},
		Connection: Connection{Name: "ClusterConnection default", Found: true, Allowed: true, Up: true, Complete: true, MayAdopt: true},
		Remote:     Remote{State: RemotePresent, Group: plaza()},
		Evidence: Evidence{
			Mirrored: true, Listed: now.Add(-time.Minute), Newest: now.Add(-time.Minute), Complete: true, Trust: TrustEarned,
		},
		History: History{FirstSeen: now.Add(-time.Hour), AskedAt: now.Add(-time.Hour), NameSeen: now.Add(-time.Hour)},
	}
	ready(v1alpha1.ReasonSynced, "True")(s)
	for _, o := range options {
		o(s)
	}
	s.Declared = DeclaredBy(&s.Group.Spec)
	return s
}

// plaza is the remote group as it is while all is in order.
func plaza(edits ...func(*remote.Group)) remote.Group {
	g := remote.Group{ID: plazaID, Name: hotel, ConversationID: "ZYjVAbCE9g5XRlra", Contacts: []string{}, CreatedAt: now.Add(-time.Hour)}
	for _, edit := range edits {
		edit(&g)
	}
	return g
}

func withID(id string) func(*remote.Group)      { return func(g *remote.Group) { g.ID = id } }
func createdAt(t time.Time) func(*remote.Group) { return func(g *remote.Group) { g.CreatedAt = t } }
func archivedSince(t time.Time) func(*remote.Group) {
	return func(g *remote.Group) { g.ArchivedAt = t }
}
func named(name string) func(*remote.Group) { return func(g *remote.Group) { g.Name = name } }
func described(text string) func(*remote.Group) {
	return func(g *remote.Group) { g.Description = text }
}

func ready(reason, status string) option {
	return func(s *Facts) {
		s.Group.Status.Conditions = []metav1.Condition{{
			Type: v1alpha1.ConditionReady, Status: metav1.ConditionStatus(status), Reason: reason, ObservedGeneration: s.Group.Generation,
		}}
	}
}

func spec(edit func(*v1alpha1.GroupSpec)) option { return func(s *Facts) { edit(&s.Group.Spec) } }

func suspend(s *Facts)        { s.Group.Spec.Suspend = true }
func dry(s *Facts)            { s.DryRun = true }
func observe(s *Facts)        { s.Group.Spec.ManagementPolicy = v1alpha1.ManagementObserve }
func allowDuplicate(s *Facts) { s.Group.Spec.AdoptionPolicy = v1alpha1.AdoptAllowDuplicate }
func noNote(s *Facts)         { s.Group.Finalizers = nil }
func byName(s *Facts)         { s.Group.Spec.AdoptionPolicy = v1alpha1.AdoptByName }
func groupID(s *Facts)        { s.Group.Spec.GroupID = plazaID }
func changed(s *Facts)        { s.Group.Generation++ }
func fresh(s *Facts)          { s.Remote.Fresh = true }
func settling(s *Facts)       { s.Remote.Settling = true }
func replied(s *Facts)        { s.Remote.Settling, s.Remote.Replied = true, true }
func proven(s *Facts)         { s.Remote.Absent = now.Add(-30 * time.Second) }
func distrusted(s *Facts)     { s.Evidence.Trust = TrustLost }
func unjudged(s *Facts)       { s.Evidence.Trust = TrustUnjudged }
func incomplete(s *Facts)     { s.Evidence.Complete, s.Connection.Complete = false, false }
func unmirrored(s *Facts)     { s.Evidence.Mirrored, s.Evidence.Listed = false, time.Time{} }
func waitingFor(s *Facts)     { s.Connection.Waiting, s.Connection.Up = true, false }
func notFound(s *Facts)       { s.Connection = Connection{Name: s.Connection.Name} }
func notAllowed(s *Facts)     { s.Connection.Allowed = false }
func leaving(s *Facts)        { s.Connection.Terminating = true }
func foreign(s *Facts)        { s.Identity.ForeignCluster = elsewhere }
func takeOverOK(s *Facts)     { s.Identity.TakeOver = true }
func owned(s *Facts)          { s.Identity.OtherOwner = "lobby/plaza" }
func notCached(s *Facts)      { s.Identity.OtherOwner = OwnerNotCached }
func contends(s *Facts)       { s.Identity.WaitsForOwner = true }
func unrecorded(s *Facts)     { s.Identity.Recorded = false }
func inFlight(s *Facts)       { s.Identity.CreateInFlight = true }
func accepted(s *Facts)       { s.Evidence.MissingAccepted = true }
func noStatus(s *Facts)       { s.Group.Status.ID = "" }
func justSeen(s *Facts)       { s.Identity.Seen = now.Add(-time.Minute) }
func inherited(s *Facts)      { justSeen(s); s.Identity.Inherited = true }

// claimedID is a Group whose id only its annotation carries.
func claimedID(s *Facts) {
	noStatus(s)
	s.Identity.ID, s.Identity.ClaimedID, s.Identity.Recorded = "", plazaID, false
}

func down(s *Facts) { s.Connection.Up, s.Connection.Problem = false, "401 Unauthorized" }

func requested(s *Facts) {
	s.Group.Annotations[v1alpha1.AnnotationReconcileRequestedAt] = "now"
}

func deleted(s *Facts) {
	s.Group.DeletionTimestamp = &metav1.Time{Time: now}
	s.Group.Generation++
}

func policy(p v1alpha1.DeletionPolicy) option {
	return spec(func(g *v1alpha1.GroupSpec) { g.DeletionPolicy = p })
}

func allowDelete(s *Facts) { s.Connection.AllowDelete = true }

// unbound is a Group that nobody has looked at yet.
func unbound(s *Facts) {
	s.Identity, s.Remote = Identity{}, Remote{}
	s.Group.Status = v1alpha1.GroupStatus{ObservedGeneration: -1}
}

// attempted is a Group whose create has got no answer, half an hour ago.
func attempted(s *Facts) {
	unbound(s)
	s.Declared = DeclaredBy(&s.Group.Spec)
	attempt := NewAttempt(s.Declared, now.Add(-30*time.Minute), nil)
	s.Identity.Attempt, s.Identity.AttemptSeen = &attempt, now.Add(-30*time.Minute)
}

func unreadable(s *Facts) {
	unbound(s)
	s.Identity.AttemptUnreadable = true
}

func empty(s *Facts) { s.Identity.AttemptEmpty = true }

func seen(ago time.Duration) option {
	return func(s *Facts) { s.Identity.AttemptSeen = now.Add(-ago) }
}

func listed(ago time.Duration) option {
	return func(s *Facts) { s.Evidence.Listed, s.Evidence.Newest = now.Add(-ago), now.Add(-ago) }
}

func shows(groups ...remote.Group) option {
	return func(s *Facts) { s.Evidence.Candidates = candidates(groups...) }
}

func claimed(ids ...string) option {
	return func(s *Facts) {
		for i, c := range s.Evidence.Candidates {
			if slices.Contains(ids, c.Group.ID) {
				s.Evidence.Candidates[i].OwnedBy = "lobby/other"
			}
		}
	}
}

// candidates are groups that no Group owns.
func candidates(groups ...remote.Group) []Candidate {
	var all []Candidate
	for _, g := range groups {
		all = append(all, Candidate{Group: g})
	}
	return all
}

// askedAt is when a GET was answered with 404.
var askedAt = now.Add(-time.Minute)

func remoteState(state RemoteState) option {
	return func(s *Facts) {
		s.Remote = Remote{State: state}
		if state == RemoteNotFound {
			s.Remote.FirstNotFound, s.Remote.NotFound = askedAt, askedAt
		}
	}
}

func remoteGroup(g remote.Group) option {
	return func(s *Facts) { s.Remote = Remote{State: RemotePresent, Group: g} }
}

func describedAs(text string) option {
	return spec(func(g *v1alpha1.GroupSpec) { g.Description = &text })
}

func archivedAs(archived bool) option {
	return spec(func(g *v1alpha1.GroupSpec) { g.Archived = &archived })
}

func refused(fields ...Field) option {
	return func(s *Facts) {
		s.History.Refused = &Backoff{Until: now.Add(time.Hour), Reason: v1alpha1.ReasonRejected, Message: "422 too long", Fields: fields}
	}
}

func notApplied(fields ...Field) option {
	return func(s *Facts) {
		s.History.NotApplied = &Backoff{Until: now.Add(time.Minute), Reason: v1alpha1.ReasonNotApplied, Message: "not shown", Fields: fields}
	}
}

func failing(s *Facts) {
	s.History.Failed = &Backoff{Until: now.Add(4 * time.Second), Reason: v1alpha1.ReasonUnavailable, Message: "503"}
}

func contested(in time.Duration, fields ...Field) option {
	return func(s *Facts) {
		s.History.Contests = map[Field]Contest{}
		for _, f := range fields {
			s.History.Contests[f] = Contest{Contested: true, Times: []time.Time{now.Add(in - contestedFor)}}
		}
	}
}

// decision is one row of a table.
type decision struct {
	name string
	in   *Facts
	// want is the step, with a part of the message.
	want Step
}

func decide(t *testing.T, table []decision) {
	t.Helper()
	for _, d := range table {
		t.Run(d.name, func(t *testing.T) {
			got, want := Next(d.in), d.want
			if !strings.Contains(got.Report.Message, want.Report.Message) || (want.Report.Message == "") != (got.Report.Message == "") {
				t.Errorf("message %q, want one that says %q", got.Report.Message, want.Report.Message)
			}
			got.Report.Message, want.Report.Message = "", ""
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("step %s (-want +got):\n%s", got.Action, diff)
			}
		})
	}
}

// report is what a WriteStatus says; the flags follow from the reason, but where a row
// says otherwise.
func report(reason, message string) Report {
	r := Report{Status: "False", Reason: reason, Message: message}
	switch reason {
	case v1alpha1.ReasonSynced, v1alpha1.ReasonObserved, v1alpha1.ReasonDrifted:
		r.Status = "True"
	case v1alpha1.ReasonSuspended:
		r.Status = "Unknown"
	case v1alpha1.ReasonCreating, v1alpha1.ReasonUpdating:
		r.Reconciling = true
	case v1alpha1.ReasonConnectionNotAllowed, v1alpha1.ReasonRejected, v1alpha1.ReasonNotApplied, v1alpha1.ReasonIDConflict,
		v1alpha1.ReasonAdoptionAmbiguous, v1alpha1.ReasonNameTaken, v1alpha1.ReasonAdoptionNotAllowed, v1alpha1.ReasonDeleteNotAllowed, v1alpha1.ReasonCreateUncertain, v1alpha1.ReasonRemoteMissing:
		r.Stalled = true
	}
	return r
}

func says(reason, message string) Step {
	return Step{Action: WriteStatus, Report: report(reason, message)}
}

func (s Step) again(in time.Duration) Step {
	s.RequeueAfter = in
	return s
}

func (s Step) awaiting(t time.Time) Step {
	s.AwaitListing = t
	return s
}

func (s Step) showing(g remote.Group, drift ...Field) Step {
	s.Report.Remote, s.Report.Drift = &g, drift
	return s
}

// ready makes a report one of a Group that is in order.
func (s Step) ready() Step {
	s.Report.Status = "True"
	return s
}

// stalled makes a report one that needs a person.
func (s Step) stalled() Step {
	s.Report.Stalled = true
	return s
}
