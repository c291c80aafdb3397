// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package integration

import (
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/manager"
	"github.com/klink-cloud/klink-operator/internal/plan"
	"github.com/klink-cloud/klink-operator/internal/simulator"
)

var archiving = regexp.MustCompile(`^\{"archived_at":\d+\}$`)

// Whatever comes between, or whatever habit the API takes on: nobody's group is deleted
// or written, no Group that was in order is rewritten, a connection that is down is
// probed once an interval, and all is as declared soon after.
func TestNoTroubleDoesHarmAndAllIsWellSoonAfter(t *testing.T) {
	t.Parallel()
	for name, c := range troubles {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, c.from, func(c *v1alpha1.Connection, o *manager.Options) { c.Spec.AllowDelete, o.Workers = true, 16 })
			p := newSettledWorld(w)
			p.beginTrouble(c)
			w.sim.Mutate(p.ids["drifted"], func(g *simulator.Group) { g.Description = new("Theirs.") })
			p.awaitDuring(c)

			w.sim.ClearFaults()
			w.sim.Configure(func(s *simulator.Settings) { *s = c.from })
			recovery := w.calls.passes()
			eventuallyWithin(w, plan.SettleTime+patience, p.unsettled)
			n := w.calls.passes() - recovery
			t.Logf("all is well after %d listings", n)
			if n > listingsToRecover {
				t.Errorf("that are more than %d", listingsToRecover)
			}
			w.connection.awaitConnected()
			w.calls.nextPasses(1)
			p.wantNoHarm()
			p.wantNoEarlyPost(c)
		})
	}
}

// settledWorld is a world whose Groups are in order before a trouble begins. It changes some
// of them, as a person does, and remembers what must not change.
type settledWorld struct {
	*testing.T

	world     *world
	ids       map[string]string
	strangers int
	versions  map[string]string
	replaced  bool        // what a PUT does not send was reset
	posted    []time.Time // the POSTs before the requests were reset
}

// newSettledWorld makes Groups that are in order, beside a stranger's group.
func newSettledWorld(w *world) *settledWorld {
	w.Helper()
	p := &settledWorld{T: w.T, world: w, ids: map[string]string{}, versions: map[string]string{}}
	w.remote.seed("A stranger's", func(g *simulator.Group) { g.Contacts = simulator.Contacts("12345", "Eve") })
	for p.strangers = 1; w.sim.Settings().Paging == simulator.Incomplete && p.strangers < 100; p.strangers++ {
		w.remote.seed(fmt.Sprintf("Stranger %d", p.strangers))
	}
	full := func(g *v1alpha1.Group) {
		g.Spec.Description, g.Spec.Contacts = new("Ours."), contacts("Hector", "Cedric")
	}
	changing := []string{"drifted", "edited", "ended", "filed"} // sorted
	// What our own writes set is read before it is corrected, so that one was archived by others.
	closed := w.remote.seed("The closed", archivedOn(1), func(g *simulator.Group) {
		g.Description, g.Contacts = new("Ours."), simulator.Contacts("Hector", "Cedric")
	})
	names := append(w.groups.createMany("still", 8, full), append([]string{"closed"}, changing...)...)
	for _, name := range names[8:] {
		w.groups.create(name, full, func(g *v1alpha1.Group) {
			switch name {
			case "ended":
				g.Spec.DeletionPolicy = v1alpha1.DeletionDelete
			case "closed":
				g.Spec.Archived, g.Spec.GroupID = new(true), closed
			}
		})
	}
	for _, name := range names {
		p.ids[name] = w.groups.awaitSynced(name).Status.ID
	}
	w.calls.nextPasses(2)
	for name, version := range w.groups.versions() {
		if _, changes := slices.BinarySearch(changing, name); !changes {
			p.versions[name] = version
		}
	}
	return p
}

// beginTrouble lets the trouble begin, and has a person go on with what people do, before anybody
// knows: what is refused now would stay refused. Lists take their time, though none that a
// client gives up, until each call was answered by the trouble.
func (p *settledWorld) beginTrouble(c trouble) {
	p.Helper()
	slow := p.world.sim.AddFault(simulator.Fault{Method: http.MethodGet, PathRegexp: "/groups$", Action: simulator.Pass, Delay: 12 * time.Second})
	if c.fault.Action != "" {
		p.world.sim.AddFault(c.fault)
	}
	if c.habit != nil {
		p.world.sim.Configure(c.habit)
		p.replaced = p.world.sim.Settings().Put == simulator.Replace
	}
	p.world.sim.ResetRequests()
	p.world.groups.edit("edited", func(g *v1alpha1.Group) { g.Spec.Description = new("Edited.") })
	p.world.groups.create("made", func(g *v1alpha1.Group) { g.Spec.Description = new("Ours.") })
	p.world.groups.delete("filed")
	p.world.groups.delete("ended")
	if c.down != "" {
		eventually(p, func() string {
			if n := p.world.sim.Counts(); n["POST"] < 1 || n["PUT"] < 2 || n["DELETE"] < 1 {
				return fmt.Sprintf("not all that people did came upon the trouble: %v", p.world.calls.writes())
			}
			return ""
		})
	}
	slow.Remove()
	if c.down != "" {
		p.world.connection.await("False", c.down)
	}
}

// awaitDuring waits for two listings' time, and for what can be finished meanwhile.
func (p *settledWorld) awaitDuring(c trouble) {
	p.Helper()
	for _, name := range all {
		if !slices.Contains(c.heldBack, name) {
			eventually(p, func() string { return p.unfinished(name) })
		}
	}
	if c.down != "" {
		p.world.groups.awaitNotReady("edited", v1alpha1.ReasonConnectionNotReady)
		p.wantUntouched()
		p.posted = p.posts()
		p.world.sim.ResetRequests()
	}
	p.world.calls.nextListings(2)
	for _, name := range c.heldBack {
		if p.unfinished(name) == "" {
			p.Errorf("%s is finished, though nobody said so whose word counts", name)
		} else if text := c.quoted[name]; text != "" {
			eventually(p, func() string { return p.quotes(name, text) })
		}
	}
	if c.down != "" {
		p.world.calls.wantProbes()
		p.world.calls.want(nil)
	}
	p.wantUntouched()
}

// quotes says what is wrong where a Group does not say what it was answered.
func (p *settledWorld) quotes(name, text string) string {
	g := p.world.groups.get(name)
	if g == nil {
		return name + " is gone"
	}
	ready := meta.FindStatusCondition(g.Status.Conditions, v1alpha1.ConditionReady)
	if ready == nil || ready.Status != "False" || !strings.Contains(ready.Message, text) || isStalled(g) {
		return fmt.Sprintf("%s does not say %q, or is Stalled: %+v", name, text, g.Status.Conditions)
	}
	return ""
}

// posts are when POSTs were sent, since the last reset.
func (p *settledWorld) posts() (sent []time.Time) {
	for _, r := range p.world.sim.Requests() {
		if r.Method == http.MethodPost {
			sent = append(sent, r.Time)
		}
	}
	return sent
}

// wantNoEarlyPost checks that no POST was sent again before it was clear what became of it.
func (p *settledWorld) wantNoEarlyPost(c trouble) {
	p.Helper()
	sent := slices.Concat(p.posted, p.posts())
	if len(sent) == 0 || c.unproven && len(sent) < 2 {
		p.Errorf("%d POSTs: the trouble met none", len(sent))
	}
	for i := 1; c.unproven && i < len(sent); i++ {
		if waited := sent[i].Sub(sent[i-1]); waited < plan.SettleTime {
			p.Errorf("a POST that may have made its group was sent again after %v", waited)
		}
	}
}

// unfinished is what a Group that a person changed still waits for.
func (p *settledWorld) unfinished(name string) string {
	g := p.world.groups.get(name)
	switch {
	case name == "filed" || name == "ended":
		if g != nil {
			return name + " is still there: " + reasonOf(g)
		}
		return ""
	case g == nil:
		return name + " is gone"
	case name == "drifted" && (textOf(p.world.remote.get(g.Status.ID).Description) != "Ours." || len(p.world.remote.get(g.Status.ID).Contacts) != 2):
		return name + " is not corrected"
	}
	return lacks(g.Status.Conditions, g.Generation, "True", v1alpha1.ReasonSynced)
}

func (p *settledWorld) unsettled() string {
	for _, name := range slices.Concat(all, slices.Collect(maps.Keys(p.versions))) {
		if why := p.unfinished(name); why != "" {
			return name + ": " + why
		}
	}
	return ""
}

// wantUntouched checks that nobody wrote to what nobody changed, here or there.
func (p *settledWorld) wantUntouched() {
	p.Helper()
	now := p.world.groups.versions()
	for name, version := range p.versions {
		if now[name] != version {
			p.Errorf("%s was rewritten, and nobody changed it: %+v", name, p.world.groups.get(name).Status)
		}
	}
	for _, r := range p.world.sim.Requests() {
		allowed := map[string]bool{
			"PUT " + p.ids["edited"] + ` {"description":"Edited."}`: true,
			"PUT " + p.ids["drifted"] + ` {"description":"Ours."}`:  true,
			"DELETE " + p.ids["ended"] + " ":                        true,
			`POST  {"description":"Ours.","name":"The made"}`:       true,
		}
		for _, reset := range []string{"edited", "drifted"} { // what a PUT that replaces resets is put back
			allowed["PUT "+p.ids[reset]+` {"contacts":[{"username":"Hector"},{"username":"Cedric"}]}`] = p.replaced
		}
		write := fmt.Sprintf("%s %s %s", r.Method, r.ID, r.Body)
		archives := r.Method == http.MethodPut && r.ID == p.ids["filed"] && archiving.MatchString(r.Body)
		if r.Method != http.MethodGet && !allowed[write] && !archives {
			p.Errorf("nobody declared %s", write)
		}
	}
}

// wantNoHarm checks what is there in the end.
func (p *settledWorld) wantNoHarm() {
	p.Helper()
	p.wantUntouched()
	p.world.remote.wantCount(len(p.ids) - 1 + 1 + p.strangers) // "ended" is gone; "made" is new
	p.world.remote.wantArchived(p.ids["filed"], true)
	for name, id := range p.ids {
		if name != "ended" && name != "filed" {
			p.world.remote.wantArchived(id, name == "closed")
		}
	}
	if d := textOf(p.world.remote.get(p.ids["edited"]).Description); d != "Edited." {
		p.Errorf("the description is %q", d)
	}
	if made := p.world.groups.get("made").Status.ID; textOf(p.world.remote.get(made).Description) != "Ours." {
		p.Errorf("what was made shows %+v", p.world.remote.get(made))
	}
	if e := p.world.groups.events("ended"); e["Deleted"] > 1 {
		p.Errorf("the events about a deletion are %v", e)
	}
	for _, name := range all {
		if e := p.world.groups.events(name); e["Rejected"] > 0 {
			p.Errorf("%s was rejected, though nobody said so whose word counts: %v", name, e)
		}
	}
	for name := range p.versions {
		want := map[string]int{"Created": 1}
		if name == "closed" {
			want = map[string]int{"Adopted": 1}
		}
		if e := p.world.groups.events(name); !maps.Equal(e, want) {
			p.Errorf("the events about %s are %v", name, e)
		}
	}
}
