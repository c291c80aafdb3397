// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package simulation

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing/synctest"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/plan"
	"github.com/klink-cloud/klink-operator/internal/simulator"
)

const (
	endpoint     = "http://127.0.0.1:1" + simulator.Prefix
	rightToken   = "tok-right-0001"
	foreignToken = "tok-foreign-0002"
)

// world is one run: clusters, processes, the remote account, and what the
// checks remember.
type world struct {
	seed    uint64
	began   time.Time
	sim     *simulator.Server
	ops     *cluster // the cluster that Groups are declared in
	staging *cluster // another one with copies; nil without
	running []*process

	mu         sync.Mutex
	streams    map[string]*rand.Rand
	processes  int
	history    []string
	violations []string
	counts     map[string]int
	decisions  map[string]*plan.Facts

	weather weather
	breaks  breaks
	script  *script // of a schedule that is chosen and not drawn; else nil

	lineages    map[types.UID]string
	namesakes   map[name][]string          // the lineages that had a name in Kubernetes
	declared    map[string]map[string]bool // by lineage: the fields ever declared
	policies    map[string]map[v1alpha1.DeletionPolicy]bool
	made        map[string][]string // by lineage: the remote ids
	owners      map[string][]string // by remote id: the lineages that owned it
	stripped    map[types.UID]bool  // Groups that lost their finalizer to a person
	ended       map[string]bool     // lineages that left their group to itself
	observing   map[string]bool     // lineages that only observe
	recorded    map[string]bool     // remote ids that ever stood in a status
	named       map[string]string   // by lineage: the remote id that its manifest names
	shared      map[string]bool     // remote ids that a second manifest names
	restored    map[string]bool     // lineages restored from a backup without status
	mixed       bool                // groups were made in both accounts
	links       []link              // the connections of each cluster
	allowDelete map[name]bool       // the connections that allowed it at some time
	sequence    int
}

func newWorld(seed uint64, b breaks) *world {
	w := &world{
		seed: seed, began: time.Now(), streams: map[string]*rand.Rand{}, counts: map[string]int{}, decisions: map[string]*plan.Facts{}, breaks: b,
		lineages: map[types.UID]string{}, namesakes: map[name][]string{}, declared: map[string]map[string]bool{}, made: map[string][]string{}, ended: map[string]bool{}, observing: map[string]bool{}, recorded: map[string]bool{}, named: map[string]string{}, shared: map[string]bool{}, restored: map[string]bool{}, owners: map[string][]string{}, stripped: map[types.UID]bool{},
		policies: map[string]map[v1alpha1.DeletionPolicy]bool{}, allowDelete: map[name]bool{},
	}
	w.links = allLinks[:1+w.roll(2)]
	pagings := []simulator.Paging{simulator.Cursor, simulator.Cursor, simulator.Page, simulator.SinglePage, simulator.Limit, simulator.HasMorePage}
	settings := simulator.Settings{
		Paging: pagings[w.roll(len(pagings))], HideArchived: w.roll(2) == 0, MaxLimit: 10,
		ClockSkew: time.Duration(w.roll(120)-60) * time.Second,
	}
	if settings.Paging == simulator.Limit {
		settings.MaxLimit = 0
	}
	if w.roll(3) == 0 {
		settings.Lag = time.Duration(w.roll(60)) * time.Second
	}
	w.sim = simulator.New(simulator.Options{Token: rightToken, Seed: seed + 1, Settings: settings})
	w.sim.AddToken(foreignToken, "foreign")
	for range w.roll(25) {
		w.sim.Seed(simulator.Group{Name: w.pickName(), CreatedAt: w.began.Add(-time.Hour)}) // a recent one could not be told from ours
	}
	w.sim.Account("foreign").Seed(simulator.Group{Name: "theirs"})
	w.note("the account: %+v", settings)
	w.ops = newCluster("ops")
	w.setUp(w.ops)
	return w
}

// crowded: every second world is, so that the others keep their histories.
func (w *world) crowded() bool { return w.seed%2 == 0 }

// weather is how likely a fault is at each call, all zero once the faults stop, and
// how long a change takes to reach a cache at the most.
type weather struct {
	http, kube float64
	slowCache  time.Duration
}

func (w *world) setWeather(change func(*weather)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	change(&w.weather)
}

func (w *world) count(what string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.counts[what]++
}

func (w *world) pause(d time.Duration) {
	if d > 0 {
		time.Sleep(d)
	}
}

// note adds a line to the history.
func (w *world) note(format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.history = append(w.history, fmt.Sprintf("%12s  ", time.Since(w.began).Truncate(time.Microsecond))+fmt.Sprintf(format, args...))
}

// violate notes that a promise was broken.
func (w *world) violate(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	w.note("VIOLATION: %s", text)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.violations = append(w.violations, text)
}

func (w *world) violated() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.violations) > 0
}

// run lives through a time of faults, then a time of calm, and judges both.
func (w *world) run() {
	w.trouble()
	if !w.violated() {
		w.calm()
		w.converge()
	}
	for _, p := range w.running {
		p.kill("at the end")
	}
	w.sim.Close()
	for _, p := range w.running {
		p.done.Wait()
	}
	synctest.Wait()
}

// trouble lets people and faults act for a while.
func (w *world) trouble() {
	drawn := weather{http: float64(w.roll(4)) * 0.05, kube: float64(w.roll(3)) * 0.03}
	drawn.slowCache = time.Duration(w.roll(3)*w.roll(3000)) * time.Millisecond
	w.setWeather(func(now *weather) { *now = drawn })
	w.running = append(w.running, w.startProcess(w.ops))
	for range 10 + w.roll(30) {
		w.pause(time.Duration(w.roll(25_000))*time.Millisecond + dice{w, "people"}.latency())
		w.act()
		if w.violated() {
			return
		}
	}
}

// calm ends all faults, and undoes what would keep Groups from coming to rest.
func (w *world) calm() {
	w.note("the faults stop")
	w.setWeather(func(now *weather) { *now = weather{} })
	for _, g := range w.ops.groups() {
		w.editGroup(w.ops, nameOf(g), func(g *v1alpha1.Group) { g.Spec.Suspend = false })
	}
	for _, l := range w.links {
		w.ops.create(l.newSecret())
		w.setToken(l, rightToken)
		w.setAllowDelete(l, true)
	}
	w.reviveLeader()
}

// reviveLeader leaves exactly one manager running on the main cluster.
func (w *world) reviveLeader() {
	var alive []*process
	for _, p := range w.running {
		if p.cluster == w.ops && !p.isDead() {
			p.setFuse(-1)
			alive = append(alive, p)
		}
	}
	for _, p := range alive[:max(0, len(alive)-1)] {
		p.kill("as it is not the leader")
	}
	if len(alive) == 0 {
		w.running = append(w.running, w.startProcess(w.ops))
	}
}

// converge waits until every Group is at rest, and then that nothing is written.
func (w *world) converge() {
	var restless []string
	for range 60 {
		w.idle(3 * time.Minute)
		if w.violated() {
			return
		}
		if restless = w.restless(); len(restless) == 0 {
			break
		}
		for _, l := range w.links {
			w.acceptMissing(l)
		}
		w.settleUncertain()
	}
	if len(restless) > 0 {
		w.violate("restless: not at rest three hours after the faults stopped: %s", strings.Join(restless, "; "))
		return
	}
	w.idle(3 * time.Minute) // what was made last is listed, and lags no more
	writes, calls := w.ops.writeCount(), w.writeCalls()
	w.idle(10 * time.Minute)
	if more := w.writeCalls() - calls; more > 0 && (!w.endsIn(v1alpha1.ReasonNotApplied) || more > 2) { // it is tried again each hour
		w.violate("restless: remote writes go on after everything is at rest")
	}
	if n := w.ops.writeCount() - writes; n > 3*len(w.links) { // lastListTime moves every five minutes
		w.violate("restless: %d Kubernetes writes after everything is at rest", n)
	}
	w.checkLeaks()
	w.checkStatuses()
}

// acceptMissing does what the connection, or one of its Groups, asks a person to do, if
// the groups are really gone.
func (w *world) acceptMissing(l link) {
	ready := meta.FindStatusCondition(*l.conditions(w.ops.get(l.connection)), v1alpha1.ConditionReady)
	lost := slices.ContainsFunc(w.ops.groups(), func(g *v1alpha1.Group) bool {
		ready := meta.FindStatusCondition(g.Status.Conditions, v1alpha1.ConditionReady)
		return g.Spec.ConnectionRef == l.ref() && ready != nil && strings.Contains(ready.Message, v1alpha1.AnnotationAcceptMissing)
	})
	if !lost && (ready == nil || ready.Reason != v1alpha1.ReasonMassDisappearance) {
		return
	}
	w.note("a person accepts what is missing from %s", l.connection.name)
	w.ops.edit(l.connection, func(o client.Object) {
		o.SetAnnotations(map[string]string{v1alpha1.AnnotationAcceptMissing: time.Now().UTC().Format(time.RFC3339)})
	})
}

// settleUncertain does what CreateUncertain asks a person to do, who knows what
// was made.
func (w *world) settleUncertain() {
	for _, g := range w.ops.groups() {
		ready := meta.FindStatusCondition(g.Status.Conditions, v1alpha1.ConditionReady)
		if ready == nil || ready.Reason != v1alpha1.ReasonCreateUncertain {
			continue
		}
		w.count("settled by a person")
		id := w.madeFor(g)
		w.note("a person settles the create of %s: %q", g.Name, id)
		w.ops.edit(nameOf(g), func(o client.Object) {
			g := o.(*v1alpha1.Group)
			switch {
			case id == "":
				delete(g.Annotations, v1alpha1.AnnotationCreateAttempt)
			case g.DeletionTimestamp.IsZero():
				g.Spec.GroupID, g.Spec.AdoptionPolicy = id, v1alpha1.AdoptNever
			default:
				w.end(g)
				g.Spec.DeletionPolicy = v1alpha1.DeletionOrphan
			}
		})
	}
}

// madeFor is the group that was made for a Group and that no other owns.
func (w *world) madeFor(g *v1alpha1.Group) string {
	w.mu.Lock()
	made := slices.Clone(w.made[w.lineages[g.UID]])
	w.mu.Unlock()
	for _, id := range made {
		if _, exists := w.sim.Group(id); exists && !w.ownedByAnother(w.ops, g, id) {
			return id
		}
	}
	return ""
}

func (c *cluster) writeCount() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.writes
}

func (w *world) writeCalls() int {
	counts := w.sim.Counts()
	return counts["POST"] + counts["PUT"] + counts["DELETE"]
}

// text is the history as a person reads it.
func (w *world) text() string {
	return strings.Join(slices.Concat([]string{fmt.Sprintf("seed %d", w.seed)}, w.history, w.decided(), w.violations), "\n")
}
