// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package simulation

import (
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
)

// leaders are the living managers of the main cluster.
func (w *world) leaders() []*process {
	var alive []*process
	for _, p := range w.running {
		if p.cluster == w.ops && !p.isDead() {
			alive = append(alive, p)
		}
	}
	return alive
}

func (w *world) crash() {
	for _, p := range w.leaders() {
		p.kill("by SIGKILL")
	}
	w.pause(time.Duration(w.roll(30_000)) * time.Millisecond)
	w.running = append(w.running, w.startProcess(w.ops))
}

// crashSoon lets a manager die after a few more steps; another starts later.
func (w *world) crashSoon() {
	for _, p := range w.leaders() {
		p.setFuse(1 + w.roll(60))
	}
	w.createGroup()
	w.pause(time.Duration(w.roll(20_000)) * time.Millisecond)
	if len(w.leaders()) == 0 {
		w.running = append(w.running, w.startProcess(w.ops))
	}
}

// handOver starts a new leader while the old one still works for a while.
func (w *world) handOver() {
	old := w.leaders()
	w.running = append(w.running, w.startProcess(w.ops))
	w.createGroup()
	w.pause(time.Duration(w.roll(8_000)) * time.Millisecond)
	for _, p := range old {
		p.kill("as it lost the lease")
	}
}

// outage breaks every call for a while.
func (w *world) outage() {
	var before float64
	w.note("an outage begins")
	w.setWeather(func(now *weather) { before, now.http = now.http, 1 })
	w.pause(time.Duration(w.roll(120)) * time.Second)
	w.setWeather(func(now *weather) { now.http = before })
	w.note("the outage ends")
}

// copyToStaging restores the Groups into another cluster that shares the account.
func (w *world) copyToStaging() {
	if w.staging == nil {
		w.staging = newCluster("staging")
		w.setUp(w.staging)
		w.running = append(w.running, w.startProcess(w.staging))
	}
	for _, g := range w.ops.groups() {
		if g.Annotations[v1alpha1.AnnotationGroupID] == "" {
			continue
		}
		c := &v1alpha1.Group{ObjectMeta: metav1.ObjectMeta{Namespace: g.Namespace, Name: g.Name, Annotations: g.Annotations, Finalizers: g.Finalizers}, Spec: g.Spec}
		w.declare(w.staging, c, "staging-"+g.Name)
	}
}

func (w *world) deleteInStaging() {
	if w.staging == nil {
		return
	}
	if g := w.someGroup(w.staging); g != nil {
		w.note("a person deletes %s in staging", g.Name)
		w.staging.delete(nameOf(g))
	}
}
