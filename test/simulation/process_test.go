// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package simulation

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/priorityqueue"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/account"
	"github.com/klink-cloud/klink-operator/internal/controller"
	"github.com/klink-cloud/klink-operator/internal/klink"
)

// errDead is what a process that was killed gets from every call it still makes.
var errDead = errors.New("this process is dead")

const workers = 3

// process is one run of the manager: all that a crash loses.
type process struct {
	*world

	number  int
	cluster *cluster
	ctx     context.Context
	cancel  context.CancelFunc
	done    sync.WaitGroup

	mu   sync.Mutex
	dead bool
	// fuse counts steps down to a crash; negative: none is set.
	fuse int

	view        *view
	news        *controller.Switchboard
	groups      *controller.GroupReconciler
	connections map[v1alpha1.ConnectionKind]*controller.ConnectionReconciler
	queues      map[string]*workQueue // by kind
	handlers    map[string]func(change, bool)
}

// startProcess starts a manager on a cluster.
func (w *world) startProcess(c *cluster) *process {
	ctx, cancel := context.WithCancel(context.Background())
	w.processes++
	p := &process{
		world: w, number: w.processes, cluster: c, ctx: ctx, cancel: cancel, fuse: -1,
		queues: map[string]*workQueue{"Group": newWorkQueue(), "Connection": newWorkQueue(), "ClusterConnection": newWorkQueue()},
	}
	p.view = newView(p)
	p.wire()
	w.note("process %d starts on %s", p.number, c.uid)
	p.done.Go(p.view.run)
	for _, kind := range []string{"Group", "Connection", "ClusterConnection"} {
		p.done.Go(func() { p.dispatch(kind) })
	}
	return p
}

// wire does what internal/manager does, on the simulated surroundings.
func (p *process) wire() {
	kube := &kubeClient{p: p}
	groups := controller.Groups{Cache: kube}
	if err := controller.IndexGroups(p.ctx, p.view); err != nil {
		panic(err)
	}
	p.news = &controller.Switchboard{Groups: groups}
	accounts := account.NewRegistry(p.news.Hooks(func(account.Key, klink.Call) {}))
	p.groups = &controller.GroupReconciler{
		Client: kube, Live: &liveReader{p: p}, Groups: groups, Accounts: accounts, News: p.news,
		Events: recorder{p}, Cluster: p.cluster.uid, Count: counter{p},
	}
	p.news.JoinGroups(p.queues["Group"])
	p.handlers = map[string]func(change, bool){}
	connections := map[v1alpha1.ConnectionKind]*controller.ConnectionReconciler{}
	for _, kind := range []v1alpha1.ConnectionKind{v1alpha1.KindConnection, v1alpha1.KindClusterConnection} {
		r := &controller.ConnectionReconciler{
			Kind: kind, Client: kube, Live: &liveReader{p: p}, Groups: groups, Accounts: accounts, News: p.news, Events: recorder{p},
			Rules: controller.ConnectionRules{
				OperatorNamespace: "operator", AllowedEndpoints: controller.Endpoints{endpoint}, UserAgent: "simulation",
				Transport: transport{p, kind},
			},
		}
		p.news.Join(kind, p.queues[string(kind)])
		connections[kind] = r
		p.handlers[string(kind)] = func(c change, initial bool) { deliver(p, r.Handler(), p.queues[string(kind)], c, initial) }
	}
	p.connections = connections
	p.handlers["Group"] = func(c change, initial bool) {
		deliverGroup(p, p.groups.Handler(), p.queues["Group"], c, initial)
		for _, kind := range []v1alpha1.ConnectionKind{v1alpha1.KindConnection, v1alpha1.KindClusterConnection} {
			deliverGroup(p, connections[kind].GroupHandler(), p.queues[string(kind)], c, initial)
		}
	}
	p.done.Go(func() { _ = accounts.Start(p.ctx) })
}

// deliver hands one change to an event handler.
func deliver(p *process, h handler.EventHandler, q *workQueue, c change, initial bool) {
	switch {
	case c.before == nil:
		h.Create(p.ctx, event.CreateEvent{Object: c.now, IsInInitialList: initial}, q)
	case c.now == nil:
		h.Delete(p.ctx, event.DeleteEvent{Object: c.before}, q)
	default:
		h.Update(p.ctx, event.UpdateEvent{ObjectOld: c.before, ObjectNew: c.now}, q)
	}
}

func deliverGroup(p *process, h handler.TypedEventHandler[*v1alpha1.Group, reconcile.Request], q *workQueue, c change, initial bool) {
	before, _ := c.before.(*v1alpha1.Group)
	now, _ := c.now.(*v1alpha1.Group)
	switch {
	case before == nil:
		h.Create(p.ctx, event.TypedCreateEvent[*v1alpha1.Group]{Object: now, IsInInitialList: initial}, q)
	case now == nil:
		h.Delete(p.ctx, event.TypedDeleteEvent[*v1alpha1.Group]{Object: before}, q)
	default:
		h.Update(p.ctx, event.TypedUpdateEvent[*v1alpha1.Group]{ObjectOld: before, ObjectNew: now}, q)
	}
}

// dispatch runs the workers of one controller.
func (p *process) dispatch(kind string) {
	q := p.queues[kind]
	idle := make(chan struct{}, workers)
	for range workers {
		idle <- struct{}{}
	}
	p.pause(p.dice(kind).lag())
	for {
		w, wait := q.next()
		if w == nil {
			timer := time.NewTimer(wait)
			select {
			case <-q.wake:
			case <-timer.C:
			case <-p.ctx.Done():
			}
			timer.Stop()
			q.calm()
			if p.ctx.Err() != nil {
				return
			}
			continue
		}
		select {
		case <-idle:
		case <-p.ctx.Done():
			return
		}
		p.pause(p.dice(kind).latency())
		p.done.Go(func() {
			p.work(kind, w)
			idle <- struct{}{}
		})
	}
}

// work reconciles one object, and does with the result what controller-runtime does.
func (p *process) work(kind string, w *work) {
	q := p.queues[kind]
	defer q.Done(w.request)
	if p.step(p.dice(fmt.Sprint(name{kind, w.request.Namespace, w.request.Name})), "reconcile") != nil {
		return
	}
	ctx := context.WithValue(p.ctx, workKey{}, p.whatFor(kind, w.request))
	var result reconcile.Result
	var err error
	if kind == "Group" {
		result, err = p.groups.Reconcile(ctx, w.request)
	} else {
		result, err = p.connections[v1alpha1.ConnectionKind(kind)].Reconcile(ctx, w.request)
	}
	if p.isDead() {
		return
	}
	switch {
	case err != nil:
		p.note("p%d %s %s failed: %v", p.number, kind, w.request.Name, err)
		q.AddWithOpts(priorityqueue.AddOpts{RateLimited: true, Priority: &w.priority}, w.request)
	case result.RequeueAfter > 0:
		q.Forget(w.request)
		q.AddWithOpts(priorityqueue.AddOpts{After: result.RequeueAfter, Priority: &w.priority}, w.request)
	default:
		q.Forget(w.request)
	}
}

// workKey is the context key of what a reconcile is about.
type workKey struct{}

// about is the Group that a call is made for, as the process saw it when it
// began to look.
type about struct {
	name  name
	group *v1alpha1.Group // nil: the process sees none
}

func (p *process) whatFor(kind string, r reconcile.Request) about {
	a := about{name: name{kind, r.Namespace, r.Name}}
	if o := p.view.raw(a.name); o != nil {
		a.group, _ = o.(*v1alpha1.Group)
	}
	return a
}

// diceFor are the dice of the work that a call belongs to.
func (p *process) diceFor(ctx context.Context) dice {
	a, _ := ctx.Value(workKey{}).(about)
	return p.dice(fmt.Sprint(a.name))
}

// step passes a while, and is where a process may crash.
func (p *process) step(d dice, what string) error {
	p.pause(d.latency())
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.dead {
		return errDead
	}
	if p.fuse > 0 {
		p.fuse--
	}
	if p.fuse == 0 {
		p.die("at step " + what)
		return errDead
	}
	return nil
}

// kill ends a process at once: all its memory is lost.
func (p *process) kill(why string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.die(why)
}

func (p *process) die(why string) {
	if p.dead {
		return
	}
	p.dead = true
	p.count("crash")
	p.note("process %d dies %s", p.number, why)
	p.cancel()
}

func (p *process) isDead() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.dead
}

// setFuse lets the process crash after so many steps.
func (p *process) setFuse(steps int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.fuse = steps
}

// counter counts recoveries for the summary.
type counter struct{ p *process }

func (c counter) Drifted(account.Key, []string) {}
func (c counter) Recovered(outcome string)      { c.p.count("recovered " + outcome) }

var _ client.FieldIndexer = (*view)(nil)
