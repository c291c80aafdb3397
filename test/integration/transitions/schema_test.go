// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package transitions

import (
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"sigs.k8s.io/yaml"

	"github.com/klink-cloud/klink-operator/test/harness/checkout"
)

// A field that is added to a CRD needs a row here, with its states.
func TestEveryFieldHasARow(t *testing.T) {
	for kind, file := range map[string]string{
		"Group": "groups", "Connection": "connections", "ClusterConnection": "clusterconnections",
	} {
		var rowed []string
		for _, r := range rows() {
			if r.kind == kind {
				rowed = append(rowed, r.path)
			}
		}
		slices.Sort(rowed)
		if diff := cmp.Diff(specFields(t, file), rowed); diff != "" {
			t.Errorf("the fields of %s and their rows (-CRD +rows):\n%s", kind, diff)
		}
	}
}

// specFields are the paths of all fields of a CRD's spec, sorted.
func specFields(t *testing.T, plural string) []string {
	t.Helper()
	var crd apiextensionsv1.CustomResourceDefinition
	if err := yaml.UnmarshalStrict([]byte(checkout.Read(t, "config/crd/bases/klink.cloud_"+plural+".yaml")), &crd); err != nil {
		t.Fatal(err)
	}
	spec := crd.Spec.Versions[0].Schema.OpenAPIV3Schema.Properties["spec"]
	fields := fieldsOf(&spec, "")
	slices.Sort(fields)
	return fields
}

func fieldsOf(schema *apiextensionsv1.JSONSchemaProps, prefix string) []string {
	var fields []string
	for _, name := range slices.Sorted(maps.Keys(schema.Properties)) {
		field := schema.Properties[name]
		path := prefix + name
		fields = append(fields, path)
		fields = append(fields, fieldsOf(&field, path+".")...)
		if field.Items != nil && field.Items.Schema != nil {
			fields = append(fields, fieldsOf(field.Items.Schema, path+"[].")...)
		}
	}
	return fields
}
