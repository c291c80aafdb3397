// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package simulation

import (
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
)

// accidents befall managers, connections and clusters, as the dice say: crashes, changes of
// leaders, outages, wrong and lost tokens, and a second cluster with copies.
type accidents struct {
	journal  *journal
	chance   *chance
	managers *managers
	kubectl  *kubectl
	people   *people // who go on meanwhile
	others   *others // who know which groups are bound
	ops      *cluster
	staging  *cluster // nil without
	links    links
}

func (a *accidents) crash() {
	for _, p := range a.managers.leaders() {
		p.kill("by SIGKILL")
	}
	time.Sleep(time.Duration(a.chance.roll(30_000)) * time.Millisecond)
	a.managers.start(a.ops)
}

// crashSoon lets a manager die after a few more steps; another starts later.
func (a *accidents) crashSoon() {
	for _, p := range a.managers.leaders() {
		p.crashAfter(1 + a.chance.roll(60))
	}
	a.people.createGroup()
	time.Sleep(time.Duration(a.chance.roll(20_000)) * time.Millisecond)
	if len(a.managers.leaders()) == 0 {
		a.managers.start(a.ops)
	}
}

// handOver starts a new leader while the old one still works for a while.
func (a *accidents) handOver() {
	old := a.managers.leaders()
	a.managers.start(a.ops)
	a.people.createGroup()
	time.Sleep(time.Duration(a.chance.roll(8_000)) * time.Millisecond)
	for _, p := range old {
		p.kill("as it lost the lease")
	}
}

// outage breaks every call for a while.
func (a *accidents) outage() {
	var before float64
	a.journal.note("an outage begins")
	a.chance.setFaultRates(func(now *faultRates) { before, now.http = now.http, 1 })
	time.Sleep(time.Duration(a.chance.roll(120)) * time.Second)
	a.chance.setFaultRates(func(now *faultRates) { now.http = before })
	a.journal.note("the outage ends")
}

// swapToken lets a connection show another tenant's account for a while.
func (a *accidents) swapToken() {
	l := a.links[a.chance.roll(len(a.links))]
	if a.others.someRemote(l) == "" {
		return // nothing could tell the accounts apart
	}
	a.journal.count("foreign token")
	a.kubectl.setToken(l, foreignToken)
	time.Sleep(time.Duration(30+a.chance.roll(150)) * time.Second)
	a.kubectl.setToken(l, rightToken)
}

// loseSecret takes a token away for a while.
func (a *accidents) loseSecret() {
	l := a.links[a.chance.roll(len(a.links))]
	a.journal.note("the Secret %s is lost", l.secret.name)
	a.ops.delete(l.secret)
	time.Sleep(time.Duration(a.chance.roll(180)) * time.Second)
	a.ops.create(l.newSecret())
	a.journal.note("the Secret %s is back", l.secret.name)
}

// copyToStaging restores the Groups into another cluster that shares the account.
func (a *accidents) copyToStaging() {
	if a.staging == nil {
		a.staging = newCluster("staging")
		a.links.setUp(a.staging)
		a.managers.start(a.staging)
	}
	for _, g := range a.ops.groups() {
		if g.Annotations[v1alpha1.AnnotationGroupID] == "" {
			continue
		}
		c := &v1alpha1.Group{ObjectMeta: metav1.ObjectMeta{Namespace: g.Namespace, Name: g.Name, Annotations: g.Annotations, Finalizers: g.Finalizers}, Spec: g.Spec}
		a.kubectl.declare(a.staging, c, "staging-"+g.Name)
	}
}

func (a *accidents) deleteInStaging() {
	if a.staging == nil {
		return
	}
	if g := a.people.someGroup(a.staging); g != nil {
		a.journal.note("a person deletes %s in staging", g.Name)
		a.staging.delete(nameOf(g))
	}
}
