// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package main

import (
	"context"
	"os"
	"regexp"
)

// way is one to install the operator.
type way struct {
	title      string
	deployment string
	// install installs the operator with the image, or upgrades it to that.
	install func(ctx context.Context, s *show, image string) error
	// removeAlone leaves the CRDs and the Groups, removeAll does not.
	removeAlone, removeAll func(context.Context, *show) error
}

var ways = map[string]way{
	"manifest": {
		title:       "kubectl apply -f dist/install.yaml",
		deployment:  "klink-operator-controller-manager",
		install:     applyManifest,
		removeAlone: asDocumented("### The operator alone"),
		removeAll:   asDocumented("### Everything, and the remote groups stay"),
	},
}

// imageLine is that of the manager in dist/install.yaml, which has no other.
var imageLine = regexp.MustCompile(`(?m)^(\s+image: ).*$`)

func applyManifest(ctx context.Context, s *show, image string) error {
	manifest, err := os.ReadFile("dist/install.yaml")
	if err != nil {
		return err
	}
	_, err = s.kubectl(ctx, imageLine.ReplaceAllString(string(manifest), "${1}"+image), "apply", "--server-side", "-f", "-")
	return err
}
