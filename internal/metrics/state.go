// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package metrics

import (
	"context"
	"fmt"
	"iter"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/sets"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/account"
)

// State is what is the case when the metrics are scraped.
type State struct {
	// Leading is closed once this process leads. Before that it has nothing to say
	// of connections and Groups, or each of two replicas would.
	Leading <-chan struct{}
	// Accounts are the connections at run time.
	Accounts *account.Registry
	// Connections tells of every connection whether it is ready.
	Connections func(context.Context) (map[account.Key]bool, error)
	// Groups lists every Group with its connection.
	Groups func(context.Context) (iter.Seq2[account.Key, *v1alpha1.Group], error)
}

// The values of klink_groups' label ready. Each Group counts under one of them.
const (
	groupReady     = "true"
	groupNotReady  = "false"
	groupUnknown   = "unknown"   // not looked at yet, or suspended before it was seen in order
	groupStalled   = "stalled"   // a person is needed
	groupUncertain = "uncertain" // a person is needed, to say whether a create made a group
)

// noConnection is the label of Groups whose connection does not exist. A real one
// has a slash.
const noConnection = "none"

// noReason is the label of Groups that nobody has looked at yet, otherReason that of
// what the operator has not written: anyone who may write status adds no series.
const (
	noReason    = "none"
	otherReason = "other"
)

var groupReasons = sets.New(
	v1alpha1.ReasonSynced, v1alpha1.ReasonObserved, v1alpha1.ReasonDrifted, v1alpha1.ReasonSuspended, v1alpha1.ReasonCreating,
	v1alpha1.ReasonUpdating, v1alpha1.ReasonConnectionNotFound, v1alpha1.ReasonConnectionNotReady, v1alpha1.ReasonConnectionNotAllowed,
	v1alpha1.ReasonRejected, v1alpha1.ReasonNotApplied, v1alpha1.ReasonIDConflict, v1alpha1.ReasonAdoptionAmbiguous,
	v1alpha1.ReasonNameTaken, v1alpha1.ReasonAdoptionNotAllowed, v1alpha1.ReasonDeleteNotAllowed, v1alpha1.ReasonCreateUncertain,
	v1alpha1.ReasonRemoteMissing, v1alpha1.ReasonDryRun, v1alpha1.ReasonDeleting, v1alpha1.ReasonUnavailable, v1alpha1.ReasonRateLimited,
)

// scrapeTime bounds the reads of one scrape, which a cache answers at once.
const scrapeTime = 5 * time.Second

var (
	groupsDesc = prometheus.NewDesc("klink_groups",
		`Groups by connection ("none": it does not exist) and readiness: true, false, unknown, stalled (a person is needed), or uncertain (a person has to say whether a create made a group).`,
		[]string{labelConnection, "ready"}, nil)
	reasonDesc = prometheus.NewDesc("klink_groups_by_reason",
		`Groups by connection ("none": it does not exist) and the reason of their condition Ready; "none" where there is none yet, "other" where the operator has not written it.`,
		[]string{labelConnection, "reason"}, nil)
	rateDesc      = prometheus.NewDesc("klink_api_rate", "Calls a second that the operator makes at the most at present: what it has learned of the API's limit, up to the ceiling.", []string{labelConnection}, nil)
	remoteDesc    = prometheus.NewDesc("klink_remote_groups", "Remote groups in the newest complete listing of the account.", []string{labelConnection}, nil)
	ageDesc       = prometheus.NewDesc("klink_listing_age_seconds", "Time since the newest listing of the account began, or the gets that stood in for one; before the first, since the connection was set up.", []string{labelConnection}, nil)
	readyDesc     = prometheus.NewDesc("klink_connection_ready", "1 while the connection's condition Ready is True, else 0.", []string{labelConnection}, nil)
	throttledDesc = prometheus.NewDesc("klink_api_throttled_seconds_total", "Time in which calls waited because the groups API had asked for it (429, or Retry-After).", []string{labelConnection}, nil)
)

// Register shows the counters and the state in a registry.
func (m *Metrics) Register(registry prometheus.Registerer, state State) error {
	if err := registry.Register(&collector{metrics: m, state: state}); err != nil {
		return fmt.Errorf("registering metrics: %w", err)
	}
	return nil
}

// collector is one for all metrics, so that the counters of a connection that is
// gone are removed before they are collected.
type collector struct {
	metrics *Metrics
	state   State
}

// Describe implements prometheus.Collector.
func (c *collector) Describe(ch chan<- *prometheus.Desc) {
	for _, vector := range c.metrics.collectors() {
		vector.Describe(ch)
	}
	for _, d := range []*prometheus.Desc{groupsDesc, reasonDesc, rateDesc, remoteDesc, ageDesc, readyDesc, throttledDesc} {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (c *collector) Collect(ch chan<- prometheus.Metric) {
	select {
	case <-c.state.Leading:
		if err := c.collectState(ch); err != nil {
			ch <- prometheus.NewInvalidMetric(readyDesc, err)
		}
	default:
	}
	for _, vector := range c.metrics.collectors() {
		vector.Collect(ch)
	}
}

func (c *collector) collectState(ch chan<- prometheus.Metric) error {
	ctx, cancel := context.WithTimeout(context.Background(), scrapeTime)
	defer cancel()
	connections, err := c.state.Connections(ctx)
	if err != nil {
		return err
	}
	exists := func(key account.Key) bool { _, ok := connections[key]; return ok }
	c.metrics.prune(exists)
	groups, err := c.state.Groups(ctx)
	if err != nil {
		return err
	}
	tally, reasons := map[string]map[string]int{noConnection: {}}, map[[2]string]int{}
	for key, ready := range connections {
		tally[key.String()] = map[string]int{}
		ch <- gauge(readyDesc, truth(ready), key.String())
		if a := c.state.Accounts.Get(key); a != nil {
			collectAccount(ch, key.String(), a.State())
		}
	}
	for key, group := range groups {
		connection := noConnection
		if exists(key) {
			connection = key.String()
		}
		tally[connection][readiness(group.Status.Conditions)]++
		reasons[[2]string{connection, reason(group.Status.Conditions)}]++
	}
	for connection, counts := range tally {
		for _, ready := range []string{groupReady, groupNotReady, groupUnknown, groupStalled, groupUncertain} {
			ch <- gauge(groupsDesc, float64(counts[ready]), connection, ready)
		}
	}
	for labels, n := range reasons {
		ch <- gauge(reasonDesc, float64(n), labels[:]...)
	}
	return nil
}

func collectAccount(ch chan<- prometheus.Metric, connection string, s account.State) {
	ch <- gauge(ageDesc, time.Since(s.Watched).Seconds(), connection)
	ch <- prometheus.MustNewConstMetric(throttledDesc, prometheus.CounterValue, s.Paused.Seconds(), connection)
	ch <- gauge(rateDesc, s.Rate, connection)
	if !s.Listed.IsZero() {
		ch <- gauge(remoteDesc, float64(s.RemoteGroups), connection)
	}
}

// readiness says in a word how a Group is doing.
func readiness(conditions []metav1.Condition) string {
	ready := meta.FindStatusCondition(conditions, v1alpha1.ConditionReady)
	switch {
	case ready == nil || ready.Status == metav1.ConditionUnknown:
		return groupUnknown
	case ready.Status == metav1.ConditionTrue:
		return groupReady
	case ready.Reason == v1alpha1.ReasonCreateUncertain:
		return groupUncertain
	case meta.IsStatusConditionTrue(conditions, v1alpha1.ConditionStalled):
		return groupStalled
	default:
		return groupNotReady
	}
}

// reason is that of the condition Ready.
func reason(conditions []metav1.Condition) string {
	ready := meta.FindStatusCondition(conditions, v1alpha1.ConditionReady)
	switch {
	case ready == nil:
		return noReason
	case !groupReasons.Has(ready.Reason):
		return otherReason
	default:
		return ready.Reason
	}
}

func gauge(d *prometheus.Desc, value float64, labels ...string) prometheus.Metric {
	return prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, labels...)
}

func truth(is bool) float64 {
	if is {
		return 1
	}
	return 0
}
