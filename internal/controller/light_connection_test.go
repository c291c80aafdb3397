// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package controller

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/account"
	"github.com/klink-cloud/klink-operator/internal/plan"
)

// crowdedConnection has a megabyte of what nothing reads, beside what is read.
func crowdedConnection(request string) *v1alpha1.Connection {
	c := &v1alpha1.Connection{ObjectMeta: metav1.ObjectMeta{
		Namespace: "lobby", Name: "api", ResourceVersion: "7", Finalizers: []string{"example.com/theirs", v1alpha1.FinalizerInUse},
		Labels: map[string]string{"shard": "a"},
		Annotations: map[string]string{
			v1alpha1.AnnotationAcceptMissing: "2026-03-01T12:00:00Z", v1alpha1.AnnotationTakeOver: "uid", v1alpha1.AnnotationReconcileRequestedAt: request,
			"example.com/note": strings.Repeat("n", 200<<10),
		},
		OwnerReferences: []metav1.OwnerReference{{APIVersion: "v1", Kind: "ConfigMap", Name: strings.Repeat("o", 500<<10)}},
		ManagedFields:   []metav1.ManagedFieldsEntry{{Manager: strings.Repeat("m", 128)}},
	}}
	for i := range 10_000 {
		c.Labels[fmt.Sprint("label-", i)] = "1"
	}
	return c
}

func TestAConnectionIsLightInTheCacheWhateverItsMetadataHolds(t *testing.T) {
	for asked, shard := range map[string]bool{"": false, "shard in (a,b),!legacy": true, "label-1=1": false} {
		var selector labels.Selector
		if asked != "" {
			selector, _ = labels.Parse(asked)
		}
		request := strings.Repeat("request ", 1000)
		c := crowdedConnection(request)
		before := Groups{Selector: selector}.selects(c)
		CacheLightConnection(c, selector)
		if encoded, _ := json.Marshal(c); len(encoded) > 4<<10 {
			t.Errorf("%q: %d bytes are cached", asked, len(encoded))
		}
		if after := (Groups{Selector: selector}).selects(c); after != before {
			t.Errorf("%q: it is served: %t, and in the cache: %t", asked, before, after)
		}
		if _, kept := c.Labels["shard"]; kept != shard || c.Name != "api" || c.ResourceVersion != "7" ||
			!slices.Equal(c.Finalizers, []string{"example.com/theirs", v1alpha1.FinalizerInUse}) {
			t.Errorf("%q: labels %v, finalizers %v", asked, c.Labels, c.Finalizers)
		}
		from, accepted := acceptMissing(c, time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC))
		if !accepted || from.Day() != 1 || c.Annotations[v1alpha1.AnnotationTakeOver] != "uid" || c.Annotations[v1alpha1.AnnotationReconcileRequestedAt] != plan.Echo(request) {
			t.Errorf("%q: annotations %v", asked, c.Annotations)
		}
		other := crowdedConnection(request + "again")
		CacheLightConnection(other, selector)
		if sameAnnotations(c, other) {
			t.Errorf("%q: another request is not seen", asked)
		}
	}
	long := crowdedConnection("")
	long.Annotations[v1alpha1.AnnotationTakeOver] = strings.Repeat("u", 100<<10)
	if CacheLightConnection(long, nil); len(long.Annotations[v1alpha1.AnnotationTakeOver]) > cachedAnswer {
		t.Error("a long annotation is kept as a whole")
	}
	long.Spec.CABundle = strings.Repeat("b", 200<<10)
	for i := range 3000 {
		long.Finalizers = append(long.Finalizers, fmt.Sprint("a.example/", i))
	}
	for range 2 { // the second time it is light
		CacheLightConnection(long, nil)
		if encoded, _ := json.Marshal(long); len(encoded) > 4<<10 || !isLight(long) || !slices.Equal(long.Finalizers, []string{v1alpha1.FinalizerInUse}) {
			t.Errorf("%d bytes are cached, and of the finalizers %v", len(encoded), long.Finalizers)
		}
	}
}

// Up to a size a caBundle and finalizers are cached as they are: what is cut has to be read
// again before it is used or written back.
func TestWhatIsCutOfALargeConnection(t *testing.T) {
	for more, cut := range map[int]bool{0: false, 1: true} {
		c := &v1alpha1.Connection{}
		c.ManagedFields = []metav1.ManagedFieldsEntry{{Manager: "kubectl"}}
		c.Spec.CABundle = strings.Repeat("b", cachedBundle+more)
		c.Finalizers = []string{strings.Repeat("f", cachedFinalizers-itemCost+more)}
		CacheLightConnection(c, nil)
		if account.IsBundleSum(c.Spec.CABundle) != cut || isLight(c) != cut || (len(c.Finalizers) == 0) != cut {
			t.Errorf("%d more than is kept: cut %t, finalizers %d, caBundle %d bytes", more, isLight(c), len(c.Finalizers), len(c.Spec.CABundle))
		}
		if c.ManagedFields != nil || c.Annotations != nil {
			t.Errorf("cached besides: %v, %v", c.ManagedFields, c.Annotations)
		}
	}
}

// An object of one kind never becomes one of the other.
func TestAConnectionBecomesOneOfItsKind(t *testing.T) {
	own, shared := &v1alpha1.Connection{}, &v1alpha1.ClusterConnection{}
	assign(own, &v1alpha1.Connection{ObjectMeta: metav1.ObjectMeta{Name: "own"}})
	assign(shared, &v1alpha1.ClusterConnection{ObjectMeta: metav1.ObjectMeta{Name: "shared"}})
	assign(own, shared)
	assign(shared, own)
	if own.Name != "own" || shared.Name != "shared" {
		t.Errorf("they are %q and %q", own.Name, shared.Name)
	}
}
