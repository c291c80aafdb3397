// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package controller

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/account"
)

// looked is Connection lobby/api, which works, and all that a look at it reads and writes.
type looked struct {
	r      *ConnectionReconciler
	server *kubernetes // its cache, and its Secrets
	writes *patches
	events notes
	groups *enqueued
}

func lookedAt(t *testing.T, groups ...*v1alpha1.Group) *looked {
	t.Helper()
	l := &looked{groups: &enqueued{}}
	r, object, _, server := workingConnection(t)
	object.ResourceVersion, object.Generation = "1", 2
	server.own = []v1alpha1.Connection{*object}
	l.r, l.server, l.writes = r, server, &patches{cache: server}
	r.Client, r.Events, r.left = l.writes, &l.events, &leftBehind{}
	r.Groups = Groups{Cache: server, Index: indexed{groups: groups}, labels: &namespaceLabelCache{live: &namespaces{}}}
	r.Notifier = newNotifier(r.Groups)
	r.Notifier.groups.join(l.groups)
	return l
}

func (l *looked) look(t *testing.T) (reconcile.Result, error) {
	t.Helper()
	return l.r.Reconcile(t.Context(), requestOf("lobby", "api"))
}

// user is a Group of Connection lobby/api.
func user() *v1alpha1.Group {
	g := settledGroup("plaza", "")
	g.Spec.ConnectionRef = v1alpha1.ConnectionReference{Kind: v1alpha1.KindConnection, Name: "api"}
	return g
}

// What our writes have made of a connection the cache may not show yet: who looks at what it
// shows would write, and tell, everything a second time.
func TestALookAtAConnectionWritesAndSaysEverythingOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := lookedAt(t, user())
		for i := range 3 {
			result, err := l.look(t)
			if err != nil || result.RequeueAfter != time.Minute {
				t.Fatalf("look %d: %+v, %v", i, result, err)
			}
			if len(l.writes.metadata) != 1 || len(l.writes.status) != 1 || len(l.events) != 1 {
				t.Fatalf("look %d: it wrote %v and %v, and said %v", i, l.writes.metadata, l.writes.status, l.events)
			}
		}
		if held := l.writes.metadata[0]; !strings.Contains(held, v1alpha1.FinalizerInUse) || !strings.Contains(held, `"resourceVersion":"1"`) {
			t.Errorf("it is held by %s", held)
		}
		for _, part := range []string{`"/status/observedGeneration","value":2`, `"Connected"`, `"/status/remoteGroups","value":0`, `"/status/lastListTime"`} {
			if !strings.Contains(l.writes.status[0], part) {
				t.Errorf("its status lacks %s: %s", part, l.writes.status[0])
			}
		}
	})
}

// A connection that is gone, or another manager's, is called no more, and its Groups are told.
func TestAConnectionThatIsGoneIsForgotten(t *testing.T) {
	for what, c := range map[string]struct {
		edit            func(*looked)
		stays, enqueues bool
		fails           bool
	}{
		"it is there":               {func(*looked) {}, true, false, false},
		"it is gone":                {func(l *looked) { l.server.own = nil }, false, true, false},
		"another manager serves it": {func(l *looked) { l.r.Groups.Selector = ofShardA }, false, false, false},
		"it cannot be read":         {func(l *looked) { l.server.fails = errors.New("etcd") }, true, false, true},
	} {
		synctest.Test(t, func(t *testing.T) {
			l := lookedAt(t, user())
			l.r.writes(&l.server.own[0])
			c.edit(l)
			_, err := l.look(t)
			if stays := l.r.Accounts.Get(account.Key{Kind: "Connection", Namespace: "lobby", Name: "api"}) != nil; stays != c.stays || (err != nil) != c.fails {
				t.Errorf("%s: its account stays: %t, %v", what, stays, err)
			}
			if enqueued := len(l.groups.what) == 1; enqueued != c.enqueues || enqueued && len(l.r.written) > 0 {
				t.Errorf("%s: Groups %v, kept %v", what, l.groups.what, l.r.written)
			}
			if wrote := len(l.writes.status) > 0; wrote != (c.stays && !c.fails) {
				t.Errorf("%s: it wrote %v", what, l.writes.status)
			}
		})
	}
}

// What could not be read or written is tried again, and nothing is said of it meanwhile.
func TestALookAtAConnectionThatFails(t *testing.T) {
	etcd := errors.New("etcd")
	for what, edit := range map[string]func(*looked){
		"its Groups":    func(l *looked) { l.r.Groups.Index = indexed{fails: etcd} },
		"its Secret":    func(l *looked) { l.r.Live = unreadable{} },
		"its finalizer": func(l *looked) { l.writes.fails = etcd },
		"its status":    func(l *looked) { l.server.own[0].Finalizers, l.writes.fails = []string{v1alpha1.FinalizerInUse}, etcd },
	} {
		synctest.Test(t, func(t *testing.T) {
			l := lookedAt(t, user())
			edit(l)
			result, err := l.look(t)
			if err == nil || result != (reconcile.Result{}) || len(l.events) > 0 || len(l.writes.status)+len(l.writes.metadata) > 1 {
				t.Errorf("%s: %+v, %v; it said %v, and wrote %v", what, result, err, l.events, l.writes)
			}
		})
	}
	shared := openTo(someUse, allAdopt)
	shared.Name = "shared"
	g := settledGroup("plaza", "")
	g.Spec.ConnectionRef = v1alpha1.ConnectionReference{Kind: v1alpha1.KindClusterConnection, Name: "shared"}
	cache, left := &connections{shared: []v1alpha1.ClusterConnection{*shared}}, &leftBehind{}
	writes := &patches{cache: cache}
	r := &ConnectionReconciler{
		Kind: v1alpha1.KindClusterConnection, Client: writes, left: left,
		Groups: Groups{Cache: cache, Index: indexed{groups: []*v1alpha1.Group{g}}, labels: &namespaceLabelCache{live: &namespaces{fails: etcd}}},
	}
	if _, err := r.Reconcile(t.Context(), requestOf("", "shared")); !errors.Is(err, etcd) || len(writes.metadata) > 0 {
		t.Errorf("labels were not read: %v; it wrote %v", err, writes.metadata)
	}
}

// A connection is held while it is in use, and then let go: without it the deletionPolicy of its
// Groups could not be applied, and what is never let go cannot be deleted.
func TestAConnectionIsHeldWhileItIsInUse(t *testing.T) {
	const ours = v1alpha1.FinalizerInUse
	notFound := apierrors.NewNotFound(schema.GroupResource{Resource: "connections"}, "api")
	for what, c := range map[string]struct {
		finalizers  []string
		inUse       bool
		edit        func(*looked, *v1alpha1.Connection)
		done, fails bool
		wrote       bool
		then        []string
	}{
		"it comes into use":               {inUse: true, wrote: true, then: []string{ours}},
		"it is in use, and held":          {finalizers: []string{ours}, inUse: true, then: []string{ours}},
		"it is in use no more":            {finalizers: []string{"a.example/b", ours}, wrote: true, then: []string{"a.example/b"}},
		"it is not in use":                {finalizers: []string{"a.example/b"}, then: []string{"a.example/b"}},
		"it goes, and is in use":          {finalizers: []string{ours}, inUse: true, edit: going, then: []string{ours}},
		"it goes, in use and not held":    {inUse: true, edit: going},
		"it goes, and is in use no more":  {finalizers: []string{ours}, edit: going, done: true, wrote: true, then: []string{}},
		"it goes, and was not held":       {finalizers: []string{"a.example/b"}, edit: going, done: true, then: []string{"a.example/b"}},
		"nothing is to be written":        {inUse: true, edit: func(l *looked, _ *v1alpha1.Connection) { l.r.Rules.DryRun = true }},
		"nothing is, and it goes":         {edit: func(l *looked, o *v1alpha1.Connection) { going(l, o); l.r.Rules.DryRun = true }},
		"it cannot be written":            {inUse: true, edit: func(l *looked, _ *v1alpha1.Connection) { l.writes.fails = errors.New("etcd") }, fails: true, wrote: true},
		"it is gone by then":              {finalizers: []string{ours}, edit: func(l *looked, o *v1alpha1.Connection) { going(l, o); l.writes.fails = notFound }, done: true, wrote: true, then: []string{}},
		"it is cached in part":            {inUse: true, edit: inPart, wrote: true, then: []string{ours}},
		"it is so, and another by then":   {inUse: true, edit: func(l *looked, o *v1alpha1.Connection) { inPart(l, o); l.server.own[0].UID = "another" }, done: true},
		"it is so, and that is not known": {inUse: true, edit: func(l *looked, o *v1alpha1.Connection) { inPart(l, o); l.server.fails = errors.New("etcd") }, done: true, fails: true},
	} {
		synctest.Test(t, func(t *testing.T) {
			l := lookedAt(t)
			object := l.server.own[0].DeepCopy()
			object.Finalizers = c.finalizers
			if c.edit != nil {
				c.edit(l, object)
			}
			done, err := l.r.ensureInUseFinalizer(t.Context(), object, c.inUse)
			if done != c.done || (err != nil) != c.fails || (len(l.writes.metadata) == 1) != c.wrote {
				t.Errorf("%s: done %t, %v; it wrote %v", what, done, err, l.writes.metadata)
			}
			if !c.fails && !slices.Equal(object.Finalizers, c.then) {
				t.Errorf("%s: it is held by %v, want %v", what, object.Finalizers, c.then)
			}
			if cached := l.server.own[0].DeepCopy(); c.wrote && !c.fails {
				cached.ResourceVersion = "1"
				if now := l.r.writes(object).latest(cached); !slices.Equal(now.GetFinalizers(), c.then) {
					t.Errorf("%s: while the cache lags it is held by %v", what, now.GetFinalizers())
				}
			}
			if what == "it is cached in part" && (!strings.Contains(l.writes.metadata[0], "a.example/1") || !isLight(object)) {
				t.Errorf("%s: it wrote %v", what, l.writes.metadata)
			}
		})
	}
}

func going(_ *looked, object *v1alpha1.Connection) { object.DeletionTimestamp = new(metav1.Now()) }

// inPart has a connection cached in part: of its many finalizers none is ours.
func inPart(l *looked, object *v1alpha1.Connection) {
	for i := range 1000 {
		object.Finalizers = append(object.Finalizers, "a.example/"+strings.Repeat("1", i%50+1))
	}
	l.server.own[0] = *object.DeepCopy()
	CacheLightConnection(object, nil)
}

// A status is written if it differs: before the first look has shown anything there is nothing to
// say, unless what stands there is not so any more.
func TestAConnectionSaysNothingThatIsNotKnown(t *testing.T) {
	works := account.State{Up: true, Trust: account.TrustEarned, Looked: true}
	for what, c := range map[string]struct {
		state        account.State
		left         []string
		going        bool
		ready, wrote bool
		says         int // how often it names what is left behind
	}{
		"nothing was asked yet":                 {state: account.State{Watched: time.Now().Add(time.Hour)}},
		"it works":                              {state: works, ready: true, wrote: true},
		"it fails":                              {state: account.State{Down: account.Unavailable}, wrote: true},
		"something is left behind":              {state: works, left: []string{"x, made for a"}, ready: true, wrote: true, says: 1},
		"something is left behind, and it goes": {state: works, left: []string{"x, made for a"}, going: true, wrote: true, says: 1},
	} {
		synctest.Test(t, func(t *testing.T) {
			l := lookedAt(t)
			object := l.server.own[0].DeepCopy()
			object.ManagedFields = []metav1.ManagedFieldsEntry{{Manager: "kubectl"}} // as a reply has them
			if c.going {
				going(l, object)
			}
			held := newHolders(nil, c.left, nil)
			for range 2 { // the second time nothing differs
				ready, err := l.r.report(t.Context(), object, c.state, nil, held)
				if ready != c.ready || err != nil || (len(l.writes.status) == 1) != c.wrote || len(l.writes.status) > 1 {
					t.Fatalf("%s: ready %t, %v; it wrote %v", what, ready, err, l.writes.status)
				}
			}
			if c.wrote && (strings.Count(l.writes.status[0], "x, made for a") != c.says || strings.Contains(l.writes.status[0], "not settled yet") != (c.says > 0 && !c.going)) {
				t.Errorf("%s: %s", what, l.writes.status[0])
			}
			if c.wrote && object.ManagedFields != nil {
				t.Errorf("%s: it is kept with who wrote which field", what)
			}
			if conditions := object.Status.Conditions; c.wrote && (len(conditions) != 1 || conditions[0].ObservedGeneration != 2 || (conditions[0].Status == "True") != c.ready) {
				t.Errorf("%s: %+v", what, conditions)
			}
		})
	}
}

// A change of a connection has it looked at, and its Groups where it may allow them something
// else. What we write to its status ourselves has neither.
func TestWhatAChangeOfAConnectionHasLookedAt(t *testing.T) {
	annotated := func(name string) func(*v1alpha1.Connection) {
		return func(c *v1alpha1.Connection) { c.Annotations = map[string]string{name: "now"} }
	}
	for what, c := range map[string]struct {
		edit         func(*v1alpha1.Connection)
		looked, told bool
	}{
		"nothing":          {func(*v1alpha1.Connection) {}, false, false},
		"its status":       {func(c *v1alpha1.Connection) { c.Status.Pagination, c.ResourceVersion = "Cursor", "2" }, false, false},
		"its spec":         {func(c *v1alpha1.Connection) { c.Generation = 2 }, true, true},
		"its labels":       {func(c *v1alpha1.Connection) { c.Labels = map[string]string{"shard": "a"} }, true, true},
		"its finalizers":   {func(c *v1alpha1.Connection) { c.Finalizers = []string{"a.example/b"} }, true, false},
		"its deletion":     {func(c *v1alpha1.Connection) { c.DeletionTimestamp = new(metav1.Now()) }, true, false},
		"what is missing":  {annotated(v1alpha1.AnnotationAcceptMissing), true, true},
		"what is taken":    {annotated(v1alpha1.AnnotationTakeOver), true, true},
		"a request":        {annotated(v1alpha1.AnnotationReconcileRequestedAt), true, false},
		"another's notice": {annotated("a.example/b"), false, false},
	} {
		synctest.Test(t, func(t *testing.T) {
			var told []account.Key
			h := &connectionHandler{enqueueGroups: func(key account.Key) error { told = append(told, key); return nil }}
			queue := workqueue.NewTypedRateLimitingQueue(workqueue.DefaultTypedControllerRateLimiter[reconcile.Request]())
			defer queue.ShutDown()
			before := &v1alpha1.Connection{ObjectMeta: metav1.ObjectMeta{Namespace: "lobby", Name: "api", Generation: 1}}
			now := before.DeepCopy()
			c.edit(now)
			var lines []string
			h.Update(logged(t.Context(), &lines), event.UpdateEvent{ObjectOld: before, ObjectNew: now}, queue)
			synctest.Wait()
			if (queue.Len() == 1) != c.looked || (len(told) == 1) != c.told || len(lines) > 0 {
				t.Errorf("%s: enqueued %d, Groups of %v; logged %v", what, queue.Len(), told, lines)
			}
		})
	}
}
