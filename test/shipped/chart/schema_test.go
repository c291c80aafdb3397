// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package chart

import (
	"strings"
	"testing"
)

// TestWrongValuesAreRefused wants each to be refused, with a message that names it.
func TestWrongValuesAreRefused(t *testing.T) {
	t.Parallel()
	for vals, want := range map[string]string{
		`replica: 3`:                                                          "additional properties 'replica' not allowed",
		`metrics: {prot: 1}`:                                                  "'/metrics': additional properties 'prot' not allowed",
		`connection: {tokens: x}`:                                             "'/connection': additional properties 'tokens' not allowed",
		`fullnameOverride: Klink`:                                             "'/fullnameOverride': 'Klink' does not match pattern",
		`crds: {enabled: "yes"}`:                                              "'/crds/enabled': got string, want boolean",
		`image: {repository: "UPPER"}`:                                        "'/image/repository': 'UPPER' does not match pattern",
		`image: {tag: "v1@sha256"}`:                                           "'/image/tag': 'v1@sha256' does not match pattern",
		`image: {digest: "sha256:12"}`:                                        "'/image/digest': 'sha256:12' does not match pattern",
		`image: {pullPolicy: Sometimes}`:                                      "'/image/pullPolicy': value must be one of 'Always', 'IfNotPresent', 'Never'",
		`image: {pullSecrets: [{name: registry}]}`:                            "'/image/pullSecrets/0': got object, want string",
		`replicas: -1`:                                                        "'/replicas': minimum: got -1, want 0",
		`replicas: "2"`:                                                       "'/replicas': got string, want integer",
		`watchNamespaces: concierge`:                                          "'/watchNamespaces': got string, want array",
		`watchNamespaces: ["a,b"]`:                                            "'/watchNamespaces/0': 'a,b' does not match pattern",
		`allowedEndpoints: ["api.klink.cloud"]`:                               "'/allowedEndpoints/0': 'api.klink.cloud' does not match pattern",
		`maxConcurrentReconciles: 0`:                                          "'/maxConcurrentReconciles': minimum: got 0, want 1",
		`dryRun: 1`:                                                           "'/dryRun': got number, want boolean",
		`logging: {level: loud}`:                                              "'/logging/level'",
		`logging: {encoder: xml}`:                                             "'/logging/encoder': value must be one of 'json', 'console'",
		`metrics: {port: 70000}`:                                              "'/metrics/port': maximum: got 70,000, want 65,535",
		`metrics: {port: 8081}`:                                               "'/metrics/port': 'not' failed",
		`serviceMonitor: {interval: often}`:                                   "'/serviceMonitor/interval': 'often' does not match pattern",
		`serviceMonitor: {labels: {app.kubernetes.io/name: x}}`:               "'/serviceMonitor/labels/app.kubernetes.io~1name': false schema",
		`networkPolicy: {egressPorts: [https]}`:                               "'/networkPolicy/egressPorts/0': got string, want integer",
		`networkPolicy: {egressPorts: []}`:                                    "'/networkPolicy/egressPorts': minItems: got 0, want 1",
		`podDisruptionBudget: {maxUnavailable: 0}`:                            "'/podDisruptionBudget/maxUnavailable'",
		`podDisruptionBudget: {maxUnavailable: "200%"}`:                       "'/podDisruptionBudget/maxUnavailable'",
		`resources: {limits: {memory: 1e9}}`:                                  "'/resources/limits/memory': got number, want string",
		`resources: {limits: {memory: 500M}}`:                                 "'/resources/limits/memory': '500M' does not match pattern",
		`podLabels: {app.kubernetes.io/name: other}`:                          "'/podLabels/app.kubernetes.io~1name': false schema",
		`podAnnotations: {a: 1}`:                                              "'/podAnnotations/a': got number, want string",
		`tolerations: {key: dedicated}`:                                       "'/tolerations': got object, want array",
		`extraEnv: [{name: GOMEMLIMIT, value: 1GiB}]`:                         "'/extraEnv/0/name': 'not' failed",
		`extraEnv: [{value: x}]`:                                              "'/extraEnv/0': missing property 'name'",
		`extraVolumes: [{configMap: {name: x}}]`:                              "'/extraVolumes/0': missing property 'name'",
		`extraVolumeMounts: [{name: certificate, mountPath: /x}]`:             "'/extraVolumeMounts/0/name': 'not' failed",
		`connectionSelector: {shard: emea}`:                                   "'/connectionSelector': got object, want string",
		`connection: {caBundle: /etc/roots.pem}`:                              "'/connection/caBundle': '/etc/roots.pem' does not match pattern",
		`connection: {allowedAdoptionNamespaces: {from: Some}}`:               "'/connection/allowedAdoptionNamespaces/from': value must be one of 'All', 'None', 'Selector'",
		`connection: {endpoint: "https://api.klink.cloud/"}`:                  "'/connection/endpoint'",
		`connection: {resyncInterval: 1 minute}`:                              "'/connection/resyncInterval': '1 minute' does not match pattern",
		`connection: {resyncInterval: 60}`:                                    "'/connection/resyncInterval': got number, want string",
		`connection: {rateLimit: {burst: 1001}}`:                              "'/connection/rateLimit/burst': maximum: got 1,001, want 1,000",
		`connection: {allowedNamespaces: {from: Some}}`:                       "'/connection/allowedNamespaces/from': value must be one of 'All', 'Selector'",
		`connection: {allowedNamespaces: {from: Selector}}`:                   "'/connection/allowedNamespaces': missing property 'selector'",
		`connection: {token: 12345}`:                                          "'/connection/token': got number, want string",
		`connection: {token: [` + token + `]}`:                                "'/connection/token': got array, want string",
		`connection: {create: true}`:                                          "connection.create needs either connection.token or connection.existingSecret",
		`connection: {create: true, token: ` + token + `, existingSecret: x}`: "connection.create needs either connection.token or connection.existingSecret",
		`serviceAccount: {create: false}`:                                     "serviceAccount.name is needed when serviceAccount.create is false",
		`{serviceMonitor: {enabled: true}, metrics: {enabled: false}}`:        "serviceMonitor.enabled needs metrics.enabled",
		`{prometheusRule: {enabled: true}, metrics: {enabled: false}}`:        "prometheusRule.enabled needs metrics.enabled",
		`metrics: {secure: false, certificateSecret: x}`:                      "metrics.certificateSecret needs metrics.enabled and metrics.secure",
	} {
		_, err := tryRender(t, releaseName, values(t, vals))
		switch {
		case err == nil:
			t.Errorf("%s: it is taken", vals)
		case !strings.Contains(err.Error(), want):
			t.Errorf("%s: %v\nwant %s", vals, err, want)
		case strings.Contains(err.Error(), token):
			t.Errorf("the message has the token: %v", err)
		}
	}
}
