// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package main

import (
	"context"
	"fmt"
	"os"
	"regexp"
	"strings"
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
	"chart": {
		title:       "helm install dist/chart",
		deployment:  "klink-operator-controller-manager",
		install:     installChart,
		removeAlone: commands(uninstallChart),
		removeAll: commands(`
			kubectl delete crd groups.klink.cloud connections.klink.cloud clusterconnections.klink.cloud
			` + uninstallChart + `
			kubectl delete namespace ` + operatorNamespace),
	},
}

// uninstallChart ends the pods first: Helm would take their rights while they still
// write down what they have created.
const uninstallChart = `
			kubectl -n ` + operatorNamespace + ` delete deployment -l ` + operatorPods + ` --cascade=foreground
			helm uninstall klink-operator -n ` + operatorNamespace + "\n"

// commands runs shell commands as a user types them.
func commands(lines string) func(context.Context, *show) error {
	return func(ctx context.Context, s *show) error {
		_, err := s.shell(ctx, lines)
		return err
	}
}

// installChart installs or upgrades the release. Helm makes no labelled namespace:
// that is the user's.
func installChart(ctx context.Context, s *show, image string) error {
	repository, tag, err := splitImage(image)
	if err != nil {
		return err
	}
	_, err = s.shell(ctx, `
		kubectl create namespace `+operatorNamespace+` --dry-run=client -o yaml | kubectl apply --server-side -f -
		kubectl label namespace `+operatorNamespace+` pod-security.kubernetes.io/enforce=restricted
		helm upgrade --install klink-operator dist/chart -n `+operatorNamespace+` --set image.repository=`+repository+` --set image.tag=`+tag)
	return err
}

// splitImage parts the reference at the colon of its tag, which is no colon of a
// port.
func splitImage(image string) (repository, tag string, err error) {
	colon := strings.LastIndex(image, ":")
	if colon <= strings.LastIndex(image, "/") {
		return "", "", fmt.Errorf("the image %q has no tag", image)
	}
	return image[:colon], image[colon+1:], nil
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
