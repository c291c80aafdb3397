// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package main

import (
	"context"
	"sync"
)

// chaos is one run: managers are killed and the control plane breaks, and then all has to
// settle.
type chaos struct {
	stage   *stage
	people  *people
	journal *journal
	judge   *judge
}

func newChaos(s *stage) *chaos {
	p := newPeople(s)
	b := newJournal(s, p)
	return &chaos{stage: s, people: p, journal: b, judge: &judge{stage: s, people: p, journal: b}}
}

// run breaks calls, managers and the control plane until enough managers were killed.
func (c *chaos) run(ctx context.Context) error {
	c.stage.breakCalls()
	watching, cancel := context.WithCancel(ctx)
	var helpers sync.WaitGroup
	over := make(chan struct{})
	helpers.Go(func() { c.people.work(ctx, over) })
	helpers.Go(func() { c.journal.watch(watching) })
	helpers.Go(func() { c.breakControlPlane(ctx, over) })

	err := c.killer().phases(ctx)
	close(over)
	cancel()
	helpers.Wait()
	if err != nil {
		return err
	}
	c.people.finish(ctx)
	return nil
}
