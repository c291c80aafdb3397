// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package metrics

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/account"
	"github.com/klink-cloud/klink-operator/internal/klink"
)

func TestCallsAreCountedByConnectionMethodAndCode(t *testing.T) {
	s := newStage(t)
	s.Observe(own, klink.Call{Method: http.MethodGet, Code: http.StatusOK, Duration: time.Second})
	s.Observe(own, klink.Call{Method: http.MethodGet, Err: errors.New("reset")})
	s.Observe(shared, klink.Call{Method: http.MethodPost, Code: http.StatusTooManyRequests})
	s.wants("klink_api_requests_total", map[string]float64{
		"200 Connection/team/a GET": 1, "none Connection/team/a GET": 1, "429 ClusterConnection/default POST": 1,
	})
	s.wants("klink_api_request_duration_seconds", map[string]float64{
		"Connection/team/a GET": 2, "ClusterConnection/default POST": 1,
	})
}

// A server that answers with any number adds no more series than there are codes.
func TestCodesHaveABound(t *testing.T) {
	s := newStage(t)
	for code := range 1000 {
		s.Observe(own, klink.Call{Method: http.MethodGet, Code: code})
	}
	series := s.scrape("klink_api_requests_total")
	if len(series) > 70 || series["other Connection/team/a GET"] < 900 || series["404 Connection/team/a GET"] != 1 {
		t.Errorf("%d series: %v", len(series), series)
	}
}

func TestTheSeriesOfAConnectionGoWithIt(t *testing.T) {
	s := newStage(t)
	for _, key := range []account.Key{own, shared} {
		s.accounts.Ensure(key)
		s.Observe(key, klink.Call{Method: http.MethodGet, Code: http.StatusOK})
		s.Drifted(key, []string{"name", "contacts"})
	}
	delete(s.connections, own)
	s.accounts.Remove(own)
	gone := func() {
		t.Helper()
		families, err := s.registry.Gather()
		if err != nil {
			t.Fatal(err)
		}
		left := 0
		for _, family := range families {
			for _, m := range family.GetMetric() {
				if strings.Contains(values(m.GetLabel()), own.String()) {
					t.Errorf("%s still names the connection: %s", family.GetName(), values(m.GetLabel()))
				}
				if strings.Contains(values(m.GetLabel()), shared.String()) {
					left++
				}
			}
		}
		if left < 10 {
			t.Errorf("%d series are left of the other connection", left)
		}
	}
	gone()
	s.Observe(own, klink.Call{Method: http.MethodGet}) // the last call was under way
	gone()
	const of = "ClusterConnection/default "
	s.wants("klink_drift_total", map[string]float64{of + "name": 1, of + "contacts": 1, of + "description": 0, of + "avatarURL": 0, of + "archived": 0})
}

// An alert on an increase needs the zero that comes before the one.
func TestCountersBeginAtZero(t *testing.T) {
	s := newStage(t)
	s.Recovered("uncertain")
	s.wants("klink_create_recoveries_total", map[string]float64{"bound": 0, "none": 0, "uncertain": 1})
	s.Observe(account.Key{Kind: "ClusterConnection", Name: "default"}, klink.Call{Method: http.MethodGet})
	zeros := map[string]float64{}
	for _, field := range fields {
		zeros["ClusterConnection/default "+field] = 0
	}
	s.wants("klink_drift_total", zeros)
}

func group(conditions ...metav1.Condition) *v1alpha1.Group {
	return &v1alpha1.Group{Status: v1alpha1.GroupStatus{Conditions: conditions}}
}

func TestEachGroupCountsOnce(t *testing.T) {
	s := newStage(t)
	ready := func(status metav1.ConditionStatus, reason string) metav1.Condition {
		return metav1.Condition{Type: v1alpha1.ConditionReady, Status: status, Reason: reason}
	}
	stalled := metav1.Condition{Type: v1alpha1.ConditionStalled, Status: metav1.ConditionTrue}
	reconciling := metav1.Condition{Type: v1alpha1.ConditionReconciling, Status: metav1.ConditionTrue}
	all := []*v1alpha1.Group{
		group(),
		group(ready("Unknown", v1alpha1.ReasonSuspended)),
		group(ready("True", v1alpha1.ReasonSynced)),
		group(ready("True", v1alpha1.ReasonDrifted)),
		group(ready("True", v1alpha1.ReasonSuspended)),
		group(ready("False", v1alpha1.ReasonCreating), reconciling),
		group(ready("False", v1alpha1.ReasonUnavailable)),
		group(ready("False", v1alpha1.ReasonRejected), stalled),
		group(ready("False", v1alpha1.ReasonCreateUncertain), stalled),
	}
	s.groups[shared], s.groups[absent] = all, all[:1]
	s.wants("klink_groups", map[string]float64{
		"ClusterConnection/default true": 3, "ClusterConnection/default false": 2, "ClusterConnection/default unknown": 2,
		"ClusterConnection/default stalled": 1, "ClusterConnection/default uncertain": 1,
		"Connection/team/a true": 0, "Connection/team/a false": 0, "Connection/team/a unknown": 0,
		"Connection/team/a stalled": 0, "Connection/team/a uncertain": 0,
		"none true": 0, "none false": 0, "none unknown": 1, "none stalled": 0, "none uncertain": 0,
	})
}

// Which of the reasons keeps Groups from being ready shows without looking at each.
func TestGroupsCountByReason(t *testing.T) {
	s := newStage(t)
	of := func(reason string) *v1alpha1.Group {
		return group(metav1.Condition{Type: v1alpha1.ConditionReady, Status: metav1.ConditionFalse, Reason: reason})
	}
	s.groups[shared] = []*v1alpha1.Group{of(v1alpha1.ReasonNameTaken), of(v1alpha1.ReasonRejected), of(v1alpha1.ReasonNameTaken), group(), of("Invented"), of("Forged")}
	s.groups[absent] = s.groups[shared][:1]
	s.wants("klink_groups_by_reason", map[string]float64{
		"ClusterConnection/default NameTaken": 2, "ClusterConnection/default Rejected": 1, "ClusterConnection/default none": 1, "none NameTaken": 1,
		"ClusterConnection/default other": 2,
	})
}

// Groups may name any connection: those that do not exist add no series.
func TestConnectionsThatDoNotExistShareALabel(t *testing.T) {
	s := newStage(t)
	before := len(s.scrape("klink_groups"))
	for i := range 1000 {
		s.groups[account.Key{Kind: "Connection", Namespace: "team", Name: fmt.Sprint("none-", i)}] = []*v1alpha1.Group{group()}
	}
	series := s.scrape("klink_groups")
	if len(series) != before || series["none unknown"] != 1000 {
		t.Errorf("%d series, %d before: %v", len(series), before, series)
	}
}

func TestConnectionsAsTheirConditionSays(t *testing.T) {
	s := newStage(t)
	s.wants("klink_connection_ready", map[string]float64{"Connection/team/a": 1, "ClusterConnection/default": 0})
	s.accounts.Ensure(own)
	if age, ok := s.scrape("klink_listing_age_seconds")["Connection/team/a"]; !ok || age < 0 {
		t.Errorf("the age of what was never listed: %v, %t", age, ok)
	}
	s.wants("klink_api_throttled_seconds_total", map[string]float64{"Connection/team/a": 0})
	if rate := s.scrape("klink_api_rate"); len(rate) != 1 || rate["Connection/team/a"] <= 0 {
		t.Errorf("the learned rate: %v", rate)
	}
	s.wants("klink_remote_groups", map[string]float64{}) // nobody knows
}

// Of two replicas one leads: the other says nothing of what is the case.
func TestAFollowerSaysNothingOfConnections(t *testing.T) {
	leading := make(chan struct{})
	s := newStageOf(t, leading)
	s.wants("klink_groups", map[string]float64{})
	s.wants("klink_connection_ready", map[string]float64{})
	close(leading)
	if len(s.scrape("klink_groups")) == 0 {
		t.Error("neither does the leader")
	}
}

func TestAScrapeThatCannotReadFails(t *testing.T) {
	s := newStage(t)
	s.err = errors.New("no cache")
	if _, err := s.registry.Gather(); err == nil {
		t.Error("it passes for a cluster without connections")
	}
}

// Help is what a person reads first.
func TestEveryMetricHasHelp(t *testing.T) {
	s := newStage(t)
	s.accounts.Ensure(own)
	s.Observe(own, klink.Call{Method: http.MethodGet, Code: http.StatusOK})
	s.Drifted(own, []string{"name"})
	families, err := s.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, family := range families {
		names = append(names, family.GetName())
		if len(family.GetHelp()) < 20 {
			t.Errorf("%s: help %q", family.GetName(), family.GetHelp())
		}
	}
	if len(names) != 9 || !slices.Contains(names, "klink_create_recoveries_total") {
		t.Errorf("metrics: %v", names)
	}
}
