// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package controller

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/account"
	"github.com/klink-cloud/klink-operator/internal/plan"
)

// +kubebuilder:rbac:groups=klink.cloud,resources=groups,verbs=get;list;watch;patch;restore
// +kubebuilder:rbac:groups=klink.cloud,resources=groups/status,verbs=patch
// +kubebuilder:rbac:groups=apiextensions.k8s.io,resources=customresourcedefinitions,resourceNames=groups.klink.cloud,verbs=get
// +kubebuilder:rbac:groups="",resources=namespaces,verbs=get
// +kubebuilder:rbac:groups=events.k8s.io,resources=events,verbs=create;patch

// GroupReconciler keeps each Group's remote group as declared. It is cut into the
// parts that observe, execute and report, each of which has no more than it may touch.
type GroupReconciler struct {
	client   client.Client
	accounts *account.Registry
	notifier *Notifier

	started atomic.Pointer[time.Time]
	states  stateStore
	left    *leftBehind
	quota   *workerQuota
	// large has a place for each large Group that is being read.
	large    chan struct{}
	observer observer
	executor executor
	reporter reporter
}

func newGroupReconciler(o Options, accounts *account.Registry, notifier *Notifier, left *leftBehind) *GroupReconciler {
	records := &records{client: o.Client, cluster: o.Cluster}
	r := &GroupReconciler{
		client: o.Client, accounts: accounts, notifier: notifier, left: left,
		quota: newWorkerQuota(o.Workers), large: make(chan struct{}, largeAtOnce),
	}
	owners := &owners{
		groups: o.Groups, live: o.Live, accounts: accounts, cluster: o.Cluster, namespaces: o.Namespaces, states: &r.states, since: r.since,
		pages: make(chan struct{}, 1),
	}
	r.observer = observer{
		groups: o.Groups, live: o.Live, accounts: accounts, owners: owners, cluster: o.Cluster, dryRun: o.DryRun,
		crd: &crdDeletionCache{unserved: o.Unserved},
	}
	r.executor = executor{records: records, owners: owners, claims: accounts.Claims, left: left, count: o.Count, queue: &notifier.groups, letGo: r.letGo}
	r.reporter = reporter{records: records, events: o.Events, count: o.Count}
	return r
}

// Reconcile settles what Groups of this name have left behind, and has one pass over
// the Group that there is.
func (r *GroupReconciler) Reconcile(ctx context.Context, req reconcile.Request) (reconcile.Result, error) {
	group := &v1alpha1.Group{}
	err := r.client.Get(ctx, req.NamespacedName, group)
	if client.IgnoreNotFound(err) != nil {
		return reconcile.Result{}, fmt.Errorf("reading the Group: %w", err)
	}
	left, err := r.settleGone(ctx, req.NamespacedName, group.UID)
	if err != nil || group.UID == "" {
		return left, err
	}
	key := connectionOf(group)
	if served, err := r.observer.groups.serves(ctx, key); err != nil || !served {
		return left, err
	}
	priority := r.notifier.groups.priorityOf(group)
	if !r.quota.acquire(key, req, priority) {
		return left, nil
	}
	began := time.Now()
	defer func() { r.quota.release(key, req.Namespace, time.Since(began), r.notifier.groups.add) }()
	result, err := r.look(ctx, group, priority)
	return sooner(left, result), err
}

// look has one pass over a Group as the cache shows it.
func (r *GroupReconciler) look(ctx context.Context, cached *v1alpha1.Group, priority int) (reconcile.Result, error) {
	group, err := r.whole(ctx, cached)
	if err != nil {
		return reconcile.Result{}, err
	}
	if group == nil {
		return reconcile.Result{RequeueAfter: largeRetry}, nil
	}
	state := r.states.getOrCreate(client.ObjectKeyFromObject(group), group.UID)
	s, err := r.scope(ctx, state.written.latest(group), state)
	if err != nil {
		return reconcile.Result{}, err
	}
	s.priority = priority
	defer func() { r.quota.load.wrote(s.writing) }()
	if isLarge(cached) { // the next look reads it again
		defer func() { state.written = lastWritten[*v1alpha1.Group]{} }()
	}
	return r.pass(ctx, s)
}

// maxSteps bounds one pass over a Group; a plan that does not come to rest is a
// defect, and must not spin.
const maxSteps = 12

// pass observes, plans and executes until the plan comes to rest, and reports.
func (r *GroupReconciler) pass(ctx context.Context, s *scope) (reconcile.Result, error) {
	defer r.reporter.publish(s)
	defer s.giveBack()
	defer r.noteLeft(s) //nolint:contextcheck // what it enqueues outlives this pass
	for range maxSteps {
		s.state.see(s.group)
		f, err := r.observer.observe(ctx, s)
		if err != nil {
			return reconcile.Result{}, err
		}
		step := plan.Next(&f)
		logStep(ctx, &f, step)
		out, err := r.executor.execute(ctx, s, &f, step)
		if err != nil {
			return reconcile.Result{}, err
		}
		if out.Done {
			again, err := r.reporter.report(ctx, s, &f, out.Report)
			return sooner(reconcile.Result{RequeueAfter: out.RequeueAfter}, reconcile.Result{RequeueAfter: again}), err
		}
		if s.group.Generation != f.Group.Generation || s.group.UID != f.Group.UID {
			// A person has changed it meanwhile: nothing of this pass says anything of that.
			return reconcile.Result{RequeueAfter: time.Millisecond}, nil
		}
	}
	return reconcile.Result{}, fmt.Errorf("the plan for Group %s did not come to rest", s.name())
}

// scope begins a pass.
func (r *GroupReconciler) scope(ctx context.Context, group *v1alpha1.Group, state *groupState) (*scope, error) {
	key := connectionOf(group)
	endpoint, err := r.executor.owners.endpoint(ctx, key)
	return &scope{group: group, state: state, key: key, account: r.accounts.Get(key), endpoint: endpoint}, err
}

func logStep(ctx context.Context, f *plan.Facts, step plan.Step) {
	logger := log.FromContext(ctx)
	logger.V(1).Info("Planned", "step", step.Action.String(), "id", step.ID)
	if logger := logger.V(2); logger.Enabled() {
		logger.Info("Planned on", "facts", f) // printed only by a sink that wants it
	}
}

// settleGone lets go of the Groups that had this name before. What was made for one
// of them, and could not be written down, is settled as the plan says.
func (r *GroupReconciler) settleGone(ctx context.Context, name types.NamespacedName, uid types.UID) (result reconcile.Result, _ error) {
	for _, state := range r.states.others(name, uid) {
		settled, err := r.settle(ctx, state)
		if err != nil {
			return result, err
		}
		result = sooner(result, settled)
		if state.memory.Unrecorded != nil {
			continue
		}
		r.forgetLeft(state.uid) //nolint:contextcheck // what it enqueues outlives this pass
		r.letGo(ctx, state)
		r.states.forget(name, state)
	}
	return result, nil
}

// settle has one pass over a Group that is gone, if there is something to settle. What it
// cannot settle holds the connection, for an hour; after that a person has to.
func (r *GroupReconciler) settle(ctx context.Context, state *groupState) (reconcile.Result, error) {
	made := state.memory.Unrecorded
	if made == nil {
		return reconcile.Result{}, nil
	}
	if r.left.expired(state.uid, time.Now()) {
		log.FromContext(ctx).Error(nil, "What becomes of the remote group that was made for a Group which is gone could not be settled within an hour; it stays as it is",
			"id", made.Group.ID, "connection", connectionOf(state.lastSeen).String())
		state.memory.Unrecorded = nil
		return reconcile.Result{}, nil
	}
	s, err := r.scope(ctx, state.lastSeen, state)
	if err != nil {
		return reconcile.Result{}, err
	}
	s.gone = true
	return r.pass(ctx, s)
}

// noteLeft notes what a pass leaves of a create: a remote group whose Group is gone, or
// nothing that has to be settled. What is yet to be written down stays noted.
func (r *GroupReconciler) noteLeft(s *scope) {
	made := s.state.memory.Unrecorded
	switch {
	case made == nil:
		r.forgetLeft(s.state.uid)
	case s.gone:
		r.accounts.Claims.SeenGone(s.uid())
		if r.left.add(s.state.uid, leftGroup{connection: s.key, id: made.Group.ID, group: s.name(), since: time.Now()}) {
			r.notifier.enqueueConnection(s.key)
		}
	}
}

// forgetLeft forgets what a create had left, and has its connection looked at, which may have
// waited for nothing else.
func (r *GroupReconciler) forgetLeft(uid types.UID) {
	switch g, noted := r.left.remove(uid); {
	case !noted:
	case g.since.IsZero():
		r.notifier.enqueueTerminating(g.connection)
	default:
		r.notifier.enqueueConnection(g.connection)
	}
}

// sooner is the result that comes first.
func sooner(a, b reconcile.Result) reconcile.Result {
	if a.RequeueAfter == 0 || b.RequeueAfter > 0 && b.RequeueAfter < a.RequeueAfter {
		return b
	}
	return a
}

// since is when this manager began to work: at its first binding, which it makes
// once it is the leader.
func (r *GroupReconciler) since() time.Time {
	now := time.Now()
	r.started.CompareAndSwap(nil, &now)
	return *r.started.Load()
}

// letGo drops what this process holds for a Group, and has those looked at that
// wait for it: the watch may have told them that the Group is gone before.
func (r *GroupReconciler) letGo(ctx context.Context, state *groupState) {
	uid := string(state.uid)
	ids := r.accounts.Claims.Gone(uid)
	for _, a := range r.accounts.All() {
		a.Forget(uid)
		for _, id := range ids {
			r.notifier.enqueueContenders(ctx, state.uid, id, a.Lookup(id).Group.Name)
		}
	}
}
