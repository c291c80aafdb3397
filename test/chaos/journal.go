// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package main

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
)

// event is something that was seen, or done.
type event struct {
	time time.Time
	text string
}

// journal is what was seen of the Groups during the run. It only reads.
type journal struct {
	stage  *stage
	people *people

	mu         sync.Mutex
	groups     map[string][]event // by the Group's name
	runEvents  []event            // kills and the like, which concern all Groups
	bound      map[string]string  // remote ids that a Group was ever bound to, to its name
	unrecorded map[string]bool    // remote ids whose manager was killed before it could write them down
}

func newJournal(s *stage, p *people) *journal {
	return &journal{
		stage: s, people: p, groups: map[string][]event{}, bound: map[string]string{}, unrecorded: map[string]bool{},
	}
}

// note notes something that concerns all Groups, and prints it.
func (j *journal) note(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	j.mu.Lock()
	j.runEvents = append(j.runEvents, event{time.Now(), text})
	j.mu.Unlock()
	j.stage.say("%s", text)
}

// observe lists the Groups and notes what has changed about them.
func (j *journal) observe(ctx context.Context) ([]v1alpha1.Group, error) {
	var list v1alpha1.GroupList
	if err := j.stage.api.List(ctx, &list, client.InNamespace(groupNamespace)); err != nil {
		return nil, fmt.Errorf("listing Groups: %w", err)
	}
	now := time.Now()
	j.mu.Lock()
	defer j.mu.Unlock()
	for i := range list.Items {
		g := &list.Items[i]
		if id := idOf(g); id != "" {
			j.bound[id] = g.Name
		}
		seen := j.groups[g.Name]
		if text := describe(g); len(seen) == 0 || seen[len(seen)-1].text != text {
			j.groups[g.Name] = append(seen, event{now, text})
		}
	}
	return list.Items, nil
}

// watch observes every second. What fails is left out: the API server is down at times.
func (j *journal) watch(ctx context.Context) {
	for pause(ctx, time.Second) == nil {
		_, _ = j.observe(ctx)
	}
}

// noteUnrecorded notes the remote groups that a manager has made and had no time to write
// down, after it was killed and before the next one finds them. It is skipped
// when the API server is down: the count is a lower bound.
func (j *journal) noteUnrecorded(ctx context.Context) {
	made := j.stage.sim.Groups()
	groups, err := j.observe(ctx)
	if err != nil {
		return
	}
	waiting := map[string]bool{}
	for i := range groups {
		if idOf(&groups[i]) == "" && groups[i].Annotations[v1alpha1.AnnotationCreateAttempt] != "" {
			waiting[keyOf(groups[i].Spec.Description)] = true
		}
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, g := range made {
		if j.bound[g.ID] == "" && waiting[keyOf(g.Description)] {
			j.unrecorded[g.ID] = true
		}
	}
}

// idOf is the id that the Group is bound to.
func idOf(g *v1alpha1.Group) string {
	if g.Status.ID != "" {
		return g.Status.ID
	}
	return g.Annotations[v1alpha1.AnnotationGroupID]
}

// keyOf is the first word of a description.
func keyOf(description *string) string {
	if description == nil {
		return ""
	}
	key, _, _ := strings.Cut(*description, " ")
	return key
}

// describe is what matters of a Group, in one line.
func describe(g *v1alpha1.Group) string {
	text := fmt.Sprintf("generation %d", g.Generation)
	if g.DeletionTimestamp != nil {
		text += ", being deleted"
	}
	if attempt := g.Annotations[v1alpha1.AnnotationCreateAttempt]; attempt != "" {
		text += ", attempt " + attempt
	}
	if id := idOf(g); id != "" {
		text += ", id " + id
	}
	if ready := meta.FindStatusCondition(g.Status.Conditions, v1alpha1.ConditionReady); ready != nil {
		text += fmt.Sprintf(", Ready=%s %s of generation %d: %s", ready.Status, ready.Reason, ready.ObservedGeneration, ready.Message)
	}
	return text
}

// history is all that is known of what happened to a Group, and to others of its
// key, with what was done to the managers meanwhile.
func (j *journal) history(key string) string {
	j.mu.Lock()
	events := slices.Clone(j.runEvents)
	for _, d := range j.people.all {
		if d.key != key {
			continue
		}
		for _, e := range j.groups[d.name] {
			events = append(events, event{e.time, "Group " + d.name + ": " + e.text})
		}
	}
	ids := j.idsOf(key)
	j.mu.Unlock()
	for _, r := range j.stage.sim.Requests() {
		if slices.Contains(ids, r.ID) && r.Method != http.MethodGet || strings.Contains(r.Body, `"`+key+" ") {
			events = append(events, event{r.Time, fmt.Sprintf("call %s %s %s: answered %d, carried out: %t", r.Method, r.Path, r.Body, r.Status, r.Committed)})
		}
	}
	for _, g := range j.stage.sim.Groups() {
		if keyOf(g.Description) == key {
			events = append(events, event{g.CreatedAt, fmt.Sprintf("remote group %s was made, archived by now: %t", g.ID, g.Archived())})
		}
	}
	slices.SortStableFunc(events, func(a, b event) int { return a.time.Compare(b.time) })
	var text strings.Builder
	for _, e := range events {
		fmt.Fprintf(&text, "%9.3fs  %s\n", e.time.Sub(j.stage.began).Seconds(), e.text)
	}
	return text.String()
}

// idsOf lists the remote ids that Groups of a key were bound to. The journal's lock
// is held.
func (j *journal) idsOf(key string) []string {
	var ids []string
	for id, name := range j.bound {
		if slices.ContainsFunc(j.people.all, func(d *declared) bool { return d.name == name && d.key == key }) {
			ids = append(ids, id)
		}
	}
	return ids
}
