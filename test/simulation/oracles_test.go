// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package simulation

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/plan"
	"github.com/klink-cloud/klink-operator/internal/simulator"
)

const (
	otherHost     = "127.0.0.1:2"
	otherEndpoint = "http://" + otherHost + simulator.Prefix
	// tick is how often the world is looked at while nothing is done to it.
	tick = 5 * time.Second
	// sayWithin is how long something may be the matter without a status that says so:
	// thirty seconds, and what a look and a write take.
	sayWithin = 40 * time.Second
	// seeWithin is what a change may take to reach a process and a call to begin.
	seeWithin = time.Second
)

// shown is what the API said of a group.
type shown struct {
	at    time.Time
	group simulator.Group
}

// hear notes what a reply shows of each group: not what it says, but what is so, or was
// where reads lag, as a dialect may leave out half of it.
func (w *world) hear(response *http.Response) io.ReadCloser {
	body, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode < 300 {
		for id := range strings.SplitSeq(string(body), `"id":"`) {
			id, _, _ = strings.Cut(id, `"`)
			for _, account := range w.accounts() {
				for _, look := range []func(string) (simulator.Group, bool){account.Lagging, account.Group} {
					if g, exists := look(id); exists {
						w.script.shown[id] = append(w.script.shown[id], shown{time.Now(), g})
					}
				}
			}
		}
	}
	return io.NopCloser(bytes.NewReader(body))
}

// strangers are the groups that the story begins with, but for the one that its
// manifest binds to.
func (w *world) strangers() map[string]bool {
	var spec v1alpha1.GroupSpec
	manifests[w.script.schedule.manifest](w, &spec)
	ids := map[string]bool{}
	for _, account := range w.accounts() {
		for _, g := range account.Groups() {
			ids[g.ID] = g.Name != spec.Name
		}
	}
	return ids
}

// accounts are those of both tenants.
func (w *world) accounts() []simulator.Account {
	return []simulator.Account{w.sim.Account(simulator.DefaultTenant), w.sim.Account("foreign")}
}

// judgeCall judges a write to the API by what is so at this moment.
func (w *world) judgeCall(p *process, c *call, what string) {
	id := idOf(c)
	// A group that takes a name may be bound by it, once it is the only one.
	bound := w.script.schedule.manifest == "twins byName" && w.nameOfRemote(id) == "Theirs"
	if w.script.strangers[id] && !bound {
		w.violate("not ours: a stranger's group is written: %s", what)
	}
	if uid, said := w.script.orphaned[id]; said && (c.about.group == nil || c.about.group.UID == uid) {
		w.violate("left alone: written after it was said to be left as it is: %s", what)
	}
	since := c.began.Add(-w.slack())
	wanted := func(policy v1alpha1.DeletionPolicy) bool {
		return p.cluster.lately(c.about.name, since, func(o client.Object) bool {
			g, ok := o.(*v1alpha1.Group)
			return ok && g.Spec.DeletionPolicy == policy
		})
	}
	switch {
	case c.request.Method == http.MethodDelete:
		consent := p.cluster.lately(w.links[0].connection, since, func(o client.Object) bool { return w.links[0].spec(o).AllowDelete })
		if !consent || !wanted(v1alpha1.DeletionDelete) {
			w.violate("two consents: deleted for good, and the present says otherwise: %s", what)
		}
	case c.request.Method == http.MethodPut && strings.Contains(string(c.body), `"archived_at":`) && !wanted(v1alpha1.DeletionArchive) && !wanted(v1alpha1.DeletionDelete):
		w.violate("left alone: written although its Group asks for Orphan: %s", what)
	}
}

func (w *world) nameOfRemote(id string) string {
	g, _ := w.sim.Group(id)
	return g.Name
}

// slack is how old what a process knows may be.
func (w *world) slack() time.Duration {
	for _, c := range w.script.schedule.choices {
		if c.what == "unseen" {
			return seeWithin + unseenFor
		}
	}
	return seeWithin
}

// lately reports whether an object was so at some time since; of one that is gone, the
// last that was seen of it counts.
func (c *cluster) lately(n name, since time.Time, so func(client.Object) bool) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i := len(c.log) - 1; i >= 0; i-- {
		entry := c.log[i]
		if entry.now == nil {
			if entry.before != nil && nameOf(entry.before) == n && so(entry.before) {
				return true
			}
			continue
		}
		if nameOf(entry.now) != n {
			continue
		}
		if so(entry.now) {
			return true
		}
		if !entry.at.After(since) {
			return false
		}
	}
	return false
}

// notTheAPI is the mark of replies that the API itself cannot have given.
var notTheAPI = regexp.MustCompile(`\b(302|407)\b|html|something went wrong`)

// judgeStatus judges what was just written of a Group.
func (w *world) judgeStatus(p *process, g *v1alpha1.Group) {
	ready := meta.FindStatusCondition(g.Status.Conditions, v1alpha1.ConditionReady)
	if ready != nil && ready.Reason == v1alpha1.ReasonRejected && notTheAPI.MatchString(ready.Message) {
		w.violate("not the API's word: Rejected by what stands before it: %s", ready.Message)
	}
	if ready == nil || ready.Status != metav1.ConditionTrue || ready.Reason == v1alpha1.ReasonDrifted {
		return
	}
	before, _ := p.cluster.last().before.(*v1alpha1.Group)
	if before != nil && before.Status.ID == g.Status.ID {
		if was := meta.FindStatusCondition(before.Status.Conditions, v1alpha1.ConditionReady); was != nil && *was == *ready {
			return
		}
	}
	since, spec := p.cluster.declaredSince(g, ready.ObservedGeneration)
	var diff []plan.Field
	heard := false
	for _, s := range w.script.shown[g.Status.ID] {
		if s.at.Before(since) {
			continue
		}
		if diff, heard = plan.DeclaredBy(spec).Diff(asRead(s.group)), true; len(diff) == 0 {
			return
		}
	}
	w.violate("untrue: Ready=True/%s of generation %d, which appeared at %s; the API was heard since: %t, differing in %v",
		ready.Reason, ready.ObservedGeneration, since.Sub(w.began), heard, diff)
}

func (c *cluster) last() change {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.log[len(c.log)-1]
}

// declaredSince is when what a generation declares was first declared without a break.
func (c *cluster) declaredSince(g *v1alpha1.Group, generation int64) (since time.Time, spec *v1alpha1.GroupSpec) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i := len(c.log) - 1; i >= 0; i-- {
		old, ok := c.log[i].now.(*v1alpha1.Group)
		if !ok || old.UID != g.UID || old.Generation > generation {
			continue
		}
		if spec == nil {
			spec = &old.Spec
		}
		if !reflect.DeepEqual(plan.DeclaredBy(&old.Spec), plan.DeclaredBy(spec)) {
			break
		}
		since = c.log[i].at
	}
	return since, spec
}

// checkEvent judges what an event says by what is so.
func (w *world) checkEvent(regarding runtime.Object, reason string) {
	g, ok := regarding.(*v1alpha1.Group)
	if !ok || g.Status.ID == "" {
		return
	}
	_, exists := w.sim.Group(g.Status.ID)
	archived := slices.ContainsFunc(w.script.shown[g.Status.ID], func(s shown) bool { return s.group.Archived() })
	switch {
	case reason == "Deleted" && exists, reason == "Archived" && exists && !archived:
		w.violate("untrue: the event %s, but remote group %s is there", reason, g.Status.ID)
	case reason == "Orphaned":
		w.script.orphaned[g.Status.ID] = g.UID
	}
}

// idle lets time pass, and looks at the world at each tick.
func (w *world) idle(d time.Duration) {
	if w.script == nil {
		w.pause(d)
		return
	}
	for end := time.Now().Add(d); time.Now().Before(end) && !w.violated(); {
		w.pause(min(tick, time.Until(end)))
		for len(w.script.due) > 0 && !time.Now().Before(w.script.due[0].at) {
			do := w.script.due[0].do
			w.script.due = w.script.due[1:]
			do()
		}
		if len(w.leaders()) == 0 {
			w.running = append(w.running, w.startProcess(w.ops))
			clear(w.script.silent)
		}
		w.checkSilence()
	}
}

// checkSilence: no Group and no connection is without a current reason for long.
func (w *world) checkSilence() {
	if w.script.kubeFault() {
		clear(w.script.silent)
	}
	for _, g := range w.ops.groups() {
		if w.isDistrusted() {
			break // then the Groups' statuses stay
		}
		w.judgeSilence(g, g.Status.Conditions, g.Status.ObservedGeneration)
	}
	for _, o := range w.ops.list("ClusterConnection") {
		w.judgeSilence(o, *w.links[0].conditions(o), o.GetGeneration())
	}
}

// isDistrusted reports whether the connection says that it may show a wrong account.
func (w *world) isDistrusted() bool {
	o := w.ops.get(w.links[0].connection)
	if o == nil {
		return false
	}
	ready := meta.FindStatusCondition(*w.links[0].conditions(o), v1alpha1.ConditionReady)
	return ready != nil && ready.Reason == v1alpha1.ReasonMassDisappearance
}

func (w *world) judgeSilence(o client.Object, conditions []metav1.Condition, observed int64) {
	key := fmt.Sprint(o.GetUID(), o.GetGeneration())
	ready := meta.FindStatusCondition(conditions, v1alpha1.ConditionReady)
	if ready != nil && ready.ObservedGeneration == o.GetGeneration() && observed == o.GetGeneration() {
		delete(w.script.silent, key)
		return
	}
	if w.script.silent[key].IsZero() {
		w.script.silent[key] = time.Now()
	}
	if time.Since(w.script.silent[key]) > sayWithin {
		text, _ := json.Marshal(ready)
		w.violate("silent: %s %s says nothing of generation %d: %s", kindOf(o), o.GetName(), o.GetGeneration(), text)
	}
}

// spend counts what a schedule costs: its story, and a bound for each choice.
func (p *process) spend(c *call, point string) {
	s := p.script
	if c.about.name == (name{}) && c.request.Method == http.MethodGet {
		return // the poller's, at each interval
	}
	if s.calls++; s.calls == 20+callsPerChoice*len(s.schedule.choices) {
		p.violate("wasted: %d calls for one Group by %s", s.calls, point)
		p.kill("as it costs too much")
	}
}

func (p *process) spendWrite(point string) {
	s := p.script
	if s.writes++; s.writes == 120+writesPerChoice*len(s.schedule.choices) {
		p.violate("wasted: %d writes to Kubernetes by %s", s.writes, point)
		p.kill("as it costs too much")
	}
}

const (
	callsPerChoice  = 30
	writesPerChoice = 60
)
