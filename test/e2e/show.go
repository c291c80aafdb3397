// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"time"
)

const (
	operatorNamespace = "klink-operator-system"
	// ours is the namespace of the Groups and of the simulator.
	ours = "klink-e2e"
	// lease is what the leader holds.
	lease = "klink-operator.klink.cloud"
	// operatorPods are the manager's.
	operatorPods = "app.kubernetes.io/name=klink-operator"
)

// show is one run: the operator installed one way, from nothing to nothing.
type show struct {
	*cluster
	images images
	way    way
	token  string // of the account; it is shown nowhere
	remote *remote
	logs   *logs
	out    io.Writer

	audited int // bytes of the audit log that stood there at the start
}

// step is one thing that is shown. It returns a remark for its line.
type step struct {
	title string
	do    func(context.Context, *show) (remark string, err error)
}

// steps are in the order in which users come across them.
var steps = []step{
	{"the simulator runs", simulatorRuns},
	{"the operator is installed", install},
	{"two pods run, restricted", podsRun},
	{"one pod holds the lease", oneLeads},
	{"Groups are created", groupsAreCreated},
	{"a Group is changed", groupIsChanged},
	{"a Group is archived and unarchived", groupIsArchived},
	{"Groups are deleted by policy", groupsAreDeleted},
	{"the leader is killed, the other takes over", leaderIsKilled},
	{"an upgrade while Groups are being created", upgradeUnderLoad},
	{"metrics are for those who may read them", metricsAreGuarded},
	{"the operator is removed alone and comes back", operatorIsRemoved},
	{"nothing was forbidden, and the token was logged nowhere", logsAreClean},
	{"everything is removed, and the remote groups stay", everythingIsRemoved},
}

func newShow(c *cluster, images images, way string, out io.Writer) (*show, error) {
	w, known := ways[way]
	if !known {
		return nil, fmt.Errorf("-install: %q is not known", way)
	}
	s := &show{cluster: c, images: images, way: w, token: rand.Text(), out: out}
	s.remote = &remote{c}
	s.logs = newLogs(c)
	_, err := fmt.Fprintf(out, "\nInstalled with %s\n", w.title)
	return s, err
}

// perform runs the steps in turn and removes what they have made, also when one
// fails. A cluster that somebody uses it leaves alone.
func (s *show) perform(ctx context.Context) (err error) {
	if err := s.clusterIsFree(ctx); err != nil {
		return err
	}
	if s.auditLog != "" {
		audit, err := os.ReadFile(s.auditLog)
		if err != nil {
			return err
		}
		s.audited = bytes.LastIndexByte(audit, '\n') + 1
	}
	following, stop := context.WithCancel(ctx)
	defer func() {
		stop()
		s.logs.wait()
		if err != nil {
			err = errors.Join(err, s.clearAfterFailure(ctx))
		}
	}()
	s.logs.follow(following)
	for _, step := range steps {
		start := time.Now()
		remark, err := step.do(ctx, s)
		took := time.Since(start).Round(time.Second / 10)
		if err != nil {
			_, _ = fmt.Fprintf(s.out, "FAIL  %s (%s)\n", step.title, took)
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			return fmt.Errorf("%s: %w\n%s", step.title, err, s.logs.tail(s.token))
		}
		if remark != "" {
			remark = ": " + remark
		}
		_, _ = fmt.Fprintf(s.out, "ok    %s%s (%s)\n", step.title, remark, took)
	}
	return nil
}
