// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package simulation

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
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
	sayWithin = 31 * time.Second
	// seeWithin is what a change may take to reach a process and a call to begin.
	seeWithin = time.Second
)

// shown is what the API said of a group.
type shown struct {
	at    time.Time
	group simulator.Group
}

// leftAlone is which Group said, and when, that its remote group is left as it is.
type leftAlone struct {
	by types.UID
	at time.Time
}

// witness sees what a story shows, and judges each step by it when it is made. It touches
// the journal alone; at the account and the cluster it only looks.
type witness struct {
	journal  *journal
	sim      *simulator.Server
	ops      *cluster
	link     link
	schedule schedule

	polls         int                  // calls that read the account
	calls, writes int                  // for one group, and to Kubernetes
	strangers     map[string]bool      // the remote ids that nobody declares
	shown         map[string][]shown   // by remote id: what the API said of it
	denied        map[string]time.Time // by remote id: when the API said last that it is gone
	orphaned      map[string]leftAlone // by remote id
	silent        map[string]time.Time // since when an object has had no current reason
}

func newWitness(w *world, s schedule) *witness {
	declared := v1alpha1.GroupSpec{Name: storyName}
	manifests[s.manifest](w.sim, &declared)
	return &witness{
		journal: w.journal, sim: w.sim, ops: w.ops, link: w.links[0], schedule: s, strangers: strangers(w.sim, declared.Name),
		shown: map[string][]shown{}, denied: map[string]time.Time{}, orphaned: map[string]leftAlone{}, silent: map[string]time.Time{},
	}
}

// strangers are the groups that the story begins with, but for the one of the declared name,
// which its manifest binds to.
func strangers(sim *simulator.Server, declared string) map[string]bool {
	ids := map[string]bool{}
	for _, account := range accounts(sim) {
		for _, g := range account.Groups() {
			ids[g.ID] = g.Name != declared
		}
	}
	return ids
}

// hear notes what a reply shows of each group: not what it says, but what is so, or was
// where reads lag, as a dialect may leave out half of it.
func (w *witness) hear(response *http.Response) io.ReadCloser {
	body, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode < 300 {
		for id := range strings.SplitSeq(string(body), `"id":"`) {
			id, _, _ = strings.Cut(id, `"`)
			for _, account := range accounts(w.sim) {
				for _, look := range []func(string) (simulator.Group, bool){account.Lagging, account.Group} {
					if g, exists := look(id); exists {
						w.shown[id] = append(w.shown[id], shown{time.Now(), g})
					}
				}
			}
		}
	}
	return io.NopCloser(bytes.NewReader(body))
}

// judgeCall judges a write to the API by what is so at this moment.
func (w *witness) judgeCall(p *process, c *call, what string) {
	id := idOf(c)
	if w.strangers[id] && !w.mayBindByName(c.about.name, id) {
		w.journal.violate("not ours: a stranger's group is written: %s", what)
	}
	// A call without an answer that was begun before may still arrive: docs/limits.md.
	if left, said := w.orphaned[id]; said && c.began.After(left.at) && (c.about.group == nil || c.about.group.UID == left.by) {
		w.journal.violate("left alone: written after it was said to be left as it is: %s", what)
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
		consent := p.cluster.lately(w.link.connection, since, func(o client.Object) bool { return w.link.spec(o).AllowDelete })
		if !consent || !wanted(v1alpha1.DeletionDelete) {
			w.journal.violate("two consents: deleted for good, and the present says otherwise: %s", what)
		}
	case c.request.Method == http.MethodPut && strings.Contains(string(c.body), `"archived_at":`) && !wanted(v1alpha1.DeletionArchive) && !wanted(v1alpha1.DeletionDelete):
		w.journal.violate("left alone: written although its Group asks for Orphan: %s", what)
	}
}

// mayBindByName reports whether a stranger's group was shown under a name that the Group of a
// call was to bind to at some time: one that takes the name is bound by it, once it is the only one.
func (w *witness) mayBindByName(n name, id string) bool {
	return w.ops.lately(n, time.Time{}, func(o client.Object) bool {
		g, ok := o.(*v1alpha1.Group)
		return ok && g.Spec.AdoptionPolicy == v1alpha1.AdoptByName &&
			slices.ContainsFunc(w.shown[id], func(s shown) bool { return s.group.Name == g.Spec.Name })
	})
}

// slack is how old what a process knows may be.
func (w *witness) slack() time.Duration {
	for _, c := range w.schedule.choices {
		if c.what == "unseen" {
			return seeWithin + unseenFor
		}
	}
	return seeWithin
}

// notTheAPI is the mark of replies that the API itself cannot have given.
var notTheAPI = regexp.MustCompile(`\b(302|407)\b|html|something went wrong`)

// judgeStatus judges what was just written of a Group.
func (w *witness) judgeStatus(p *process, g *v1alpha1.Group) {
	ready := meta.FindStatusCondition(g.Status.Conditions, v1alpha1.ConditionReady)
	if ready != nil && ready.Reason == v1alpha1.ReasonRejected && notTheAPI.MatchString(ready.Message) {
		w.journal.violate("not the API's word: Rejected by what stands before it: %s", ready.Message)
	}
	if ready == nil {
		return
	}
	before, _ := p.cluster.last().before.(*v1alpha1.Group)
	if before != nil && before.Status.ID == g.Status.ID {
		if was := meta.FindStatusCondition(before.Status.Conditions, v1alpha1.ConditionReady); was != nil && *was == *ready {
			return
		}
	}
	w.judgeReason(p, g, ready)
	if ready.Status != metav1.ConditionTrue || ready.Reason == v1alpha1.ReasonDrifted {
		return
	}
	since, spec := p.cluster.declaredSince(g, ready.ObservedGeneration)
	var diff []plan.Field
	heard := false
	for _, s := range w.shown[g.Status.ID] {
		if s.at.Before(since) {
			continue
		}
		if diff, heard = plan.DeclaredBy(spec).Diff(asRead(s.group)), true; len(diff) == 0 {
			return
		}
	}
	w.journal.violate("untrue: Ready=True/%s of generation %d, which appeared at %s; the API was heard since: %t, differing in %v",
		ready.Reason, ready.ObservedGeneration, since.Sub(w.journal.began), heard, diff)
}

// checkEvent judges what an event says by what is so.
func (w *witness) checkEvent(regarding runtime.Object, reason string) {
	g, ok := regarding.(*v1alpha1.Group)
	if !ok || g.Status.ID == "" {
		return
	}
	_, exists := w.sim.Group(g.Status.ID)
	archived := slices.ContainsFunc(w.shown[g.Status.ID], func(s shown) bool { return s.group.Archived() })
	switch {
	case reason == "Deleted" && exists, reason == "Archived" && exists && !archived:
		w.journal.violate("untrue: the event %s, but remote group %s is there", reason, g.Status.ID)
	case reason == "Orphaned":
		w.orphaned[g.Status.ID] = leftAlone{g.UID, time.Now()}
	}
}

// checkSilence: no Group and no connection is without a current reason for long.
func (w *witness) checkSilence() {
	for _, g := range w.ops.groups() {
		if w.isDistrusted() {
			break // then the Groups' statuses stay
		}
		w.judgeSilence(g, g.Status.Conditions, g.Status.ObservedGeneration)
		w.judgeBlocked(g)
	}
	for _, o := range w.ops.list("ClusterConnection") {
		w.judgeSilence(o, *w.link.conditions(o), o.GetGeneration())
	}
}

// isDistrusted reports whether the connection says that it may show a wrong account.
func (w *witness) isDistrusted() bool {
	ready := w.link.ready(w.ops)
	return ready != nil && ready.Reason == v1alpha1.ReasonMassDisappearance
}

func (w *witness) judgeSilence(o client.Object, conditions []metav1.Condition, observed int64) {
	key := fmt.Sprint(o.GetUID(), o.GetGeneration())
	ready := meta.FindStatusCondition(conditions, v1alpha1.ConditionReady)
	if ready != nil && ready.ObservedGeneration == o.GetGeneration() && observed == o.GetGeneration() {
		delete(w.silent, key)
		return
	}
	if w.silent[key].IsZero() {
		w.silent[key] = time.Now()
	}
	if time.Since(w.silent[key]) > sayWithin {
		text, _ := json.Marshal(ready)
		w.journal.violate("silent: %s %s says nothing of generation %d: %s", kindOf(o), o.GetName(), o.GetGeneration(), text)
	}
}

// spend counts what a schedule costs: its story, and a bound for each choice.
func (w *witness) spend(p *process, c *call, point string) {
	if c.about.name == (name{}) && c.request.Method == http.MethodGet {
		w.spendPoll(p, point)
		return
	}
	if w.calls++; w.calls == 20+callsPerChoice*len(w.schedule.choices) {
		w.journal.violate("wasted: %d calls for one Group by %s", w.calls, point)
		p.kill("as it costs too much")
	}
}

// spendPoll counts what it costs to watch the account: one listing for each interval, those that
// somebody waits for, and a bound for each choice.
func (w *witness) spendPoll(p *process, point string) {
	calls := 1
	switch dialect := w.schedule.dialect(); {
	case dialect == "summaries", strings.HasSuffix(dialect, "not listed"):
		calls = 2 + 2 // and what lists leave out is read of each of two Groups
	case strings.HasPrefix(dialect, "cut off"):
		calls = 4 // each way to the next page is tried
	case dialect != "":
		calls = 2 // the neighbours fill a page
	}
	intervals := int(time.Since(w.journal.began) / shortestInterval)
	if w.polls++; w.polls > calls*(intervals+5)+pollsPerChoice*len(w.schedule.choices) {
		w.journal.violate("wasted: %d calls to watch the account in %d intervals, by %s", w.polls, intervals, point)
		p.kill("as it costs too much")
	}
}

func (w *witness) spendWrite(p *process, point string) {
	if w.writes++; w.writes == 120+writesPerChoice*len(w.schedule.choices) {
		w.journal.violate("wasted: %d writes to Kubernetes by %s", w.writes, point)
		p.kill("as it costs too much")
	}
}

const (
	callsPerChoice  = 30
	writesPerChoice = 60
	pollsPerChoice  = 20
	// shortestInterval is the shortest resyncInterval of a story.
	shortestInterval = 50 * time.Second
)
