// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package gitops

import (
	"fmt"
	"time"

	"github.com/fluxcd/cli-utils/pkg/kstatus/status"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/simulator"
)

func groupStates() []state {
	const (
		current, working, failed, going = status.CurrentStatus, status.InProgressStatus, status.FailedStatus, status.TerminatingStatus
	)
	return []state{
		{"Group", v1alpha1.ReasonSynced, "True", healthy, current, nil, made},
		{"Group", v1alpha1.ReasonObserved, "True", healthy, current, nil, observed("")},
		{"Group", v1alpha1.ReasonDrifted, "True", healthy, current, nil, observed("Theirs.")},
		{"Group", v1alpha1.ReasonSuspended, "True", suspended, current, nil, madeThen(func(g *v1alpha1.Group) { g.Spec.Suspend = true })},
		{"Group", v1alpha1.ReasonSuspended, "Unknown", suspended, working, nil, with(func(g *v1alpha1.Group) { g.Spec.Suspend = true })},
		{"Group", v1alpha1.ReasonCreating, "False", progressing, working, refusing("POST", 500), with()},
		{"Group", v1alpha1.ReasonUpdating, "False", progressing, working, nil, contested},
		{"Group", v1alpha1.ReasonConnectionNotFound, "False", progressing, working, nil, with(func(g *v1alpha1.Group) { g.Spec.ConnectionRef.Name = "later" })},
		{"Group", v1alpha1.ReasonConnectionNotReady, "False", progressing, working, refusing("", 503), with()},
		{"Group", v1alpha1.ReasonUnavailable, "False", progressing, working, refusing("PUT", 502), madeThen(described)},
		{"Group", v1alpha1.ReasonRateLimited, "False", progressing, working, pausing("PUT"), madeThen(described)},
		{"Group", v1alpha1.ReasonDryRun, "False", progressing, working, func(w *world) { w.options.DryRun = true }, with()},
		{"Group", v1alpha1.ReasonRejected, "False", degraded, failed, refusing("POST", 422), with()},
		{"Group", v1alpha1.ReasonNotApplied, "False", degraded, failed, nil, with(func(g *v1alpha1.Group) { g.Spec.Description = new(" trimmed ") })},
		{"Group", v1alpha1.ReasonIDConflict, "False", degraded, failed, nil, conflicting},
		{"Group", v1alpha1.ReasonAdoptionAmbiguous, "False", degraded, failed, twins, with(func(g *v1alpha1.Group) { g.Spec.AdoptionPolicy = v1alpha1.AdoptByName })},
		{"Group", v1alpha1.ReasonNameTaken, "False", degraded, failed, twins, with()},
		{"Group", v1alpha1.ReasonCreateUncertain, "False", degraded, failed, nil, with(func(g *v1alpha1.Group) {
			g.Annotations = map[string]string{v1alpha1.AnnotationCreateAttempt: "{"}
		})},
		{"Group", v1alpha1.ReasonRemoteMissing, "False", degraded, failed, nil, with(func(g *v1alpha1.Group) { g.Spec.GroupID = "l7cGNIBKZiNJ6wqF" })},
		{"Group", v1alpha1.ReasonDeleteNotAllowed, "False", progressing, going, nil, func(w *world) {
			madeThen(func(g *v1alpha1.Group) { g.Spec.DeletionPolicy = v1alpha1.DeletionDelete })(w)
			w.delete("Group", "it")
		}},
		{"Group", v1alpha1.ReasonDeleting, "False", progressing, going, nil, func(w *world) {
			made(w)
			refusing("", 503)(w)
			w.await("Connection", "sim", "False", v1alpha1.ReasonUnavailable)
			w.delete("Group", "it")
		}},
	}
}

// with makes the Group.
func with(adjust ...func(*v1alpha1.Group)) func(*world) {
	return func(w *world) { w.group("it", adjust...) }
}

// made makes the Group and waits until it is in order.
func made(w *world) {
	w.group("it")
	w.awaitSynced("it")
}

func madeThen(change func(*v1alpha1.Group)) func(*world) {
	return func(w *world) {
		made(w)
		w.edit("it", change)
	}
}

func described(g *v1alpha1.Group) { g.Spec.Description = new("New.") }

// observed makes a Group that looks at a remote one with this description.
func observed(description string) func(*world) {
	return func(w *world) {
		id := w.sim.Seed(simulator.Group{Name: "The it", Description: new(description)})
		w.group("it", func(g *v1alpha1.Group) {
			g.Spec.ManagementPolicy, g.Spec.GroupID, g.Spec.Description = v1alpha1.ManagementObserve, id, new("")
		})
	}
}

// refusing answers all calls of a method with this status.
func refusing(method string, code int) func(*world) {
	return func(w *world) {
		w.sim.AddFault(simulator.Fault{
			Method: method, Action: simulator.Status, Status: code, Body: `{"message":"out of order for the night"}`,
		})
	}
}

// pausing asks for a minute's pause at the first call of a method; the connection, which
// looks at the account more rarely, does not mind.
func pausing(method string) func(*world) {
	return func(w *world) {
		w.editConnection(func(c *v1alpha1.Connection) { c.Spec.ResyncInterval = metav1.Duration{Duration: time.Hour} })
		w.sim.AddFault(simulator.Fault{
			Method: method, Times: 1, Action: simulator.Status, Status: 429, Headers: map[string]string{"Retry-After": "60"},
		})
	}
}

// contested changes a field as often as the operator corrects it, until it gives in.
func contested(w *world) {
	w.group("it", func(g *v1alpha1.Group) { g.Spec.Description = new("Ours.") })
	w.awaitSynced("it")
	id := w.sim.Groups()[0].ID
	for n := range 4 {
		w.sim.Mutate(id, func(g *simulator.Group) { g.Description = new(fmt.Sprintf("Theirs %d.", n)) })
		w.eventually(func() string {
			if g, _ := w.sim.Group(id); n < 3 && *g.Description != "Ours." {
				return fmt.Sprintf("correction %d has not come", n+1)
			}
			return ""
		})
	}
}

// conflicting makes a second Group for one remote group.
func conflicting(w *world) {
	bind := func(g *v1alpha1.Group) { g.Spec.Name, g.Spec.GroupID = "Shared", "l7cGNIBKZiNJ6wqF" }
	w.sim.Seed(simulator.Group{ID: "l7cGNIBKZiNJ6wqF", Name: "Shared"})
	w.group("first", bind)
	w.awaitSynced("first")
	w.group("it", bind)
}

// twins are two remote groups of the Group's name.
func twins(w *world) {
	for range 2 {
		w.sim.Seed(simulator.Group{Name: "The it"})
	}
}
