// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package transitions

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
)

// remote is what a remote group shows; the zero value is one that does not exist.
type remote struct {
	Name, Description, AvatarURL string
	Contacts                     []string
	Archived                     bool
}

// declare changes what a spec declares, and nothing else.
func (r *remote) declare(spec *v1alpha1.GroupSpec) {
	r.Name = spec.Name
	for text, declared := range map[*string]*string{&r.Description: spec.Description, &r.AvatarURL: spec.AvatarURL} {
		if declared != nil {
			*text = *declared
		}
	}
	if spec.Contacts != nil {
		r.Contacts = nil
		for _, contact := range spec.Contacts {
			r.Contacts = append(r.Contacts, contact.Username)
		}
		slices.Sort(r.Contacts)
		r.Contacts = slices.Compact(r.Contacts)
	}
	if spec.Archived != nil {
		r.Archived = *spec.Archived
	}
}

// awaitGroup waits for the Group's reason, and compares the remote group. It follows
// the declaration where the reason is Synced, and is left as it was otherwise.
func (w *world) awaitGroup(reason string) {
	w.Helper()
	g := w.awaitReady(reason)
	if stalled, reconciling := meta.FindStatusCondition(g.Status.Conditions, v1alpha1.ConditionStalled),
		meta.FindStatusCondition(g.Status.Conditions, v1alpha1.ConditionReconciling); stalled != nil && reconciling != nil {
		w.Errorf("Stalled and Reconciling at once: %+v", g.Status.Conditions)
	}
	if reason == v1alpha1.ReasonSynced {
		if w.id == "" {
			w.id = g.Status.ID
		}
		w.want.declare(&g.Spec)
	}
	if g.Status.ID != w.id || g.Spec.GroupID != "" && g.Spec.GroupID != w.id {
		w.Errorf("the Group is bound to %q and names %q; want %q", g.Status.ID, g.Spec.GroupID, w.id)
	}
	if w.id != "" {
		w.wantRemote()
		w.wantNoOther()
	}
}

// wantRemote compares the remote group with what it must show.
func (w *world) wantRemote() {
	w.Helper()
	var have remote
	for _, tenant := range w.sim.Tenants() {
		g, ok := w.sim.Account(tenant).Group(w.id)
		if !ok {
			continue
		}
		have = remote{Name: g.Name, Description: text(g.Description), AvatarURL: text(g.AvatarURL), Archived: g.Archived()}
		for _, contact := range g.Contacts {
			have.Contacts = append(have.Contacts, contact.Username)
		}
		slices.Sort(have.Contacts)
	}
	if diff := cmp.Diff(w.want, have); diff != "" {
		w.Errorf("the remote group (-want +have):\n%s", diff)
	}
}

// wantNoOther: no step makes a second remote group.
func (w *world) wantNoOther() {
	w.Helper()
	n := 0
	for _, tenant := range w.sim.Tenants() {
		for _, g := range w.sim.Account(tenant).Groups() {
			if g.Name == w.want.Name && (tenant == w.namespace || w.id == g.ID) {
				n++
			}
		}
	}
	if n != 1 {
		w.Errorf("%d remote groups have the name %q, want one", n, w.want.Name)
	}
}

func text(t *string) string {
	if t == nil {
		return ""
	}
	return *t
}

// A model that takes an omitted field for an empty one would agree with an operator
// that does so too.
func TestTheModelKeepsWhatIsNotDeclared(t *testing.T) {
	have := remote{Name: "Lobby", Description: "Kept.", AvatarURL: "https://example.com/a.jpg", Contacts: []string{"Hector"}, Archived: true}
	want := have
	want.Name = "Foyer"
	have.declare(&v1alpha1.GroupSpec{Name: "Foyer"})
	if diff := cmp.Diff(want, have); diff != "" {
		t.Errorf("omitted fields (-want +have):\n%s", diff)
	}
	empty, no := "", false
	have.declare(&v1alpha1.GroupSpec{Name: "Foyer", Description: &empty, AvatarURL: &empty, Contacts: []v1alpha1.Contact{}, Archived: &no})
	if diff := cmp.Diff(remote{Name: "Foyer"}, have); diff != "" {
		t.Errorf("empty fields (-want +have):\n%s", diff)
	}
}
