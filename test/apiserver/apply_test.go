// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package apiserver

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
)

// declaration is one way to declare a field: in YAML, and as it is then stored.
// An omitted field has neither.
type declaration struct {
	yaml   string
	stored any
}

// declarations are the ways of each field whose empty value is a declaration.
var declarations = map[string]map[string]declaration{
	"description": {
		"omitted": {},
		"empty":   {`description: ""`, ""},
		"value":   {`description: World-renowned.`, "World-renowned."},
	},
	"avatarURL": {
		"omitted": {},
		"empty":   {`avatarURL: ""`, ""},
		"value":   {`avatarURL: https://example.com/a.jpg`, "https://example.com/a.jpg"},
	},
	"contacts": {
		"omitted": {},
		"empty":   {`contacts: []`, []any{}},
		"value":   {`contacts: [{username: Hector}]`, []any{map[string]any{"username": "Hector"}}},
	},
}

// TestApply: each step between omitted, empty and value must come out as it was
// declared, whichever way it is applied.
func TestApply(t *testing.T) {
	namespace := newNamespace(t)
	ways := []string{"omitted", "empty", "value"}
	for mode, flag := range map[string]string{"client-side": "--server-side=false", "server-side": "--server-side=true"} {
		for field, declared := range declarations {
			for _, from := range ways {
				for _, to := range ways {
					t.Run(strings.Join([]string{mode, field, from, to}, "/"), func(t *testing.T) {
						t.Parallel()
						name := strings.ToLower(fmt.Sprintf("%s-%s-%s-%s", mode, field, from, to))
						for _, step := range []declaration{declared[from], declared[to]} {
							apply(t, namespace, name, step.yaml, flag)
							checkStored(t, namespace, name, field, step.stored)
						}
					})
				}
			}
		}
	}
}

// apply applies a Group with one more line in its spec.
func apply(t *testing.T, namespace, name, line, flag string) {
	t.Helper()
	manifest := fmt.Sprintf("apiVersion: klink.cloud/v1alpha1\nkind: Group\n"+
		"metadata: {name: %s, namespace: %s}\nspec:\n  name: Plaza Hotel\n  %s\n", name, namespace, line)
	kubectl(t, "apply", flag, "-f", writeFile(t, manifest))
}

// checkStored compares a field of a stored spec with what it shall be; nil means
// that it must not be there at all.
func checkStored(t *testing.T, namespace, name, field string, want any) {
	t.Helper()
	group := &unstructured.Unstructured{}
	group.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind("Group"))
	if err := api.Get(t.Context(), types.NamespacedName{Namespace: namespace, Name: name}, group); err != nil {
		t.Fatal(err)
	}
	got, found := group.Object["spec"].(map[string]any)[field]
	if found != (want != nil) {
		t.Errorf("%s is %v, want %v", field, got, want)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", field, diff)
	}
}

// TestGoWritesKeepEmptyApart: a Go program that reads a Group and writes it back
// must not turn empty into omitted or the other way round.
func TestGoWritesKeepEmptyApart(t *testing.T) {
	namespace := newNamespace(t)
	for field, declared := range declarations {
		for way, declaration := range declared {
			t.Run(field+"/"+way, func(t *testing.T) {
				name := strings.ToLower(field + "-" + way)
				apply(t, namespace, name, declaration.yaml, "--server-side")
				var group v1alpha1.Group
				if err := api.Get(t.Context(), types.NamespacedName{Namespace: namespace, Name: name}, &group); err != nil {
					t.Fatal(err)
				}
				group.Spec.Suspend = true
				if err := api.Update(t.Context(), &group); err != nil {
					t.Fatal(err)
				}
				checkStored(t, namespace, name, field, declaration.stored)
			})
		}
	}
}

// TestNullIsOmitted: server-side apply once refused contacts: null, which client-side
// apply took. A null after a value is a field that is declared no more, and a value after
// a null one that is.
func TestNullIsOmitted(t *testing.T) {
	namespace := newNamespace(t)
	steps := map[string][]string{
		"description": {"null", "World-renowned.", "null"}, "avatarURL": {"null", "https://example.com/a.jpg", "null"},
		"contacts": {"null", "[{username: Hector}]", "null"}, "archived": {"null", "true", "null"},
		"groupID": {"null", "l7cGNIBKZiNJ6wqF"}, // immutable once set
		"suspend": {"null", "true", "null"}, "adoptionPolicy": {"null", "ByName", "null"}, "connectionRef": {"null"},
	}
	for mode, flag := range map[string]string{"client-side": "--server-side=false", "server-side": "--server-side=true"} {
		for field, values := range steps {
			t.Run(mode+"/"+field, func(t *testing.T) {
				t.Parallel()
				name := strings.ToLower("null-" + mode + "-" + field)
				for _, value := range values {
					apply(t, namespace, name, field+": "+value, flag)
					var group v1alpha1.Group
					if err := api.Get(t.Context(), types.NamespacedName{Namespace: namespace, Name: name}, &group); err != nil {
						t.Fatal(err)
					}
					omitted := defaulted(group.Spec)
					if same := cmp.Equal(group.Spec, omitted); same != (value == "null") {
						t.Errorf("%s: %s is read as %+v", field, value, group.Spec)
					}
				}
			})
		}
	}
}

// defaulted is the spec of a Group of this name that declares nothing else.
func defaulted(spec v1alpha1.GroupSpec) v1alpha1.GroupSpec {
	return v1alpha1.GroupSpec{
		ConnectionRef: v1alpha1.ConnectionReference{Kind: v1alpha1.KindClusterConnection, Name: "default"}, Name: spec.Name,
		ContactsPolicy: v1alpha1.ContactsExact, AdoptionPolicy: v1alpha1.AdoptNever,
		ManagementPolicy: v1alpha1.ManagementManage, DeletionPolicy: v1alpha1.DeletionArchive,
	}
}
