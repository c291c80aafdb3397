// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package integration

import (
	"net/http"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/plan"
	"github.com/klink-cloud/klink-operator/internal/simulator"
)

// The API has no idempotency key: a second POST would make a second group, however
// the first one was answered.
func TestACreateWithoutAClearAnswerIsFoundAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Settings{})
	lies := map[string]simulator.Fault{
		"reset":     {Action: simulator.ResetAfter},
		"error-500": {Action: simulator.StatusAfter, Status: http.StatusInternalServerError},
		"error-503": {Action: simulator.StatusAfter, Status: http.StatusServiceUnavailable},
		"timeout":   {Action: simulator.StatusAfter, Status: http.StatusRequestTimeout},
		"conflict":  {Action: simulator.StatusAfter, Status: http.StatusConflict},
		"truncated": {Action: simulator.Truncate},
		"hung":      {Action: simulator.HangAfter, Delay: 3 * time.Second},
		"redirect":  {Action: simulator.StatusAfter, Status: http.StatusTemporaryRedirect, Headers: map[string]string{"Location": w.sim.URL + "/groups"}},
	}
	var names []string
	for name, lie := range lies {
		lie.Method, lie.BodyRegexp, lie.Times = http.MethodPost, `"The `+name+`"`, 1
		w.sim.AddFault(lie)
		names = append(names, name)
		w.groups.create(name, func(g *v1alpha1.Group) { g.Spec.Contacts = contacts("Hector", "Cliff") })
	}
	for _, name := range names {
		w.groups.await(name, metav1.ConditionTrue, v1alpha1.ReasonSynced)
		if note := w.groups.awaitEvent(name, "Created"); !strings.Contains(note, "recovered") {
			t.Errorf("%s: the event does not tell of the recovery: %s", name, note)
		}
	}
	w.wantOneToOne(names...)
	if n := w.sim.Counts()["POST"]; n != len(lies) {
		t.Errorf("%d POSTs for %d Groups: %v", n, len(lies), w.calls.writes())
	}
	if n := w.recoveries("bound"); n != float64(len(lies)) {
		t.Errorf("the metric counts %v recoveries, not %d", n, len(lies))
	}
}

// What was refused before anything was made needs no recovery, which takes minutes.
func TestARefusedCreateIsTriedAgainAtOnce(t *testing.T) {
	t.Parallel()
	w := prepareWorld(t, simulator.Settings{})
	w.options.Transport = w.sim.Transport() // only here can a connection be refused
	w.sim.AddFault(simulator.Fault{Method: http.MethodPost, BodyRegexp: "unreached", Times: 2, Action: simulator.Refuse})
	w.sim.AddFault(simulator.Fault{
		Method: http.MethodPost, BodyRegexp: "throttled", Times: 1, Action: simulator.Status,
		Status: http.StatusTooManyRequests, Headers: map[string]string{"Retry-After": "1"},
	})
	w.sim.AddFault(simulator.Fault{Method: http.MethodPost, BodyRegexp: "unprocessable", Times: 1, Action: simulator.Status, Status: http.StatusUnprocessableEntity})
	w.start()
	for _, name := range []string{"unreached", "throttled", "unprocessable"} {
		w.groups.create(name)
	}
	g := w.groups.await("unprocessable", metav1.ConditionFalse, v1alpha1.ReasonRejected)
	if !isStalled(g) {
		t.Error("a refused declaration is not Stalled")
	}
	wantMessage(w, g, "422")
	w.groups.edit("unprocessable", func(g *v1alpha1.Group) { g.Spec.Description = new("better") })
	for _, name := range []string{"unreached", "throttled", "unprocessable"} {
		w.groups.await(name, metav1.ConditionTrue, v1alpha1.ReasonSynced)
	}
	w.wantOneToOne("unreached", "throttled", "unprocessable")
	w.calls.want(map[string]int{"POST": 7})
	if n := w.recoveries("none") + w.recoveries("bound"); n != 0 {
		t.Errorf("%v recoveries of what was never sent or clearly refused", n)
	}
}

// That an attempt made nothing is proven only by a listing begun the settle time
// after it.
func TestALostCreateIsTriedAgainAfterTheSettleTime(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Settings{})
	w.sim.AddFault(simulator.Fault{Method: http.MethodPost, Times: 1, Action: simulator.Reset})
	w.groups.create("lost")
	g := w.groups.await("lost", metav1.ConditionFalse, v1alpha1.ReasonCreating)
	if g.Annotations[v1alpha1.AnnotationCreateAttempt] == "" {
		t.Error("the attempt is not noted")
	}
	eventuallyWithin(w, plan.SettleTime+patience, func() string {
		if n := w.sim.Counts()["POST"]; n < 2 {
			return "no second POST"
		}
		return ""
	})
	w.groups.await("lost", metav1.ConditionTrue, v1alpha1.ReasonSynced)
	var posts []time.Time
	for _, r := range w.sim.Requests() {
		if r.Method == http.MethodPost {
			posts = append(posts, r.Time)
		}
	}
	if len(posts) != 2 || posts[1].Sub(posts[0]) < plan.SettleTime {
		t.Errorf("the POSTs came at %v", posts)
	}
	w.wantOneToOne("lost")
	if n := w.recoveries("none"); n != 1 {
		t.Errorf("the metric counts %v recoveries without a group, not 1", n)
	}
}

// A backup restored without annotations, or somebody's edit, may lose the note of
// an attempt.
func TestTheGroupOfALostAttemptIsBound(t *testing.T) {
	t.Parallel()
	w := prepareWorld(t, simulator.Settings{})
	// Our finalizer tells that there was a note: without it an equal group is a namesake like any other.
	declare := func(g *v1alpha1.Group) {
		g.Spec.Description, g.Spec.AdoptionPolicy = new("World-renowned."), v1alpha1.AdoptAllowDuplicate
		g.Finalizers = []string{v1alpha1.FinalizerGroup}
	}
	for _, name := range []string{"exact", "older", "different", "archived"} {
		w.groups.create(name, declare)
	}
	seed := func(name, description string, age time.Duration, archived bool) string {
		g := simulator.Group{Name: "The " + name, Description: &description, CreatedAt: time.Now().Add(time.Second - age)}
		if archived {
			g.ArchivedAt = time.Now()
		}
		return w.sim.Seed(g)
	}
	equal := seed("exact", "World-renowned.", 0, false)
	seed("older", "World-renowned.", time.Hour, false)
	seed("different", "Nothing special.", 0, false)
	seed("archived", "World-renowned.", 0, true)
	w.start()
	if g := w.groups.await("exact", metav1.ConditionTrue, v1alpha1.ReasonSynced); g.Status.ID != equal {
		t.Errorf("bound to %s, not to its equal %s", g.Status.ID, equal)
	}
	for _, name := range []string{"older", "different", "archived"} {
		w.groups.await(name, metav1.ConditionTrue, v1alpha1.ReasonSynced)
	}
	w.calls.want(map[string]int{"POST": 3})
}

// Within the settle time a reply to our own write counts for more than a listing
// that lags behind.
func TestALaggingAPICausesNeitherASecondGroupNorFalseDrift(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Settings{Lag: 25 * time.Second})
	w.groups.create("slow", func(g *v1alpha1.Group) { g.Spec.Description = new("one") })
	w.groups.await("slow", metav1.ConditionTrue, v1alpha1.ReasonSynced)
	w.calls.nextPasses(1)
	w.groups.edit("slow", func(g *v1alpha1.Group) { g.Spec.Description = new("two") })
	w.groups.await("slow", metav1.ConditionTrue, v1alpha1.ReasonSynced)
	w.calls.nextPasses(4)
	w.groups.await("slow", metav1.ConditionTrue, v1alpha1.ReasonSynced)
	if n := w.sim.Counts(); n["POST"] != 1 || n["PUT"] != 1 {
		t.Errorf("want one POST and one PUT: %v", w.calls.writes())
	}
	if n := w.groups.events("slow")["DriftCorrected"]; n != 0 {
		t.Errorf("%d corrections of what was never wrong", n)
	}
	w.wantOneToOne("slow")
}

// An attempt noted by a manager that is gone is recovered, not repeated, and its
// finalizer holds the Group until then.
func TestADeletionDuringARecoveryAppliesToWhatTheCreateMade(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Settings{}, consentingToDeletion, rarelyListed)
	w.connection.awaitListed()
	lists := w.sim.AddFault(simulator.Fault{Method: http.MethodGet, PathRegexp: "/groups$", Action: simulator.Status, Status: http.StatusBadGateway})
	w.sim.AddFault(simulator.Fault{Method: http.MethodPost, Times: 1, Action: simulator.ResetAfter})
	w.groups.create("doomed", func(g *v1alpha1.Group) { g.Spec.DeletionPolicy = v1alpha1.DeletionDelete })
	w.calls.awaitPosts(1)
	w.groups.delete("doomed")
	eventually(w, func() string {
		if lists.Hits() == 0 {
			return "nobody has listed the account"
		}
		return ""
	})
	if w.groups.get("doomed") == nil || len(w.sim.Groups()) != 1 {
		t.Error("the Group went before its create was recovered")
	}
	lists.Remove()
	w.groups.awaitGone("doomed")
	if left := w.sim.Groups(); len(left) != 0 {
		t.Errorf("the group that the create made was left behind: %+v", left)
	}
}
