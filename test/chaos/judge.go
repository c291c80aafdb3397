// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
)

// shown is how many histories are printed at most: the first tells the most.
const shown = 5

// finding is what is wrong, and with which Groups.
type finding struct {
	key, text string
}

// judge compares what there is in the end with what people have declared. It only looks.
type judge struct {
	stage   *stage
	people  *people
	journal *journal
}

// verdict is what was found in the end.
type verdict struct {
	duplicates, leaks, unsettled []finding
}

// judge compares what there is with what there should be, prints the figures, and
// fails with the histories of those Groups that are not as they should be. The
// context is not that of the run, which may be over.
func (j *judge) judge(ctx context.Context, took time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	groups, err := j.journal.observe(ctx)
	if err != nil {
		return err
	}
	v := j.verdict(groups)
	j.report(v, took)
	var errs []error
	for _, m := range j.stage.managers {
		for _, line := range m.forbiddenLogLines() {
			errs = append(errs, fmt.Errorf("a manager's log shows a panic or the token: %s", line))
		}
	}
	if killed := j.stage.killed.Load(); killed < int64(j.stage.kills) {
		errs = append(errs, fmt.Errorf("%d kills of %d in the time given (-timeout)", killed, j.stage.kills))
	}
	findings := slices.Concat(v.duplicates, v.leaks, v.unsettled)
	for i, f := range findings {
		j.stage.say("%s: %s", f.key, f.text)
		if i < shown {
			fmt.Fprintln(j.stage.out, j.journal.history(f.key))
		}
	}
	if len(findings) > 0 {
		errs = append(errs, fmt.Errorf("%d findings with seed %d", len(findings), j.stage.seed))
	}
	return errors.Join(errs...)
}

func (j *judge) verdict(groups []v1alpha1.Group) verdict {
	ever, orphaned, names := map[string]int{}, map[string]bool{}, map[string]string{}
	for _, d := range j.people.all {
		ever[d.key]++
		names[d.name] = d.key
		orphaned[d.key] = orphaned[d.key] || d.deleted && d.policy == v1alpha1.DeletionOrphan
	}
	var v verdict
	owned := map[string]string{}
	for i := range groups {
		id, name := groups[i].Status.ID, groups[i].Name
		if other := owned[id]; other != "" && id != "" {
			v.duplicates = append(v.duplicates, finding{names[name], fmt.Sprintf("%s and %s own remote group %s", other, name, id)})
		}
		owned[id] = name
	}
	made := map[string]int{}
	for _, g := range j.stage.sim.Groups() {
		key := keyOf(g.Description)
		// One that was archived with its Group counts too: none is made twice.
		if made[key]++; made[key] > ever[key] {
			v.duplicates = append(v.duplicates, finding{key, fmt.Sprintf("%d Groups had %d remote groups, %s among them", ever[key], made[key], g.ID)})
		}
		if !g.Archived() && owned[g.ID] == "" && !orphaned[key] {
			v.leaks = append(v.leaks, finding{key, "no Group owns remote group " + g.ID})
		}
	}
	for name, why := range j.unsettled(groups) {
		v.unsettled = append(v.unsettled, finding{names[name], name + ": " + why})
	}
	return v
}

// report prints the figures.
func (j *judge) report(v verdict, took time.Duration) {
	creates, ambiguous, recovered := j.creates()
	fmt.Fprintf(j.stage.out, `
seed                   %d
kills                  %d
asked to end           %d
leaders frozen         %d
leader changes         %d
API server restarts    %d
etcd restarts          %d
Groups                 %d, of which %d were deleted
creates                %d
  ambiguous            %d
  recovered            %d
duplicates             %d
leaks                  %d
unsettled              %d
time to settle         %s
time in all            %s

`, j.stage.seed, j.stage.killed.Load(), j.stage.terms, j.stage.pauses, j.stage.leaderChanges, j.stage.apiRestarts.Load(), j.stage.etcdRestarts.Load(),
		len(j.people.all), j.people.gone, creates, ambiguous, recovered,
		len(v.duplicates), len(v.leaks), len(v.unsettled), took.Round(time.Second), time.Since(j.stage.began).Round(time.Second))
}

// creates counts the creates that were carried out, those of them whose manager
// got no good reply or died before it could write the id down, and those of the
// latter whose group was seen bound to a Group later.
func (j *judge) creates() (all, ambiguous, recovered int) {
	j.journal.mu.Lock()
	defer j.journal.mu.Unlock()
	doubtful := map[string]bool{}
	for _, r := range j.stage.sim.Requests() {
		if r.Method != http.MethodPost || !r.Committed {
			continue
		}
		all++
		if r.Status != http.StatusOK {
			if _, rest, found := strings.Cut(r.Body, `"description":"`); found {
				doubtful[keyOf(&rest)] = true
			}
		}
	}
	for _, g := range j.stage.sim.Groups() {
		if j.journal.unrecorded[g.ID] {
			doubtful[keyOf(g.Description)] = true
		}
	}
	for key := range doubtful {
		if len(j.journal.idsOf(key)) > 0 {
			recovered++
		}
	}
	return all, len(doubtful), recovered
}
