// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package simulation

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/go-logr/logr"
	"sigs.k8s.io/controller-runtime/pkg/controller/priorityqueue"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/account"
	"github.com/klink-cloud/klink-operator/internal/controller"
	"github.com/klink-cloud/klink-operator/internal/klink"
	"github.com/klink-cloud/klink-operator/internal/simulator"
)

// errDead is what a process that was killed gets from every call it still makes.
var errDead = errors.New("this process is dead")

const workers = 3

// process is one run of the manager: all that a crash loses, and what it and the
// surroundings that it is wired to may touch.
type process struct {
	journal *journal
	chance  *chance
	sim     *simulator.Server
	cluster *cluster
	judge   *judge
	breaks  breaks
	script  *script  // of a story; else nil
	witness *witness // of a story; else nil

	number int
	ctx    context.Context
	cancel context.CancelFunc
	done   sync.WaitGroup

	mu   sync.Mutex
	dead bool
	// stepsToCrash counts steps down to a crash; negative: none is set.
	stepsToCrash int

	view        *view
	reconcilers map[string]reconcile.Reconciler // by kind, as the queues
	queues      map[string]*workQueue
	handlers    map[string]func(change, bool)
}

func newProcess(number int, c *cluster) *process {
	ctx, cancel := context.WithCancel(context.Background())
	return &process{
		number: number, cluster: c, ctx: ctx, cancel: cancel, stepsToCrash: -1,
		queues: map[string]*workQueue{"Group": newWorkQueue(), "Connection": newWorkQueue(), "ClusterConnection": newWorkQueue()},
	}
}

func (p *process) start() {
	p.view = newView(p)
	p.wire()
	p.journal.note("process %d starts on %s", p.number, p.cluster.uid)
	p.done.Go(p.view.run)
	for _, kind := range []string{"Group", "Connection", "ClusterConnection"} {
		p.done.Go(func() { p.dispatch(kind) })
	}
}

// wire has the operator on the simulated surroundings.
func (p *process) wire() {
	kube := &kubeClient{p: p}
	operator := controller.New(controller.Options{
		Client: kube, Live: &liveReader{p: p}, Groups: controller.Groups{Cache: kube, Index: p.view},
		Events: recorder{p}, Cluster: p.cluster.uid, Kinds: []v1alpha1.ConnectionKind{v1alpha1.KindConnection, v1alpha1.KindClusterConnection},
		Workers: workers, Count: counter{p}, Observe: func(account.Key, klink.Call) {},
		Rules: func(kind v1alpha1.ConnectionKind) controller.ConnectionRules {
			return controller.ConnectionRules{
				OperatorNamespace: "operator", AllowedEndpoints: controller.Endpoints{endpoint}, UserAgent: "simulation", Transport: transport{p, kind},
			}
		},
	})
	p.reconcilers, p.handlers = map[string]reconcile.Reconciler{}, map[string]func(change, bool){}
	var onGroup []func(change, bool)
	for _, c := range operator.Controllers {
		q := p.queues[c.Kind]
		if err := c.Queue(p.ctx, q); err != nil {
			panic(err)
		}
		p.reconcilers[c.Kind] = c
		onGroup = append(onGroup, func(it change, initial bool) { deliverGroup(p, c.OnGroup, q, it, initial) })
		if c.OnConnection != nil {
			p.handlers[c.Kind] = func(it change, initial bool) { deliver(p, c.OnConnection, q, it, initial) }
		}
	}
	p.handlers["Group"] = func(it change, initial bool) {
		for _, handle := range onGroup {
			handle(it, initial)
		}
	}
	p.done.Go(func() { _ = operator.Accounts.Start(p.ctx) })
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
	time.Sleep(p.dice(kind).lag())
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
			q.dropSignal()
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
		time.Sleep(p.dice(kind).latency())
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
	ctx = log.IntoContext(ctx, logr.New(decisions{p.journal, fmt.Sprintf("process %d on %s", p.number, w.request)}))
	result, err := p.reconcilers[kind].Reconcile(ctx, w.request)
	if p.isDead() {
		return
	}
	switch {
	case err != nil:
		p.journal.note("p%d %s %s failed: %v", p.number, kind, w.request.Name, err)
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

// dice are those of something that the process does.
func (p *process) dice(of string) dice { return dice{p.chance, fmt.Sprintf("%d %s", p.number, of)} }

// diceFor are the dice of the work that a call belongs to.
func (p *process) diceFor(ctx context.Context) dice {
	a, _ := ctx.Value(workKey{}).(about)
	return p.dice(fmt.Sprint(a.name))
}

// step passes a while, and is where a process may crash.
func (p *process) step(d dice, what string) error {
	time.Sleep(d.latency())
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.dead {
		return errDead
	}
	if p.stepsToCrash > 0 {
		p.stepsToCrash--
	}
	if p.stepsToCrash == 0 {
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
	p.journal.count("crash")
	p.journal.note("process %d dies %s", p.number, why)
	p.cancel()
}

func (p *process) isDead() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.dead
}

// crashAfter lets the process crash after so many steps.
func (p *process) crashAfter(steps int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stepsToCrash = steps
}

// counter counts recoveries for the summary.
type counter struct{ p *process }

func (c counter) Drifted(account.Key, []string) {}
func (c counter) Recovered(outcome string)      { c.p.journal.count("recovered " + outcome) }
