// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package chart

const (
	monitored  = `serviceMonitor: {enabled: true}`
	alerted    = `prometheusRule: {enabled: true}`
	dashboards = `grafanaDashboard: {enabled: true}`
	connected  = `connection: {create: true, existingSecret: klink-token}`

	account    = "ServiceAccount/klink-operator-controller-manager"
	policy     = "NetworkPolicy/klink-operator-controller-manager "
	monitor    = "ServiceMonitor/klink-operator "
	dashboard  = "ConfigMap/klink-operator-dashboard "
	connection = "ClusterConnection/default "
)

// objectEffects are of the objects around the Deployment.
var objectEffects = map[string]effect{
	"no CRDs": {values: `crds: {enabled: false}`, want: []string{
		"-CustomResourceDefinition/clusterconnections.klink.cloud",
		"-CustomResourceDefinition/connections.klink.cloud",
		"-CustomResourceDefinition/groups.klink.cloud",
	}},
	"no roles for people": {values: `peopleRoles: {enabled: false}`, want: []string{
		"-ClusterRole/klink-view", "-ClusterRole/klink-groups-edit", "-ClusterRole/klink-connections-edit", "-ClusterRole/klink-restore",
	}},
	"no admission policy": {values: `admissionPolicy: {enabled: false}`, want: []string{
		"-ValidatingAdmissionPolicy/klink-groups", "-ValidatingAdmissionPolicyBinding/klink-groups",
	}},
	"no budget":       {values: `podDisruptionBudget: {enabled: false}`, want: []string{"-PodDisruptionBudget/klink-operator-controller-manager"}},
	"budget in parts": {values: `podDisruptionBudget: {maxUnavailable: 50%}`, want: []string{"PodDisruptionBudget/klink-operator-controller-manager spec.maxUnavailable: 50%"}},
	"an account of mine": {values: `serviceAccount: {create: false, name: mine}`, want: append(accountNamed("mine"),
		"-"+account)},
	"account's name": {values: `serviceAccount: {create: true, name: mine}`, want: append(accountNamed("mine"),
		"-"+account, "+ServiceAccount/mine")},
	"account's annotations": {values: `serviceAccount: {annotations: {a: b}}`, want: []string{account + " metadata.annotations.a: b"}},
	"fullname": {values: `fullnameOverride: other`, want: []string{
		"-ClusterRole/klink-operator-manager", "+ClusterRole/other-manager",
		"-ClusterRole/klink-operator-metrics-auth", "+ClusterRole/other-metrics-auth",
		"-ClusterRole/klink-operator-metrics-reader", "+ClusterRole/other-metrics-reader",
		"-ClusterRoleBinding/klink-operator-manager", "+ClusterRoleBinding/other-manager",
		"-ClusterRoleBinding/klink-operator-metrics-auth", "+ClusterRoleBinding/other-metrics-auth",
		"-Deployment/klink-operator-controller-manager", "+Deployment/other-controller-manager",
		"-PodDisruptionBudget/klink-operator-controller-manager", "+PodDisruptionBudget/other-controller-manager",
		"-Role/klink-operator-leader-election", "+Role/other-leader-election",
		"-RoleBinding/klink-operator-leader-election", "+RoleBinding/other-leader-election",
		"-Service/klink-operator-metrics", "+Service/other-metrics",
		"-ServiceAccount/klink-operator-controller-manager", "+ServiceAccount/other-controller-manager",
		"-NetworkPolicy/klink-operator-controller-manager", "+NetworkPolicy/other-controller-manager",
	}},
	"no network policy": {values: `networkPolicy: {enabled: false}`, want: []string{"-NetworkPolicy/klink-operator-controller-manager"}},
	// The default is not asked for too.
	"who reads metrics": {values: `networkPolicy: {metricsNamespaceSelector: {matchLabels: {kubernetes.io/metadata.name: monitoring}}}`, want: []string{
		"-" + policy + "spec.ingress[0].from[0].namespaceSelector.matchLabels.metrics",
		policy + "spec.ingress[0].from[0].namespaceSelector.matchLabels.kubernetes.io/metadata.name: monitoring",
	}},
	"egress": {values: `networkPolicy: {egressPorts: [443, 6443, 3128]}`, want: []string{
		policy + "spec.egress[3].ports[0].port: 3128", policy + "spec.egress[3].ports[0].protocol: TCP",
	}},
	"monitor":          {values: monitored, want: []string{"+ServiceMonitor/klink-operator"}},
	"monitor's labels": {base: monitored, values: `serviceMonitor: {labels: {a: b}}`, want: []string{monitor + "metadata.labels.a: b"}},
	"interval":         {base: monitored, values: `serviceMonitor: {interval: 30s}`, want: []string{monitor + "spec.endpoints[0].interval: 30s"}},
	"alerts":           {values: alerted, want: []string{"+PrometheusRule/klink-operator"}},
	"alerts' labels":   {base: alerted, values: `prometheusRule: {labels: {a: b}}`, want: []string{"PrometheusRule/klink-operator metadata.labels.a: b"}},
	"dashboard":        {values: dashboards, want: []string{"+ConfigMap/klink-operator-dashboard"}},
	"dashboard's marks": {base: dashboards, values: `grafanaDashboard: {labels: {grafana_dashboard: "2"}, annotations: {folder: klink}}`, want: []string{
		dashboard + "metadata.labels.grafana_dashboard: 2", dashboard + "metadata.annotations.folder: klink",
	}},
	"monitor verifies": {base: `{serviceMonitor: {enabled: true}, metrics: {certificateSecret: a}}`, values: `metrics: {certificateSecret: b}`, want: []string{
		pod + "volumes[0].secret.secretName: b", monitor + "spec.endpoints[0].tlsConfig.ca.secret.name: b",
	}},
}

// accountNamed are the places that name the manager's ServiceAccount.
func accountNamed(name string) []string {
	return []string{
		pod + "serviceAccountName: " + name,
		"ClusterRoleBinding/klink-operator-manager subjects[0].name: " + name,
		"ClusterRoleBinding/klink-operator-metrics-auth subjects[0].name: " + name,
		"RoleBinding/klink-operator-leader-election subjects[0].name: " + name,
	}
}

// connectionEffects are of the ClusterConnection and its Secret.
var connectionEffects = map[string]effect{
	"a connection": {values: connected, want: []string{"+ClusterConnection/default"}},
	"with its token": {values: `connection: {create: true, token: t}`, want: []string{
		"+ClusterConnection/default", "+Secret/klink-operator-token",
	}},
	"another Secret": {base: connected, values: `connection: {existingSecret: other}`, want: []string{connection + "spec.tokenSecretRef.name: other"}},
	"another key":    {base: connected, values: `connection: {secretKey: api}`, want: []string{connection + "spec.tokenSecretRef.key: api"}},
	"another name":   {base: connected, values: `connection: {name: team}`, want: []string{"-ClusterConnection/default", "+ClusterConnection/team"}},
	"endpoint":       {base: connected, values: `connection: {endpoint: "https://a.example/v1"}`, want: []string{connection + "spec.endpoint: https://a.example/v1"}},
	"resync":         {base: connected, values: `connection: {resyncInterval: 1m30s}`, want: []string{connection + "spec.resyncInterval: 1m30s"}},
	"rate": {base: connected, values: `connection: {rateLimit: {requestsPerSecond: 3, burst: 4}}`, want: []string{
		connection + "spec.rateLimit.requestsPerSecond: 3", connection + "spec.rateLimit.burst: 4",
	}},
	// The API has a default of its own.
	"no rate": {base: connected, values: `connection: {rateLimit: null}`, want: []string{
		"-" + connection + "spec.rateLimit.requestsPerSecond", "-" + connection + "spec.rateLimit.burst",
	}},
	"company's roots": {base: connected, values: `connection: {caBundle: "-----BEGIN CERTIFICATE-----"}`, want: []string{
		connection + "spec.caBundle: -----BEGIN CERTIFICATE-----",
	}},
	"adoption": {base: connected, values: `connection: {allowedAdoptionNamespaces: {from: None}}`, want: []string{
		connection + "spec.allowedAdoptionNamespaces.from: None",
	}},
	// The manager must reach where it is sent.
	"endpoint of another port": {base: connected, values: `connection: {endpoint: "https://a.example:8443/v1"}`, want: []string{
		connection + "spec.endpoint: https://a.example:8443/v1",
		policy + "spec.egress[3].ports[0].port: 8443", policy + "spec.egress[3].ports[0].protocol: TCP",
	}},
	"endpoint of the cluster": {base: connected, values: `connection: {endpoint: "http://klink.team.svc/v1"}`, want: []string{
		connection + "spec.endpoint: http://klink.team.svc/v1",
		policy + "spec.egress[3].ports[0].port: 80", policy + "spec.egress[3].ports[0].protocol: TCP",
	}},
	"deletion": {base: connected, values: `connection: {allowDelete: true}`, want: []string{connection + "spec.allowDelete: true"}},
	"namespaces": {base: connected, values: `connection: {allowedNamespaces: {from: Selector, selector: {matchLabels: {a: b}}}}`, want: []string{
		connection + "spec.allowedNamespaces.from: Selector", connection + "spec.allowedNamespaces.selector.matchLabels.a: b",
	}},
}
