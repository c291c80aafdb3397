// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package plugin

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/simulator"
	"github.com/klink-cloud/klink-operator/test/harness/worlds"
)

// told is a line of diff: what it says of a Group, and the reason that it ends in.
var told = regexp.MustCompile(`(?m)^kgrp/(\S+): (\w+)(?:[^(\n]*\((\w+): )?`)

// foretold is what diff says of each Group: the calls that would write, and the reason in the end.
func foretold(out string) (writes, reasons map[string]string) {
	writes, reasons = map[string]string{}, map[string]string{}
	calls := map[string]string{"create": "POST ", "update": "PUT ", "archive": "PUT ", "unarchive": "PUT ", "delete": "DELETE "}
	for _, m := range told.FindAllStringSubmatch(out, -1) {
		name, verb, reason := m[1], m[2], m[3]
		writes[name] += calls[verb]
		if reasons[name] == "" {
			reasons[name] = v1alpha1.ReasonSynced
		}
		if (verb == "nothing" || verb == "then") && reason != "" {
			reasons[name] = reason
		}
	}
	return writes, reasons
}

// cases are Groups, each with what their account has.
func cases(w *world) map[string]func(*v1alpha1.Group) {
	seed := func(name string, adjust ...func(*simulator.Group)) string {
		g := simulator.Group{Name: name, Description: new("old"), Contacts: simulator.Contacts("Hector", "Eve"), CreatedAt: time.Now().Add(-time.Hour)}
		for _, a := range adjust {
			a(&g)
		}
		return w.sim.Seed(g)
	}
	archived := func(g *simulator.Group) { g.ArchivedAt = time.Now().Add(-time.Minute) }
	earlier := func(g *simulator.Group) { g.ArchivedAt = time.Now().Add(-30 * time.Minute) }
	id := func(name string, adjust ...func(*simulator.Group)) func(*v1alpha1.Group) {
		made := seed("The "+name, adjust...)
		return func(g *v1alpha1.Group) { g.Spec.GroupID = made }
	}
	byName := func(g *v1alpha1.Group) { g.Spec.AdoptionPolicy = v1alpha1.AdoptByName }
	observe := func(g *v1alpha1.Group) { g.Spec.ManagementPolicy = v1alpha1.ManagementObserve }
	isArchived := func(yes bool) func(*v1alpha1.Group) {
		return func(g *v1alpha1.Group) { g.Spec.Archived = &yes }
	}
	named := func(name string) func(*v1alpha1.Group) {
		return func(g *v1alpha1.Group) { g.Spec.Name = name }
	}
	contacts := func(names ...string) func(*v1alpha1.Group) {
		return func(g *v1alpha1.Group) {
			g.Spec.Contacts = []v1alpha1.Contact{}
			for _, name := range names {
				g.Spec.Contacts = append(g.Spec.Contacts, v1alpha1.Contact{Username: name})
			}
		}
	}
	all := func(adjust ...func(*v1alpha1.Group)) func(*v1alpha1.Group) {
		return func(g *v1alpha1.Group) {
			for _, a := range adjust {
				a(g)
			}
		}
	}
	c := map[string]func(*v1alpha1.Group){
		"new": all(), "new-archived": isArchived(true), "new-full": all(contacts("Cliff"), func(g *v1alpha1.Group) { g.Spec.Description = new("") }),
		"new-twin-a": named("Twins of now"), "new-twin-b": named("Twins of now"),
		"taken": all(), "beside": func(g *v1alpha1.Group) { g.Spec.AdoptionPolicy = v1alpha1.AdoptAllowDuplicate },
		"by-name": byName, "by-name-none": byName, "by-name-archived": byName, "by-name-stays-archived": all(byName, isArchived(true)), "by-name-two": byName,
		"by-name-owned": all(byName, named("The owner")), "owner": id("owner"), "by-name-half": all(byName, named("The half")), "half": id("half"),
		"over-archived": all(), "observed": all(id("observed"), observe, contacts("Hector")), "observed-same": all(id("observed-same"), observe), "observed-none": all(byName, observe),
		"suspended": func(g *v1alpha1.Group) { g.Spec.Suspend = true }, "suspended-id": all(id("suspended-id"), func(g *v1alpha1.Group) { g.Spec.Suspend = true }),
		"missing": func(g *v1alpha1.Group) { g.Spec.GroupID = "nothere0" }, "emptied": all(id("emptied"), contacts(), func(g *v1alpha1.Group) { g.Spec.Description = new("") }),
		"at-least": all(id("at-least"), contacts("Cliff"), func(g *v1alpha1.Group) { g.Spec.ContactsPolicy = v1alpha1.ContactsAtLeast }),
		"order":    all(id("order"), contacts("Eve", "Hector", "Eve")), "kept": all(id("kept", archived), isArchived(true)), "unarchived": id("unarchived", archived),
		"active": all(id("active"), isArchived(false)), "to-archive": all(id("to-archive"), isArchived(true)), "renamed": all(id("renamed"), named("Another name")),
		"nowhere": func(g *v1alpha1.Group) { g.Spec.ConnectionRef.Name = "nowhere" },
	}
	for _, name := range []string{"taken", "beside", "by-name", "by-name-two", "by-name-two", "half"} {
		seed("The " + name)
	}
	for _, name := range []string{"by-name-archived", "by-name-stays-archived", "over-archived"} {
		seed("The "+name, archived)
		seed("The "+name, earlier)
	}
	return c
}

// TestDiffIsTrue compares what diff says with what the operator then does: of every kind of
// Group, before it is bound.
func TestDiffIsTrue(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for name, adjust := range cases(w) {
		w.groups.create(name, adjust)
	}
	w.compareWithTheOperator()
}

// compareWithTheOperator runs diff, then the operator, and wants the one to be as the other said.
func (w *world) compareWithTheOperator() {
	w.Helper()
	s := w.want(w.klink("diff"), 1)
	writes, reasons := foretold(s.out)
	var before v1alpha1.GroupList
	if err := api.List(w.Context(), &before); err != nil {
		w.Fatal(err)
	}
	ids := map[string]string{}
	w.sim.ResetRequests()
	w.operate()
	look := func() (wrong []string) {
		calls := map[string]string{}
		for i := range before.Items {
			g := &before.Items[i]
			if g.Namespace != w.namespace {
				continue
			}
			now := g.DeepCopy()
			reason := ""
			if worlds.Find(w, api, now) {
				if ready := meta.FindStatusCondition(now.Status.Conditions, v1alpha1.ConditionReady); ready != nil && now.Status.ObservedGeneration == now.Generation {
					reason = ready.Reason
				}
				if now.Status.ID != "" {
					ids[now.Status.ID] = now.Name
				}
				ids[now.Spec.Name] = now.Name
			} else {
				reason = v1alpha1.ReasonSynced // what goes, says nothing in the end
			}
			if reason == v1alpha1.ReasonObserved {
				reason = v1alpha1.ReasonSynced // diff names no reason where all is well
			}
			if want := reasons[g.Name]; reason != want {
				wrong = append(wrong, fmt.Sprintf("%s says %s, and diff %s", g.Name, reason, want))
			}
		}
		for _, r := range w.sim.Requests() {
			if r.Method == http.MethodGet {
				continue
			}
			calls[about(r, ids)] += r.Method + " "
		}
		for i := range before.Items {
			if g := &before.Items[i]; g.Namespace == w.namespace && calls[g.Name] != writes[g.Name] && !strings.HasPrefix(g.Name, "new-twin") {
				wrong = append(wrong, fmt.Sprintf("%s: the operator sent %q, and diff said %q", g.Name, calls[g.Name], writes[g.Name]))
			}
		}
		slices.Sort(wrong)
		return wrong
	}
	worlds.Eventually(w, patience, time.Second, func() string {
		if wrong := look(); len(wrong) > 0 {
			return strings.Join(wrong, "\n") + "\n" + s.out
		}
		return ""
	})
	w.listed(2)
	if wrong := look(); len(wrong) > 0 {
		w.Errorf("in the end: %s", strings.Join(wrong, "\n"))
	}
}

// about is the Group that a request was for, by the id in its path or the name in its body.
func about(r simulator.Request, ids map[string]string) string {
	if name := ids[r.Path[strings.LastIndex(r.Path, "/")+1:]]; name != "" {
		return name
	}
	for key, name := range ids {
		if r.Method == http.MethodPost && strings.Contains(r.Body, `"name":"`+key+`"`) {
			return name
		}
	}
	return r.Path
}
