{{/* SPDX-License-Identifier: Apache-2.0 */}}

{{/* The first part of all names but those that are public. */}}
{{- define "klink-operator.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{ .Values.fullnameOverride }}
{{- else if contains .Chart.Name .Release.Name -}}
{{ .Release.Name | trunc 40 | trimSuffix "-" }}
{{- else -}}
{{ printf "%s-%s" (.Release.Name | trunc 25 | trimSuffix "-") .Chart.Name }}
{{- end -}}
{{- end }}

{{- define "klink-operator.serviceAccountName" -}}
{{- if not (or .Values.serviceAccount.create .Values.serviceAccount.name) }}{{ fail "serviceAccount.name is needed when serviceAccount.create is false" }}{{ end -}}
{{ .Values.serviceAccount.name | default (printf "%s-controller-manager" (include "klink-operator.fullname" .)) }}
{{- end }}

{{- define "klink-operator.subject" -}}
- kind: ServiceAccount
  name: {{ include "klink-operator.serviceAccountName" . | quote }}
  namespace: {{ .Release.Namespace }}
{{- end }}

{{/*
What the pods are found by. It has no instance: a Deployment of config/default can be taken
over, and there is one operator in a namespace, whose Lease has a fixed name.
*/}}
{{- define "klink-operator.selectorLabels" -}}
app.kubernetes.io/name: klink-operator
{{- end }}

{{- define "klink-operator.labels" -}}
{{ include "klink-operator.selectorLabels" . }}
app.kubernetes.io/instance: {{ .Release.Name | quote }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end }}

{{- define "klink-operator.image" -}}
{{- if .Values.image.digest -}}
{{ .Values.image.repository }}@{{ .Values.image.digest }}
{{- else -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end -}}
{{- end }}

{{/* Nine tenths of the memory limit: near it, memory is collected sooner. */}}
{{- define "klink-operator.goMemLimit" -}}
{{- with dig "limits" "memory" "" (.Values.resources | default dict) -}}
{{- $mebibytes := trimSuffix "Mi" (trimSuffix "Gi" .) | int -}}
{{- if hasSuffix "Gi" . }}{{ $mebibytes = mul $mebibytes 1024 }}{{ end -}}
{{ div (mul $mebibytes 9) 10 }}MiB
{{- end -}}
{{- end }}

{{/* The scheme of the metrics, which is also the name of the Service's port. */}}
{{- define "klink-operator.metricsScheme" -}}
{{ ternary "https" "http" .Values.metrics.secure }}
{{- end }}

{{/*
Whether Helm can make a ClusterConnection. It finds the kinds of all objects before it makes
the first, so that an object of a kind that comes with the same release has to wait for the
next upgrade. Without an API server, as in helm template, somebody else makes them.
*/}}
{{- define "klink-operator.connectionKnown" -}}
{{- $online := lookup "v1" "Namespace" "" "default" -}}
{{- if or (not $online) (.Capabilities.APIVersions.Has "klink.cloud/v1alpha1/ClusterConnection") -}}
true
{{- end -}}
{{- end }}

{{/* The ports that the manager calls, as a list in JSON: those given, then those of the endpoints. */}}
{{- define "klink-operator.egressPorts" -}}
{{- $ports := list -}}
{{- range .Values.networkPolicy.egressPorts }}{{ $ports = append $ports (int .) }}{{ end -}}
{{- $endpoints := .Values.allowedEndpoints | default list -}}
{{- if .Values.connection.create }}{{ $endpoints = append $endpoints .Values.connection.endpoint }}{{ end -}}
{{- range $endpoints -}}
{{- $url := urlParse . -}}
{{- $ports = append $ports (regexFind ":[0-9]+$" $url.host | trimPrefix ":" | default (ternary "80" "443" (eq $url.scheme "http")) | int) -}}
{{- end -}}
{{ $ports | uniq | toJson }}
{{- end }}

{{/* The name of the Lease, as the manager forms it: docs/install.md. */}}
{{- define "klink-operator.lease" -}}
{{- $namespaces := join "," (.Values.watchNamespaces | default list) -}}
{{- with .Values.connectionSelector -}}
klink-operator-{{ printf "%s\n%s\n" . $namespaces | sha256sum | trunc 8 }}.klink.cloud
{{- else -}}
klink-operator.klink.cloud
{{- end -}}
{{- end }}
