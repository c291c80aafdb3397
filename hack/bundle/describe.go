// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package main

import (
	"encoding/json"
	"errors"
	"path/filepath"
	"strings"
)

const (
	managerRole = "klink-operator-manager"
	metricsRole = "klink-operator-metrics-auth"
	leaderRole  = "klink-operator-leader-election"
)

// describe adds to the description what is installed: the Deployment, and the rights of its ServiceAccount.
func describe(csv object, installed []object, release string) (object, error) {
	var deployment object
	var everywhere, own []any
	for _, o := range installed {
		rules, _ := o.at("rules").([]any)
		switch name := o.text("metadata", "name"); {
		case o.text("kind") == "Deployment":
			deployment = o
		case name == leaderRole && o.text("kind") == "Role":
			own = rules
		case (name == managerRole || name == metricsRole) && o.text("kind") == "ClusterRole":
			everywhere = append(everywhere, rules...)
		}
	}
	if deployment == nil || len(everywhere) == 0 || len(own) == 0 {
		return nil, errors.New("dist/install.yaml lacks the Deployment or its roles")
	}
	account := deployment.text("spec", "template", "spec", "serviceAccountName")
	containers, _ := deployment.at("spec", "template", "spec", "containers").([]any)
	first, _ := containers[0].(map[string]any)
	meta, _ := csv.at("metadata").(map[string]any)
	annotations, _ := csv.at("metadata", "annotations").(map[string]any)
	annotations["containerImage"] = first["image"]
	meta["name"] = "klink-operator." + release
	spec, _ := csv.at("spec").(map[string]any)
	spec["version"] = strings.TrimPrefix(release, "v")
	spec["install"] = map[string]any{"strategy": "deployment", "spec": map[string]any{
		"deployments":        []any{map[string]any{"name": deployment.text("metadata", "name"), "label": deployment.at("metadata", "labels"), "spec": deployment.at("spec")}},
		"permissions":        []any{map[string]any{"serviceAccountName": account, "rules": own}},
		"clusterPermissions": []any{map[string]any{"serviceAccountName": account, "rules": everywhere}},
	}}
	return csv, nil
}

// withExamples adds the samples, which consoles offer to start from.
func withExamples(csv object, root string) (object, error) {
	var examples []object
	for _, name := range []string{"clusterconnection", "connection", "full"} {
		sample, err := readAll(filepath.Join(root, "config", "samples", name+".yaml"))
		if err != nil {
			return nil, err
		}
		for _, o := range sample {
			if strings.HasPrefix(o.text("apiVersion"), "klink.cloud/") { // and no Secret beside them
				examples = append(examples, o)
			}
		}
	}
	text, err := json.MarshalIndent(examples, "", "  ")
	if err != nil {
		return nil, err
	}
	annotations, _ := csv.at("metadata", "annotations").(map[string]any)
	annotations["alm-examples"] = string(text)
	return csv, nil
}
