// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package controller

import (
	"context"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/account"
	"github.com/klink-cloud/klink-operator/internal/plan"
)

// ready is a cache with one connection, which works.
type ready struct {
	client.Reader

	connection v1alpha1.ClusterConnection
}

func (r *ready) Get(_ context.Context, _ client.ObjectKey, into client.Object, _ ...client.GetOption) error {
	r.connection.Status.Conditions = []metav1.Condition{{Type: v1alpha1.ConditionReady, Status: metav1.ConditionTrue}}
	r.connection.DeepCopyInto(into.(*v1alpha1.ClusterConnection)) //nolint:forcetypeassert // nothing else is asked for
	return nil
}

// An id that a namespace which may not adopt had in annotation or spec was kept from those who
// may: no cluster in the one annotation and none in the other looked like the consent to take over.
func TestWhoseWordOnAnIDCountsWithoutTheRightToAdopt(t *testing.T) {
	for what, c := range map[string]struct {
		cluster, takeOver string
		want              bool
	}{
		"nobody says anything of clusters":    {"", "", false},
		"a cluster bound it":                  {"theirs", "", false},
		"another may be taken over":           {"theirs", "others", false},
		"one may be, and no cluster bound it": {"", "theirs", false},
		"that cluster may be taken over":      {"theirs", "theirs", true},
	} {
		cache := &ready{connection: v1alpha1.ClusterConnection{Spec: v1alpha1.ClusterConnectionSpec{
			AllowedAdoptionNamespaces: v1alpha1.AllowedAdoptionNamespaces{From: v1alpha1.AdoptionNamespacesFromNone},
		}}}
		g := &v1alpha1.Group{}
		g.Annotations = map[string]string{v1alpha1.AnnotationGroupID: "a"}
		if c.cluster != "" {
			g.Annotations[v1alpha1.AnnotationGroupCluster] = c.cluster
		}
		if c.takeOver != "" {
			cache.connection.Annotations = map[string]string{v1alpha1.AnnotationTakeOver: c.takeOver}
		}
		o := &owners{groups: Groups{Cache: cache, labels: &namespaceLabelCache{}}, accounts: account.NewRegistry(account.Hooks{})}
		use, bind, err := o.may(t.Context(), newScope(), g, "a")
		if err != nil || !use || bind != c.want {
			t.Errorf("%s: it may use the connection: %t, its word counts: %t, want %t; %v", what, use, bind, c.want, err)
		}
	}
}

// unlabelled is an API server whose namespaces have no labels.
type unlabelled struct{ client.Reader }

func (unlabelled) Get(context.Context, client.ObjectKey, client.Object, ...client.GetOption) error {
	return nil
}

// A connection went before the Groups of a namespace that was excluded from it after they had
// been made: nothing could apply their deletionPolicy any more.
func TestAConnectionIsHeldByWhatItHasServed(t *testing.T) {
	connection := &v1alpha1.ClusterConnection{Spec: v1alpha1.ClusterConnectionSpec{
		AllowedNamespaces: v1alpha1.AllowedNamespaces{
			From: v1alpha1.NamespacesFromSelector, Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"use": "yes"}},
		},
	}}
	groups := []*v1alpha1.Group{{}, {}}
	groups[0].Namespace, groups[0].Name, groups[0].Status.ID = "excluded", "bound", "a"
	groups[1].Namespace, groups[1].Name = "excluded", "new"
	r := &ConnectionReconciler{Groups: Groups{labels: &namespaceLabelCache{live: unlabelled{}}}}
	names, err := r.users(t.Context(), connection, groups)
	if err != nil || len(names) != 1 || names[0] != "excluded/bound" {
		t.Errorf("it is held by %v, want the Group that has an id alone; %v", names, err)
	}
}

// Two connections may lead to one account. What one of them had just made was adopted over
// the other, as the mirror of the first, older than the create, did not show it yet.
func TestAClaimStandsUntilAListingAfterItLacksTheID(t *testing.T) {
	made := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	created := made.Add(time.Minute)
	attempt := plan.NewAttempt(plan.Declared{Name: "A"}, created, nil).Encode()
	lacks := func(at time.Time) account.Remote { return account.Remote{Presence: account.Unlisted, Absent: at} }
	for what, c := range map[string]struct {
		note, status string
		known        account.Remote
		want         bool
	}{
		"a listing from before the Group":            {"", "", lacks(made.Add(-time.Second)), false},
		"a listing since":                            {"", "", lacks(made.Add(time.Second)), true},
		"the Group's status has the id":              {"", "a", lacks(made.Add(time.Hour)), false},
		"its status has another":                     {"", "b", lacks(made.Add(time.Hour)), true},
		"a listing since the create was sent":        {attempt, "", lacks(created.Add(time.Second)), false},
		"one since the create must have arrived":     {attempt, "", lacks(created.Add(plan.SettleTime + time.Second)), true},
		"an incomplete listing, which shows no lack": {"", "", lacks(time.Time{}), false},
		"nothing was listed yet":                     {"", "", account.Remote{}, false},
		"it is there":                                {"", "", account.Remote{Presence: account.Present, Absent: created}, false},
	} {
		g := &v1alpha1.Group{}
		g.CreationTimestamp, g.Status.ID = metav1.NewTime(made), c.status
		if c.note != "" {
			g.Annotations = map[string]string{v1alpha1.AnnotationCreateAttempt: c.note}
		}
		if got := disproves(c.known, g, "a"); got != c.want {
			t.Errorf("%s: disproved %t, want %t", what, got, c.want)
		}
	}
}
