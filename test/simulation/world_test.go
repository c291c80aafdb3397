// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package simulation

import (
	"strings"
	"testing/synctest"
	"time"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/simulator"
)

const (
	endpoint     = "http://127.0.0.1:1" + simulator.Prefix
	rightToken   = "tok-right-0001"
	foreignToken = "tok-foreign-0002"
)

// world is one run, whole. It composes the parts, and leads through the time of faults and
// the time without faults; what each part may touch are its fields.
type world struct {
	journal *journal
	chance  *chance
	records *records

	sim   *simulator.Server // the remote account
	ops   *cluster          // the cluster that Groups are declared in
	links links             // the connections of each cluster

	managers *managers
	judge    *judge
	audit    *audit

	kubectl   *kubectl
	people    *people
	others    *others
	accidents *accidents

	story *story // of a schedule that is chosen and not drawn; else nil
}

// newWorld is a world that is drawn from a seed.
func newWorld(seed uint64, b breaks) *world {
	j := newJournal(seed)
	c := newChance(j)
	links := allLinks[:1+c.roll(2)]
	pagings := []simulator.Paging{simulator.Cursor, simulator.Cursor, simulator.Page, simulator.SinglePage, simulator.Limit, simulator.HasMorePage}
	settings := simulator.Settings{
		Paging: pagings[c.roll(len(pagings))], HideArchived: c.roll(2) == 0, MaxLimit: 10,
		ClockSkew: time.Duration(c.roll(120)-60) * time.Second,
	}
	if settings.Paging == simulator.Limit {
		settings.MaxLimit = 0
	}
	if c.roll(3) == 0 {
		settings.Lag = time.Duration(c.roll(60)) * time.Second
	}
	sim := simulator.New(simulator.Options{Token: rightToken, Seed: seed + 1, Settings: settings})
	sim.AddToken(foreignToken, "foreign")
	for range c.roll(25) {
		sim.Seed(simulator.Group{Name: c.pickName(), CreatedAt: j.began.Add(-time.Hour)}) // a recent one could not be told from ours
	}
	sim.Account("foreign").Seed(simulator.Group{Name: "theirs"})
	j.note("the account: %+v", settings)
	return compose(c, sim, links, b)
}

// compose makes a world of its parts, and gives each what it may touch.
func compose(c *chance, sim *simulator.Server, links links, b breaks) *world {
	w := &world{journal: c.journal, chance: c, records: newRecords(), sim: sim, ops: newCluster("ops"), links: links}
	w.judge = &judge{journal: w.journal, records: w.records, sim: sim, ops: w.ops, links: links}
	w.managers = &managers{journal: w.journal, chance: c, sim: sim, ops: w.ops, judge: w.judge, breaks: b}
	w.audit = &audit{journal: w.journal, records: w.records, judge: w.judge, managers: w.managers, sim: sim, ops: w.ops}
	w.kubectl = &kubectl{journal: w.journal, records: w.records, sim: sim, ops: w.ops}
	w.people = &people{journal: w.journal, chance: c, records: w.records, kubectl: w.kubectl, sim: sim, ops: w.ops, links: links}
	w.others = &others{journal: w.journal, chance: c, records: w.records, sim: sim, ops: w.ops, links: links}
	w.accidents = &accidents{
		journal: w.journal, chance: c, managers: w.managers, kubectl: w.kubectl, people: w.people, others: w.others, ops: w.ops, links: links,
	}
	links.setUp(w.ops)
	return w
}

// run lives through a time of faults, then a time without them, and judges both.
func (w *world) run() {
	w.trouble()
	if !w.journal.violated() {
		w.stopFaults()
		w.converge()
	}
	w.end()
}

// end stops all that runs.
func (w *world) end() {
	w.managers.kill()
	w.sim.Close()
	w.managers.wait()
	synctest.Wait()
}

// trouble lets people and faults act for a while.
func (w *world) trouble() {
	drawn := faultRates{http: float64(w.chance.roll(4)) * 0.05, kube: float64(w.chance.roll(3)) * 0.03}
	drawn.slowCache = time.Duration(w.chance.roll(3)*w.chance.roll(3000)) * time.Millisecond
	w.chance.setFaultRates(func(now *faultRates) { *now = drawn })
	w.managers.start(w.ops)
	for range 10 + w.chance.roll(30) {
		time.Sleep(time.Duration(w.chance.roll(25_000))*time.Millisecond + w.chance.people().latency())
		w.act()
		if w.journal.violated() {
			return
		}
	}
}

// action is something that people or the surroundings do, and how likely it is.
type action struct {
	weight int
	do     func()
}

// actions are all that may happen in a world. In a crowded one strangers come and go, so
// that pages shift; people bind Groups by id, apply again what they have deleted, delete
// many at once, and lose a Secret; remote groups change in every field, and many vanish at
// once.
func (w *world) actions() []action {
	p, o, a := w.people, w.others, w.accidents
	all := []action{
		{8, p.createGroup}, {8, p.editSomeGroup}, {4, p.deleteSomeGroup}, {1, p.forceDelete},
		{2, p.replaceSomeGroup}, {2, p.copySomeGroup}, {2, p.restoreSomeGroup}, {2, o.tamper},
		{1, o.removeRemote}, {5, a.crash}, {2, a.crashSoon}, {2, a.handOver},
		{1, a.swapToken}, {1, p.toggleAllowDelete}, {1, a.copyToStaging}, {2, a.deleteInStaging},
		{1, a.outage},
	}
	if w.chance.crowded() {
		all = append(all, []action{
			{4, o.strangersCome}, {3, o.strangersGo}, {4, p.bindByID}, {3, p.reapplySomeGroup},
			{1, p.deleteMany}, {1, a.loseSecret}, {3, o.tamperMore}, {1, o.removeManyRemote},
		}...)
	}
	return all
}

// act lets one of them happen.
func (w *world) act() {
	total, actions := 0, w.actions()
	for _, a := range actions {
		total += a.weight
	}
	n := w.chance.roll(total)
	for _, a := range actions {
		if n -= a.weight; n < 0 {
			a.do()
			return
		}
	}
}

// stopFaults ends all faults, and undoes what would keep Groups from coming to rest.
func (w *world) stopFaults() {
	w.journal.note("the faults stop")
	w.chance.setFaultRates(func(now *faultRates) { *now = faultRates{} })
	for _, g := range w.ops.groups() {
		w.kubectl.edit(w.ops, nameOf(g), func(g *v1alpha1.Group) { g.Spec.Suspend = false })
	}
	for _, l := range w.links {
		w.ops.create(l.newSecret())
		w.kubectl.setToken(l, rightToken)
		w.kubectl.setAllowDelete(l, true)
	}
	w.managers.leaveOne()
}

// idle lets time pass.
func (w *world) idle(d time.Duration) {
	if w.story != nil {
		w.story.idle(d)
		return
	}
	time.Sleep(d)
}

// converge waits until every Group is at rest, and then that nothing is written.
func (w *world) converge() {
	var unsettled []string
	for range 60 {
		w.idle(3 * time.Minute)
		if w.journal.violated() {
			return
		}
		if unsettled = w.audit.unsettled(); len(unsettled) == 0 {
			break
		}
		for _, l := range w.links {
			w.kubectl.acceptMissing(l)
		}
		w.kubectl.settleUncertain()
	}
	if len(unsettled) > 0 {
		w.journal.violate("unsettled: not at rest three hours after the faults stopped: %s", strings.Join(unsettled, "; "))
		return
	}
	w.idle(3 * time.Minute) // what was made last is listed, and lags no more
	writes, calls := w.ops.writeCount(), writeCalls(w.sim)
	w.idle(10 * time.Minute)
	if more := writeCalls(w.sim) - calls; more > 0 && (!w.audit.endsIn(v1alpha1.ReasonNotApplied) || more > 2) { // it is tried again each hour
		w.journal.violate("unsettled: remote writes go on after everything is at rest")
	}
	if n := w.ops.writeCount() - writes; n > 3*len(w.links) { // lastListTime moves every five minutes
		w.journal.violate("unsettled: %d Kubernetes writes after everything is at rest", n)
	}
	w.audit.checkLeaks()
	w.audit.checkStatuses()
}
