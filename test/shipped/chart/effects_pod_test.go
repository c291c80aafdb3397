// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package chart

const (
	deployment = "Deployment/klink-operator-controller-manager "
	pod        = deployment + "spec.template.spec."
	container  = pod + "containers[0]."
	digest     = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
)

var podEffects = map[string]effect{
	"repository":  {values: `image: {repository: example.com/klink}`, want: []string{container + "image: example.com/klink:RELEASE"}},
	"tag":         {values: `image: {tag: v9}`, want: []string{container + "image: ghcr.io/klink-cloud/klink-operator:v9"}},
	"digest":      {values: `image: {tag: v9, digest: "` + digest + `"}`, want: []string{container + "image: ghcr.io/klink-cloud/klink-operator@" + digest}},
	"pullPolicy":  {values: `image: {pullPolicy: Always}`, want: []string{container + "imagePullPolicy: Always"}},
	"pullSecrets": {values: `image: {pullSecrets: [a, b]}`, want: []string{pod + "imagePullSecrets[0].name: a", pod + "imagePullSecrets[1].name: b"}},
	"replicas":    {values: `replicas: 3`, want: []string{deployment + "spec.replicas: 3"}},
	"no replicas": {values: `replicas: 0`, want: []string{deployment + "spec.replicas: 0"}},
	"priority":    {values: `priorityClassName: high`, want: []string{pod + "priorityClassName: high"}},
	"requests": {values: `resources: {requests: {cpu: 1, memory: 200Mi}}`, want: []string{
		container + "resources.requests.cpu: 1", container + "resources.requests.memory: 200Mi",
	}},
	// Nine tenths of 1 GiB, and of none.
	"memory in Gi": {values: `resources: {limits: {memory: 1Gi}}`, want: []string{
		container + "resources.limits.memory: 1Gi", container + "env[1].value: 921MiB",
	}},
	"memory in Mi": {values: `resources: {limits: {memory: 100Mi}}`, want: []string{
		container + "resources.limits.memory: 100Mi", container + "env[1].value: 90MiB",
	}},
	"no limit": {values: `resources: {limits: null}`, want: []string{
		"-" + container + "resources.limits.memory", "-" + container + "env[1].name", "-" + container + "env[1].value",
	}},
	"no resources": {values: `resources: null`, want: []string{
		"-" + container + "resources.limits.memory", "-" + container + "env[1].name", "-" + container + "env[1].value",
		"-" + container + "resources.requests.cpu", "-" + container + "resources.requests.memory",
	}},
	"podAnnotations": {values: `podAnnotations: {a: b}`, want: []string{deployment + "spec.template.metadata.annotations.a: b"}},
	"podLabels":      {values: `podLabels: {a: b}`, want: []string{deployment + "spec.template.metadata.labels.a: b"}},
	"nodeSelector":   {values: `nodeSelector: {a: b}`, want: []string{pod + "nodeSelector.a: b"}},
	"tolerations":    {values: `tolerations: [{operator: Exists}]`, want: []string{pod + "tolerations[0].operator: Exists"}},
	"affinity":       {values: `affinity: {podAntiAffinity: {a: b}}`, want: []string{pod + "affinity.podAntiAffinity.a: b"}},
	"extraEnv": {values: `extraEnv: [{name: NO_PROXY, value: .svc}]`, want: []string{
		container + "env[2].name: NO_PROXY", container + "env[2].value: .svc",
	}},
	"extraVolumes": {values: `extraVolumes: [{name: roots, configMap: {name: company-roots}}]`, want: []string{
		pod + "volumes[0].name: roots", pod + "volumes[0].configMap.name: company-roots",
	}},
	"extraVolumeMounts": {values: `extraVolumeMounts: [{name: roots, mountPath: /etc/roots}]`, want: []string{
		container + "volumeMounts[0].name: roots", container + "volumeMounts[0].mountPath: /etc/roots",
	}},
	"one constraint": {values: `topologySpreadConstraints: [{topologyKey: rack}]`, want: []string{
		pod + "topologySpreadConstraints[0].topologyKey: rack",
		"-" + pod + "topologySpreadConstraints[0].labelSelector.matchLabels.app.kubernetes.io/name",
		"-" + pod + "topologySpreadConstraints[0].matchLabelKeys[0]",
		"-" + pod + "topologySpreadConstraints[0].maxSkew",
		"-" + pod + "topologySpreadConstraints[0].whenUnsatisfiable",
		"-" + pod + "topologySpreadConstraints[1].labelSelector.matchLabels.app.kubernetes.io/name",
		"-" + pod + "topologySpreadConstraints[1].matchLabelKeys[0]",
		"-" + pod + "topologySpreadConstraints[1].maxSkew",
		"-" + pod + "topologySpreadConstraints[1].topologyKey",
		"-" + pod + "topologySpreadConstraints[1].whenUnsatisfiable",
	}},
	"certificate": {values: `metrics: {certificateSecret: serving}`, want: []string{
		container + "volumeMounts[0].name: certificate",
		container + "volumeMounts[0].mountPath: /tmp/k8s-metrics-server/serving-certs",
		container + "volumeMounts[0].readOnly: true",
		pod + "volumes[0].name: certificate",
		pod + "volumes[0].secret.secretName: serving",
	}},
}

// argEffects are flags of the manager.
var argEffects = map[string]effect{
	"watchNamespaces": {values: `watchNamespaces: [a, b]`, want: []string{container + "args[4]: --watch-namespaces=a,b"}},
	"allowedEndpoints": {values: `allowedEndpoints: ["https://a.example", "https://b.example:9443/x"]`, want: []string{
		container + "args[4]: --allowed-endpoints=https://a.example,https://b.example:9443/x",
		policy + "spec.egress[3].ports[0].port: 9443", policy + "spec.egress[3].ports[0].protocol: TCP",
	}},
	// The Lease is named as internal/manager names it.
	"connectionSelector": {values: `connectionSelector: "klink.cloud/shard!=emea"`, want: []string{
		container + "args[4]: --connection-selector=klink.cloud/shard!=emea",
		"Role/klink-operator-leader-election rules[1].resourceNames[0]: klink-operator-5b623552.klink.cloud",
	}},
	"workers":         {values: `maxConcurrentReconciles: 16`, want: []string{container + "args[4]: --max-concurrent-reconciles=16"}},
	"many workers":    {values: `maxConcurrentReconciles: 10000000`, want: []string{container + "args[4]: --max-concurrent-reconciles=10000000"}},
	"dryRun":          {values: `dryRun: true`, want: []string{container + "args[4]: --dry-run"}},
	"level":           {values: `logging: {level: debug}`, want: []string{container + "args[4]: --zap-log-level=debug"}},
	"level as number": {values: `logging: {level: 3}`, want: []string{container + "args[4]: --zap-log-level=3"}},
	"encoder":         {values: `logging: {encoder: console}`, want: []string{container + "args[4]: --zap-encoder=console"}},
	"port": {values: `metrics: {port: 9443}`, want: []string{
		container + "args[3]: --metrics-bind-address=:9443", container + "ports[0].containerPort: 9443",
		"Service/klink-operator-metrics spec.ports[0].port: 9443",
	}},
	"metrics in clear": {values: `metrics: {secure: false}`, want: []string{
		container + "args[4]: --metrics-secure=false",
		"Service/klink-operator-metrics spec.ports[0].name: http",
		"-ClusterRole/klink-operator-metrics-auth", "-ClusterRole/klink-operator-metrics-reader",
		"-ClusterRoleBinding/klink-operator-metrics-auth",
	}},
	"no metrics": {values: `metrics: {enabled: false}`, want: []string{
		"-" + container + "args[3]", container + "ports[0].name: health", container + "ports[0].containerPort: 8081",
		"-" + container + "ports[1].name", "-" + container + "ports[1].containerPort", "-" + container + "ports[1].protocol",
		"-Service/klink-operator-metrics",
		"-ClusterRole/klink-operator-metrics-auth", "-ClusterRole/klink-operator-metrics-reader",
		"-ClusterRoleBinding/klink-operator-metrics-auth",
		"-" + policy + "spec.ingress[0].from[0].namespaceSelector.matchLabels.metrics", policy + "spec.ingress[0].ports[0].port: health",
		"-" + policy + "spec.ingress[1].ports[0].port", "-" + policy + "spec.ingress[1].ports[0].protocol",
	}},
}
