// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package apiserver

import (
	"strings"
	"testing"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"sigs.k8s.io/yaml"

	"github.com/klink-cloud/klink-operator/test/harness/checkout"
)

// TestExplain walks the schema of each CRD: every field has a doc comment, which
// begins with the field's name, and kubectl explain prints it.
func TestExplain(t *testing.T) {
	for _, crd := range readCRDs(t) {
		schema := crd.Spec.Versions[0].Schema.OpenAPIV3Schema
		// kubectl itself documents these for every kind.
		for _, field := range []string{"apiVersion", "kind", "metadata"} {
			delete(schema.Properties, field)
		}
		explain(t, crd.Spec.Names.ShortNames[0], schema)
	}
}

// explain checks what kubectl explain prints for a schema and, below it, for
// each of its fields that has fields too.
func explain(t *testing.T, path string, schema *apiextensionsv1.JSONSchemaProps) {
	t.Run(path, func(t *testing.T) {
		printed := unwrap(kubectl(t, "explain", path))
		if schema.Description == "" || !strings.Contains(printed, unwrap(schema.Description)) {
			t.Errorf("the description is not explained: %q in\n%s", schema.Description, printed)
		}
		for name, field := range schema.Properties {
			if !strings.HasPrefix(field.Description, name+" ") {
				t.Errorf("the description of %s does not begin with its name: %q", name, field.Description)
			}
			if !strings.Contains(printed, unwrap(field.Description)) {
				t.Errorf("%s is not explained: %q in\n%s", name, field.Description, printed)
			}
		}
	})
	for name, field := range schema.Properties {
		if field.Items != nil {
			field = *field.Items.Schema
		}
		if len(field.Properties) > 0 {
			explain(t, path+"."+name, &field)
		}
	}
}

// unwrap undoes line breaks and indentation.
func unwrap(text string) string { return strings.Join(strings.Fields(text), " ") }

// readCRDs reads the CRDs that are shipped.
func readCRDs(t *testing.T) []apiextensionsv1.CustomResourceDefinition {
	t.Helper()
	var crds []apiextensionsv1.CustomResourceDefinition
	for _, file := range checkout.Glob(t, "config/crd/bases/*.yaml") {
		var crd apiextensionsv1.CustomResourceDefinition
		if err := yaml.UnmarshalStrict([]byte(checkout.Read(t, file)), &crd); err != nil {
			t.Fatal(err)
		}
		crds = append(crds, crd)
	}
	if len(crds) != 3 {
		t.Fatalf("found %d CRDs, want three", len(crds))
	}
	return crds
}
