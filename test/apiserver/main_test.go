// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package apiserver

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/kubernetes"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/test/harness/checkout"
	"github.com/klink-cloud/klink-operator/test/harness/controlplane"
	"github.com/klink-cloud/klink-operator/test/harness/worlds"
)

const (
	operatorNamespace = "klink-operator-system"
	managerName       = "klink-operator-controller-manager"
	team              = "team"
	elsewhere         = "elsewhere"
)

var (
	cluster *controlplane.ControlPlane
	api     client.Client
	clients kubernetes.Interface
)

// TestMain installs config/default, and lets three people at a namespace.
func TestMain(m *testing.M) {
	options := controlplane.Options{CRDPaths: []string{checkout.Path("config/crd/bases")}, ControllerManager: true}
	controlplane.Main(m, options, func(cp *controlplane.ControlPlane) {
		for _, args := range [][]string{
			{"apply", "--server-side", "--force-conflicts", "-k", checkout.Path("config/default")},
			{"create", "namespace", team},
			{"create", "namespace", elsewhere},
			{"create", "rolebinding", "viewer", "-n", team, "--clusterrole=view", "--user=viewer"},
			{"create", "rolebinding", "editor", "-n", team, "--clusterrole=edit", "--user=editor"},
			{"create", "rolebinding", "admin", "-n", team, "--clusterrole=admin", "--user=team-admin"},
			{"create", "clusterrolebinding", "admin-everywhere", "--clusterrole=admin", "--user=admin-everywhere"},
		} {
			if _, err := cp.Kubectl(context.Background(), args...); err != nil {
				panic(err)
			}
		}
		cluster, api, clients = cp, worlds.Client(cp.Config), kubernetes.NewForConfigOrDie(cp.Config)
	})
}

// newNamespace makes a namespace for one test.
func newNamespace(t *testing.T) string {
	t.Helper()
	return worlds.CreateNamespace(t, api, "test-")
}

// kubectl runs kubectl, which must succeed, and returns what it prints.
func kubectl(t *testing.T, args ...string) string {
	t.Helper()
	out, err := cluster.Kubectl(t.Context(), args...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// mutation changes a valid spec.
type mutation func(spec map[string]any)

// set returns the mutation that sets one field of the spec.
func set(field string, value any) mutation {
	return func(spec map[string]any) { spec[field] = value }
}

// all returns the mutation that does one after the other.
func all(mutations ...mutation) mutation {
	return func(spec map[string]any) {
		for _, mutate := range mutations {
			mutate(spec)
		}
	}
}

// object returns an object with a valid spec of the kind, changed by mutate.
func object(kind, namespace string, mutate mutation) *unstructured.Unstructured {
	spec := map[string]any{}
	switch kind {
	case "Group":
		spec["name"] = "Plaza Hotel"
	default:
		spec["tokenSecretRef"] = map[string]any{"name": "klink-token"}
	}
	if mutate != nil {
		mutate(spec)
	}
	obj := &unstructured.Unstructured{Object: map[string]any{"spec": spec}}
	obj.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind(kind))
	obj.SetGenerateName("test-")
	if kind != "ClusterConnection" {
		obj.SetNamespace(namespace)
	}
	return obj
}

// mustCreate creates an object that must be valid.
func mustCreate(t *testing.T, obj client.Object) {
	t.Helper()
	if err := api.Create(t.Context(), obj); err != nil {
		t.Fatal(err)
	}
}

// checkVerdict fails unless err is what the API server should have said: no
// error if want is empty, otherwise a refusal as invalid. want is then the path
// of the field, a colon, and a part of the message.
func checkVerdict(t *testing.T, err error, want string) {
	t.Helper()
	if want == "" {
		if err != nil {
			t.Errorf("refused: %v", err)
		}
		return
	}
	var status apierrors.APIStatus
	if !apierrors.IsInvalid(err) || !errors.As(err, &status) {
		t.Fatalf("got %v, want a refusal as invalid with %q", err, want)
	}
	field, message, _ := strings.Cut(want, ": ")
	for _, cause := range status.Status().Details.Causes {
		if cause.Field == field && strings.Contains(cause.Message, message) {
			return
		}
	}
	t.Errorf("got refusal %v\nwant one with %q", err, want)
}

// createCase is a spec that is created and the verdict on it.
type createCase struct {
	mutate mutation
	want   string // see checkVerdict
}

// testCreate has the API server judge each case without keeping the object.
func testCreate(t *testing.T, kind string, cases map[string]createCase) {
	t.Helper()
	namespace := newNamespace(t)
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			obj := object(kind, namespace, tc.mutate)
			checkVerdict(t, api.Create(t.Context(), obj, client.DryRunAll, client.FieldValidation("Strict")), tc.want)
		})
	}
}

// writeFile writes a manifest and returns its path.
func writeFile(t *testing.T, content string) string {
	t.Helper()
	path := t.TempDir() + "/manifest.yaml"
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
