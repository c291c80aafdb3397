// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package controller

import (
	"net/http"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/account"
	"github.com/klink-cloud/klink-operator/internal/facts"
	"github.com/klink-cloud/klink-operator/internal/plan"
	"github.com/klink-cloud/klink-operator/internal/remote"
	"github.com/klink-cloud/klink-operator/internal/simulator"
)

// scene is what one look at a Group sees.
type scene struct {
	s      *scope
	o      *observer
	sim    *simulator.Server
	cache  *connections
	server *crdReader
	claims *account.Claims
}

// onScene is a look at the Group lobby/plaza over ClusterConnection default, whose account shows
// two groups of its name and one of another; others are the other Groups.
func onScene(t *testing.T, others ...*v1alpha1.Group) *scene {
	t.Helper()
	now := time.Now()
	v := &scene{server: &crdReader{}, cache: &connections{shared: make([]v1alpha1.ClusterConnection, 1)}}
	v.s, v.sim = listedScope(t,
		simulator.Group{ID: "first", Name: "Plaza", CreatedAt: now}, simulator.Group{ID: "second", Name: "Plaza", CreatedAt: now},
		simulator.Group{ID: "third", Name: "Lobby", CreatedAt: now})
	connection := &v.cache.shared[0]
	connection.Name, connection.Spec.Endpoint = "default", v.s.endpoint
	setConditions(&connection.Status.Conditions, 0, "True", v1alpha1.ReasonConnected, "", false, false)
	g := settledGroup("plaza", "")
	g.Spec.Name, g.Finalizers = "Plaza", []string{v1alpha1.FinalizerGroup}
	v.s.group, v.s.state.uid = g, g.UID
	accounts := account.NewRegistry(account.Hooks{Notify: func(account.Key, account.News) {}})
	v.claims = accounts.Claims
	groups := Groups{Cache: v.cache, Index: indexed{groups: append(others, g)}, labels: &namespaceLabelCache{live: &namespaces{labels: map[string]labels.Set{"lobby": {"team": "a"}}}}}
	v.o = &observer{
		groups: groups, live: v.server, accounts: accounts, crd: &crdDeletionCache{}, cluster: "here", dryRun: true,
		owners: &owners{groups: groups, accounts: accounts, cluster: "here", states: &stateStore{}},
	}
	return v
}

// bound makes the Group one that has an id.
func (v *scene) bound(id string) {
	v.s.group.Status.ID = id
	v.s.group.Annotations = map[string]string{v1alpha1.AnnotationGroupID: id, v1alpha1.AnnotationGroupCluster: "here"}
}

func (v *scene) facts(t *testing.T) plan.Facts {
	t.Helper()
	f, err := v.o.observe(t.Context(), v.s)
	if err != nil {
		t.Fatal(err)
	}
	if !f.DryRun || f.Group != v.s.group {
		t.Errorf("these are not the facts of this Group: %s", &f)
	}
	return f
}

// What may be done over a connection decides whether anything is done at all, and what is said.
func TestWhatALookSeesOfTheConnection(t *testing.T) {
	works := plan.Connection{Name: "ClusterConnection default", Found: true, Allowed: true, MayAdopt: true, Up: true, Problem: "its conditions say why", Complete: true}
	with := func(edit func(*plan.Connection)) plan.Connection {
		c := works
		edit(&c)
		return c
	}
	listFails := func(t *testing.T, v *scene) {
		v.sim.AddFault(simulator.Fault{Method: http.MethodGet, QueryRegexp: `limit=\d\d`, Action: simulator.Status, Status: http.StatusInternalServerError})
		v.s.account.AwaitListing(time.Now(), "")
		time.Sleep(24 * time.Hour)
		synctest.Wait()
		if s := v.s.account.State(); !s.Up || s.Behind == "" {
			t.Fatalf("its listings do not fail: %+v", s)
		}
	}
	elsewhere := &facts.Unrecorded{Group: remote.Group{ID: "fourth"}, Account: "another"}
	for what, c := range map[string]struct {
		edit func(*testing.T, *scene)
		want plan.Connection
	}{
		"it works":      {func(*testing.T, *scene) {}, works},
		"is not there":  {func(_ *testing.T, v *scene) { v.cache.shared = nil }, plan.Connection{Name: works.Name}},
		"may not be so": {func(_ *testing.T, v *scene) { v.o.groups.NamespacedOnly = true }, plan.Connection{Name: works.Name, Problem: "this manager has rights in namespaces alone, use a Connection"}},
		"a Connection is not there, which might be": {
			func(_ *testing.T, v *scene) {
				v.o.groups.NamespacedOnly, v.s.key = true, account.Key{Kind: "Connection", Namespace: "lobby", Name: "api"}
			},
			plan.Connection{Name: "Connection api"},
		},
		"is being deleted": {
			func(_ *testing.T, v *scene) { v.cache.shared[0].DeletionTimestamp = new(metav1.Now()) },
			with(func(c *plan.Connection) { c.Terminating = true }),
		},
		"consents to deletion": {func(_ *testing.T, v *scene) { v.cache.shared[0].Spec.AllowDelete = true }, with(func(c *plan.Connection) { c.AllowDelete = true })},
		"is open to this namespace": {
			func(_ *testing.T, v *scene) { v.cache.shared[0].Spec.AllowedNamespaces = someUse }, with(func(c *plan.Connection) { c.Selector = "team=a" }),
		},
		"is closed to it": {
			func(_ *testing.T, v *scene) {
				v.cache.shared[0].Spec.AllowedNamespaces, v.s.group.Namespace = someUse, "elsewhere"
			},
			with(func(c *plan.Connection) { c.Selector, c.Allowed = "team=a", false }),
		},
		"is open to all":       {func(_ *testing.T, v *scene) { v.cache.shared[0].Spec.AllowedNamespaces = allUse }, works},
		"lets nobody adopt":    {func(_ *testing.T, v *scene) { v.cache.shared[0].Spec.AllowedAdoptionNamespaces = noneAdopts }, with(func(c *plan.Connection) { c.MayAdopt = false })},
		"was not looked at":    {func(_ *testing.T, v *scene) { v.s.account = nil }, with(func(c *plan.Connection) { c.Up, c.Waiting, c.Problem, c.Complete = false, true, "", false })},
		"was not answered yet": {func(_ *testing.T, v *scene) { v.s.account = notAsked() }, with(func(c *plan.Connection) { c.Up, c.Waiting = false, true })},
		"may not be used":      {func(_ *testing.T, v *scene) { v.s.account.Block("no", true) }, with(func(c *plan.Connection) { c.Up = false })},
		"cannot be listed": {listFails, with(func(c *plan.Connection) {
			c.Up, c.Problem = false, "the account cannot be listed, and nothing is created; its conditions say why"
		})},
		"cannot be listed, and the Group is bound": {func(t *testing.T, v *scene) { listFails(t, v); v.bound("first") }, works},
		"is down, by a call of this pass": {func(_ *testing.T, v *scene) {
			v.s.down = &account.DownError{Down: account.Unavailable, Message: "reset"}
		}, with(func(c *plan.Connection) { c.Up = false })},
		"shows another account, by a call of this pass": {
			func(_ *testing.T, v *scene) {
				v.s.account, v.s.down = notAsked(), &account.DownError{Down: account.Untrusted, Message: "it shows another"}
			},
			with(func(c *plan.Connection) { c.Up, c.Problem = false, "it shows another" }),
		},
		"is another's, and the Group whose group was made is gone": {
			func(_ *testing.T, v *scene) { v.s.gone, v.s.state.memory.Unrecorded = true, elsewhere },
			with(func(c *plan.Connection) {
				c.Up, c.Problem = false, "it has had another endpoint or token since the group was made"
			}),
		},
		"is the same, and that Group is gone": {
			func(_ *testing.T, v *scene) {
				v.s.gone, v.s.state.memory.Unrecorded = true, &facts.Unrecorded{Group: remote.Group{ID: "fourth"}, Account: v.s.account.Fingerprint("fourth")}
			}, works,
		},
		"is another's, and the Group is there": {func(_ *testing.T, v *scene) { v.s.state.memory.Unrecorded = elsewhere }, works},
		"nothing was made":                     {func(_ *testing.T, v *scene) { v.s.gone = true }, works},
	} {
		t.Run(what, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				v := onScene(t)
				c.edit(t, v)
				if diff := cmp.Diff(c.want, v.facts(t).Connection); diff != "" {
					t.Errorf("-want +got:\n%s", diff)
				}
			})
		})
	}
}

// notAsked is an account that was not asked anything yet.
func notAsked() *account.Account {
	return account.NewRegistry(account.Hooks{}).Ensure(account.Key{Name: "new"})
}

// What the mirror shows of the wanted group is what counts, and what a call of this pass has
// shown of it counts more.
func TestWhatALookSeesOfTheWantedGroup(t *testing.T) {
	began := time.Date(2000, 1, 1, 1, 0, 0, 0, time.UTC)
	says := func(id string) *reply { return &reply{id: id, state: plan.RemoteUnlisted, fresh: true, readAt: began} }
	for what, c := range map[string]struct {
		edit  func(*scene)
		state plan.RemoteState
		fresh bool
	}{
		"it is bound":                 {func(v *scene) { v.bound("first") }, plan.RemotePresent, false},
		"it is bound to none there":   {func(v *scene) { v.bound("none") }, plan.RemoteUnlisted, false},
		"it is to be bound by id":     {func(v *scene) { v.s.group.Spec.GroupID = "first" }, plan.RemotePresent, false},
		"it wants none":               {func(*scene) {}, plan.RemoteUnknown, false},
		"it wants none, and got some": {func(v *scene) { v.s.reply = says("first") }, plan.RemoteUnknown, false},
		"a call has shown it":         {func(v *scene) { v.bound("first"); v.s.reply = says("first") }, plan.RemoteUnlisted, true},
		"a call has shown another":    {func(v *scene) { v.bound("first"); v.s.reply = says("second") }, plan.RemotePresent, false},
	} {
		synctest.Test(t, func(t *testing.T) {
			v := onScene(t)
			c.edit(v)
			f := v.facts(t)
			if f.Remote.State != c.state || f.Remote.Fresh != c.fresh || f.Remote.ReadAt.Equal(began) != c.fresh || c.state == plan.RemotePresent && f.Remote.Group.ID != "first" {
				t.Errorf("%s: %+v", what, f.Remote)
			}
		})
	}
}

// Where a group is to be found or made, the groups of the name are looked at, and who has them.
func TestWhatALookSeesOfGroupsOfTheName(t *testing.T) {
	ids := func(f plan.Facts) (ids []string) {
		for _, c := range f.Evidence.Candidates {
			if ids = append(ids, c.Group.ID); c.AsOf.IsZero() {
				ids = append(ids, "seen never")
			}
		}
		slices.Sort(ids)
		return ids
	}
	owner := settledGroup("owner", "second")
	attempt := plan.NewAttempt(plan.Declared{Name: "Plaza"}, time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC), nil)
	creating := settledGroup("creating", "")
	creating.Spec.Name, creating.Annotations = "Plaza", map[string]string{v1alpha1.AnnotationCreateAttempt: attempt.Encode()}
	synctest.Test(t, func(t *testing.T) {
		v := onScene(t, owner, creating)
		v.claims.Made(v.s.endpoint, "first", "uid-other")
		v.claims.Leave(v.s.endpoint, "first")
		f := v.facts(t)
		if got := ids(f); !slices.Equal(got, []string{"first", "second"}) || !f.Evidence.Mirrored {
			t.Errorf("candidates %v, evidence %+v", got, f.Evidence)
		}
		for _, c := range f.Evidence.Candidates {
			first := c.Group.ID == "first"
			if c.MadeForOther != first || c.LetGo != first || (c.OwnedBy == "lobby/owner") == first || c.OpenCreate != "lobby/creating" {
				t.Errorf("of %s is known %+v", c.Group.ID, c)
			}
		}
		v.claims.Made(v.s.endpoint, "second", "uid-other")
		asks := func(why string) {
			t.Helper()
			f := v.facts(t)
			for _, c := range f.Evidence.Candidates {
				if c.OpenCreate != "" || c.Group.ID == "second" && c.MadeForOther {
					t.Errorf("%s, and it asks who may have made it: %+v", why, c)
				}
			}
		}
		v.s.state.memory.Bound = "first"
		asks("this process has bound the Group")
		v.s.state.memory.Bound = ""
		v.s.group.Annotations = map[string]string{v1alpha1.AnnotationGroupID: "first"}
		asks("the Group claims an id")
		v.bound("first")
		if asks("the Group is bound"); v.facts(t).Identity.OtherOwner != "" {
			t.Error("a Group does not own what it is bound to")
		}
		v.bound("second")
		if f := v.facts(t); f.Identity.OtherOwner != "lobby/owner" {
			t.Errorf("of two of one age that are bound the owner is %q", f.Identity.OtherOwner)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		v := onScene(t, owner)
		v.s.group.Spec.GroupID = "second"
		if f := v.facts(t); f.Identity.OtherOwner != "lobby/owner" {
			t.Errorf("the id that it is to have is owned by %q", f.Identity.OtherOwner)
		}
		v.s.group.Spec.GroupID = "first"
		v.claims.Claim(v.s.endpoint, "first", "uid-new")
		if f := v.facts(t); f.Identity.OtherOwner != plan.OwnerNotCached {
			t.Errorf("what this process has bound to another is owned by %q", f.Identity.OtherOwner)
		}
	})
}

// The last name is what is, or was, to be made.
func TestWhatALookSeesOfCreatesUnderWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := onScene(t)
		if v.facts(t).Identity.CreateInFlight {
			t.Error("a create is under way, and none was begun")
		}
		end := v.claims.BeginCreate(v.s.endpoint, "Plaza")
		if !v.facts(t).Identity.CreateInFlight {
			t.Error("no create is under way")
		}
		attempt := plan.NewAttempt(plan.Declared{Name: "Lobby"}, time.Now(), nil)
		attempt.Account = v.s.account.Fingerprint(attempt.Salt())
		v.s.group.Annotations = map[string]string{v1alpha1.AnnotationCreateAttempt: attempt.Encode()}
		f := v.facts(t)
		if f.Identity.CreateInFlight || f.Evidence.OtherAccount || len(f.Evidence.Candidates) != 3 {
			t.Errorf("after a rename: %+v, %+v", f.Identity, f.Evidence)
		}
		end()
		v.claims.BeginCreate(v.s.endpoint, "Lobby")
		attempt.Account = "another"
		v.s.group.Annotations[v1alpha1.AnnotationCreateAttempt] = attempt.Encode()
		if f := v.facts(t); !f.Identity.CreateInFlight || !f.Evidence.OtherAccount {
			t.Errorf("a create for another account: %+v, %+v", f.Identity, f.Evidence)
		}
	})
}

// An id that was given up may show again, and may be another's by then.
func TestWhatALookSeesOfWhatWasGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := onScene(t, settledGroup("owner", "third"))
		if d := v.facts(t).Dropped; d.ID != "" || d.Remote.State != plan.RemoteUnknown {
			t.Errorf("nothing was given up, and yet %+v", d)
		}
		v.s.state.memory.Dropped = facts.Dropped{ID: "third", At: time.Now()}
		if d := v.facts(t).Dropped; d.ID != "third" || d.Remote.State != plan.RemotePresent || d.OtherOwner != "lobby/owner" {
			t.Errorf("what was given up: %+v", d)
		}
	})
}
