// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package manager

import (
	"fmt"
	"strings"
	"testing"
	"unsafe"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
)

// decoded is a Group as the API server sends it: no text shares memory with another.
func decoded() *v1alpha1.Group {
	g := &v1alpha1.Group{ObjectMeta: metav1.ObjectMeta{
		Namespace: strings.Clone("lobby"), Name: "plaza", Finalizers: []string{strings.Clone(v1alpha1.FinalizerGroup)},
		Annotations:   map[string]string{v1alpha1.AnnotationGroupCluster: strings.Clone("uid"), corev1.LastAppliedConfigAnnotation: "{…}", "mine": "1"},
		ManagedFields: []metav1.ManagedFieldsEntry{{Manager: "kubectl"}},
	}}
	g.Spec.Contacts = append(make([]v1alpha1.Contact, 0, 32), v1alpha1.Contact{Username: strings.Clone("Hector")})
	g.Status.Conditions = []metav1.Condition{{Type: strings.Clone("Ready"), Message: strings.Clone("as declared")}}
	return g
}

func TestWhatIsCachedSaysTheSameInLessMemory(t *testing.T) {
	t.Parallel()
	small := compact(nil)
	want := decoded()
	want.ManagedFields = nil
	delete(want.Annotations, corev1.LastAppliedConfigAnnotation)
	var cached []*v1alpha1.Group
	for range 2 {
		g := decoded()
		if _, err := small(g); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, g); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
		cached = append(cached, g)
	}
	for name, of := range map[string]func(*v1alpha1.Group) string{
		"username":  func(g *v1alpha1.Group) string { return g.Spec.Contacts[0].Username },
		"namespace": func(g *v1alpha1.Group) string { return g.Namespace },
		"message":   func(g *v1alpha1.Group) string { return g.Status.Conditions[0].Message },
		"cluster":   func(g *v1alpha1.Group) string { return g.Annotations[v1alpha1.AnnotationGroupCluster] },
		"finalizer": func(g *v1alpha1.Group) string { return g.Finalizers[0] },
	} {
		if unsafe.StringData(of(cached[0])) != unsafe.StringData(of(cached[1])) {
			t.Errorf("two Groups keep one %s twice", name)
		}
	}
	if c := cap(cached[0].Spec.Contacts); c != 1 {
		t.Errorf("a list of one contact has room for %d", c)
	}
}

// Connections of either kind are cached without the metadata that nothing reads.
func TestConnectionsAreCachedLight(t *testing.T) {
	t.Parallel()
	small := compact(nil)
	for _, object := range []client.Object{&v1alpha1.Connection{}, &v1alpha1.ClusterConnection{}} {
		object.SetAnnotations(map[string]string{"mine": "1"})
		object.SetLabels(map[string]string{"mine": "1"})
		if _, err := small(object); err != nil {
			t.Fatal(err)
		}
		if len(object.GetAnnotations())+len(object.GetLabels()) != 0 {
			t.Errorf("%T is cached with %v, %v", object, object.GetAnnotations(), object.GetLabels())
		}
	}
}

// A deletion that was missed comes as something else, and must get through.
func TestWhatIsNoObjectIsCachedAsItIs(t *testing.T) {
	t.Parallel()
	if got, err := compact(nil)("a tombstone"); got != "a tombstone" || err != nil {
		t.Errorf("%v, %v", got, err)
	}
}

func TestAPoolForgetsWhatDoesNotComeAgain(t *testing.T) {
	t.Parallel()
	var p pool
	first := p.of(strings.Clone("Hector"))
	for i := range 10 * poolSize {
		p.of(fmt.Sprint("person-", i))
		if i%1000 == 0 && unsafe.StringData(p.of(strings.Clone("Hector"))) != unsafe.StringData(first) {
			t.Fatal("one that comes again and again is forgotten")
		}
	}
	if n := len(p.young) + len(p.aged); n > 2*poolSize {
		t.Errorf("%d texts are kept", n)
	}
}
