// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package controller

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/account"
	"github.com/klink-cloud/klink-operator/internal/plan"
	"github.com/klink-cloud/klink-operator/internal/remote"
)

// patches is an API server that takes every patch, and keeps it. It shows what its cache has.
type patches struct {
	client.Client
	cache            client.Reader
	metadata, status []string
	fails            error
}

func (p *patches) Get(ctx context.Context, key client.ObjectKey, into client.Object, options ...client.GetOption) error {
	return p.cache.Get(ctx, key, into, options...) //nolint:wrapcheck // it is a test's
}

func (p *patches) Patch(_ context.Context, o client.Object, patch client.Patch, _ ...client.PatchOption) error {
	return p.take(&p.metadata, o, patch)
}

func (p *patches) Status() client.SubResourceWriter { return statusPatches{of: p} }

type statusPatches struct {
	client.SubResourceWriter
	of *patches
}

func (s statusPatches) Patch(_ context.Context, o client.Object, patch client.Patch, _ ...client.SubResourcePatchOption) error {
	return s.of.take(&s.of.status, o, patch)
}

func (p *patches) take(to *[]string, o client.Object, patch client.Patch) error {
	body, err := patch.Data(o)
	if err != nil {
		return err
	}
	*to = append(*to, string(body))
	o.SetResourceVersion(strconv.Itoa(1 + len(p.metadata) + len(p.status)))
	return p.fails
}

// counted counts what became of creates without a clear answer.
type counted []string

func (c *counted) Drifted(account.Key, []plan.Field) {}
func (c *counted) Recovered(outcome string)          { *c = append(*c, outcome) }

// What is found of a Group is written if it differs, and said where a person is needed: once,
// and not at each retry.
func TestWhatIsReportedOfAGroup(t *testing.T) {
	was := plan.Report{Status: "False", Reason: v1alpha1.ReasonRejected, Message: "no", Stalled: true}
	with := func(edit func(*plan.Report)) *plan.Report {
		r := was
		edit(&r)
		return &r
	}
	uncertain := with(func(r *plan.Report) { r.Reason, r.Message = v1alpha1.ReasonCreateUncertain, "was it made?" })
	for what, c := range map[string]struct {
		report          *plan.Report
		before          *plan.Report // what the status says; nil: nothing
		edit            func(*scope, *patches)
		wrote, fails    bool
		said            bool // by an event
		counted, logged int
	}{
		"nothing":                         {report: nil, before: &was},
		"the same":                        {report: &was, before: &was},
		"the first":                       {report: &was, wrote: true, said: true, logged: 1},
		"another reason":                  {report: with(func(r *plan.Report) { r.Reason = v1alpha1.ReasonIDConflict }), before: &was, wrote: true, said: true, logged: 1},
		"another message":                 {report: with(func(r *plan.Report) { r.Message = "never" }), before: &was, wrote: true, said: true},
		"of a new spec":                   {report: &was, before: &was, edit: func(s *scope, _ *patches) { s.group.Generation++ }, wrote: true, said: true},
		"that it goes on by itself":       {report: with(func(r *plan.Report) { r.Stalled, r.Reason = false, v1alpha1.ReasonUnavailable }), before: &was, wrote: true},
		"that its connection is missing":  {report: with(func(r *plan.Report) { r.Stalled, r.Reason = false, v1alpha1.ReasonConnectionNotFound }), before: &was, wrote: true, said: true, logged: 1},
		"that a create is uncertain":      {report: uncertain, before: &was, wrote: true, said: true, counted: 1, logged: 1},
		"that it is so still":             {report: with(func(r *plan.Report) { *r = *uncertain; r.Message = "was it?" }), before: uncertain, wrote: true, said: true},
		"where it cannot be written":      {report: uncertain, before: &was, edit: func(_ *scope, p *patches) { p.fails = errors.New("etcd") }, wrote: true, fails: true},
		"of what a Group has left behind": {report: &was, edit: func(s *scope, _ *patches) { s.gone = true }, logged: 1},
	} {
		s, server, events, lines, count := newScope(), &patches{}, &notes{}, []string{}, &counted{}
		if c.before != nil {
			fill(&s.group.Status, s.group, c.before, "")
		}
		if c.edit != nil {
			c.edit(s, server)
		}
		g := s.group
		r := &reporter{records: &records{client: server}, events: events, count: count}
		again, err := r.report(logged(t.Context(), &lines), s, &plan.Facts{Group: g}, c.report)
		s.group = g // the reply has nothing
		r.publish(s)
		if again != 0 || (err != nil) != c.fails || (len(server.status) == 1) != c.wrote || len(server.status) > 1 || len(server.metadata) > 0 {
			t.Errorf("%s: wrote %v, again in %s, %v", what, server.status, again, err)
		}
		if (len(*events) == 1) != c.said || len(*count) != c.counted || len(lines) != c.logged || len(s.events) != 0 {
			t.Errorf("%s: events %v, counted %v, logged %v", what, *events, *count, lines)
		}
		if c.said && !strings.Contains((*events)[0], c.report.Message) {
			t.Errorf("%s: it says %v", what, *events)
		}
	}
}

// Two managers that remember different things answer each other's statuses for as long as both
// live: what was just written over is left to the other for a while, and nothing is said of it.
func TestAStatusThatIsWrittenOverIsNotWrittenAgainAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, server, count := newScope(), &patches{}, &counted{}
		r := &reporter{records: &records{client: server}, events: &notes{}, count: count}
		report := &plan.Report{Status: "False", Reason: v1alpha1.ReasonCreateUncertain, Message: "was it made?", Stalled: true}
		g := s.group
		look := func() time.Duration {
			t.Helper()
			s.group = g // which somebody has made what it was
			again, err := r.report(t.Context(), s, &plan.Facts{Group: g}, report)
			if err != nil {
				t.Fatal(err)
			}
			return again
		}
		if again := look(); again != 0 || len(server.status) != 1 || len(*count) != 1 {
			t.Errorf("at first: again in %s, %v, counted %v", again, server.status, *count)
		}
		s.events = nil
		again := look()
		if again <= 0 || len(server.status) != 1 || len(*count) != 1 || len(s.events) != 0 {
			t.Errorf("at once: again in %s, %v, counted %v, events %v", again, server.status, *count, s.events)
		}
		time.Sleep(again)
		if again := look(); again != 0 || len(server.status) != 2 {
			t.Errorf("after that: again in %s, %v", again, server.status)
		}
	})
}

// A status shows what was found of the remote group, for which spec, and what asked for it.
func TestWhatAStatusShows(t *testing.T) {
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	shown := &remote.Group{ID: "a", Name: strings.Repeat("n", 2*maxShown), ConversationID: strings.Repeat("c", 2*maxShown), Contacts: []string{"x", "y"}, CreatedAt: at, ArchivedAt: at.Add(time.Hour)}
	g := settledGroup("plaza", "")
	g.Generation, g.Annotations = 3, map[string]string{v1alpha1.AnnotationReconcileRequestedAt: "now"}
	status := &g.Status
	fill(status, g, &plan.Report{Status: "True", Reason: v1alpha1.ReasonSynced, Message: strings.Repeat("m", 2*maxMessage), Drift: []string{"name"}, Remote: shown}, "a")
	created, archived, count := metav1.NewTime(at), metav1.NewTime(at.Add(time.Hour)), int32(2)
	want := v1alpha1.GroupStatus{
		ObservedGeneration: 3, ID: "a", LastHandledReconcileAt: "now", Drift: []string{"name"}, ConversationID: cut(shown.ConversationID, maxShown), RemoteName: cut(shown.Name, maxShown),
		CreatedAt: &created, ArchivedAt: &archived, ContactCount: &count,
		Conditions: []metav1.Condition{{
			Type: "Ready", Status: "True", Reason: v1alpha1.ReasonSynced, Message: cut(strings.Repeat("m", 2*maxMessage), maxMessage), ObservedGeneration: 3,
		}},
	}
	if diff := cmp.Diff(want, *status, cmpopts.IgnoreFields(metav1.Condition{}, "LastTransitionTime")); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	fill(status, g, &plan.Report{Status: "False", Reason: v1alpha1.ReasonUnavailable}, "")
	if status.ID != "a" || status.RemoteName == "" || status.Drift != nil || len(status.Conditions) != 1 || status.Conditions[0].Status != "False" {
		t.Errorf("what nobody has looked at is not as it was: %+v", status)
	}
	fill(status, g, &plan.Report{Status: "True", Reason: v1alpha1.ReasonSynced, Remote: &remote.Group{ID: "a"}}, "a")
	if status.ArchivedAt != nil || status.CreatedAt != nil || *status.ContactCount != 0 || status.RemoteName != "" {
		t.Errorf("what the group has no more is shown: %+v", status)
	}
}

// Stalled and Reconciling are there only while they hold, and never both: who waits for a Group
// waits for one of them to go.
func TestStalledAndReconcilingAreThereWhileTheyHold(t *testing.T) {
	var conditions []metav1.Condition
	for _, c := range []struct {
		stalled, reconciling bool
		want                 []string
	}{
		{false, true, []string{"Ready", "Reconciling"}}, {true, true, []string{"Ready", "Stalled"}}, {true, false, []string{"Ready", "Stalled"}}, {false, false, []string{"Ready"}},
	} {
		setConditions(&conditions, 1, "False", v1alpha1.ReasonRejected, "no", c.stalled, c.reconciling)
		var got []string
		for _, one := range conditions {
			if got = append(got, one.Type); one.Type != "Ready" && (one.Status != "True" || one.Reason != v1alpha1.ReasonRejected || one.ObservedGeneration != 1) {
				t.Errorf("it says %+v", one)
			}
		}
		slices.Sort(got)
		if !slices.Equal(got, c.want) {
			t.Errorf("stalled %t, reconciling %t: %v, want %v", c.stalled, c.reconciling, got, c.want)
		}
	}
}

// The id in status is what a Group owns: it keeps others from the group, and its deletion acts on
// it. What another owns, or an annotation alone says, does not belong there.
func TestAStatusShowsNoIDThatTheGroupDoesNotOwn(t *testing.T) {
	for what, c := range map[string]struct {
		identity plan.Identity
		want     string
	}{
		"its own":                    {plan.Identity{ID: "a", Recorded: true}, "a"},
		"one that is not recorded":   {plan.Identity{ID: "a"}, ""},
		"one of another Group":       {plan.Identity{ID: "a", Recorded: true, OtherOwner: "lobby/other"}, ""},
		"one of another cluster":     {plan.Identity{ID: "a", Recorded: true, ForeignCluster: "theirs"}, ""},
		"not recorded, of another":   {plan.Identity{ID: "a", OtherOwner: "lobby/other"}, ""},
		"not recorded, of a cluster": {plan.Identity{ID: "a", ForeignCluster: "theirs"}, ""},
	} {
		s, server := newScope(), &patches{}
		r := &reporter{records: &records{client: server}, events: &notes{}, count: &counted{}}
		if _, err := r.report(t.Context(), s, &plan.Facts{Group: s.group, Identity: c.identity}, &plan.Report{Status: "True", Reason: v1alpha1.ReasonSynced}); err != nil {
			t.Fatal(err)
		}
		if wrote := strings.Contains(server.status[0], `"add","path":"/status/id"`); ownID(&plan.Facts{Identity: c.identity}) != c.want || wrote != (c.want != "") {
			t.Errorf("%s: the status shows it: %t (%v)", what, wrote, server.status)
		}
	}
}
