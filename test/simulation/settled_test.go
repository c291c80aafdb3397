// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package simulation

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/plan"
	"github.com/klink-cloud/klink-operator/internal/simulator"
)

// audit looks at the world once the faults have stopped: whether each Group is at rest as
// declared, and whether anything was left behind. It touches the journal alone.
type audit struct {
	journal  *journal
	records  *records
	judge    *judge
	sim      *simulator.Server
	ops      *cluster
	managers *managers
	endings  []string // the reasons in which Groups may end, as the account has a dialect
}

// restarted reports whether there was more than one process.
func (a *audit) restarted() bool { return len(a.managers.running) > 1 }

// endsIn reports whether a Group may end with that reason.
func (a *audit) endsIn(reason string) bool { return slices.Contains(a.endings, reason) }

func (a *audit) checkStatuses() {
	for _, g := range a.ops.groups() {
		text, _ := json.Marshal(g)
		a.judge.checkText("a Group", string(text))
	}
}

// unsettled lists the Groups of the main cluster that are not at rest as declared.
func (a *audit) unsettled() []string {
	var unsettled []string
	for _, g := range a.ops.groups() {
		if why := a.whyUnsettled(g); why != "" {
			unsettled = append(unsettled, g.Namespace+"/"+g.Name+": "+why)
		}
	}
	return unsettled
}

func (a *audit) whyUnsettled(g *v1alpha1.Group) string {
	ready := meta.FindStatusCondition(g.Status.Conditions, v1alpha1.ConditionReady)
	switch {
	case !g.DeletionTimestamp.IsZero():
		return fmt.Sprintf("still being deleted: %+v", ready)
	case ready == nil || ready.ObservedGeneration != g.Generation || g.Status.ObservedGeneration != g.Generation:
		return fmt.Sprintf("not observed: %+v", ready)
	}
	if a.endsIn(ready.Reason) {
		return ""
	}
	switch ready.Reason {
	case v1alpha1.ReasonSynced:
		return a.unlike(g)
	case v1alpha1.ReasonObserved, v1alpha1.ReasonDrifted:
		return ""
	case v1alpha1.ReasonIDConflict:
		return "" // whether an owner exists is judged below
	case v1alpha1.ReasonAdoptionAmbiguous, v1alpha1.ReasonRemoteMissing:
		if g.Spec.GroupID != "" || g.Spec.AdoptionPolicy == v1alpha1.AdoptByName || g.Spec.ManagementPolicy == v1alpha1.ManagementObserve {
			return ""
		}
	case v1alpha1.ReasonNameTaken:
		if g.Spec.AdoptionPolicy == v1alpha1.AdoptNever && activeNamed(a.sim, g.Spec.Name) {
			return ""
		}
	case v1alpha1.ReasonCreating:
		if g.Spec.AdoptionPolicy == v1alpha1.AdoptByName && strings.Contains(ready.Message, "belongs to Group") {
			return "" // whether that one owns it is judged below
		}
	case v1alpha1.ReasonUnavailable:
		if strings.Contains(ready.Message, onlyACache) {
			return "" // nothing else can be said of a group that is gone
		}
	case v1alpha1.ReasonUpdating:
		if len(g.Status.Drift) > 0 {
			return "" // contested
		}
	}
	return fmt.Sprintf("%s: %s", ready.Reason, ready.Message)
}

// unlike compares a synced Group with the remote group itself.
func (a *audit) unlike(g *v1alpha1.Group) string {
	remote, exists := a.sim.Group(g.Status.ID)
	if !exists {
		return "synced with a group that does not exist: " + g.Status.ID
	}
	if diff := plan.DeclaredBy(&g.Spec).Diff(asRead(remote)); len(diff) > 0 {
		return fmt.Sprintf("synced, but %v differ", diff)
	}
	for _, other := range a.ops.groups() {
		if other.UID != g.UID && other.Status.ID == g.Status.ID {
			if r := meta.FindStatusCondition(other.Status.Conditions, v1alpha1.ConditionReady); r != nil && r.Reason == v1alpha1.ReasonSynced {
				return "synced with the same group as " + other.Name
			}
		}
	}
	return ""
}

// checkLeaks: a live group that was made for a Group is still its, or was left to
// itself on purpose.
func (a *audit) checkLeaks() {
	owners := map[string]bool{}
	for _, g := range a.ops.groups() {
		owners[g.Status.ID] = true
		ready := meta.FindStatusCondition(g.Status.Conditions, v1alpha1.ConditionReady)
		// No manager that has started since can know of a group whose Group was replaced before
		// its status had the id: docs/limits.md.
		forgotten := a.records.bare[g.UID] && a.restarted()
		if ready == nil || (ready.Reason != v1alpha1.ReasonCreateUncertain || !a.endsIn(ready.Reason)) && (ready.Reason != v1alpha1.ReasonNameTaken || !forgotten) {
			continue
		}
		for _, ids := range a.records.made { // it names them, for a person to choose
			for _, id := range ids {
				owners[id] = owners[id] || strings.Contains(ready.Message, id)
			}
		}
	}
	if a.records.isMixed() {
		return
	}
	for lineage, ids := range a.records.made {
		for _, id := range ids {
			// Another became the owner while it was away, or before its status said so:
			// docs/limits.md.
			outranked := a.records.restored[lineage] && (a.records.shared[id] || len(a.records.owners[id]) > 1) || a.records.shared[id] && !a.records.recorded[id]
			if alive(a.sim, id) && !owners[id] && !a.records.leftOnPurpose(append(a.records.owners[id], lineage)) && !a.records.swapped(lineage) && !outranked {
				a.journal.violate("left behind: remote group %s, made for %s", id, lineage)
			}
		}
	}
}
