// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
)

// quietTime is how long all must stay settled: longer than a late create may take
// and than the interval at which the account is listed.
const quietTime = longestCreate + 12*time.Second

// settle ends the faults and waits until every Group is as declared, or gone, and
// stays so. It returns how long that took, not counting the proof that it stays;
// not getting there in time is for judge to say.
func (c *chaos) settle(ctx context.Context) (took time.Duration, err error) {
	c.stage.sim.ClearFaults()
	began := time.Now()
	c.journal.note("the faults are over; two managers settle what they left (at least 2 minutes, if a create was cut off before it was carried out)")
	p := &pair{killer: c.killer()}
	quiet := time.Now()
	unsettled := -1
	for unsettled != 0 || time.Since(quiet) < quietTime {
		if _, err := p.leader(ctx); err != nil {
			return 0, c.unlessExpired(ctx, err)
		}
		n, err := c.judge.countUnsettled(ctx)
		if err != nil && ctx.Err() == nil {
			continue // the API server is back soon
		}
		if n > 0 || unsettled != 0 {
			quiet = time.Now()
		}
		if n != unsettled {
			c.stage.say("%d Groups are not settled", n)
		}
		unsettled = n
		if err := pause(ctx, time.Second); err != nil {
			return time.Since(began), c.unlessExpired(ctx, err)
		}
	}
	return quiet.Sub(began), nil
}

// unlessExpired turns an error into none when the time is over: what is not
// settled by then is a finding, not a failure of this program.
func (c *chaos) unlessExpired(ctx context.Context, err error) error {
	if errors.Is(context.Cause(ctx), errTimeout) {
		c.stage.say("the time is over")
		return nil
	}
	return err
}

// countUnsettled counts the Groups that are not settled.
func (j *judge) countUnsettled(ctx context.Context) (int, error) {
	groups, err := j.journal.observe(ctx)
	if err != nil {
		return 0, err
	}
	return len(j.unsettled(groups)), nil
}

// unsettled returns why Groups are not settled, by their names: those that are
// not as declared, those that should be gone, and those that are gone and should
// not be.
func (j *judge) unsettled(groups []v1alpha1.Group) map[string]string {
	why := map[string]string{}
	for _, d := range j.people.all {
		if !d.deleted {
			why[d.name] = "it is gone, and nobody deleted it"
		}
	}
	for i := range groups {
		g := &groups[i]
		delete(why, g.Name)
		if text := j.whyUnsettled(g); text != "" {
			why[g.Name] = text
		}
	}
	return why
}

func (j *judge) whyUnsettled(g *v1alpha1.Group) string {
	if g.DeletionTimestamp != nil {
		return "it is still being deleted"
	}
	ready := meta.FindStatusCondition(g.Status.Conditions, v1alpha1.ConditionReady)
	if ready == nil || ready.Status != metav1.ConditionTrue || ready.ObservedGeneration != g.Generation {
		return "it is not ready"
	}
	remote, exists := j.stage.sim.Group(g.Status.ID)
	switch {
	case !exists:
		return "its remote group does not exist: " + g.Status.ID
	case remote.Archived():
		return "its remote group is archived: " + g.Status.ID
	case remote.Name != g.Spec.Name || remote.Description == nil || *remote.Description != *g.Spec.Description:
		return fmt.Sprintf("its remote group differs: %+v", remote)
	}
	return ""
}
