// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package chart

import (
	"log/slog"
	"strings"
	"testing"

	"helm.sh/helm/v4/pkg/action"
	chartv2 "helm.sh/helm/v4/pkg/chart/v2"
	"helm.sh/helm/v4/pkg/kube"
	release "helm.sh/helm/v4/pkg/release/v1"
	"k8s.io/cli-runtime/pkg/genericclioptions"
)

// helm does what the program does, each time as a process of its own would: with what
// that one learned of the API server on its disk, and nothing in memory.
type helm struct {
	*testing.T

	cache string
	log   strings.Builder
}

func newHelm(t *testing.T) *helm {
	t.Helper()
	return &helm{T: t, cache: t.TempDir()}
}

func (h *helm) configuration() *action.Configuration {
	h.Helper()
	flags := genericclioptions.NewConfigFlags(true)
	flags.KubeConfig = new(cluster.Kubeconfig())
	flags.Namespace = new(releaseNamespace)
	flags.CacheDir = new(h.cache)
	config := action.NewConfiguration(action.ConfigurationSetLogger(slog.NewTextHandler(&h.log, &slog.HandlerOptions{Level: slog.LevelDebug})))
	if err := config.Init(flags, releaseNamespace, "secret"); err != nil {
		h.Fatal(err)
	}
	return config
}

// install installs the chart, and returns its notes.
func (h *helm) install(chart *chartv2.Chart, vals map[string]any, with ...func(*action.Install)) string {
	h.Helper()
	install := action.NewInstall(h.configuration())
	install.ReleaseName = releaseName
	install.Namespace = releaseNamespace
	install.CreateNamespace = true
	install.WaitStrategy = kube.HookOnlyStrategy
	for _, set := range with {
		set(install)
	}
	return h.notes(install.RunWithContext(h.Context(), chart, vals))
}

func (h *helm) upgrade(chart *chartv2.Chart, vals map[string]any, with ...func(*action.Upgrade)) string {
	h.Helper()
	upgrade := action.NewUpgrade(h.configuration())
	upgrade.Namespace = releaseNamespace
	upgrade.WaitStrategy = kube.HookOnlyStrategy
	for _, set := range with {
		set(upgrade)
	}
	return h.notes(upgrade.RunWithContext(h.Context(), releaseName, chart, vals))
}

func (h *helm) notes(released any, err error) string {
	h.Helper()
	if err != nil {
		h.Fatal(err)
	}
	r, ok := released.(*release.Release)
	if !ok {
		h.Fatalf("Helm returns a release of type %T", released)
	}
	return r.Info.Notes
}

func (h *helm) rollback(revision int) {
	h.Helper()
	rollback := action.NewRollback(h.configuration())
	rollback.Version = revision
	rollback.WaitStrategy = kube.HookOnlyStrategy
	if err := rollback.Run(releaseName); err != nil {
		h.Fatal(err)
	}
}

func (h *helm) uninstall() {
	h.Helper()
	uninstall := action.NewUninstall(h.configuration())
	uninstall.WaitStrategy = kube.HookOnlyStrategy
	if _, err := uninstall.Run(releaseName); err != nil {
		h.Fatal(err)
	}
}
