// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package chart

import (
	"maps"
	"path"
	"slices"
	"strings"
	"testing"
)

// nullable are the values that may be null: what there may be none of, and the default
// of the API.
var nullable = []string{
	"affinity", "allowedEndpoints", "connection/caBundle", "connection/existingSecret", "connection/rateLimit", "connection/token", "connectionSelector", "extraEnv", "extraVolumeMounts", "extraVolumes",
	"fullnameOverride", "grafanaDashboard/annotations", "grafanaDashboard/labels", "image/digest", "image/pullSecrets",
	"image/tag", "metrics/certificateSecret", "networkPolicy/metricsNamespaceSelector", "nodeSelector", "podAnnotations",
	"podLabels", "priorityClassName", "prometheusRule/labels", "resources", "serviceAccount/annotations",
	"serviceAccount/name", "serviceMonitor/interval", "serviceMonitor/labels", "tolerations", "topologySpreadConstraints",
	"watchNamespaces",
}

// everything has all objects of the chart.
const everything = `
serviceMonitor: {enabled: true}
prometheusRule: {enabled: true}
grafanaDashboard: {enabled: true}
connection: {create: true, existingSecret: klink-token}
`

// TestNullIsNoneOrRefused sets each value and each section to null, which takes away the
// chart's default.
func TestNullIsNoneOrRefused(t *testing.T) {
	t.Parallel()
	places := map[string]bool{}
	for leaf := range allLeaves(t) {
		for ; leaf != "."; leaf = path.Dir(leaf) {
			places[leaf] = true
		}
	}
	for _, place := range slices.Sorted(maps.Keys(places)) {
		base := values(t, everything)
		if place == "connection/existingSecret" {
			base = merged(base, values(t, `connection: {token: t}`))
		}
		r, err := tryRender(t, releaseName, merged(base, nullAt(place)))
		switch {
		case !mayBeNull(place):
			if want := "missing property '" + path.Base(place) + "'"; err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: null: %v, want %s", place, err, want)
			}
		case err != nil:
			t.Errorf("%s: null: %v", place, err)
		default:
			for key, object := range objects(t, r.Manifest) {
				found := map[string]string{}
				flatten("", object.Object, found)
				for at, value := range found {
					if value == "<nil>" {
						t.Errorf("%s: null: %s has null at %s", place, key, at)
					}
				}
			}
		}
	}
}

func allLeaves(t *testing.T) map[string]bool {
	t.Helper()
	all := map[string]bool{}
	leaves("", loadChart(t).Values, all)
	return all
}

func mayBeNull(place string) bool {
	return slices.ContainsFunc(nullable, func(name string) bool { return place == name || strings.HasPrefix(place, name+"/") })
}

// nullAt are values that are null at a place.
func nullAt(place string) map[string]any {
	var value any
	for ; place != "."; place = path.Dir(place) {
		value = map[string]any{path.Base(place): value}
	}
	result, _ := value.(map[string]any)
	return result
}
