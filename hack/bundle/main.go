// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

// Command bundle writes the OLM bundle: what dist/install.yaml installs, in the form that
// OLM wants, described by config/manifests.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"log"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"sigs.k8s.io/yaml"
)

const header = "# SPDX-License-Identifier: Apache-2.0\n# Made by \"make bundle\". Do not edit.\n"

// object is one of Kubernetes, as YAML has it.
type object map[string]any

func (o object) at(path ...string) any {
	var value any = map[string]any(o)
	for _, key := range path {
		inner, _ := value.(map[string]any)
		value = inner[key]
	}
	return value
}

func (o object) text(path ...string) string {
	text, _ := o.at(path...).(string)
	return text
}

func main() {
	log.SetFlags(0)
	root := flag.String("root", ".", "the `folder` of the repository")
	output := flag.String("output", "bundle", "the `folder` of the bundle")
	release := flag.String("release", "v0.1.0", "the `version`")
	flag.Parse()
	if err := write(*root, *output, *release); err != nil {
		log.Fatal(err)
	}
}

// write makes the bundle again.
func write(root, output, release string) error {
	installed, err := readAll(filepath.Join(root, "dist", "install.yaml"))
	if err != nil {
		return err
	}
	described, err := readAll(filepath.Join(root, "config", "manifests", "klink-operator.clusterserviceversion.yaml"))
	if err != nil {
		return err
	}
	csv, err := describe(described[0], installed, release)
	if err != nil {
		return err
	}
	if csv, err = withExamples(csv, root); err != nil {
		return err
	}
	files := map[string]object{"manifests/klink-operator.clusterserviceversion.yaml": csv, "metadata/annotations.yaml": metadata()}
	for _, o := range installed {
		if name, shipped := fileOf(o); shipped {
			files["manifests/"+name] = withoutNamespace(o)
		}
	}
	if err := os.RemoveAll(output); err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		text, err := yaml.Marshal(files[name])
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		path := filepath.Join(output, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil { //nolint:gosec // everybody may read what is published
			return err
		}
		if err := os.WriteFile(path, append([]byte(header), text...), 0o644); err != nil { //nolint:gosec // the same
			return err
		}
	}
	return nil
}

// readAll reads the objects of a file.
func readAll(path string) ([]object, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var objects []object
	for _, part := range bytes.Split(text, []byte("\n---")) {
		var o object
		if err := yaml.Unmarshal(part, &o); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		if len(o) > 0 {
			objects = append(objects, o)
		}
	}
	return objects, nil
}

// fileOf names the file of what OLM installs beside the Deployment and its rights. Admission policies are not
// among the kinds that it knows, and the namespace is for its user to choose.
func fileOf(o object) (name string, shipped bool) {
	kind := o.text("kind")
	switch kind {
	case "CustomResourceDefinition", "Service", "PodDisruptionBudget":
	case "ClusterRole":
		if role := o.text("metadata", "name"); role == managerRole || role == metricsRole {
			return "", false // the rights of the manager stand in the description
		}
	default:
		return "", false
	}
	return o.text("metadata", "name") + "_" + strings.ToLower(kind) + ".yaml", true
}

func withoutNamespace(o object) object {
	if meta, ok := o.at("metadata").(map[string]any); ok {
		delete(meta, "namespace")
	}
	return o
}

func metadata() object {
	return object{"annotations": map[string]any{
		"operators.operatorframework.io.bundle.mediatype.v1":       "registry+v1",
		"operators.operatorframework.io.bundle.manifests.v1":       "manifests/",
		"operators.operatorframework.io.bundle.metadata.v1":        "metadata/",
		"operators.operatorframework.io.bundle.package.v1":         "klink-operator",
		"operators.operatorframework.io.bundle.channels.v1":        "alpha",
		"operators.operatorframework.io.bundle.channel.default.v1": "alpha",
	}}
}
