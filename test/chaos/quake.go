// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package main

import (
	"context"
	"time"
)

// quakes is how many times the control plane breaks during a run.
const quakes = 5

// quake breaks the control plane every so many kills, until the chaos is over.
func (s *stage) quake(ctx context.Context, over <-chan struct{}) {
	for i := range quakes {
		due := int64(s.kills * (i + 1) / (quakes + 1))
		for s.killed.Load() < due {
			select {
			case <-over:
				return
			case <-ctx.Done():
				return
			case <-time.After(between):
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
		s.cp.Etcd.Kill()
		if err := pause(ctx, 4*time.Second); err != nil {
			return err
		}
		return s.cp.Etcd.Start(ctx)
	}
}
