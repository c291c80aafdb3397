// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package gitops

import (
	"context"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/fluxcd/cli-utils/pkg/kstatus/status"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/simulator"
	"github.com/klink-cloud/klink-operator/test/harness/checkout"
)

func connectionStates() []state {
	const current, working, failed = status.CurrentStatus, status.InProgressStatus, status.FailedStatus
	return []state{
		{"Connection", v1alpha1.ReasonConnected, "True", healthy, current, nil, nil},
		{"Connection", v1alpha1.ReasonSecretNotFound, "False", progressing, working, func(w *world) {
			if err := w.api.Delete(w.Context(), w.secret("")); err != nil {
				w.Fatal(err)
			}
		}, nil},
		{"Connection", v1alpha1.ReasonUnavailable, "False", progressing, working, refusing("", 503), nil},
		{"Connection", v1alpha1.ReasonRateLimited, "False", progressing, working, func(w *world) {
			w.sim.AddFault(simulator.Fault{
				Times: 1, Action: simulator.Status, Status: 429, Headers: map[string]string{"Retry-After": "600"},
			})
		}, nil},
		{"Connection", v1alpha1.ReasonTerminating, "False", progressing, status.TerminatingStatus, nil, func(w *world) {
			made(w)
			w.eventually(func() string {
				if len(w.get("Connection", "sim").GetFinalizers()) == 0 {
					return "the connection is not held"
				}
				return ""
			})
			w.delete("Connection", "sim")
		}},
		{"Connection", v1alpha1.ReasonSecretInvalid, "False", degraded, failed, func(w *world) { w.setToken(" ") }, nil},
		{"Connection", v1alpha1.ReasonUnauthorized, "False", degraded, failed, func(w *world) { w.setToken("of-yesterday") }, nil},
		{"Connection", v1alpha1.ReasonEndpointNotAllowed, "False", degraded, failed, func(w *world) {
			w.options.AllowedEndpoints = v1alpha1.DefaultEndpoint
		}, nil},
		{"Connection", v1alpha1.ReasonMassDisappearance, "False", degraded, failed, nil, func(w *world) {
			w.group("first")
			w.group("second")
			w.awaitSynced("first", "second")
			w.sim.AddToken("of-somebody-else", "foreign")
			w.setToken("of-somebody-else")
		}},
	}
}

// sharedStates are those that need a ClusterConnection, which here has the name of its
// namespace.
func sharedStates() []state {
	return []state{
		{"ClusterConnection", v1alpha1.ReasonConnected, "True", healthy, status.CurrentStatus, nil, nil},
		{"Group", v1alpha1.ReasonConnectionNotAllowed, "False", degraded, status.FailedStatus, nil, nil},
		{"Group", v1alpha1.ReasonAdoptionNotAllowed, "False", degraded, status.FailedStatus, nil, nil},
	}
}

// TestSharedStates runs before all others: every manager sees every ClusterConnection.
func TestSharedStates(t *testing.T) { //nolint:paralleltest // see above
	w := prepareWorld(t)
	shared := &v1alpha1.ClusterConnection{}
	shared.Name = w.namespace
	shared.Spec.ConnectionSpec = w.connection().Spec
	shared.Spec.AllowedNamespaces = v1alpha1.AllowedNamespaces{
		From: v1alpha1.NamespacesFromSelector, Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"floor": "2"}},
	}
	w.create(shared)
	t.Cleanup(func() { w.remove(shared) })
	w.group("it", func(g *v1alpha1.Group) {
		g.Spec.ConnectionRef = v1alpha1.ConnectionReference{Kind: v1alpha1.KindClusterConnection, Name: shared.Name}
	})
	for _, untouched := range []struct{ kind, name string }{
		{"ClusterConnection", shared.Name}, {"Connection", "sim"}, {"Group", "it"},
	} {
		w.wantUntouched(untouched.kind, untouched.name)
	}
	w.start()
	states := sharedStates()
	w.wantState(&states[0], shared.Name)
	w.wantState(&states[1], "it")
	w.edit("it", func(g *v1alpha1.Group) { g.Spec.GroupID = "l7cGNIBKZiNJ6wqF" }) // while it may not create one
	free := client.RawPatch(types.MergePatchType, []byte(`{"spec":{"allowedNamespaces":{"from":"All","selector":null},"allowedAdoptionNamespaces":{"from":"None"}}}`))
	if err := w.api.Patch(w.Context(), shared, free); err != nil {
		w.Fatal(err)
	}
	w.wantState(&states[2], "it")
	w.delete("Group", "it")
}

// remove deletes an object when a test is over, whatever holds it.
func (w *world) remove(o client.Object) {
	free := client.RawPatch(types.MergePatchType, []byte(`{"metadata":{"finalizers":null}}`))
	for _, err := range []error{w.api.Delete(context.Background(), o), w.api.Patch(context.Background(), o, free)} {
		if client.IgnoreNotFound(err) != nil {
			w.Error(err)
		}
	}
}

// wantUntouched wants that nobody takes an object for done that nobody has looked at.
func (w *world) wantUntouched(kind, name string) {
	w.Helper()
	u := w.get(kind, name)
	health, message := argoHealth(w.T, u)
	if flux := fluxStatus(w.T, u); health != progressing || flux != status.InProgressStatus {
		w.Errorf("an untouched %s is %s to Argo CD and %s to Flux: %v", kind, health, flux, u.Object["status"])
	}
	if !strings.Contains(message, "Waiting") {
		w.Errorf("Argo CD shows %q", message)
	}
}

// setToken changes the Secret.
func (w *world) setToken(value string) {
	w.Helper()
	if err := w.api.Update(w.Context(), w.secret(value)); err != nil {
		w.Fatal(err)
	}
}

// reasons are those that the API declares.
func reasons(t *testing.T) []string {
	t.Helper()
	names, err := filepath.Glob(checkout.Path("api/v1alpha1/*.go"))
	if err != nil {
		t.Fatal(err)
	}
	var values []string
	for _, name := range names {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			spec, ok := n.(*ast.ValueSpec)
			if !ok || !strings.HasPrefix(spec.Names[0].Name, "Reason") || len(spec.Values) != 1 {
				return true
			}
			if literal, ok := spec.Values[0].(*ast.BasicLit); ok {
				value, err := strconv.Unquote(literal.Value)
				if err != nil {
					t.Fatal(err)
				}
				values = append(values, value)
			}
			return true
		})
	}
	return values
}
