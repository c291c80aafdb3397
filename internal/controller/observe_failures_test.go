// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package controller

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
)

// Whether the CRD goes is asked where the Group does. What cannot be read is no fact: the look
// fails, and nothing is decided.
func TestALookThatCannotSeeFails(t *testing.T) {
	for what, c := range map[string]struct {
		edit  func(*scene)
		fails string
	}{
		"nothing":                  {func(v *scene) { v.server.fails = errors.New("not to be read") }, ""},
		"the CRD of one that goes": {func(v *scene) { v.s.group.DeletionTimestamp, v.server.fails = new(metav1.Now()), errors.New("crd") }, "crd"},
		"the connection":           {func(v *scene) { v.cache.fails = errors.New("cache") }, "reading ClusterConnection default: cache"},
		"the labels": {func(v *scene) {
			v.cache.shared[0].Spec.AllowedNamespaces = someUse
			v.o.groups.labels.live = &namespaces{fails: errors.New("labels")}
		}, "labels"},
		"who claims the wanted group": {func(v *scene) { v.bound("first"); v.o.owners.groups.Index = indexed{fails: errors.New("index")} }, "index"},
		"who claims a candidate":      {func(v *scene) { v.o.owners.groups.Index = indexed{fails: errors.New("index")} }, "index"},
		"who creates": {func(v *scene) {
			v.o.owners.groups.Index = failing{v.o.owners.groups.Index, indexName}
		}, "no such index"},
	} {
		synctest.Test(t, func(t *testing.T) {
			v := onScene(t)
			c.edit(v)
			if _, err := v.o.observe(t.Context(), v.s); (err != nil) != (c.fails != "") || err != nil && !strings.Contains(err.Error(), c.fails) {
				t.Errorf("%s: %v, want %q", what, err, c.fails)
			}
		})
	}
	synctest.Test(t, func(t *testing.T) {
		v := onScene(t)
		v.s.group.DeletionTimestamp, v.server.deleted = new(metav1.Now()), new(metav1.Now())
		v.s.state.memory.DeletionSeen = time.Now()
		if f := v.facts(t); !f.CRDGone || f.CRDUnread {
			t.Errorf("the CRD goes: %t, it is not known: %t", f.CRDGone, f.CRDUnread)
		}
		v.o.crd.unserved, v.o.crd.gone = func() (bool, error) { return false, nil }, false
		v.s.state.memory.DeletionSeen = time.Now().Add(time.Second)
		if f := v.facts(t); f.CRDGone || !f.CRDUnread {
			t.Errorf("the CRD goes: %t, it is not known: %t", f.CRDGone, f.CRDUnread)
		}
		v.cache.shared[0].Annotations = map[string]string{v1alpha1.AnnotationTakeOver: "theirs"}
		v.s.group.Annotations = map[string]string{v1alpha1.AnnotationGroupCluster: "theirs"}
		if !v.facts(t).Identity.TakeOver {
			t.Error("the connection lets it take over what that cluster bound, and the look does not see it")
		}
	})
}
