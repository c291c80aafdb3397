// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package main

import (
	"context"
	"errors"
	"fmt"
	"syscall"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

const (
	leaseName = "klink-operator.klink.cloud"
	// freezeTime is how long a leader is paused, so that another takes over: longer
	// than a lease, shorter than the settle time.
	freezeTime = 20 * time.Second
	// stopTimeout is more than the minute that a manager allows itself for ending.
	stopTimeout = 70 * time.Second
)

// pair is two managers that elect a leader.
type pair struct {
	killer   *killer
	managers [2]*manager
}

// election ends the leadership of one of two managers again and again, until
// enough of them were killed.
func (k *killer) election(ctx context.Context, kills int) error {
	p := &pair{killer: k}
	defer p.stop()
	for until := k.stage.killed.Load() + int64(kills); k.stage.killed.Load() < until; {
		i, err := p.leader(ctx)
		if err != nil {
			return err
		}
		switch n := k.chance.IntN(12); {
		case n < 8:
			err = k.killAtMoment(ctx, p.managers[i])
			if err == nil && n < 7 { // once in a while the lease has to expire
				err = p.expireLease(ctx)
			}
		case n < 11:
			k.journal.note("the leader is asked to end")
			k.stage.terms++
			p.managers[i].signal(syscall.SIGTERM)
			p.managers[i].end(stopTimeout)
		default:
			err = p.freeze(ctx, i)
		}
		if err != nil && !errors.Is(err, errEnded) {
			return err
		}
	}
	return nil
}

// leader waits until one of the two works. Those that have ended are started
// again.
func (p *pair) leader(ctx context.Context) (int, error) {
	for deadline := time.Now().Add(2 * startTimeout); time.Now().Before(deadline); {
		for i, m := range p.managers {
			switch {
			case m == nil || m.hasEnded():
				m, err := p.killer.stage.launch("--leader-elect")
				if err != nil {
					return 0, err
				}
				p.managers[i] = m
			case m.isWorking():
				if m != p.killer.stage.leading {
					p.killer.stage.leading = m
					p.killer.stage.leaderChanges++
				}
				return i, nil
			}
		}
		if err := pause(ctx, retryDelay); err != nil {
			return 0, err
		}
	}
	return 0, fmt.Errorf("no manager leads; the log of one of them:\n%s", p.managers[0].logTail())
}

// freeze pauses the leader until another leads, and lets it wake up as one that
// still believes it is the leader.
func (p *pair) freeze(ctx context.Context, i int) error {
	how, err := p.killer.chooseMoment(ctx, p.managers[i])
	if err != nil {
		return err
	}
	p.killer.journal.note("the leader is frozen for %s, %s", freezeTime, how)
	p.killer.stage.pauses++
	old, other := p.managers[i], p.managers[1-i]
	old.signal(syscall.SIGSTOP)
	err = pause(ctx, freezeTime)
	if err == nil && other != nil {
		err = other.awaitWork(ctx, startTimeout)
	}
	old.signal(syscall.SIGCONT)
	if err != nil {
		return err
	}
	p.killer.journal.note("the frozen leader wakes up while another leads")
	old.end(stopTimeout)
	return nil
}

// expireLease lets the other manager take over at once rather than when the lease
// of the dead one expires, which only costs time. The holder is dead.
func (p *pair) expireLease(ctx context.Context) error {
	for {
		var lease coordinationv1.Lease
		err := p.killer.stage.api.Get(ctx, client.ObjectKey{Namespace: operatorNamespace, Name: leaseName}, &lease)
		if apierrors.IsNotFound(err) {
			return nil
		}
		if err == nil {
			lease.Spec.HolderIdentity, lease.Spec.LeaseDurationSeconds = new(""), new(int32(1))
			if err = p.killer.stage.api.Update(ctx, &lease); err == nil || apierrors.IsConflict(err) {
				return nil // a conflict: the other one was faster
			}
		}
		if err := pause(ctx, retryDelay); err != nil {
			return err
		}
	}
}

// stop kills both: a phase without leader election may follow. The last leader
// is no longer counted among the kills.
func (p *pair) stop() {
	for _, m := range p.managers {
		if m != nil {
			m.signal(syscall.SIGCONT)
			m.kill()
		}
	}
}
