// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/klink-cloud/klink-operator/internal/simulator"
)

const (
	// startTimeout is how long a manager may take until it works. A candidate
	// waits for a lease of 15 s to expire first.
	startTimeout = time.Minute
	// retryDelay is how long to wait before a manager is started again that could not
	// stay: the API server is down.
	retryDelay = 300 * time.Millisecond
	// settling is how much time is left for it, unless there is little.
	settling = 5 * time.Minute
	// createTimeout is how long a killer waits for a create.
	createTimeout = 2 * time.Second
)

// killer decides when managers die. It starts them and lets their creates hang.
type killer struct {
	stage   *stage
	people  *people
	journal *journal
	chance  *rand.Rand
}

func (c *chaos) killer() *killer {
	return &killer{stage: c.stage, people: c.people, journal: c.journal, chance: rand.New(rand.NewPCG(c.stage.seed, 2))} //nolint:gosec // it is to be repeatable
}

// phases alternates between one manager that is started again at once, which
// interrupts many creates, and two that elect a leader.
func (k *killer) phases(ctx context.Context) error {
	for k.left() > 0 {
		k.journal.note("one manager, started again whenever it dies (%d kills so far)", k.stage.killed.Load())
		for range min(k.left(), 12+k.chance.IntN(10)) {
			if err := k.killOne(ctx); err != nil {
				return err
			}
		}
		if k.left() == 0 {
			return nil
		}
		k.journal.note("two managers, one of which leads (%d kills so far)", k.stage.killed.Load())
		if err := k.election(ctx, min(k.left(), 2+k.chance.IntN(2))); err != nil {
			return err
		}
	}
	return nil
}

// left is how many kills are still to come: none when the rest of the time is
// needed for settling.
func (k *killer) left() int {
	if time.Since(k.stage.began) > k.stage.timeout-min(k.stage.timeout/2, settling) {
		return 0
	}
	return k.stage.kills - int(k.stage.killed.Load())
}

// killOne starts a manager without leader election, and kills it when it works.
func (k *killer) killOne(ctx context.Context) error {
	for {
		m, err := k.stage.launch()
		if err != nil {
			return err
		}
		err = m.awaitWork(ctx, startTimeout)
		if err == nil {
			err = k.killAtMoment(ctx, m)
		}
		m.kill()
		if !errors.Is(err, errEnded) {
			return err
		}
		if err := pause(ctx, retryDelay); err != nil {
			return err
		}
	}
}

// killAtMoment kills a working manager at a moment that may hurt. It fails with
// errEnded when there was nobody to kill.
func (k *killer) killAtMoment(ctx context.Context, m *manager) error {
	how, err := k.chooseMoment(ctx, m)
	if err != nil {
		return err
	}
	if !m.kill() {
		return errEnded
	}
	k.stage.killed.Add(1)
	k.journal.noteUnrecorded(ctx)
	k.journal.note("kill %d, %s", k.stage.killed.Load(), how)
	return nil
}

// chooseMoment waits for the moment, and tells which it was.
func (k *killer) chooseMoment(ctx context.Context, m *manager) (how string, err error) {
	switch n := k.chance.IntN(10); {
	case n < 3:
		return "at any moment", k.wait(ctx, m, time.Duration(k.chance.IntN(1500))*time.Millisecond)
	case n < 7:
		select {
		case <-k.stage.committed: // that was an earlier one
		default:
		}
		k.people.requestGroups()
		select {
		case <-k.stage.committed:
			return "just after a create", k.wait(ctx, m, time.Duration(k.chance.IntN(8))*time.Millisecond)
		case <-time.After(createTimeout):
			return "after waiting for a create", nil
		case <-m.done:
			return "", errEnded
		case <-ctx.Done():
			return "", context.Cause(ctx)
		}
	default:
		// The creates are carried out and their replies never come.
		fault := k.hangCreates(1 + k.chance.IntN(4))
		defer fault.Remove()
		k.people.requestGroups()
		err := k.awaitHit(ctx, m, fault)
		return fmt.Sprintf("while %d creates hang", fault.Hits()), err
	}
}

// hangCreates lets the next creates hang once they are carried out.
func (k *killer) hangCreates(times int) *simulator.FaultHandle {
	return k.stage.sim.AddFault(simulator.Fault{Method: http.MethodPost, Action: simulator.HangAfter, Times: times})
}

// awaitHit waits until the fault has met a create, but not for ever.
func (k *killer) awaitHit(ctx context.Context, m *manager, fault *simulator.FaultHandle) error {
	for deadline := time.Now().Add(createTimeout); fault.Hits() == 0 && time.Now().Before(deadline); {
		if err := k.wait(ctx, m, 5*time.Millisecond); err != nil {
			return err
		}
	}
	return k.wait(ctx, m, time.Duration(k.chance.IntN(60))*time.Millisecond)
}

// wait waits. It fails when the manager ends meanwhile.
func (*killer) wait(ctx context.Context, m *manager, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-m.done:
		return errEnded
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
