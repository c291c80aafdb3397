// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package controller

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/events"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/account"
)

// +kubebuilder:rbac:groups=klink.cloud,resources=connections;clusterconnections,verbs=list;watch;patch
// +kubebuilder:rbac:groups=klink.cloud,resources=connections/status;clusterconnections/status,verbs=patch
// +kubebuilder:rbac:groups="",resources=secrets,verbs=get

// ConnectionReconciler turns connections of one kind and their Secrets into
// accounts. Every field is required.
type ConnectionReconciler struct {
	// Kind is Connection or ClusterConnection.
	Kind v1alpha1.ConnectionKind
	// Client reads from the cache and writes to the API server; Live reads from
	// the API server itself, Secrets above all.
	Client client.Client
	Live   client.Reader
	// Groups looks Groups up in the cache.
	Groups Groups
	// Accounts are the connections at run time.
	Accounts *account.Registry
	// Notifier hands over what the accounts have seen change.
	Notifier *Notifier
	// Events records events (events.k8s.io).
	Events events.EventRecorder
	// Rules are what the manager allows.
	Rules ConnectionRules

	left *leftBehind
	// written is by connection; one worker looks at them all.
	written map[types.NamespacedName]*lastWritten[connectionObject]
}

// notReadyRetry is how often a connection that is not ready is looked at, its
// Secret included.
const notReadyRetry = 30 * time.Second

// newConnection returns an empty object of the kind.
func newConnection(kind string) connectionObject {
	if kind == string(v1alpha1.KindConnection) {
		return &v1alpha1.Connection{}
	}
	return &v1alpha1.ClusterConnection{}
}

// connectionObject is a Connection or a ClusterConnection.
type connectionObject interface {
	client.Object
	v1alpha1.ConnectionObject
}

// connectionHandler enqueues a connection whose spec, annotations or life changed,
// and its Groups where what it allows them may have changed.
type connectionHandler struct {
	handler.EnqueueRequestForObject

	enqueueGroups func(account.Key) error
}

// Update leaves out what we wrote to the status ourselves.
func (h *connectionHandler) Update(ctx context.Context, e event.UpdateEvent, q requestQueue) {
	before, now := e.ObjectOld, e.ObjectNew
	moved := !maps.Equal(before.GetLabels(), now.GetLabels()) // to another manager, perhaps
	if moved || before.GetGeneration() != now.GetGeneration() || !slices.Equal(before.GetFinalizers(), now.GetFinalizers()) ||
		before.GetDeletionTimestamp().IsZero() != now.GetDeletionTimestamp().IsZero() || !sameAnnotations(before, now) {
		h.EnqueueRequestForObject.Update(ctx, e, q)
	}
	if moved || before.GetGeneration() != now.GetGeneration() || !sameAnnotation(before, now, v1alpha1.AnnotationTakeOver) ||
		!sameAnnotation(before, now, v1alpha1.AnnotationAcceptMissing) {
		if err := h.enqueueGroups(keyOf(now)); err != nil {
			log.FromContext(ctx).Error(err, "The Groups of a changed connection were not enqueued", "connection", keyOf(now).String())
		}
	}
}

func sameAnnotations(a, b client.Object) bool {
	for _, name := range []string{v1alpha1.AnnotationAcceptMissing, v1alpha1.AnnotationTakeOver, v1alpha1.AnnotationReconcileRequestedAt} {
		if !sameAnnotation(a, b, name) {
			return false
		}
	}
	return true
}

func sameAnnotation(a, b client.Object, name string) bool {
	return a.GetAnnotations()[name] == b.GetAnnotations()[name]
}

// keyOf names the account of a connection.
func keyOf(object client.Object) account.Key {
	key := account.Key{Kind: string(v1alpha1.KindClusterConnection), Namespace: object.GetNamespace(), Name: object.GetName()}
	if _, ok := object.(*v1alpha1.Connection); ok {
		key.Kind = string(v1alpha1.KindConnection)
	}
	return key
}

// usersDelay is how long a connection waits for more of its Groups to go before it looks
// who is left: it looks at all of them, and reads its Secret.
const usersDelay = time.Second

// groupHandler enqueues the connection of a Group that comes or goes: it is held
// while it is in use. One that is held already need not know of each of ten thousand
// Groups that come; when it is let go of meanwhile, it is told so by itself.
func (r *ConnectionReconciler) groupHandler() handler.TypedEventHandler[*v1alpha1.Group, reconcile.Request] {
	request := func(key account.Key) reconcile.Request {
		return reconcile.Request{NamespacedName: types.NamespacedName{Namespace: key.Namespace, Name: key.Name}}
	}
	return handler.TypedFuncs[*v1alpha1.Group, reconcile.Request]{
		CreateFunc: func(ctx context.Context, e event.TypedCreateEvent[*v1alpha1.Group], q requestQueue) {
			if key := connectionOf(e.Object); key.Kind == string(r.Kind) && !r.held(ctx, key) {
				q.Add(request(key))
			}
		},
		DeleteFunc: func(_ context.Context, e event.TypedDeleteEvent[*v1alpha1.Group], q requestQueue) {
			if key := connectionOf(e.Object); key.Kind == string(r.Kind) {
				q.AddAfter(request(key), usersDelay)
			}
		},
	}
}

// held reports whether the cache shows a connection that has the finalizer of one in use.
func (r *ConnectionReconciler) held(ctx context.Context, key account.Key) bool {
	object, err := r.Groups.connection(ctx, key)
	return err == nil && controllerutil.ContainsFinalizer(object, v1alpha1.FinalizerInUse)
}

// Reconcile sets the account of a connection up, and says how it goes.
func (r *ConnectionReconciler) Reconcile(ctx context.Context, req reconcile.Request) (reconcile.Result, error) {
	key := account.Key{Kind: string(r.Kind), Namespace: req.Namespace, Name: req.Name}
	object := newConnection(key.Kind)
	if err := r.Client.Get(ctx, req.NamespacedName, object); err != nil {
		if apierrors.IsNotFound(err) {
			r.Accounts.Remove(key)
			delete(r.written, req.NamespacedName)
			return reconcile.Result{}, r.enqueueGroups(key)
		}
		return reconcile.Result{}, fmt.Errorf("reading the %s: %w", r.Kind, err)
	}
	if !r.Groups.selects(object) {
		r.Accounts.Remove(key)
		return reconcile.Result{}, nil
	}
	object = r.writes(object).latest(object)
	groups, err := r.Groups.Of(key)
	if err != nil {
		return reconcile.Result{}, err
	}
	users, err := r.users(ctx, object, groups)
	if err != nil {
		return reconcile.Result{}, err
	}
	held := newHolders(users, r.left.on(key), r.left.creating(key))
	if done, err := r.ensureInUseFinalizer(ctx, object, held.any()); done || err != nil {
		return reconcile.Result{}, err
	}
	a := r.Accounts.Ensure(key) //nolint:contextcheck // its poller outlives this call
	problem, err := r.configure(ctx, object, a)
	if err != nil {
		return reconcile.Result{}, err
	}
	state := a.State()
	ready, err := r.report(ctx, object, state, problem, held)
	if err != nil {
		return reconcile.Result{}, err
	}
	return reconcile.Result{RequeueAfter: lookAgain(ready, object.GetConnectionSpec().ResyncInterval.Duration, time.Since(state.Watched))}, nil
}

// lookAgain is how soon a connection is looked at again, its Secret included: while it
// is not ready, a person may put that right at any time, whatever the interval. looking is for
// how long nothing has been seen of the account: that is to be said in time.
func lookAgain(ready bool, resync, looking time.Duration) time.Duration {
	switch {
	case ready:
		return resync
	case looking < firstLookSaid:
		return firstLookSaid - looking
	default:
		return notReadyRetry
	}
}

// writes are those of ours that the cache may not show yet.
func (r *ConnectionReconciler) writes(object connectionObject) *lastWritten[connectionObject] {
	name := client.ObjectKeyFromObject(object)
	if r.written == nil {
		r.written = map[types.NamespacedName]*lastWritten[connectionObject]{}
	}
	if r.written[name] == nil {
		r.written[name] = &lastWritten[connectionObject]{}
	}
	return r.written[name]
}

// users names the Groups that a connection serves or has served: those of namespaces
// that may use it, and those whose status has an id.
func (r *ConnectionReconciler) users(ctx context.Context, object connectionObject, groups []*v1alpha1.Group) (names []string, _ error) {
	for _, g := range groups {
		rights, err := r.Groups.labels.of(ctx, object, g.Namespace, lookupTTL)
		if err != nil {
			return nil, err
		}
		if rights.use || g.Status.ID != "" {
			names = append(names, g.Namespace+"/"+g.Name)
		}
	}
	return names, nil
}

// ensureInUseFinalizer keeps a connection that is in use, and lets it go when it is not. It is
// done when the connection is on its way out.
func (r *ConnectionReconciler) ensureInUseFinalizer(ctx context.Context, object connectionObject, inUse bool) (done bool, err error) {
	deleting := !object.GetDeletionTimestamp().IsZero()
	held := controllerutil.ContainsFinalizer(object, v1alpha1.FinalizerInUse)
	done = deleting && !inUse
	switch {
	case r.Rules.DryRun:
		return false, nil
	case held == inUse, inUse && deleting:
		return done, nil
	}
	all := object
	if isLight(object) { // which has not all that are to be written back
		if all, err = r.whole(ctx, object); all == nil || err != nil {
			return true, err
		}
	}
	before, _ := all.DeepCopyObject().(client.Object)
	if inUse {
		controllerutil.AddFinalizer(all, v1alpha1.FinalizerInUse)
	} else {
		controllerutil.RemoveFinalizer(all, v1alpha1.FinalizerInUse)
	}
	err = r.Client.Patch(ctx, all, client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{}))
	if client.IgnoreNotFound(err) != nil {
		return false, fmt.Errorf("holding the %s while it is in use: %w", r.Kind, err)
	}
	CacheLightConnection(all, r.Groups.Selector) // the reply has all of it
	assign(object, all)
	r.writes(object).record(object)
	return done, nil
}

// enqueueGroups has the Groups of a connection looked at, because it is gone, or
// allows them something else.
func (r *ConnectionReconciler) enqueueGroups(key account.Key) error {
	groups, err := r.Groups.Of(key)
	for _, group := range groups {
		r.Notifier.groups.addGroup(group)
	}
	return err
}
