{{/* Names. 26 characters leave room for the longest suffix within the 52 that a CronJob may have. */}}
{{- define "cryptogaf.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 26 | trimSuffix "-" -}}
{{- else -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- ternary .Release.Name (printf "%s-%s" .Release.Name $name) (contains $name .Release.Name) | trunc 26 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "cryptogaf.serviceAccount" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "cryptogaf.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{/* What selects a component's pods: (list root component) */}}
{{- define "cryptogaf.selector" -}}
{{- $root := index . 0 -}}
app.kubernetes.io/name: {{ default $root.Chart.Name $root.Values.nameOverride | trunc 63 }}
app.kubernetes.io/instance: {{ $root.Release.Name }}
{{- with index . 1 }}
app.kubernetes.io/component: {{ . }}
{{- end }}
{{- end -}}

{{/* (list root component) */}}
{{- define "cryptogaf.labels" -}}
{{- $root := index . 0 -}}
helm.sh/chart: {{ printf "%s-%s" $root.Chart.Name $root.Chart.Version | replace "+" "_" }}
app.kubernetes.io/managed-by: {{ $root.Release.Service }}
app.kubernetes.io/version: {{ $root.Chart.AppVersion | quote }}
{{ include "cryptogaf.selector" . }}
{{- end -}}

{{/* (list root component [suffix]): name and labels */}}
{{- define "cryptogaf.metadata" -}}
{{- $root := index . 0 -}}
{{- $component := index . 1 -}}
{{- $suffix := ternary (last .) $component (eq (len .) 3) -}}
name: {{ printf "%s-%s" (include "cryptogaf.fullname" $root) $suffix | trimSuffix "-" }}
namespace: {{ $root.Release.Namespace }}
labels:
  {{- include "cryptogaf.labels" (list $root $component) | nindent 2 }}
{{- end -}}

{{/* An image: (list root image), where image may leave open registry and tag. */}}
{{- define "cryptogaf.image" -}}
{{- $root := index . 0 -}}
{{- $image := index . 1 -}}
{{- $registry := default $root.Values.image.registry $image.registry -}}
{{- $tag := coalesce $image.tag $root.Values.image.tag $root.Chart.AppVersion -}}
{{- if and (eq $tag "latest") (not $image.digest) -}}
{{- fail (printf "image %s has the tag latest, which may be another program tomorrow: name a version" $image.name) -}}
{{- end -}}
{{- if $registry }}{{ trimSuffix "/" $registry }}/{{ end }}{{ $image.name }}{{ if $image.digest }}@{{ $image.digest }}{{ else }}:{{ $tag }}{{ end }}
{{- end -}}
