// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package chart

import (
	"strings"

	"helm.sh/helm/v4/pkg/action"
	chartv2 "helm.sh/helm/v4/pkg/chart/v2"
	"helm.sh/helm/v4/pkg/kube"

	"github.com/klink-cloud/klink-operator/test/harness/checkout"
)

const managerDeployment = "deployment/klink-operator-controller-manager"

// takeOver takes over what kubectl has installed, as it is, and upgrades it, as
// docs/install.md says.
func (h *helm) takeOver() {
	h.Helper()
	installer := checkout.Path("dist/install.yaml")
	h.kubectl("apply", "--server-side", "-f", installer)
	// Those who apply the same have no conflict, and are not in the way later.
	h.kubectl("apply", "--server-side", "-f", installer, "--field-manager=platform", "--dry-run=server")
	deployment := h.uid(managerDeployment)
	h.install(loadChart(h.T), nil, func(install *action.Install) { install.TakeOwnership = true })
	h.upgrade(loadChart(h.T), nil)
	// What the release changes is still kubectl's, until it is taken by force.
	h.upgradeConflicts(loadChart(h.T), values(h.T, "replicas: 3"))
	h.upgrade(loadChart(h.T), values(h.T, "replicas: 3"), func(upgrade *action.Upgrade) { upgrade.ForceConflicts = true })
	h.wantField(managerDeployment, "{.spec.replicas}", "3")
	h.upgrade(loadChart(h.T), values(h.T, "replicas: 4"))
	h.wantField(managerDeployment, "{.spec.replicas}", "4")
	if now := h.uid(managerDeployment); now != deployment {
		h.Error("the Deployment is another one")
	}
}

// upgradeConflicts wants an upgrade to be refused for what kubectl has set.
func (h *helm) upgradeConflicts(chart *chartv2.Chart, vals map[string]any) {
	h.Helper()
	upgrade := action.NewUpgrade(h.configuration())
	upgrade.Namespace = releaseNamespace
	upgrade.WaitStrategy = kube.HookOnlyStrategy
	if _, err := upgrade.RunWithContext(h.Context(), releaseName, chart, vals); err == nil || !strings.Contains(err.Error(), `conflict with "kubectl"`) {
		h.Errorf("no conflict with kubectl: %v", err)
	}
}
