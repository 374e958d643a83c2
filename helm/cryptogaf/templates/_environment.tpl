{{/* Variables of the program that are no secret and concern no database; every container of ours has them by envFrom. */}}
{{- define "cryptogaf.environment" -}}
{{- $values := .Values -}}
LOG_LEVEL: {{ $values.logs.level }}
LOG_FORMAT: {{ $values.logs.format }}
HTTP_TIMEOUT: {{ $values.collect.httpTimeout | quote }}
SLEEP_INTERVAL: {{ $values.collect.sleepInterval | quote }}
COINBASE_URL: {{ include "cryptogaf.coinbaseURL" . | quote }}
ALLOW_ORIGIN: {{ $values.api.allowOrigin | quote }}
{{- range $name, $value := $values.environment }}
{{- include "cryptogaf.refuseSecret" $name }}
{{ $name }}: {{ $value | quote }}
{{- end }}
{{- end -}}

{{- define "cryptogaf.refuseSecret" -}}
{{- if regexMatch "(?i)(PASSWORD|PASSWD|_PW$|SECRET|TOKEN|API_?KEY|ACCESS_KEY)" . -}}
{{- fail (printf "the variable %s looks like a secret: put it into a Secret and name that in secretEnvironment" .) -}}
{{- end -}}
{{- end -}}

{{- define "cryptogaf.envFrom" -}}
envFrom:
  - configMapRef:
      name: {{ include "cryptogaf.fullname" . }}-environment
{{- end -}}

{{/* Out of secrets, for what asks venues: keys of their APIs. */}}
{{- define "cryptogaf.venueEnv" -}}
{{- range $name, $from := .Values.secretEnvironment }}
- name: {{ $name }}
  valueFrom:
    secretKeyRef:
      name: {{ $from.secret }}
      key: {{ $from.key }}
{{- end }}
{{- end -}}

{{/* Where raw objects are. Only for what works with them: whoever is told of a bucket must have its keys, too. */}}
{{- define "cryptogaf.lakeEnv" -}}
- name: LAKE_URL
  value: {{ include "cryptogaf.lakeURL" . | quote }}
{{- with .Values.lake.archiveURL }}
- name: LAKE_ARCHIVE_URL
  value: {{ . | quote }}
{{- end }}
{{- if eq .Values.lake.mode "s3" }}
{{- with .Values.lake.s3 }}
- name: S3_REGION
  value: {{ .region }}
{{- with .endpoint }}
- name: S3_ENDPOINT
  value: {{ . }}
{{- end }}
- name: S3_ACCESS_KEY
  valueFrom:
    secretKeyRef:
      name: {{ required "lake.s3.existingSecret: name the secret with the credentials of the bucket" .existingSecret }}
      key: {{ .accessKeyKey }}
- name: S3_SECRET_KEY
  valueFrom:
    secretKeyRef:
      name: {{ .existingSecret }}
      key: {{ .secretKeyKey }}
{{- end }}
{{- end }}
{{- end -}}

{{/* A container's own `env` of the values: none of it a literal secret. */}}
{{- define "cryptogaf.ownEnv" -}}
{{- range . }}
{{- if hasKey . "value" }}{{ include "cryptogaf.refuseSecret" .name }}{{ end }}
{{- end }}
{{- with . }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "cryptogaf.coinbaseURL" -}}
{{- if .Values.collect.coinbaseURL -}}
{{- .Values.collect.coinbaseURL -}}
{{- else if .Values.exchange.enabled -}}
http://{{ include "cryptogaf.fullname" . }}-venue:4201
{{- else -}}
{{- with .Values.global.coinbase }}{{ .scheme }}://{{ .host }}:{{ .port }}{{ end -}}
{{- end -}}
{{- end -}}

{{- define "cryptogaf.lakeURL" -}}
{{- if eq .Values.lake.mode "volume" -}}
file:///lake
{{- else if eq .Values.lake.mode "s3" -}}
{{- with .Values.lake.s3 -}}
s3://{{ required "lake.s3.bucket: name the bucket" .bucket }}{{ with trimAll "/" .prefix }}/{{ . }}{{ end }}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* Products and symbols as one list each; api.products is the predecessor's place. */}}
{{- define "cryptogaf.products" -}}
{{- concat .Values.products .Values.api.products | toJson -}}
{{- end -}}

{{/* What collect can read, as the program has it. */}}
{{- define "cryptogaf.venues" -}}
{{- list "coinbase-local" "coinbase" | toJson -}}
{{- end -}}

{{/* Names of products that collect cannot read. */}}
{{- define "cryptogaf.unreadProducts" -}}
{{- $venues := include "cryptogaf.venues" . | fromJsonArray -}}
{{- $names := list -}}
{{- range include "cryptogaf.products" . | fromJsonArray -}}
{{- if and (contains ":" .name) (not (has (splitList ":" .name | first) $venues)) }}{{ $names = append $names .name }}{{ end -}}
{{- end -}}
{{- $names | toJson -}}
{{- end -}}
