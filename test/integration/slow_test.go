// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package integration

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/klink"
	"github.com/klink-cloud/klink-operator/internal/manager"
	"github.com/klink-cloud/klink-operator/internal/simulator"
	"github.com/klink-cloud/klink-operator/test/harness/worlds"
)

// An API that takes its time holds up its own Groups and no others: the change of
// another connection's Group is done while the slow one has not answered a single call.
func TestASlowConnectionStarvesNoOther(t *testing.T) {
	t.Parallel()
	quick := simulator.Start(t, simulator.Options{Token: token})
	gate := worlds.NewGate(t, klink.NewTransport(), func(r *http.Request) bool {
		return r.Method == http.MethodPut && !strings.HasPrefix(r.URL.String(), quick.URL)
	})
	w := newWorld(t, simulator.Settings{}, func(_ *v1alpha1.Connection, o *manager.Options) {
		o.AllowedEndpoints += "," + quick.URL
		o.Transport = gate
	})
	other := &v1alpha1.Connection{ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: "quick"}, Spec: w.connection.get().Spec}
	other.Spec.Endpoint = quick.URL
	create(w, other)
	names := w.groups.createMany("slow", 3*w.options.Workers)
	w.groups.create("quick", func(g *v1alpha1.Group) { g.Spec.ConnectionRef.Name = "quick" })
	for _, name := range append(names, "quick") {
		w.groups.awaitSynced(name)
	}
	for _, name := range names {
		w.groups.edit(name, func(g *v1alpha1.Group) { g.Spec.Description = new("changed") })
	}
	eventually(w, func() string {
		if n := gate.Waiting(); n < w.options.Workers-2 {
			return fmt.Sprintf("%d slow calls are under way", n)
		}
		return ""
	})
	w.groups.edit("quick", func(g *v1alpha1.Group) { g.Spec.Description = new("changed") })
	w.groups.awaitSynced("quick")
	gate.Open()
	for _, name := range names {
		w.groups.awaitSynced(name)
	}
}
