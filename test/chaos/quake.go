// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package main

import (
	"context"
	"time"

	"github.com/klink-cloud/klink-operator/test/controlplane"
)

// quakes is how many times the control plane breaks during a run.
const quakes = 5

// quake breaks the control plane every so many kills.
func (s *stage) quake(ctx context.Context) {
	for i := range quakes {
		due := int64(s.kills * (i + 1) / (quakes + 1))
		for s.killed.Load() < due {
			if pause(ctx, between) != nil {
				return
			}
		}
		if err := s.shake(ctx, i); err != nil {
			if ctx.Err() == nil {
				s.failed(err)
			}
			return
		}
	}
}

// shake breaks it in one of several ways.
func (s *stage) shake(ctx context.Context, i int) error {
	switch i % 4 {
	case 0:
		s.did("the API server is killed and started again")
		s.apiRestarts.Add(1)
		return s.cp.APIServer.Restart(ctx)
	case 1:
		s.did("etcd is killed and started again")
		s.etcdRestarts.Add(1)
		return s.cp.Etcd.Restart(ctx)
	case 2:
		s.did("the API server answers nothing for 6 s")
		s.cp.APIServer.Pause()
		defer s.cp.APIServer.Resume()
		return pause(ctx, 6*time.Second)
	default:
		s.did("etcd is gone for 4 s")
		s.etcdRestarts.Add(1)
		return outage(ctx, s.cp.Etcd, 4*time.Second)
	}
}

// outage kills a process and starts it some time later, also when the context
// ends: the settling needs it.
func outage(ctx context.Context, p *controlplane.Process, d time.Duration) error {
	p.Kill()
	_ = pause(ctx, d)
	return p.Start(context.WithoutCancel(ctx))
}
