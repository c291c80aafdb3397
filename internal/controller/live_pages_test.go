// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package controller

import (
	"context"
	"fmt"
	"strconv"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/account"
	"github.com/klink-cloud/klink-operator/internal/klink"
)

// crowd is a cache with many Groups of one name, and connections that have worked.
type crowd struct {
	fakeCache

	large bool // one of them is not cached as a whole
}

func (c *crowd) ByIndex(index, value string) ([]*v1alpha1.Group, error) {
	if index == indexLarge && !c.large {
		return nil, nil
	}
	return c.fakeCache.ByIndex(index, value)
}

func (c *crowd) Get(ctx context.Context, key client.ObjectKey, into client.Object, _ ...client.GetOption) error {
	if connection, ok := into.(*v1alpha1.Connection); ok {
		connection.Spec.Endpoint = "http://127.0.0.1:1/api"
		connection.Status.Conditions = []metav1.Condition{{Type: v1alpha1.ConditionReady, Status: metav1.ConditionTrue}}
		return nil
	}
	return c.fakeCache.Get(ctx, key, into)
}

// counter is an API server that has no Group of an id, and counts what it is asked.
type counter struct {
	client.Reader

	all         []v1alpha1.Group
	gets, pages int
	most        int64
}

func (c *counter) Get(context.Context, client.ObjectKey, client.Object, ...client.GetOption) error {
	c.gets++
	return nil
}

func (c *counter) List(_ context.Context, into client.ObjectList, options ...client.ListOption) error {
	var o client.ListOptions
	o.ApplyOptions(options)
	c.pages++
	c.most = max(c.most, o.Limit)
	if o.FieldSelector != nil {
		return nil // it is asked for an id
	}
	list := into.(*v1alpha1.GroupList)
	first, _ := strconv.Atoi(o.Continue)
	last := min(first+int(o.Limit), len(c.all))
	list.Items = append(list.Items, c.all[first:last]...)
	if last < len(c.all) {
		list.Continue = strconv.Itoa(last)
	}
	return nil
}

// Anybody could write thousands of Groups of a neighbour's name, on a connection that does not
// exist, and each was read, twice, before the neighbour's Group was bound. Just after a
// hand-over all Groups were read at once, by each worker.
func TestAnAdoptionReadsNoCrowd(t *testing.T) {
	const many = 1000
	for what, c := range map[string]struct {
		connection  v1alpha1.ConnectionKind
		large       bool
		since       time.Duration
		gets, pages int
		most        int64
	}{
		"over a connection that does not exist":  {v1alpha1.KindClusterConnection, false, time.Hour, 0, 1, fullPage},
		"over one that may be used":              {v1alpha1.KindConnection, false, time.Hour, 0, 1 + many/fullPage, fullPage},
		"just after a hand-over":                 {v1alpha1.KindConnection, false, 0, 0, many / fullPage, fullPage},
		"just after one, where one may be large": {v1alpha1.KindConnection, true, 0, 0, many / largePage, largePage},
	} {
		t.Run(what, func(t *testing.T) {
			cache, live := &crowd{large: c.large}, &counter{}
			for i := range many {
				g := v1alpha1.Group{}
				g.Namespace, g.Name, g.UID = "lobby", fmt.Sprint("g-", i), types.UID(fmt.Sprint(i))
				g.Spec.ConnectionRef = v1alpha1.ConnectionReference{Kind: c.connection, Name: "theirs"}
				live.all = append(live.all, g)
				cache.groups = append(cache.groups, &g)
			}
			accounts := account.NewRegistry(account.Hooks{Notify: func(account.Key, account.News) {}, Observe: func(account.Key, klink.Call) {}})
			key := account.Key{Kind: "Connection", Namespace: "lobby", Name: "ours"}
			groups := Groups{Cache: cache, Index: cache, labels: &namespaceLabelCache{}}
			o := &owners{
				groups: groups, live: live, accounts: accounts, states: &stateStore{}, pages: make(chan struct{}, 1),
				since: func() time.Time { return time.Now().Add(-c.since) },
			}
			s := &scope{group: &v1alpha1.Group{}, state: &groupState{}, key: key, account: accounts.Ensure(key), endpoint: "http://127.0.0.1:1/api"}
			others, err := o.before(t.Context(), s, "id")
			if err != nil || live.gets != c.gets || live.pages != c.pages || live.most != c.most {
				t.Errorf("%d claimants, %d gets and %d pages of up to %d, want %d, %d and %d; %v", len(others), live.gets, live.pages, live.most, c.gets, c.pages, c.most, err)
			}
			if want := map[bool]int{true: many, false: 0}[c.connection == v1alpha1.KindConnection]; len(others) != want {
				t.Errorf("%d claimants, want %d", len(others), want)
			}
			if len(o.pages) != 0 {
				t.Error("nobody can read a page any more")
			}
		})
	}
}
