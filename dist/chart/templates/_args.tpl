{{/* SPDX-License-Identifier: Apache-2.0 */}}

{{/* The manager's flags. What is the manager's own default is left out. */}}
{{- define "klink-operator.args" -}}
- --leader-elect
- --operator-namespace=$(POD_NAMESPACE)
- --health-probe-bind-address=:8081
{{- if .Values.metrics.enabled }}
- --metrics-bind-address=:{{ int .Values.metrics.port }}
{{- if not .Values.metrics.secure }}
- --metrics-secure=false
{{- end }}
{{- end }}
{{- with .Values.watchNamespaces }}
- --watch-namespaces={{ join "," . }}
{{- end }}
{{- with .Values.connectionSelector }}
- {{ printf "--connection-selector=%s" . | quote }}
{{- end }}
{{- with .Values.allowedEndpoints }}
- --allowed-endpoints={{ join "," . }}
{{- end }}
{{- if ne (int .Values.maxConcurrentReconciles) 24 }}
- --max-concurrent-reconciles={{ int .Values.maxConcurrentReconciles }}
{{- end }}
{{- if .Values.dryRun }}
- --dry-run
{{- end }}
{{- if ne (toString .Values.logging.level) "info" }}
- --zap-log-level={{ .Values.logging.level }}
{{- end }}
{{- if ne .Values.logging.encoder "json" }}
- --zap-encoder={{ .Values.logging.encoder }}
{{- end }}
{{- end }}
