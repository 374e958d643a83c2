{{/* What every pod has: (list root component spec), where spec is the component's part of the values. Restricted by Pod Security's rules. */}}
{{- define "cryptogaf.pod" -}}
{{- $root := index . 0 -}}
{{- $own := index . 2 -}}
{{- $values := $root.Values -}}
{{- $user := default $values.pods.user $own.user -}}
serviceAccountName: {{ default (include "cryptogaf.serviceAccount" $root) $own.serviceAccount }}
automountServiceAccountToken: false
enableServiceLinks: false
securityContext:
  runAsNonRoot: true
  runAsUser: {{ $user }}
  runAsGroup: {{ $user }}
  fsGroup: {{ $user }}
  fsGroupChangePolicy: OnRootMismatch
  seccompProfile:
    type: RuntimeDefault
{{- with $values.global.imagePullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ ternary . (get (ternary (dict) . (kindIs "string" .)) "name") (kindIs "string" .) }}
  {{- end }}
{{- end }}
{{- with default $values.pods.nodeSelector $own.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with default $values.pods.tolerations $own.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with default $values.pods.affinity $own.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $values.pods.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- end -}}

{{/* Metadata of a pod template: (list root component annotations) */}}
{{- define "cryptogaf.podMetadata" -}}
{{- $root := index . 0 -}}
{{- with merge (dict) (index . 2) $root.Values.pods.annotations }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
labels:
  {{- with $root.Values.pods.labels }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
  {{- include "cryptogaf.labels" (list $root (index . 1)) | nindent 2 }}
{{- end -}}

{{/* Spread over nodes and zones where possible: (list root component) */}}
{{- define "cryptogaf.spread" -}}
topologySpreadConstraints:
  {{- range $key := list "kubernetes.io/hostname" "topology.kubernetes.io/zone" }}
  - maxSkew: 1
    topologyKey: {{ $key }}
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels:
        {{- include "cryptogaf.selector" $ | nindent 8 }}
  {{- end }}
{{- end -}}

{{- define "cryptogaf.containerSecurity" -}}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities:
    drop: [ALL]
{{- end -}}

{{/* Image of the program and how it is held: root */}}
{{- define "cryptogaf.program" -}}
image: {{ include "cryptogaf.image" (list . .Values.image) }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
{{ include "cryptogaf.containerSecurity" . }}
{{- end -}}

{{/* Waits until the database has this program's schema: (list root role) */}}
{{- define "cryptogaf.waitForSchema" -}}
{{- $root := index . 0 -}}
- name: wait-for-schema
  {{- include "cryptogaf.program" $root | nindent 2 }}
  command: [cryptogaf, migrate, --wait, {{ $root.Values.migrate.wait | quote }}]
  env:
    {{- include "cryptogaf.postgresEnv" . | nindent 4 }}
  {{- include "cryptogaf.resources" $root.Values.migrate.resources | nindent 2 }}
  {{- include "cryptogaf.postgresMounts" $root | nindent 2 }}
{{- end -}}

{{- define "cryptogaf.resources" -}}
resources:
  {{- toYaml . | nindent 2 }}
{{- end -}}
