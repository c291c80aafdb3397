// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package main

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/operator-framework/api/pkg/manifests"
	"github.com/operator-framework/api/pkg/validation"
	validator "github.com/operator-framework/api/pkg/validation/interfaces"
)

const root = "../.."

// TestTheBundleIsValid asks the library by which OLM's catalogs judge bundles.
func TestTheBundleIsValid(t *testing.T) {
	bundle, err := manifests.GetBundleFromDir(filepath.Join(root, "bundle"))
	if err != nil {
		t.Fatal(err)
	}
	validators := slices.Concat(validation.DefaultBundleValidators, validator.Validators{
		validation.GoodPracticesValidator, validation.StandardCapabilitiesValidator, validation.StandardCategoriesValidator,
		validation.OperatorHubV2Validator,
	})
	for _, result := range validators.Validate(bundle.ObjectsToValidate()...) {
		for _, problem := range result.Errors {
			t.Errorf("%s: %v", result.Name, problem)
		}
		for _, warning := range result.Warnings {
			t.Logf("%s: %v", result.Name, warning)
		}
	}
	// Each maintainer has to have an address there. The project has none to write to: the links, and
	// the annotation support, say where it is.
	if support := bundle.CSV.Annotations["support"]; len(bundle.CSV.Spec.Maintainers) != 0 || support == "" || bundle.CSV.Spec.Provider.URL == "" {
		t.Errorf("the bundle names the maintainers %v, and for support %q", bundle.CSV.Spec.Maintainers, support)
	}
	if len(bundle.V1CRDs) != 3 || bundle.CSV == nil || len(bundle.CSV.Spec.CustomResourceDefinitions.Owned) != 3 {
		t.Errorf("the bundle has %d CRDs", len(bundle.V1CRDs))
	}
}

// TestTheBundleIsWhatIsInstalled makes it again: it follows dist/install.yaml.
func TestTheBundleIsWhatIsInstalled(t *testing.T) {
	made := t.TempDir()
	csv, err := readAll(filepath.Join(root, "bundle", "manifests", "klink-operator.clusterserviceversion.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if err := write(root, made, "v"+csv[0].text("spec", "version")); err != nil {
		t.Fatal(err)
	}
	compared := 0
	for _, folder := range []string{"manifests", "metadata"} {
		committed, err := os.ReadDir(filepath.Join(root, "bundle", folder))
		if err != nil {
			t.Fatal(err)
		}
		again, err := os.ReadDir(filepath.Join(made, folder))
		if err != nil || len(again) != len(committed) {
			t.Errorf("%s has %d files, and made again %d: %v", folder, len(committed), len(again), err)
		}
		for _, file := range committed {
			compared++
			have, _ := os.ReadFile(filepath.Join(root, "bundle", folder, file.Name()))
			want, err := os.ReadFile(filepath.Join(made, folder, file.Name()))
			if err != nil || !bytes.Equal(have, want) {
				t.Errorf("%s/%s is stale: run make bundle (%v)", folder, file.Name(), err)
			}
		}
	}
	if compared < 6 {
		t.Errorf("%d files are compared", compared)
	}
}
