// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package integration

import (
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"testing"
	"time"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/manager"
	"github.com/klink-cloud/klink-operator/internal/plan"
	"github.com/klink-cloud/klink-operator/internal/simulator"
)

// trouble is something between the operator and the API, or a habit of the API's, that
// comes upon Groups that are in order, and ends.
type trouble struct {
	from  simulator.Settings        // before it, and after it
	habit func(*simulator.Settings) // while it lasts
	fault simulator.Fault           // while it lasts
	down  string                    // the reason of the connection while it lasts; empty: it stays Connected
	// heldBack are the Groups that cannot be finished while it lasts. Where none is, all are.
	heldBack []string
}

// all are the Groups that somebody changes during a trouble, here or remotely.
var all = []string{"edited", "made", "filed", "ended", "drifted"}

var troubles = map[string]trouble{
	// What is not the API's word.
	"an ingress without a backend": {fault: simulator.Fault{Action: simulator.NoBackend}, down: v1alpha1.ReasonUnavailable, heldBack: all},
	"that, over an account paged by number": {
		from: simulator.Settings{Paging: simulator.Page}, fault: simulator.Fault{Action: simulator.NoBackend}, down: v1alpha1.ReasonUnavailable, heldBack: all,
	},
	"a proxy's 407": {fault: simulator.Fault{Action: simulator.ProxyAuth}, down: v1alpha1.ReasonUnavailable, heldBack: all},
	"that, over an account paged by number too": {
		from: simulator.Settings{Paging: simulator.Page}, fault: simulator.Fault{Action: simulator.ProxyAuth}, down: v1alpha1.ReasonUnavailable, heldBack: all,
	},
	"a redirect to a login page": {
		fault: simulator.Fault{Action: simulator.Redirect, Location: "https://login.example/"}, down: v1alpha1.ReasonUnavailable, heldBack: all,
	},
	"a login page":       {fault: simulator.Fault{Action: simulator.Garbage}, down: v1alpha1.ReasonUnavailable, heldBack: all},
	"an error under 200": {fault: simulator.Fault{Action: simulator.SaysError}, down: v1alpha1.ReasonUnavailable, heldBack: all},
	"a 404 to every single group, while lists are answered": {
		fault:    simulator.Fault{PathRegexp: "/groups/.", Action: simulator.Status, Status: http.StatusNotFound, Body: `{"message":"not found"}`},
		heldBack: []string{"edited", "filed", "ended", "drifted"},
	},
	"a refused first page, while single groups are answered": {
		from:  simulator.Settings{Paging: simulator.Page},
		fault: simulator.Fault{QueryRegexp: `limit=(100|[2-9])`, Action: simulator.NoBackend}, heldBack: []string{"drifted"},
	},
	"a login page in answer to DELETE": {
		fault: simulator.Fault{Method: http.MethodDelete, Action: simulator.Garbage}, heldBack: []string{"ended"},
	},
	"an error under 200 in answer to POST": {
		fault: simulator.Fault{Method: http.MethodPost, Action: simulator.SaysError}, heldBack: []string{"made"},
	},
	"a login page in answer to POST": {
		fault: simulator.Fault{Method: http.MethodPost, Action: simulator.Garbage}, heldBack: []string{"made"},
	},

	// What a reply does not show.
	"lists of summaries": {
		habit: func(s *simulator.Settings) { s.OmitInLists = []string{"description", "avatar_url", "contacts"} },
	},
	"lists without archived_at":  {habit: func(s *simulator.Settings) { s.OmitInLists = []string{"archived_at"} }},
	"usernames that are numbers": {habit: func(s *simulator.Settings) { s.NumericUsernames = true }},
	"a PUT that replaces":        {habit: func(s *simulator.Settings) { s.Put = simulator.Replace }, heldBack: []string{"edited", "drifted"}},
	"replies out of a cache":     {habit: func(s *simulator.Settings) { s.Age = time.Second }, heldBack: []string{"ended"}},
}

// listingsToRecover are what fits into the settle time and one interval.
const listingsToRecover = int(plan.SettleTime/(10*time.Second)) + 1

var archiving = regexp.MustCompile(`^\{"archived_at":\d+\}$`)

// Whatever comes between, or whatever habit the API takes on: nobody's group is deleted
// or written, no Group that was in order is rewritten, a connection that is down is
// probed once an interval, and all is as declared soon after.
func TestNoTroubleDoesHarmAndAllIsWellSoonAfter(t *testing.T) {
	t.Parallel()
	for name, c := range troubles {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, c.from, func(c *v1alpha1.Connection, _ *manager.Options) { c.Spec.AllowDelete = true })
			p := w.prosper()
			if c.fault.Action != "" {
				w.sim.AddFault(c.fault)
			}
			if c.habit != nil {
				w.sim.Configure(c.habit)
				p.replaced = w.sim.Settings().Put == simulator.Replace
			}
			w.sim.ResetRequests()
			w.live() // before anybody knows: what is refused now would stay refused
			if c.down != "" {
				w.awaitConnection("False", c.down)
			}
			w.sim.Mutate(p.ids["drifted"], func(g *simulator.Group) { g.Description = new("Theirs.") })
			p.endure(c)

			w.sim.ClearFaults()
			w.sim.Configure(func(s *simulator.Settings) { *s = c.from })
			recovery := w.passes()
			w.eventually(func() string { return p.unsettled() })
			n := w.passes() - recovery
			t.Logf("all is well after %d listings", n)
			if n > listingsToRecover {
				t.Errorf("that are more than %d", listingsToRecover)
			}
			w.wantConnected()
			w.nextPasses(1)
			p.wantNoHarm()
		})
	}
}

// prosperity is what a trouble comes upon.
type prosperity struct {
	*world

	ids      map[string]string
	stranger string
	versions map[string]string
	replaced bool // what a PUT does not send was reset
}

// prosper makes Groups that are in order, beside a stranger's group.
func (w *world) prosper() *prosperity {
	w.Helper()
	p := &prosperity{world: w, ids: map[string]string{}, versions: map[string]string{}}
	p.stranger = w.seed("A stranger's", func(g *simulator.Group) { g.Contacts = simulator.Contacts("12345", "Eve") })
	full := func(g *v1alpha1.Group) {
		g.Spec.Description, g.Spec.Contacts = new("Ours."), contacts("Hector", "Cedric")
	}
	changing := []string{"drifted", "edited", "ended", "filed"} // sorted
	names := append(w.groups("still", 8, full), changing...)
	for _, name := range names[8:] {
		w.group(name, full, func(g *v1alpha1.Group) {
			if name == "ended" {
				g.Spec.DeletionPolicy = v1alpha1.DeletionDelete
			}
		})
	}
	for _, name := range names {
		p.ids[name] = w.awaitSynced(name).Status.ID
	}
	w.nextPasses(2)
	for name, version := range w.versions() {
		if _, changes := slices.BinarySearch(changing, name); !changes {
			p.versions[name] = version
		}
	}
	return p
}

// live has a person go on with what people do.
func (w *world) live() {
	w.Helper()
	w.edit("edited", func(g *v1alpha1.Group) { g.Spec.Description = new("Edited.") })
	w.group("made", func(g *v1alpha1.Group) { g.Spec.Description = new("Ours.") })
	w.delete("filed")
	w.delete("ended")
}

// endure waits for two listings' time, and for what can be finished meanwhile.
func (p *prosperity) endure(c trouble) {
	p.Helper()
	for _, name := range all {
		if !slices.Contains(c.heldBack, name) {
			p.eventually(func() string { return p.unfinished(name) })
		}
	}
	if c.down != "" {
		p.awaitNotReady("edited", v1alpha1.ReasonConnectionNotReady)
		p.wantStill()
		p.sim.ResetRequests()
	}
	p.nextListings(2)
	for _, name := range c.heldBack {
		if p.unfinished(name) == "" {
			p.Errorf("%s is finished, though nobody said so whose word counts", name)
		}
	}
	if c.down != "" {
		p.wantProbes()
		p.wantCalls(nil)
	}
	p.wantStill()
}

// unfinished is what a Group that a person changed still waits for.
func (p *prosperity) unfinished(name string) string {
	g := p.get(name)
	switch {
	case name == "filed" || name == "ended":
		if g != nil {
			return name + " is still there: " + reasonOf(g)
		}
		return ""
	case g == nil:
		return name + " is gone"
	case name == "drifted" && (textOf(p.remote(g.Status.ID).Description) != "Ours." || len(p.remote(g.Status.ID).Contacts) != 2):
		return name + " is not corrected"
	}
	return lacks(g.Status.Conditions, g.Generation, "True", v1alpha1.ReasonSynced)
}

func (p *prosperity) unsettled() string {
	for _, name := range slices.Concat(all, slices.Collect(maps.Keys(p.versions))) {
		if why := p.unfinished(name); why != "" {
			return name + ": " + why
		}
	}
	return ""
}

// wantStill checks that nobody wrote to what nobody changed, here or there.
func (p *prosperity) wantStill() {
	p.Helper()
	now := p.world.versions()
	for name, version := range p.versions {
		if now[name] != version {
			p.Errorf("%s was rewritten, and nobody changed it: %+v", name, p.get(name).Status)
		}
	}
	for _, r := range p.sim.Requests() {
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
func (p *prosperity) wantNoHarm() {
	p.Helper()
	p.wantStill()
	p.wantRemotes(len(p.ids) - 1 + 2) // "ended" is gone; "made" and the stranger's
	p.wantArchived(p.ids["filed"], true)
	for name, id := range p.ids {
		if name != "ended" && name != "filed" {
			p.wantArchived(id, false)
		}
	}
	if d := textOf(p.remote(p.ids["edited"]).Description); d != "Edited." {
		p.Errorf("the description is %q", d)
	}
	if made := p.get("made").Status.ID; textOf(p.remote(made).Description) != "Ours." {
		p.Errorf("what was made shows %+v", p.remote(made))
	}
	if e := p.events("ended"); e["Deleted"] > 1 {
		p.Errorf("the events about a deletion are %v", e)
	}
	for _, name := range all {
		if e := p.events(name); e["Rejected"] > 0 {
			p.Errorf("%s was rejected, though nobody said so whose word counts: %v", name, e)
		}
	}
	for name := range p.versions {
		if e := p.events(name); fmt.Sprint(e) != "map[Created:1]" {
			p.Errorf("the events about %s are %v", name, e)
		}
	}
}
