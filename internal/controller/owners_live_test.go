// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package controller

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/account"
	"github.com/klink-cloud/klink-operator/internal/plan"
	"github.com/klink-cloud/klink-operator/internal/simulator"
)

// Before a Group is bound, the API server is asked who else may have the group: those whose
// status has it, and those of the name that may still get it. Just after a hand-over that is
// everybody, as the cache may not show the last writes of the manager before.
func TestWhoIsAskedForBeforeAGroupIsBound(t *testing.T) {
	annotated := contender("annotated", "")
	annotated.Spec.Name, annotated.Annotations = "Else", map[string]string{v1alpha1.AnnotationGroupID: "first"}
	elsewhere := contender("elsewhere", "")
	elsewhere.Spec.ConnectionRef.Name = "missing"
	gone := contender("gone", "")
	for what, c := range map[string]struct {
		since  time.Duration
		origin plan.Origin
		after  bool
		want   []string
	}{
		"long after a hand-over":                          {since: time.Hour, want: []string{"lobby/has", "lobby/new"}},
		"a hand-over after the one":                       {since: handOver, want: []string{"lobby/has", "lobby/new"}},
		"just after one":                                  {since: handOver - 1, want: []string{"lobby/annotated", "lobby/bound", "lobby/has", "lobby/new"}},
		"once it was adopted, just after one":             {since: 0, after: true, origin: plan.OriginDeclared, want: []string{"lobby/has", "lobby/new"}},
		"once it was recovered, just after one":           {since: 0, after: true, origin: plan.OriginRecovered, want: []string{"lobby/annotated", "lobby/bound", "lobby/has", "lobby/new"}},
		"once it was recovered, long after the hand-over": {since: time.Hour, after: true, origin: plan.OriginRecovered, want: []string{"lobby/has", "lobby/new"}},
	} {
		synctest.Test(t, func(t *testing.T) {
			live := []*v1alpha1.Group{contender("has", "first"), contender("new", ""), contender("bound", "second"), annotated, elsewhere}
			v := withOwn(t, append(live, gone)...)
			v.o.owners.live = &liveGroups{groups: live} // and the cache has one more
			v.o.owners.since = func() time.Time { return time.Now().Add(-c.since) }
			others, err := v.o.owners.before(t.Context(), v.s, "first")
			if c.after {
				others, err = v.o.owners.after(t.Context(), v.s, plan.Step{ID: "first", Origin: c.origin})
			}
			if diff := cmp.Diff(c.want, claimantNames(others)); diff != "" || err != nil {
				t.Errorf("%s (-want +got):\n%s%v", what, diff, err)
			}
		})
	}
}

// So many of a name are read one by one, and more of them with all others, in pages.
func TestAFewNamesakesAreReadOneByOne(t *testing.T) {
	for what, c := range map[string]struct {
		more     int // than are read so
		endpoint string
		gets     int
	}{
		"so many":                {0, "", mostNamesakes},
		"one more":               {1, "", 0},
		"all of another account": {0, "http://127.0.0.1:2/api", 0},
	} {
		synctest.Test(t, func(t *testing.T) {
			var many []*v1alpha1.Group
			for i := range mostNamesakes + c.more {
				many = append(many, contender(fmt.Sprint("g-", i), ""))
			}
			v := withOwn(t, many...)
			if c.endpoint != "" {
				v.cache.own[0].Spec.Endpoint = c.endpoint
			}
			server := &counter{}
			v.o.owners.live = server
			if _, err := v.o.owners.before(t.Context(), v.s, "first"); err != nil {
				t.Fatal(err)
			}
			if server.gets != c.gets {
				t.Errorf("%s: of %d Groups of the name %d are read one by one, want %d", what, len(many), server.gets, c.gets)
			}
		})
	}
}

// Who may have a group has to be known before it is bound. What cannot be read is not nobody.
func TestClaimantsThatCannotBeReadAreAnError(t *testing.T) {
	broken := errors.New("broken")
	cached := func(ctx context.Context, v *scene) error { _, err := v.o.owners.cached(ctx, v.s, "first"); return err }
	before := func(ctx context.Context, v *scene) error { _, err := v.o.owners.before(ctx, v.s, "first"); return err }
	open := func(ctx context.Context, v *scene) error {
		_, err := v.o.owners.openCreates(ctx, v.s, []string{"Plaza"}, []plan.Candidate{{Group: v.s.account.Lookup("first").Group}})
		return err
	}
	mayCreate := func(ctx context.Context, v *scene) error { _, err := v.o.owners.mayCreate(ctx, v.s); return err }
	labels := func(v *scene) {
		v.cache.shared[0].Spec.AllowedNamespaces = someUse
		v.o.owners.groups.labels = &namespaceLabelCache{live: &namespaces{fails: broken}}
	}
	index := func(v *scene) { v.o.owners.groups.Index = indexed{fails: broken} }
	for what, c := range map[string]struct {
		edit  func(*scene)
		looks []func(context.Context, *scene) error
	}{
		"the cache of Groups":       {index, []func(context.Context, *scene) error{cached, open, before}},
		"the namesakes":             {func(v *scene) { v.o.owners.groups.Index = failing{v.o.owners.groups.Index, indexName} }, []func(context.Context, *scene) error{before, open}},
		"the cache of connections":  {func(v *scene) { v.cache.fails = broken }, []func(context.Context, *scene) error{cached, open, before, mayCreate}},
		"the connection of both":    {func(v *scene) { v.cache.fails = broken }, []func(context.Context, *scene) error{cached, open, before}},
		"labels":                    {labels, []func(context.Context, *scene) error{cached, open, before, mayCreate}},
		"the Groups with the id":    {func(v *scene) { v.o.owners.live.(*liveGroups).failList = broken }, []func(context.Context, *scene) error{before}},
		"a Group of the same name":  {func(v *scene) { v.o.owners.live.(*liveGroups).failGet = broken }, []func(context.Context, *scene) error{before}},
		"the connection, to create": {func(v *scene) { v.cache.shared = nil }, []func(context.Context, *scene) error{mayCreate}},
	} {
		for i, look := range c.looks {
			synctest.Test(t, func(t *testing.T) {
				one := contender("theirs", "")
				if one.Spec.GroupID = "first"; what == "labels" || what == "the connection of both" {
					one.Spec.ConnectionRef = v1alpha1.ConnectionReference{}
				}
				v := withOwn(t, one)
				if err := look(t.Context(), v); err != nil {
					t.Fatalf("%s, look %d: %v before anything is broken", what, i, err)
				}
				c.edit(v)
				if err := look(t.Context(), v); err == nil {
					t.Errorf("%s, look %d: no error", what, i)
				}
			})
		}
	}
}

// Nobody waits for the place of a page for longer than the look may take.
func TestALookForOwnersEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := withOwn(t)
		v.o.owners.pages <- struct{}{}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := v.o.owners.before(ctx, v.s, "first"); !errors.Is(err, context.Canceled) {
			t.Errorf("it ends with %v", err)
		}
	})
}

// A create is begun over a connection that stays, from a namespace that may use it just now.
func TestWhatMayBeCreatedOverAConnection(t *testing.T) {
	for what, c := range map[string]struct {
		edit func(*scene)
		want bool
	}{
		"it may be used": {func(*scene) {}, true},
		"it is going":    {func(v *scene) { v.cache.shared[0].DeletionTimestamp = new(metav1.Now()) }, false},
		"it is closed":   {func(v *scene) { v.cache.shared[0].Spec.AllowedNamespaces, v.s.group.Namespace = someUse, "elsewhere" }, false},
		"it is going, and closed": {func(v *scene) {
			v.cache.shared[0].DeletionTimestamp, v.cache.shared[0].Spec.AllowedNamespaces, v.s.group.Namespace = new(metav1.Now()), someUse, "elsewhere"
		}, false},
	} {
		synctest.Test(t, func(t *testing.T) {
			v := onScene(t)
			c.edit(v)
			if may, err := v.o.owners.mayCreate(t.Context(), v.s); may != c.want || err != nil {
				t.Errorf("%s: %t, %v", what, may, err)
			}
		})
	}
}

// A connection has worked when this process has had an answer over it, whatever its status says,
// and where it leads is what this process has set up: the cache may be older, or newer.
func TestWhatThisProcessKnowsOfAConnectionCounts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := withOwn(t)
		sim, accounts := startAccounts(t, account.Bindings{})
		v.o.owners.accounts = accounts
		key := account.Key{Kind: "Connection", Namespace: "lobby", Name: "own"}
		object := v.cache.own[0].DeepCopy()
		object.Status = v1alpha1.ConnectionStatus{}
		leads := func(want string) {
			t.Helper()
			if endpoint, err := v.o.owners.endpoint(t.Context(), key); endpoint != want || err != nil {
				t.Errorf("it leads to %s, want %s; %v", endpoint, want, err)
			}
		}
		a := accounts.Ensure(key)
		if v.o.owners.worked(key, object) {
			t.Error("one that was never tried has worked")
		}
		leads(v.cache.own[0].Spec.Endpoint)
		settings, _ := v.s.account.Configured()
		settings.Transport, settings.Endpoint = sim.Transport(), "http://127.0.0.1:9"+simulator.Prefix
		if err := a.Configure(settings); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		synctest.Wait()
		leads(settings.Endpoint)
		if !v.o.owners.worked(key, object) {
			t.Error("one that has answered has not worked")
		}
		sim.AddFault(simulator.Fault{Action: simulator.Status, Status: http.StatusUnauthorized})
		time.Sleep(3 * settings.Resync)
		synctest.Wait()
		if state := a.State(); state.Up || !v.o.owners.worked(key, object) {
			t.Errorf("one that has listed before has not worked: %+v", state)
		}
		fresh := account.Key{Kind: "Connection", Namespace: "lobby", Name: "fresh"}
		behind := simulator.New(simulator.Options{})
		defer behind.Close()
		behind.AddFault(simulator.Fault{QueryRegexp: `limit=\d\d`, Action: simulator.Status, Status: http.StatusInternalServerError})
		settings.Transport = behind.Transport()
		if err := accounts.Ensure(fresh).Configure(settings); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		synctest.Wait()
		if state := accounts.Get(fresh).State(); !state.Up || !state.Listed.IsZero() || !v.o.owners.worked(fresh, object) {
			t.Errorf("one that answers, and cannot be listed, has not worked: %+v", state)
		}
	})
}
