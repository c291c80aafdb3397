// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package simulation

import (
	"maps"
	"slices"
	"sync"

	"k8s.io/apimachinery/pkg/types"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
)

// records are what the checks remember: who declared what, and whose each remote group was.
// They touch nothing else.
type records struct {
	mu          sync.Mutex
	lineages    map[types.UID]string
	namesakes   map[name][]string          // the lineages that had a name in Kubernetes
	declared    map[string]map[string]bool // by lineage: the fields ever declared
	policies    map[string]map[v1alpha1.DeletionPolicy]bool
	made        map[string][]string // by lineage: the remote ids
	owners      map[string][]string // by remote id: the lineages that owned it
	stripped    map[types.UID]bool  // Groups that lost their finalizer to a person
	bare        map[types.UID]bool  // those of them whose status had no id by then
	ended       map[string]bool     // lineages that left their group to itself
	observing   map[string]bool     // lineages that only observe
	recorded    map[string]bool     // remote ids that ever stood in a status
	named       map[string]string   // by lineage: the remote id that its manifest names
	shared      map[string]bool     // remote ids that a second manifest names
	restored    map[string]bool     // lineages restored from a backup without status
	mixed       bool                // groups were made in both accounts
	allowDelete map[name]bool       // the connections that allowed it at some time
}

func newRecords() *records {
	return &records{
		lineages: map[types.UID]string{}, namesakes: map[name][]string{}, declared: map[string]map[string]bool{},
		policies: map[string]map[v1alpha1.DeletionPolicy]bool{}, made: map[string][]string{}, owners: map[string][]string{},
		stripped: map[types.UID]bool{}, bare: map[types.UID]bool{}, ended: map[string]bool{}, observing: map[string]bool{}, recorded: map[string]bool{},
		named: map[string]string{}, shared: map[string]bool{}, restored: map[string]bool{}, allowDelete: map[name]bool{},
	}
}

// addGroup notes a new Group as one of a lineage.
func (r *records) addGroup(g *v1alpha1.Group, lineage string) {
	r.mu.Lock()
	r.lineages[g.UID] = lineage
	r.namesakes[nameOf(g)] = append(r.namesakes[nameOf(g)], lineage)
	r.mu.Unlock()
	r.remember(g)
}

// remember keeps what a lineage has ever declared.
func (r *records) remember(g *v1alpha1.Group) {
	r.mu.Lock()
	defer r.mu.Unlock()
	l := r.lineages[g.UID]
	if r.declared[l] == nil {
		r.declared[l], r.policies[l] = map[string]bool{"name": true}, map[v1alpha1.DeletionPolicy]bool{}
	}
	for field, declared := range map[string]bool{
		"description": g.Spec.Description != nil, "avatar_url": g.Spec.AvatarURL != nil,
		"contacts": g.Spec.Contacts != nil, "archived_at": g.Spec.Archived != nil,
	} {
		if declared {
			r.declared[l][field] = true
		}
	}
	r.policies[l][g.Spec.DeletionPolicy] = true
	r.observing[l] = g.Spec.ManagementPolicy == v1alpha1.ManagementObserve // leaves its group as it is
}

func (r *records) lineageOf(g *v1alpha1.Group) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.lineages[g.UID]
}

// name notes that the manifest of a lineage names a remote id.
func (r *records) name(lineage, id string) { r.shared[id], r.named[lineage] = true, id }

func (r *records) end(g *v1alpha1.Group) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ended[r.lineages[g.UID]] = true
}

// madeFor are the remote ids that were made for the lineage of a Group.
func (r *records) madeFor(g *v1alpha1.Group) []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.made[r.lineages[g.UID]])
}

// declaredBy are the fields that the lineage of a Group ever declared.
func (r *records) declaredBy(g *v1alpha1.Group) map[string]bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.declared[r.lineages[g.UID]]
}

// add notes what a POST made for a Group.
func (r *records) add(g *v1alpha1.Group, id string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.made[r.lineages[g.UID]] = append(r.made[r.lineages[g.UID]], id)
}

// own notes what a Group says that it is bound to.
func (r *records) own(g *v1alpha1.Group) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.recorded[g.Status.ID] = true
	if id := g.Annotations[v1alpha1.AnnotationGroupID]; id != "" && !slices.Contains(r.owners[id], r.lineages[g.UID]) {
		r.owners[id] = append(r.owners[id], r.lineages[g.UID])
	}
}

// owned reports whether a Group was ever bound to an id.
func (r *records) owned(g *v1alpha1.Group, id string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Contains(r.owners[id], r.lineages[g.UID])
}

// allow notes whether a connection allows permanent deletion.
func (r *records) allow(l link, allow bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.allowDelete[l.connection] = r.allowDelete[l.connection] || allow
}

// everAllowed reports whether any connection ever allowed permanent deletion.
func (r *records) everAllowed() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Contains(slices.Collect(maps.Values(r.allowDelete)), true)
}

// consented reports whether a connection ever allowed permanent deletion, and a Group ever
// asked for it, or one that had its name and left something behind.
func (r *records) consented(g *v1alpha1.Group, l link, left bool) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	asks := func(l string) bool { return r.policies[l][v1alpha1.DeletionDelete] }
	return r.allowDelete[l.connection] && (asks(r.lineages[g.UID]) || left && slices.ContainsFunc(r.namesakes[nameOf(g)], asks))
}

// leftBehind: the remote group was made for a Group that had this one's name before,
// and is gone.
func (r *records) leftBehind(g *v1alpha1.Group, id string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.ContainsFunc(r.namesakes[nameOf(g)], func(l string) bool {
		return l != r.lineages[g.UID] && slices.Contains(r.made[l], id)
	})
}

func (r *records) isStrangers(id string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, ids := range r.made {
		if slices.Contains(ids, id) {
			return false
		}
	}
	return len(r.owners[id]) == 0
}

// mix notes that a group was made in another account. Where no Group owned anything,
// nothing told the accounts apart, and from now on the Groups' own groups are in both.
func (r *records) mix() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.mixed = true
}

func (r *records) isMixed() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.mixed
}

// wentToAnother: that other one may be gone by now, and have left the group alone.
func (r *records) wentToAnother(id, lineage string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.ContainsFunc(r.owners[id], func(owner string) bool { return owner != lineage && !r.observing[owner] })
}

// leftOnPurpose: one of those that owned a group was orphaned, or lost to force.
func (r *records) leftOnPurpose(lineages []string) bool {
	return slices.ContainsFunc(lineages, func(l string) bool { return r.ended[l] || r.policies[l][v1alpha1.DeletionOrphan] }) ||
		r.observing[lineages[max(0, len(lineages)-2)]] // the last owner; behind it stands who it was made for
}

// swapped: of two creates of one name and the same values the one got the other's
// group, which the other had let go of, before its own was to be seen. Nobody can
// tell these apart: docs/limits.md.
func (r *records) swapped(lineage string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	for other, ids := range r.made {
		if other != lineage && slices.ContainsFunc(ids, func(id string) bool { return slices.Contains(r.owners[id], lineage) && r.named[lineage] != id }) {
			return true
		}
	}
	return false
}
