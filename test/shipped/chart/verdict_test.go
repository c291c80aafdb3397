// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package chart

import (
	"encoding/json"
	"fmt"
	"strings"
)

// verdicts are values of a connection, and whether they are taken.
var verdicts = map[string]map[string]bool{
	"resyncInterval": {
		"10s": true, "1m": true, "1m30s": true, "24h": true, "24h0m0s": true, "1440m": true, "86400s": true,
		"10000ms": true, "1.5h": true, "0h10s": true, "0.5m": true, "5s5s": true, "023h59m": true, "100000ms": true,
		"1s": false, "9s": false, "9.999s": false, "0s": false, "0h9s": false, "9999ms": false, "9999999us": false,
		"9999999µs": false, "9999999999ns": false, "24h1s": false, "24.5h": false, "25h": false, "100h": false,
		"1441m": false, "86401s": false, "0m90000s": false, "1d": false, "": false, "000000000000000000000000000000010s": false,
	},
	"endpoint": {
		"https://api.klink.cloud/api/v1": true, "https://API.klink.cloud:8443": true, "https://[2001:db8::1]:8443/v1": true,
		"http://localhost:8080/api": true, "http://127.0.0.1": true, "http://[::1]:80": true,
		"http://groups.concierge.svc:8080": true, "http://groups.concierge.svc.cluster.local/api": true,
		"http://api.klink.cloud/api/v1": false, "http://10.0.0.1": false, "http://127.0.0.256": false, "http://svc": false,
		"http://groups.concierge.svc.example.com": false, "http://localhost.example.com": false,
		"https://": false, "https://:443": false, "https://u@api.klink.cloud": false, "https://api.klink.cloud:x": false,
		"https://api.klink.cloud/": false, "https://api.klink.cloud/a//b": false, "https://api.klink.cloud/../b": false,
		"https://api.klink.cloud/%61": false, `https://api.klink.cloud/a\b`: false, "https://api.klink.cloud?a": false,
		"ftp://api.klink.cloud": false, "api.klink.cloud": false,
	},
	"allowedNamespaces": {
		`{"from":"All"}`: true, `{"from":"Selector","selector":{"matchLabels":{"a":"b"}}}`: true,
		`{"from":"Selector","selector":{"matchExpressions":[{"key":"a","operator":"In","values":["b"]}]}}`:     true,
		`{"from":"Selector","selector":{"matchExpressions":[{"key":"a","operator":"Exists"}]}}`:                true,
		`{"from":"Selector","selector":{"matchExpressions":[{"key":"a","operator":"In"}]}}`:                    false,
		`{"from":"Selector","selector":{"matchExpressions":[{"key":"a","operator":"Exists","values":["b"]}]}}`: false,
		`{"from":"Selector","selector":{"matchExpressions":[{"key":"a","operator":"Like","values":["b"]}]}}`:   false,
		`{"from":"All","selector":{}}`: false, `{"from":"Selector"}`: false,
	},
}

// wantSameVerdicts wants the schema to take the values of a connection that the CRD
// takes, and no others. The CRDs have to be there.
func (h *helm) wantSameVerdicts() {
	h.Helper()
	var stream strings.Builder
	var specs []map[string]any
	var taken []bool
	for field, table := range verdicts {
		for text, want := range table {
			var value any = text
			if strings.HasPrefix(text, "{") {
				value = json.RawMessage(text)
			}
			specs, taken = append(specs, map[string]any{field: value}), append(taken, want)
		}
	}
	for i, fields := range specs {
		spec := map[string]any{"tokenSecretRef": map[string]any{"name": "klink-token"}}
		for field, value := range fields {
			spec[field] = value
		}
		object, err := json.Marshal(map[string]any{
			"apiVersion": "klink.cloud/v1alpha1", "kind": "ClusterConnection",
			"metadata": map[string]any{"name": fmt.Sprintf("verdict-%d", i)}, "spec": spec,
		})
		if err != nil {
			h.Fatal(err)
		}
		fmt.Fprintf(&stream, "%s\n---\n", object)
	}
	cmd := cluster.KubectlCommand(h.Context(), "create", "--dry-run=server", "-o", "name", "-f", "-")
	cmd.Stdin = strings.NewReader(stream.String())
	out, _ := cmd.CombinedOutput() // It fails for what is refused.
	for i, fields := range specs {
		if api := strings.Contains(string(out), fmt.Sprintf("clusterconnection.klink.cloud/verdict-%d\n", i)); api != taken[i] {
			h.Errorf("%s: the API takes it: %v, want %v\n%s", fields, api, taken[i], out)
		}
		given, err := json.Marshal(map[string]any{"connection": fields})
		if err != nil {
			h.Fatal(err)
		}
		_, err = tryRender(h.T, releaseName, values(h.T, string(given)))
		if (err == nil) != taken[i] {
			h.Errorf("%s: the chart takes it: %v, want %v", given, err, taken[i])
		}
	}
}
