// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package plugin

import (
	"fmt"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/test/harness/worlds"
)

// groups is what a person does with the Groups of a namespace without the plugin, and waits
// to see on them. It touches the Kubernetes API alone.
type groups struct {
	*testing.T

	namespace string
}

// create makes a Group on the world's connection.
func (gs groups) create(name string, adjust ...func(*v1alpha1.Group)) {
	gs.Helper()
	worlds.Create(gs, api, worlds.Group(gs.namespace, name, "sim", adjust...))
}

func (gs groups) get(name string) *v1alpha1.Group {
	gs.Helper()
	g := &v1alpha1.Group{ObjectMeta: metav1.ObjectMeta{Namespace: gs.namespace, Name: name}}
	if !worlds.Find(gs, api, g) {
		gs.Fatalf("there is no Group %s", name)
	}
	return g
}

func (gs groups) await(name, reason string) *v1alpha1.Group {
	gs.Helper()
	var g *v1alpha1.Group
	worlds.Eventually(gs, patience, 50*time.Millisecond, func() string {
		g = gs.get(name)
		return worlds.Lacks(g.Status.Conditions, g.Generation, reason)
	})
	return g
}

// awaitAll waits until all Groups of the namespace are Synced, each with an id of its own.
func (gs groups) awaitAll(count int) {
	gs.Helper()
	worlds.Eventually(gs, 5*time.Minute, time.Second, func() string {
		var list v1alpha1.GroupList
		if err := api.List(gs.Context(), &list, client.InNamespace(gs.namespace)); err != nil {
			return err.Error()
		}
		ids, lacking := map[string]bool{}, ""
		for _, g := range list.Items {
			if why := worlds.Lacks(g.Status.Conditions, g.Generation, v1alpha1.ReasonSynced); why != "" {
				lacking = g.Name + " " + why
			}
			ids[g.Status.ID] = true
		}
		if lacking == "" && len(ids) != count {
			return fmt.Sprintf("%d Groups have %d ids", len(list.Items), len(ids))
		}
		return lacking
	})
}

// replace deletes a Group and makes another one of its name.
func (gs groups) replace(name string, adjust ...func(*v1alpha1.Group)) {
	gs.Helper()
	g := gs.get(name)
	worlds.Delete(gs, api, g)
	worlds.Eventually(gs, patience, 20*time.Millisecond, worlds.Gone(gs, api, g))
	gs.create(name, adjust...)
}

// sayNameTaken is what the operator says of a Group beside an unowned group of its name.
func (gs groups) sayNameTaken(name string) {
	gs.Helper()
	g := gs.get(name)
	before := g.DeepCopy()
	meta.SetStatusCondition(&g.Status.Conditions, metav1.Condition{
		Type: v1alpha1.ConditionReady, Status: metav1.ConditionFalse, Reason: v1alpha1.ReasonNameTaken, Message: "taken", ObservedGeneration: g.Generation,
	})
	g.Status.ObservedGeneration = g.Generation
	if err := api.Status().Patch(gs.Context(), g, client.MergeFrom(before)); err != nil {
		gs.Fatal(err)
	}
}
