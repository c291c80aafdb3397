// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package controller

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/account"
)

// Each kind of connection that is served has its controller, and what an account has to say
// reaches the queue of that one. A manager with rights in namespaces alone serves one kind.
func TestEachKindThatIsServedHasItsController(t *testing.T) {
	own, shared := v1alpha1.KindConnection, v1alpha1.KindClusterConnection
	for _, kinds := range [][]v1alpha1.ConnectionKind{{own}, {own, shared}} {
		operator := New(Options{
			Kinds: kinds, Cluster: "here", Live: &namespaces{}, Groups: Groups{Cache: servedAndOthers(), Index: indexed{}},
			Rules: func(kind v1alpha1.ConnectionKind) ConnectionRules { return ConnectionRules{UserAgent: string(kind)} },
		})
		want, got := []string{"Group"}, []string{}
		for _, kind := range kinds {
			want = append(want, string(kind))
		}
		for _, c := range operator.Controllers {
			if got = append(got, c.Kind); (c.OnConnection == nil) != (c.Kind == "Group") || c.OnGroup == nil {
				t.Errorf("%s: what is enqueued for it: %v, %v", c.Kind, c.OnGroup, c.OnConnection)
			}
			r, ok := c.Reconciler.(*ConnectionReconciler)
			if !ok {
				continue
			}
			if r.Groups.cluster != "here" || r.Groups.labels == nil || r.Accounts != operator.Accounts || r.Rules.UserAgent != c.Kind || r.left == nil {
				t.Errorf("%s is made of %+v", c.Kind, r)
			}
			queue := &enqueued{}
			if err := c.Queue(t.Context(), queue); err != nil {
				t.Fatal(err)
			}
			r.Notifier.Notify(account.Key{Kind: c.Kind, Name: "a"}, account.News{Status: true})
			if diff := cmp.Diff([]string{fmt.Sprintf("/a at %d", priorityChange)}, queue.taken()); diff != "" {
				t.Errorf("%s is told (-want +got):\n%s", c.Kind, diff)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("controllers of %v, want %v", got, want)
		}
	}
}
