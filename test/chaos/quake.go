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
func (c *chaos) quake(ctx context.Context, over <-chan struct{}) {
	for i := range quakes {
		due := int64(c.stage.kills * (i + 1) / (quakes + 1))
		for c.stage.killed.Load() < due {
			select {
			case <-over:
				return
			case <-ctx.Done():
				return
			case <-time.After(between):
			}
		}
		if err := c.shake(ctx, i); err != nil {
			if ctx.Err() == nil {
				c.stage.failed(err)
			}
			return
		}
	}
}

// shake breaks it in one of several ways.
func (c *chaos) shake(ctx context.Context, i int) error {
	switch i % 4 {
	case 0:
		c.book.did("the API server is killed and started again")
		c.stage.apiRestarts.Add(1)
		return c.stage.cp.APIServer.Restart(ctx)
	case 1:
		c.book.did("etcd is killed and started again")
		c.stage.etcdRestarts.Add(1)
		return c.stage.cp.Etcd.Restart(ctx)
	case 2:
		c.book.did("the API server answers nothing for 6 s")
		c.stage.cp.APIServer.Pause()
		defer c.stage.cp.APIServer.Resume()
		return pause(ctx, 6*time.Second)
	default:
		c.book.did("etcd is gone for 4 s")
		c.stage.etcdRestarts.Add(1)
		c.stage.cp.Etcd.Kill()
		if err := pause(ctx, 4*time.Second); err != nil {
			return err
		}
		return c.stage.cp.Etcd.Start(ctx)
	}
}
