// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package simulation

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/controller"
)

// view is the watch cache of one process: a past state of the cluster.
type view struct {
	p    *process
	wake chan struct{}

	mu      sync.Mutex
	next    int
	objects map[name]client.Object
	// lent are copies of the Groups that lookups have returned, which must stay as they were.
	lent map[name]*v1alpha1.Group
}

func newView(p *process) *view {
	v := &view{p: p, wake: make(chan struct{}, 1), objects: map[name]client.Object{}, lent: map[name]*v1alpha1.Group{}}
	c := p.cluster
	c.mu.Lock()
	defer c.mu.Unlock()
	c.wake[p] = v.wake
	v.next = len(c.log)
	for n, o := range c.objects {
		v.objects[n] = clone(o)
	}
	return v
}

// run lets changes arrive, each a while after it was made, in order.
func (v *view) run() {
	initial := slices.SortedFunc(maps.Keys(v.objects), compareNames)
	for _, n := range initial {
		if handle := v.p.handlers[n.kind]; handle != nil {
			handle(change{now: v.objects[n]}, true)
		}
	}
	for v.p.ctx.Err() == nil {
		c, ok := v.pending()
		if !ok {
			select {
			case <-v.wake:
			case <-v.p.ctx.Done():
			}
			continue
		}
		time.Sleep(time.Until(c.at.Add(c.late + v.p.dice("cache").lag())))
		v.apply(c)
	}
	v.p.cluster.mu.Lock()
	defer v.p.cluster.mu.Unlock()
	delete(v.p.cluster.wake, v.p)
}

func (v *view) pending() (change, bool) {
	v.p.cluster.mu.Lock()
	defer v.p.cluster.mu.Unlock()
	if v.next >= len(v.p.cluster.log) {
		return change{}, false
	}
	v.next++
	return v.p.cluster.log[v.next-1], true
}

func (v *view) apply(c change) {
	if v.p.ctx.Err() != nil {
		return
	}
	v.mu.Lock()
	n := nameOf(cmp.Or(c.now, c.before))
	v.takeBack(n)
	if c.now != nil {
		v.objects[n] = c.now
	} else {
		delete(v.objects, n)
	}
	v.mu.Unlock()
	if handle := v.p.handlers[n.kind]; handle != nil {
		handle(c, false)
	}
}

// takeBack looks at what lookups have returned of a Group before another takes its place.
func (v *view) takeBack(n name) {
	if lent := v.lent[n]; lent != nil && !reflect.DeepEqual(lent, v.objects[n]) {
		v.p.journal.violate("cache: %s/%s was changed in the cache itself", n.namespace, n.name)
	}
	delete(v.lent, n)
}

func (v *view) get(n name) client.Object {
	if o := v.raw(n); o != nil {
		return v.seen(o)
	}
	return nil
}

// raw is an object as it arrived, only to be read.
func (v *view) raw(n name) client.Object {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.objects[n]
}

// seen is a copy of an object as the process sees it.
func (v *view) seen(o client.Object) client.Object {
	o = clone(o)
	if see := v.p.breaks.see; see != nil {
		see(o)
	}
	return o
}

// ByIndex looks Groups up among those that have arrived: it goes through all of them.
func (v *view) ByIndex(index, value string) ([]*v1alpha1.Group, error) {
	values, ok := controller.IndexValues()[index]
	if !ok {
		return nil, fmt.Errorf("there is no index %q", index)
	}
	if v.p.breaks.blind && index != "connection" {
		return nil, nil
	}
	all, err := v.All()
	return slices.DeleteFunc(all, func(g *v1alpha1.Group) bool { return !slices.Contains(values(g), value) }), err
}

// All lists the Groups that have arrived.
func (v *view) All() (groups []*v1alpha1.Group, _ error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, n := range slices.SortedFunc(maps.Keys(v.objects), compareNames) {
		if g, ok := v.objects[n].(*v1alpha1.Group); ok {
			if v.lent[n] == nil {
				v.lent[n] = clone(g)
			}
			groups = append(groups, v.lent[n])
		}
	}
	return groups, nil
}

// kubeClient reads from the view and writes to the cluster.
type kubeClient struct {
	client.Client
	p *process
}

func (k *kubeClient) Get(_ context.Context, key client.ObjectKey, into client.Object, _ ...client.GetOption) error {
	return found(k.p.view.get(name{kindOf(into), key.Namespace, key.Name}), key, into)
}

func found(o client.Object, key client.ObjectKey, into client.Object) error {
	if o == nil {
		return notFound(name{kindOf(into), key.Namespace, key.Name})
	}
	reflect.ValueOf(into).Elem().Set(reflect.ValueOf(o).Elem())
	return nil
}

func (k *kubeClient) Patch(ctx context.Context, o client.Object, patch client.Patch, _ ...client.PatchOption) error {
	return k.patch(ctx, o, patch, false)
}

func (k *kubeClient) patch(ctx context.Context, o client.Object, patch client.Patch, status bool) error {
	body, err := patch.Data(o)
	if err != nil {
		return err
	}
	body = k.p.breaks.patch(body)
	n := nameOf(o)
	dice := k.p.diceFor(ctx)
	if err := k.p.step(dice, "patch"); err != nil {
		return err
	}
	fault := dice.kube("kube before", "kube after", "kube stalls")
	point := ""
	if s := k.p.script; s != nil {
		point = s.pass(writePoint(n, status))
		k.p.witness.spendWrite(k.p, point)
		fault = s.writeFault(point)
	}
	if err := refusal(fault, n); err != nil {
		k.p.journal.note("p%d PATCH %s refused: %s", k.p.number, n.kind, fault)
		return err
	}
	if fault == "crash before" {
		k.p.kill("at " + point)
		return errDead
	}
	patched, err := k.p.cluster.patch(n, body, status)
	if fault == "unseen" {
		k.p.cluster.delay(unseenFor)
	}
	k.p.journal.note("p%d patches %s %s/%s status=%v %s: %v", k.p.number, n.kind, n.namespace, n.name, status, body, err)
	k.p.judge.checkPatch(k.p, n, body, err)
	if k.p.script != nil {
		k.p.script.happen(point)
	}
	switch fault {
	case "kube stalls":
		stall := time.Duration(dice.roll(180_000)) * time.Millisecond
		if k.p.script != nil {
			k.p.script.troubleKube(stall)
		}
		time.Sleep(stall)
		fault = ""
	case "unseen":
		fault = ""
	case "crash after":
		k.p.kill("at " + point)
	}
	if stepErr := k.p.step(dice, "patched"); stepErr != nil {
		return stepErr
	}
	if err != nil {
		return err
	}
	if fault != "" {
		return apierrors.NewTimeoutError("the API server did not answer in time", 1)
	}
	return found(patched, client.ObjectKeyFromObject(o), o)
}

func (k *kubeClient) Status() client.SubResourceWriter { return &statusWriter{k: k} }

type statusWriter struct {
	client.SubResourceWriter
	k *kubeClient
}

func (s *statusWriter) Patch(ctx context.Context, o client.Object, patch client.Patch, _ ...client.SubResourcePatchOption) error {
	return s.k.patch(ctx, o, patch, true)
}

// liveReader reads from the cluster itself.
type liveReader struct{ p *process }

func (l *liveReader) step(ctx context.Context, what string) error {
	dice := l.p.diceFor(ctx)
	if err := l.p.step(dice, what); err != nil {
		return err
	}
	if l.p.chance.crowded() && dice.kube("kube read") != "" {
		return apierrors.NewServiceUnavailable("the API server is not there")
	}
	return nil
}

func (l *liveReader) Get(ctx context.Context, key client.ObjectKey, into client.Object, _ ...client.GetOption) error {
	if err := l.step(ctx, "live get"); err != nil {
		return err
	}
	switch into := into.(type) {
	case *metav1.PartialObjectMetadata:
		return nil // the CRD stays
	case *corev1.Namespace:
		into.Name = key.Name
		return nil
	}
	return found(l.p.cluster.get(name{kindOf(into), key.Namespace, key.Name}), key, into)
}

func (l *liveReader) List(ctx context.Context, into client.ObjectList, opts ...client.ListOption) error {
	if err := l.step(ctx, "live list"); err != nil {
		return err
	}
	groups, ok := into.(*v1alpha1.GroupList)
	if !ok {
		return errors.New("the simulation lists Groups alone")
	}
	o := (&client.ListOptions{}).ApplyOptions(opts)
	id, selected := "", false
	if o.FieldSelector != nil {
		id, selected = o.FieldSelector.RequiresExactMatch("status.id")
	}
	if l.p.breaks.blind {
		return nil
	}
	for _, g := range l.p.cluster.groups() {
		if !selected || g.Status.ID == id {
			groups.Items = append(groups.Items, *g)
		}
	}
	return nil
}

// recorder keeps events in the history.
type recorder struct{ p *process }

func (r recorder) Eventf(regarding, _ runtime.Object, kind, reason, _, note string, args ...any) {
	object, err := meta.Accessor(regarding)
	if err != nil {
		panic(err)
	}
	r.p.judge.checkText("an event", fmt.Sprintf(note, args...))
	if r.p.witness != nil {
		r.p.witness.checkEvent(regarding, reason)
	}
	r.p.journal.note("p%d event on %s: %s %s: %s", r.p.number, object.GetName(), kind, reason, strings.TrimSpace(fmt.Sprintf(note, args...)))
}
