// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package metrics

import (
	"context"
	"iter"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/account"
)

var (
	own    = account.Key{Kind: "Connection", Namespace: "team", Name: "a"}
	shared = account.Key{Kind: "ClusterConnection", Name: "default"}
	absent = account.Key{Kind: "Connection", Namespace: "team", Name: "b"}
)

// stage is a leading manager's metrics over connections and Groups of a test's own.
type stage struct {
	*Metrics

	t           *testing.T
	registry    *prometheus.Registry
	accounts    *account.Registry
	connections map[account.Key]bool
	groups      map[account.Key][]*v1alpha1.Group
	err         error
}

func newStage(t *testing.T) *stage {
	t.Helper()
	leading := make(chan struct{})
	close(leading)
	return newStageOf(t, leading)
}

func newStageOf(t *testing.T, leading <-chan struct{}) *stage {
	t.Helper()
	s := &stage{
		Metrics: New(), t: t, registry: prometheus.NewPedanticRegistry(),
		accounts:    account.NewRegistry(account.Hooks{}),
		connections: map[account.Key]bool{own: true, shared: false}, groups: map[account.Key][]*v1alpha1.Group{},
	}
	err := s.Register(s.registry, State{
		Leading: leading, Accounts: s.accounts,
		Connections: func(context.Context) (map[account.Key]bool, error) { return s.connections, s.err },
		Groups: func(context.Context) (iter.Seq2[account.Key, *v1alpha1.Group], error) {
			return func(yield func(account.Key, *v1alpha1.Group) bool) {
				for key, groups := range s.groups {
					for _, group := range groups {
						yield(key, group)
					}
				}
			}, s.err
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// scrape returns the series of a metric, its labels in order, with their values;
// of a histogram the number of observations.
func (s *stage) scrape(name string) map[string]float64 {
	s.t.Helper()
	families, err := s.registry.Gather()
	if err != nil {
		s.t.Fatal(err)
	}
	series := map[string]float64{}
	for _, family := range families {
		if family.GetName() != name {
			continue
		}
		for _, m := range family.GetMetric() {
			series[values(m.GetLabel())] = m.GetCounter().GetValue() + m.GetGauge().GetValue() + float64(m.GetHistogram().GetSampleCount())
		}
	}
	return series
}

func values[L interface{ GetValue() string }](labels []L) string {
	var all []string
	for _, label := range labels {
		all = append(all, label.GetValue())
	}
	return strings.Join(all, " ")
}

func (s *stage) wants(name string, want map[string]float64) {
	s.t.Helper()
	if diff := cmp.Diff(want, s.scrape(name)); diff != "" {
		s.t.Errorf("%s: - wanted, + scraped:\n%s", name, diff)
	}
}
