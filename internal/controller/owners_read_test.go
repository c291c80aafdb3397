// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package controller

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/account"
	"github.com/klink-cloud/klink-operator/internal/plan"
	"github.com/klink-cloud/klink-operator/internal/simulator"
)

// failing is an index of which one part fails.
type failing struct {
	GroupLookup
	index string
}

func (f failing) ByIndex(index, value string) ([]*v1alpha1.Group, error) {
	if index == f.index {
		return nil, errors.New("no such index")
	}
	return f.GroupLookup.ByIndex(index, value) //nolint:wrapcheck // it is a test's
}

// liveGroups is an API server that has these Groups.
type liveGroups struct {
	client.Reader
	groups            []*v1alpha1.Group
	failGet, failList error
}

func (l *liveGroups) Get(_ context.Context, key client.ObjectKey, into client.Object, _ ...client.GetOption) error {
	for _, g := range l.groups {
		if client.ObjectKeyFromObject(g) == key {
			g.DeepCopyInto(into.(*v1alpha1.Group)) //nolint:forcetypeassert // nothing else is asked for
			return l.failGet
		}
	}
	return apierrors.NewNotFound(schema.GroupResource{Resource: "groups"}, key.Name)
}

func (l *liveGroups) List(_ context.Context, into client.ObjectList, options ...client.ListOption) error {
	var o client.ListOptions
	o.ApplyOptions(options)
	for _, g := range l.groups {
		if o.FieldSelector != nil && !o.FieldSelector.Matches(fields.Set{"status.id": g.Status.ID}) {
			continue
		}
		list := into.(*v1alpha1.GroupList) //nolint:forcetypeassert // nothing else is asked for
		list.Items = append(list.Items, *g.DeepCopy())
	}
	return l.failList
}

// claimantNames are the Groups of some claimants, in order.
func claimantNames(claimants []plan.Claimant) (names []string) {
	for _, c := range claimants {
		names = append(names, c.Group)
	}
	slices.Sort(names)
	return names
}

// contender is a Group of the name Plaza, in another namespace, over a connection of its own.
func contender(name, id string) *v1alpha1.Group {
	g := settledGroup(name, id)
	g.Spec.Name = "Plaza"
	g.Spec.ConnectionRef = v1alpha1.ConnectionReference{Kind: v1alpha1.KindConnection, Name: "own"}
	return g
}

// withOwn is a scene with a second connection, Connection lobby/own, which works and leads to
// the same endpoint, as the cache shows it.
func withOwn(t *testing.T, others ...*v1alpha1.Group) *scene {
	t.Helper()
	v := onScene(t, others...)
	own := v1alpha1.Connection{ObjectMeta: metav1.ObjectMeta{Namespace: "lobby", Name: "own"}, Spec: v1alpha1.ConnectionSpec{Endpoint: v.s.endpoint + "/"}}
	setConditions(&own.Status.Conditions, 0, "True", v1alpha1.ReasonConnected, "", false, false)
	v.cache.own = []v1alpha1.Connection{own}
	v.o.owners.live, v.o.owners.pages, v.o.owners.since = &liveGroups{groups: others}, make(chan struct{}, 1), func() time.Time { return time.Now().Add(-handOver) }
	return v
}

// Whose word on an id counts: a Group of another account has another group of that id, one that
// may not use its connection has none, and one that another cluster bound owns nothing here.
func TestWhoseWordOnAnIDCounts(t *testing.T) {
	for what, c := range map[string]struct {
		edit    func(*scene, *v1alpha1.Group)
		counts  bool
		mayBind bool
	}{
		"one of the same account": {func(*scene, *v1alpha1.Group) {}, true, true},
		"the Group itself":        {func(v *scene, g *v1alpha1.Group) { g.UID = v.s.group.UID }, false, false},
		"what another cluster bound": {func(_ *scene, g *v1alpha1.Group) {
			g.Annotations = map[string]string{v1alpha1.AnnotationGroupCluster: "theirs"}
		}, false, false},
		"one of another endpoint":      {func(v *scene, _ *v1alpha1.Group) { v.cache.own[0].Spec.Endpoint = "http://127.0.0.1:2/api" }, false, false},
		"one whose connection is gone": {func(v *scene, _ *v1alpha1.Group) { v.cache.own = nil }, false, false},
		"one of this connection, which is gone": {
			func(v *scene, g *v1alpha1.Group) {
				g.Spec.ConnectionRef, v.cache.shared = v1alpha1.ConnectionReference{}, nil
			}, false, false,
		},
		"one of this connection, which is gone, and that is bound": {
			func(v *scene, g *v1alpha1.Group) {
				g.Spec.ConnectionRef, v.cache.shared, g.Status.ID = v1alpha1.ConnectionReference{}, nil, "first"
			}, true, false,
		},
		"one of no endpoint":               {func(v *scene, _ *v1alpha1.Group) { v.cache.own[0].Spec.Endpoint, v.s.endpoint = "", "" }, false, false},
		"one whose connection never works": {func(v *scene, _ *v1alpha1.Group) { v.cache.own[0].Status = v1alpha1.ConnectionStatus{} }, false, false},
		"one whose connection was changed": {func(v *scene, _ *v1alpha1.Group) { v.cache.own[0].Generation = 1 }, false, false},
		"one whose connection works no more": {
			func(v *scene, _ *v1alpha1.Group) {
				setConditions(&v.cache.own[0].Status.Conditions, 0, "False", v1alpha1.ReasonUnauthorized, "", false, false)
			}, false, false,
		},
		"one whose connection never works, and that is bound": {
			func(v *scene, g *v1alpha1.Group) {
				v.cache.own[0].Status, g.Status.ID = v1alpha1.ConnectionStatus{}, "first"
			}, true, false,
		},
		"one that does not find the group": {
			func(_ *scene, g *v1alpha1.Group) {
				setConditions(&g.Status.Conditions, 1, "False", v1alpha1.ReasonRemoteMissing, "", true, false)
			}, true, false,
		},
		"one that is refused": {
			func(_ *scene, g *v1alpha1.Group) {
				setConditions(&g.Status.Conditions, 1, "False", v1alpha1.ReasonRejected, "", true, false)
			}, true, true,
		},
		"one whose namespace is excluded": {
			func(v *scene, g *v1alpha1.Group) {
				g.Spec.ConnectionRef, g.Namespace, v.cache.shared[0].Spec.AllowedNamespaces = v1alpha1.ConnectionReference{}, "elsewhere", someUse
			}, false, false,
		},
		"one that may not adopt": {
			func(v *scene, g *v1alpha1.Group) {
				g.Spec.ConnectionRef, v.cache.shared[0].Spec.AllowedAdoptionNamespaces = v1alpha1.ConnectionReference{}, noneAdopts
			}, true, false,
		},
		"one that may not adopt, and may have made it": {
			func(v *scene, g *v1alpha1.Group) {
				g.Spec.ConnectionRef, v.cache.shared[0].Spec.AllowedAdoptionNamespaces = v1alpha1.ConnectionReference{}, noneAdopts
				g.Annotations = map[string]string{v1alpha1.AnnotationGroupID: "first"}
			}, true, true,
		},
		"one that may not adopt, and is younger than the group": {
			func(v *scene, g *v1alpha1.Group) {
				g.Spec.ConnectionRef, v.cache.shared[0].Spec.AllowedAdoptionNamespaces = v1alpha1.ConnectionReference{}, noneAdopts
				g.Annotations, g.CreationTimestamp = map[string]string{v1alpha1.AnnotationGroupID: "first"}, metav1.NewTime(time.Now().Add(time.Hour))
			}, true, false,
		},
	} {
		synctest.Test(t, func(t *testing.T) {
			g := contender("theirs", "")
			v := withOwn(t, g)
			c.edit(v, g)
			claimants, err := v.o.owners.claimants(t.Context(), v.s, []*v1alpha1.Group{g}, "first", "")
			if counts := len(claimants) == 1; err != nil || counts != c.counts || counts && claimants[0].MayBind != c.mayBind {
				t.Errorf("%s: %+v, %v; want that it counts: %t, and binds: %t", what, claimants, err, c.counts, c.mayBind)
			}
		})
	}
}

// Another manager's note is anybody's who may write Groups: one at rest keeps a group from
// others for a short time alone. A note that this process has written is its own.
func TestAnOpenCreateAtRest(t *testing.T) {
	for what, c := range map[string]struct{ suspended, noted, want bool }{
		"it goes on":                           {false, false, false},
		"it is suspended":                      {true, false, true},
		"it is suspended, and we have sent it": {true, true, false},
	} {
		synctest.Test(t, func(t *testing.T) {
			g := contender("theirs", "")
			note := plan.NewAttempt(plan.Declared{Name: "Plaza"}, time.Now(), nil).Encode()
			g.Spec.Suspend, g.Annotations = c.suspended, map[string]string{v1alpha1.AnnotationCreateAttempt: note}
			v := withOwn(t, g)
			if c.noted {
				v.o.owners.states.note(g.UID, note)
			}
			claimants, err := v.o.owners.claimants(t.Context(), v.s, []*v1alpha1.Group{g}, "first", "")
			if err != nil || len(claimants) != 1 || claimants[0].Resting != c.want || claimants[0].Attempt == nil {
				t.Errorf("%s: %+v, %v; want at rest: %t", what, claimants, err, c.want)
			}
		})
	}
}

// What this process has bound, the cache may not show yet: nobody else may take it meanwhile.
func TestWhatThisProcessHasBoundIsOwned(t *testing.T) {
	for what, c := range map[string]struct {
		holder string
		want   []string
	}{
		"nobody":                          {"", []string{"lobby/theirs"}},
		"a Group that the cache shows so": {"uid-theirs", []string{"lobby/theirs"}},
		"one that it does not show yet":   {"uid-new", []string{"lobby/theirs", plan.OwnerNotCached}},
		"the Group itself":                {"uid-plaza", []string{"lobby/theirs"}},
	} {
		synctest.Test(t, func(t *testing.T) {
			v := withOwn(t, contender("theirs", "first"))
			v.claims.Claim(v.s.endpoint, "first", c.holder)
			others, err := v.o.owners.cached(t.Context(), v.s, "first")
			if diff := cmp.Diff(c.want, claimantNames(others)); diff != "" || err != nil {
				t.Errorf("%s (-want +got):\n%s%v", what, diff, err)
			}
			for _, one := range others {
				if !one.Bound {
					t.Errorf("%s: %s is not bound", what, one.Group)
				}
			}
		})
	}
}

// Two connections may lead to one endpoint, and have two accounts. What is made over one is not
// in the other: once a listing there lacks a group, nobody over it has made that.
func TestAConnectionThatShowsNoneOfTheGroupsHidesThem(t *testing.T) {
	for what, c := range map[string]struct {
		groups []simulator.Group
		after  time.Duration // of the create
		open   bool
	}{
		"its account shows one":              {[]simulator.Group{{ID: "second", Name: "Plaza"}}, time.Hour, true},
		"it lacks both":                      {nil, time.Hour, false},
		"it lacks both, and they may arrive": {nil, 0, true},
	} {
		synctest.Test(t, func(t *testing.T) {
			g := contender("theirs", "")
			g.Annotations = map[string]string{v1alpha1.AnnotationCreateAttempt: plan.NewAttempt(plan.Declared{Name: "Plaza"}, time.Now(), nil).Encode()}
			quiet := contender("quiet", "")
			v := withOwn(t, g, quiet)
			sim, accounts := startAccounts(t, account.Bindings{})
			for _, one := range c.groups {
				sim.Seed(one)
			}
			time.Sleep(c.after)
			a := accounts.Ensure(connectionOf(g))
			settings, _ := v.s.account.Configured()
			settings.Transport = sim.Transport()
			if err := a.Configure(settings); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Second)
			synctest.Wait()
			v.o.owners.accounts = accounts
			candidates := []plan.Candidate{{Group: v.s.account.Lookup("first").Group}, {Group: v.s.account.Lookup("second").Group}}
			open, err := v.o.owners.openCreates(t.Context(), v.s, []string{"Plaza"}, candidates)
			if err != nil || (len(open) == 1) != c.open || len(open) > 1 {
				t.Errorf("%s: %+v, %v; want that its create is open: %t", what, open, err, c.open)
			}
			if open, _ := v.o.owners.openCreates(t.Context(), v.s, []string{"Plaza"}, nil); len(open) != 1 {
				t.Errorf("%s: without candidates %+v", what, open)
			}
			claimants, err := v.o.owners.claimants(t.Context(), v.s, []*v1alpha1.Group{g}, "first", "")
			if hidden := c.after > 0; err != nil || len(claimants) != 1 || (claimants[0].Attempt == nil) != hidden || claimants[0].MayBind == hidden {
				t.Errorf("%s: %+v, %v; want that the first is hidden: %t", what, claimants, err, hidden)
			}
			v.s.key = connectionOf(g)
			if v.o.owners.hides(v.s, g, "first") {
				t.Errorf("%s: its own account hides a group from it", what)
			}
		})
	}
}
