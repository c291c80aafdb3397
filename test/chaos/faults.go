// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package main

import (
	"context"
	"net/http"
	"time"

	"github.com/klink-cloud/klink-operator/internal/simulator"
)

// longestCreate is how long after its call a create may still be carried out. It is well
// below the settle time, which is what the operator promises to cope with.
const longestCreate = 15 * time.Second

// callFaults is what the network and the API do to calls, in the order in which they
// are tried.
var callFaults = []simulator.Fault{
	{Method: http.MethodPost, Probability: .06, Action: simulator.ResetAfter},
	{Method: http.MethodPost, Probability: .06, Action: simulator.StatusAfter, Status: http.StatusInternalServerError},
	{Method: http.MethodPost, Probability: .03, Action: simulator.Truncate},
	{Method: http.MethodPost, Probability: .03, Action: simulator.Late, Delay: 2 * time.Second},
	{Method: http.MethodPost, Probability: .02, Action: simulator.Late, Delay: longestCreate},
	{Method: http.MethodPost, Probability: .04, Action: simulator.Status, Status: http.StatusTooManyRequests, Headers: map[string]string{"Retry-After": "1"}},
	{Method: http.MethodPost, Probability: .03, Action: simulator.Reset},
	{Method: http.MethodPost, Probability: .03, Action: simulator.Status, Status: http.StatusServiceUnavailable},
	{Method: http.MethodPut, Probability: .05, Action: simulator.ResetAfter},
	{Method: http.MethodPut, Probability: .03, Action: simulator.Status, Status: http.StatusBadGateway},
	{Method: http.MethodDelete, Probability: .1, Action: simulator.ResetAfter},
	{Method: http.MethodGet, Probability: .02, Action: simulator.Reset},
	{Method: http.MethodGet, Probability: .02, Action: simulator.Status, Status: http.StatusInternalServerError},
	{Method: http.MethodGet, Probability: .01, Action: simulator.Garbage},
}

// breakCalls puts the faults in force.
func (s *stage) breakCalls() {
	for _, f := range callFaults {
		s.sim.AddFault(f)
	}
}

// controlPlaneFaults is how many times the control plane breaks during a run.
const controlPlaneFaults = 5

// breakControlPlane breaks the control plane every so many kills, until the chaos is over.
func (c *chaos) breakControlPlane(ctx context.Context, over <-chan struct{}) {
	for i := range controlPlaneFaults {
		due := int64(c.stage.kills * (i + 1) / (controlPlaneFaults + 1))
		for c.stage.killed.Load() < due {
			select {
			case <-over:
				return
			case <-ctx.Done():
				return
			case <-time.After(retryDelay):
			}
		}
		if err := c.breakControlPlaneOnce(ctx, i); err != nil {
			if ctx.Err() == nil {
				c.stage.failed(err)
			}
			return
		}
	}
}

// breakControlPlaneOnce breaks it in one of several ways.
func (c *chaos) breakControlPlaneOnce(ctx context.Context, i int) error {
	switch i % 4 {
	case 0:
		c.journal.note("the API server is killed and started again")
		c.stage.apiRestarts.Add(1)
		return c.stage.cp.APIServer.Restart(ctx)
	case 1:
		c.journal.note("etcd is killed and started again")
		c.stage.etcdRestarts.Add(1)
		return c.stage.cp.Etcd.Restart(ctx)
	case 2:
		c.journal.note("the API server answers nothing for 6 s")
		c.stage.cp.APIServer.Pause()
		defer c.stage.cp.APIServer.Resume()
		return pause(ctx, 6*time.Second)
	default:
		c.journal.note("etcd is gone for 4 s")
		c.stage.etcdRestarts.Add(1)
		c.stage.cp.Etcd.Kill()
		if err := pause(ctx, 4*time.Second); err != nil {
			return err
		}
		return c.stage.cp.Etcd.Start(ctx)
	}
}
