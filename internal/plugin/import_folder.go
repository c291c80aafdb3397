// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package plugin

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"sigs.k8s.io/yaml"

	"github.com/klink-cloud/klink-operator/internal/manifest"
)

const kustomizationFile = "kustomization.yaml"

// writeFolder writes one file for each Group, and names them in the folder's
// kustomization.yaml beside what it names already: a Group that is dropped from there is
// pruned by GitOps, and its remote group archived. Nothing is written where a file says
// something else that a person may have written.
func (i *importer) writeFolder(manifests []manifest.Manifest, o manifest.Options) error {
	files, comments := map[string]string{}, ""
	for n := range manifests {
		text, err := manifests[n].YAML(o.Namespace)
		if err != nil {
			return err
		}
		if manifests[n].Undeclarable != "" {
			comments += text
			continue
		}
		files[manifests[n].Name+".yaml"] = text
	}
	kustomization, err := i.kustomization(files)
	if err != nil {
		return err
	}
	for name, text := range files {
		switch before, err := os.ReadFile(filepath.Join(i.folder, name)); {
		case err == nil && string(before) != text && !i.overwrite:
			return fmt.Errorf("%s says something else already: nothing was written (--overwrite writes it)", filepath.Join(i.folder, name))
		case err != nil && !errors.Is(err, os.ErrNotExist):
			return err
		}
	}
	if err := os.MkdirAll(i.folder, 0o750); err != nil {
		return err
	}
	files[kustomizationFile] = comments + kustomization
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(i.folder, name), []byte(text), 0o600); err != nil {
			return err
		}
	}
	return nil
}

// kustomization is that of the folder, with the new files added to its resources.
func (i *importer) kustomization(files map[string]string) (string, error) {
	content := map[string]any{"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization"}
	before, err := os.ReadFile(filepath.Join(i.folder, kustomizationFile))
	if err == nil {
		err = yaml.Unmarshal(before, &content)
	}
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return "", fmt.Errorf("reading %s of %s: %w", kustomizationFile, i.folder, err)
	}
	var resources []string
	listed, _ := content["resources"].([]any)
	for _, resource := range listed {
		if name, ok := resource.(string); ok {
			resources = append(resources, name)
		}
	}
	for name := range files {
		if !slices.Contains(resources, name) {
			resources = append(resources, name)
		}
	}
	slices.SortFunc(resources, strings.Compare)
	content["resources"] = resources
	encoded, err := yaml.Marshal(content)
	return string(encoded), err
}
