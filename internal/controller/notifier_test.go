// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package controller

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/go-logr/logr/funcr"
	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/controller/priorityqueue"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/account"
	"github.com/klink-cloud/klink-operator/internal/klink"
)

// indexed finds Groups by their indexes, as the cache does.
type indexed struct {
	groups []*v1alpha1.Group
	fails  error
}

func (i indexed) ByIndex(index, value string) ([]*v1alpha1.Group, error) {
	values := IndexValues()[index]
	return slices.DeleteFunc(slices.Clone(i.groups), func(g *v1alpha1.Group) bool { return !slices.Contains(values(g), value) }), i.fails
}

func (i indexed) All() ([]*v1alpha1.Group, error) { return slices.Clone(i.groups), i.fails }

// enqueued is a queue that remembers what was added, and with which priority.
type enqueued struct {
	priorityqueue.PriorityQueue[reconcile.Request]
	what []string
}

func (e *enqueued) AddWithOpts(o priorityqueue.AddOpts, requests ...reconcile.Request) {
	for _, r := range requests {
		e.what = append(e.what, fmt.Sprintf("%s at %d", r, *o.Priority))
	}
}

// taken is what was added since it was asked last.
func (e *enqueued) taken() []string {
	what := e.what
	e.what = nil
	return what
}

// settledGroup is a Group that is as it is declared, with this id or, if it is empty, without one.
func settledGroup(name, id string) *v1alpha1.Group {
	g := groupAt("lobby", name)
	g.UID, g.Generation, g.Status.ObservedGeneration, g.Status.ID = types.UID("uid-"+name), 1, 1, id
	return g
}

// notified is a notifier over these Groups, and what it enqueues: Groups, Connections and
// ClusterConnections.
func notified(groups ...*v1alpha1.Group) (n *Notifier, queues [3]*enqueued) {
	cache := servedAndOthers()
	n = newNotifier(Groups{Index: indexed{groups: groups}, Cache: cache})
	queues = [3]*enqueued{{}, {}, {}}
	n.groups.join(queues[0])
	n.connections.join(queues[1])
	n.clusterConnections.join(queues[2])
	return n, queues
}

// What an account has seen is told to those whom it concerns, and to nobody else: looks at all
// of ten thousand Groups take minutes.
func TestNewsReachesThoseWhomItConcerns(t *testing.T) {
	waits, elsewhere := settledGroup("waits", "b"), settledGroup("elsewhere", "a")
	waits.Generation = 2
	elsewhere.Spec.ConnectionRef = v1alpha1.ConnectionReference{Kind: v1alpha1.KindClusterConnection, Name: "shared"}
	n, queues := notified(settledGroup("bound", "a"), settledGroup("unbound", ""), waits, elsewhere)
	key := connectionOf(settledGroup("bound", "a"))
	bound, unbound, changed := fmt.Sprintf("lobby/bound at %d", priorityDrift), fmt.Sprintf("lobby/unbound at %d", priorityDrift), fmt.Sprintf("lobby/waits at %d", priorityChange)
	other := fmt.Sprintf("lobby/elsewhere at %d", priorityDrift)
	for what, c := range map[string]struct {
		news       account.News
		groups     []string
		connection []string
	}{
		"nothing":                     {account.News{}, nil, nil},
		"the connection has changed":  {account.News{Status: true}, nil, []string{fmt.Sprintf("/default at %d", priorityChange)}},
		"all of it may have":          {account.News{All: true}, []string{bound, unbound, changed}, nil},
		"something new may be found":  {account.News{Unbound: true}, []string{unbound}, nil},
		"who waits may go on":         {account.News{Waiting: true}, []string{changed}, nil},
		"two remote groups changed":   {account.News{IDs: []string{"a", "b"}}, []string{bound, other, changed}, nil},
		"one changed that nobody has": {account.News{IDs: []string{"c"}}, nil, nil},
	} {
		n.Notify(key, c.news)
		if diff := cmp.Diff(c.groups, queues[0].taken()); diff != "" {
			t.Errorf("%s: Groups (-want +got):\n%s", what, diff)
		}
		if diff := cmp.Diff(c.connection, queues[2].taken()); diff != "" {
			t.Errorf("%s: ClusterConnections (-want +got):\n%s", what, diff)
		}
	}
	n.Notify(account.Key{Kind: "Connection", Namespace: "lobby", Name: "own"}, account.News{Status: true})
	if diff := cmp.Diff([]string{fmt.Sprintf("lobby/own at %d", priorityChange)}, queues[1].taken()); diff != "" || queues[2].what != nil {
		t.Errorf("Connections (-want +got):\n%s", diff)
	}
}

// A connection that is being deleted waits for the creates that are under way. Others need not
// know of the end of each.
func TestTheEndOfACreateIsNewsToAConnectionThatGoes(t *testing.T) {
	for what, c := range map[string]struct {
		going bool
		key   account.Key
		want  []string
	}{
		"it goes":         {true, account.Key{Kind: "Connection", Namespace: "lobby", Name: "own"}, []string{fmt.Sprintf("lobby/own at %d", priorityChange)}},
		"it stays":        {false, account.Key{Kind: "Connection", Namespace: "lobby", Name: "own"}, nil},
		"it is not there": {true, account.Key{Kind: "Connection", Namespace: "lobby", Name: "missing"}, nil},
	} {
		n, queues := notified()
		cache := servedAndOthers()
		if c.going {
			cache.own[0].DeletionTimestamp = new(metav1.Now())
		}
		n.Groups.Cache = cache
		n.enqueueTerminating(c.key)
		if diff := cmp.Diff(c.want, queues[1].taken()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", what, diff)
		}
	}
}

// The interval in which one request is urgent is that of the Group's connection. Without a
// connection nothing is called anyway.
func TestTheIntervalOfRequestsIsThatOfTheConnection(t *testing.T) {
	n, _ := notified()
	cache := servedAndOthers()
	cache.shared[0].Spec.ResyncInterval.Duration = time.Hour
	n.Groups.Cache = cache
	g := settledGroup("a", "")
	for name, want := range map[string]time.Duration{"shared": time.Hour, "missing": 0} {
		g.Spec.ConnectionRef = v1alpha1.ConnectionReference{Kind: v1alpha1.KindClusterConnection, Name: name}
		if got := n.groups.asked.interval(g); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
}

// Two Groups name one id, and one of them owns it: the other is looked at when it lets go.
// Nobody else need be, and not the one that lets go once more.
func TestWhatAGroupLetsGoOfIsOfferedToThoseThatMayWantIt(t *testing.T) {
	owner, names, declares, has := settledGroup("plaza", "a"), settledGroup("names", ""), settledGroup("declares", ""), settledGroup("has", "b")
	names.Spec.GroupID = "a"
	declares.Spec.Name, has.Spec.Name = "Plaza", "plaza"
	n, queues := notified(owner, names, declares, has, settledGroup("neither", ""))
	h := &groupHandler{queue: &n.groups, notifier: n}
	contenders := []string{fmt.Sprintf("lobby/names at %d", priorityDrift), fmt.Sprintf("lobby/declares at %d", priorityDrift)}
	self := fmt.Sprintf("lobby/plaza at %d", priorityDrift)

	moved := owner.DeepCopy()
	moved.Status.ID = "c"
	h.Update(t.Context(), event.TypedUpdateEvent[*v1alpha1.Group]{ObjectOld: owner, ObjectNew: moved}, nil)
	if diff := cmp.Diff(append([]string{self}, contenders...), queues[0].taken()); diff != "" {
		t.Errorf("its id has changed (-want +got):\n%s", diff)
	}
	owner.Annotations = map[string]string{v1alpha1.AnnotationReconcileRequestedAt: "now"}
	n.groups.priorityOf(owner)
	h.Delete(t.Context(), event.TypedDeleteEvent[*v1alpha1.Group]{Object: owner}, nil)
	asked := fmt.Sprintf("lobby/plaza at %d", priorityChange)
	if diff := cmp.Diff(append([]string{asked}, contenders...), queues[0].taken()); diff != "" {
		t.Errorf("it is gone (-want +got):\n%s", diff)
	}
	if len(n.groups.asked.of) != 0 {
		t.Error("a Group that is gone is remembered")
	}
	n.groups.priorityOf(owner) // and who comes after it is not kept waiting
}

// Each change that a decision may depend on has a Group looked at. What the API server
// changes by itself does not, such as who wrote which field.
func TestAChangeOfAGroupHasItLookedAt(t *testing.T) {
	for what, c := range map[string]struct {
		edit func(*v1alpha1.Group)
		want bool
	}{
		"nothing":      {func(g *v1alpha1.Group) { g.ResourceVersion = "2" }, false},
		"a label":      {func(g *v1alpha1.Group) { g.Labels = map[string]string{"a": "b"} }, false},
		"its spec":     {func(g *v1alpha1.Group) { g.Generation = 2 }, true},
		"its note":     {func(g *v1alpha1.Group) { g.Annotations = map[string]string{"a": "b"} }, true},
		"a finalizer":  {func(g *v1alpha1.Group) { g.Finalizers = []string{"a.example/b"} }, true},
		"its deletion": {func(g *v1alpha1.Group) { g.DeletionTimestamp = new(metav1.Now()) }, true},
		"its status":   {func(g *v1alpha1.Group) { g.Status.RemoteName = "B" }, true},
	} {
		before := settledGroup("plaza", "a")
		now := before.DeepCopy()
		c.edit(now)
		n, queues := notified(settledGroup("other", "a"))
		h := &groupHandler{queue: &n.groups, notifier: n}
		h.Update(t.Context(), event.TypedUpdateEvent[*v1alpha1.Group]{ObjectOld: before, ObjectNew: now}, nil)
		if got := queues[0].taken(); (len(got) == 1) != c.want || len(got) > 1 {
			t.Errorf("%s: enqueued %v, want it: %t", what, got, c.want)
		}
	}
}

// logged is a context whose log is kept.
func logged(ctx context.Context, lines *[]string) context.Context {
	return log.IntoContext(ctx, funcr.New(func(_, args string) { *lines = append(*lines, args) }, funcr.Options{}))
}

// A cache that fails leaves Groups waiting for their next look: that is said, and nothing is
// made of half a list.
func TestGroupsThatCannotBeListedAreSaidNotToBeEnqueued(t *testing.T) {
	n, queues := notified()
	n.Groups.Index = indexed{groups: []*v1alpha1.Group{settledGroup("plaza", "a")}, fails: errors.New("the cache is not filled")}
	var lines []string
	n.enqueueContenders(logged(t.Context(), &lines), "other", "a", "plaza")
	if len(lines) != 2 || queues[0].what != nil {
		t.Errorf("logged %v, and enqueued %v", lines, queues[0].what)
	}
	h := &connectionHandler{enqueueGroups: func(account.Key) error { return errors.New("the cache is not filled") }}
	before, now := &v1alpha1.Connection{}, &v1alpha1.Connection{}
	now.Generation, lines = 1, nil
	queue := workqueue.NewTypedRateLimitingQueue(workqueue.DefaultTypedControllerRateLimiter[reconcile.Request]())
	defer queue.ShutDown()
	h.Update(logged(t.Context(), &lines), event.UpdateEvent{ObjectOld: before, ObjectNew: now}, queue)
	if len(lines) != 1 {
		t.Errorf("logged %v", lines)
	}
}

// What is added before a controller has started is dropped, and so is nothing at all: no
// queue is there yet, and it looks at everything then.
func TestAQueueTakesNothingBeforeItIsThereAndNothingAtAll(t *testing.T) {
	q, to := &queue{}, &added{after: -1}
	q.add(priorityChange, reconcile.Request{})
	q.join(to)
	q.add(priorityChange)
	if to.after != -1 {
		t.Error("something was added")
	}
	plain := workqueue.NewTypedRateLimitingQueue(workqueue.DefaultTypedControllerRateLimiter[reconcile.Request]())
	defer plain.ShutDown()
	if err := q.source(t.Context(), plain); err == nil {
		t.Error("a queue without priorities is taken")
	}
	with, handed := &enqueued{}, &queue{}
	if err := handed.source(t.Context(), with); err != nil {
		t.Error(err)
	}
	g := settledGroup("plaza", "a")
	handed.caller(g, priorityChange, klink.ClassChange).Wake()
	if diff := cmp.Diff([]string{fmt.Sprintf("lobby/plaza at %d", priorityChange)}, with.taken()); diff != "" {
		t.Errorf("whose turn has come (-want +got):\n%s", diff)
	}
}
