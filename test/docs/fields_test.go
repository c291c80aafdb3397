// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package docs

import (
	"maps"
	"slices"
	"strings"
	"testing"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/util/yaml"

	"github.com/klink-cloud/klink-operator/test/harness/checkout"
)

// TestEveryFieldIsExplained compares the tables of fields with the CRDs.
func TestEveryFieldIsExplained(t *testing.T) {
	for title, tc := range map[string]struct{ crd, part string }{
		"### Spec of a Group":                           {"groups", "spec"},
		"### Status of a Group":                         {"groups", "status"},
		"### Spec of a Connection or ClusterConnection": {"clusterconnections", "spec"},
	} {
		t.Run(strings.TrimPrefix(title, "### "), func(t *testing.T) {
			sameNames(t, tabled(section(t, checkout.Read(t, readme), title)), fields(t, tc.crd, tc.part))
		})
	}
}

// TestAConnectionHasNoFieldsOfItsOwn: the page has one table for both kinds.
func TestAConnectionHasNoFieldsOfItsOwn(t *testing.T) {
	sameNames(t, append(fields(t, "connections", "spec"), "allowedAdoptionNamespaces", "allowedNamespaces"), fields(t, "clusterconnections", "spec"))
}

// fields are those of spec or status of a CRD.
func fields(t *testing.T, plural, part string) []string {
	t.Helper()
	var crd apiextensionsv1.CustomResourceDefinition
	if err := yaml.UnmarshalStrict([]byte(checkout.Read(t, "config/crd/bases/klink.cloud_"+plural+".yaml")), &crd); err != nil {
		t.Fatal(err)
	}
	schema := crd.Spec.Versions[0].Schema.OpenAPIV3Schema.Properties[part]
	return slices.Collect(maps.Keys(schema.Properties))
}
