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

func (w *world) checkStatuses() {
	for _, g := range w.ops.groups() {
		text, _ := json.Marshal(g)
		w.checkText("a Group", string(text))
	}
}

// restless lists the Groups of the main cluster that are not at rest as declared.
func (w *world) restless() []string {
	var restless []string
	for _, g := range w.ops.groups() {
		if why := w.unrest(g); why != "" {
			restless = append(restless, g.Namespace+"/"+g.Name+": "+why)
		}
	}
	return restless
}

func (w *world) unrest(g *v1alpha1.Group) string {
	ready := meta.FindStatusCondition(g.Status.Conditions, v1alpha1.ConditionReady)
	switch {
	case !g.DeletionTimestamp.IsZero():
		return fmt.Sprintf("still being deleted: %+v", ready)
	case ready == nil || ready.ObservedGeneration != g.Generation || g.Status.ObservedGeneration != g.Generation:
		return fmt.Sprintf("not observed: %+v", ready)
	}
	if w.endsIn(ready.Reason) {
		return ""
	}
	switch ready.Reason {
	case v1alpha1.ReasonSynced:
		return w.unlike(g)
	case v1alpha1.ReasonObserved, v1alpha1.ReasonDrifted:
		return ""
	case v1alpha1.ReasonIDConflict:
		return "" // whether an owner exists is judged below
	case v1alpha1.ReasonAdoptionAmbiguous, v1alpha1.ReasonRemoteMissing:
		if g.Spec.GroupID != "" || g.Spec.AdoptionPolicy == v1alpha1.AdoptByName || g.Spec.ManagementPolicy == v1alpha1.ManagementObserve {
			return ""
		}
	case v1alpha1.ReasonNameTaken:
		if g.Spec.AdoptionPolicy == v1alpha1.AdoptNever && w.activeNamed(g.Spec.Name) {
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

// activeNamed reports whether an active remote group has the name.
func (w *world) activeNamed(name string) bool {
	return slices.ContainsFunc(w.sim.Groups(), func(g simulator.Group) bool { return g.Name == name && !g.Archived() })
}

// unlike compares a synced Group with the remote group itself.
func (w *world) unlike(g *v1alpha1.Group) string {
	remote, exists := w.sim.Group(g.Status.ID)
	if !exists {
		return "synced with a group that does not exist: " + g.Status.ID
	}
	if diff := plan.DeclaredBy(&g.Spec).Diff(asRead(remote)); len(diff) > 0 {
		return fmt.Sprintf("synced, but %v differ", diff)
	}
	for _, other := range w.ops.groups() {
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
func (w *world) checkLeaks() {
	owners := map[string]bool{}
	for _, g := range w.ops.groups() {
		owners[g.Status.ID] = true
		ready := meta.FindStatusCondition(g.Status.Conditions, v1alpha1.ConditionReady)
		if ready == nil || ready.Reason != v1alpha1.ReasonCreateUncertain || !w.endsIn(ready.Reason) {
			continue
		}
		for _, ids := range w.made { // it names them, for a person to choose
			for _, id := range ids {
				owners[id] = owners[id] || strings.Contains(ready.Message, id)
			}
		}
	}
	if w.isMixed() {
		return
	}
	for lineage, ids := range w.made {
		for _, id := range ids {
			// Another became the owner while it was away, or before its status said so:
			// docs/limits.md.
			outranked := w.restored[lineage] && (w.shared[id] || len(w.owners[id]) > 1) || w.shared[id] && !w.recorded[id]
			if w.alive(id) && !owners[id] && !w.leftOnPurpose(append(w.owners[id], lineage)) && !w.swapped(lineage) && !outranked {
				w.violate("left behind: remote group %s, made for %s", id, lineage)
			}
		}
	}
}

// leftOnPurpose: one of those that owned a group was orphaned, or lost to force.
func (w *world) leftOnPurpose(lineages []string) bool {
	return slices.ContainsFunc(lineages, func(l string) bool { return w.ended[l] || w.policies[l][v1alpha1.DeletionOrphan] }) ||
		w.observing[lineages[max(0, len(lineages)-2)]] // the last owner; behind it stands who it was made for
}

// swapped: of two creates of one name and the same values the one got the other's
// group, which the other had let go of, before its own was to be seen. Nobody can
// tell these apart: docs/limits.md.
func (w *world) swapped(lineage string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	for other, ids := range w.made {
		if other != lineage && slices.ContainsFunc(ids, func(id string) bool { return slices.Contains(w.owners[id], lineage) && w.named[lineage] != id }) {
			return true
		}
	}
	return false
}
