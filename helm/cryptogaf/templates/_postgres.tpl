{{/* Where the database is. The predecessor's names of values fill what ours leave open. */}}
{{- define "cryptogaf.postgresMode" -}}
{{- if and (not .Values.postgresql.enabled) (eq .Values.postgres.mode "bundled") -}}
external
{{- else -}}
{{- .Values.postgres.mode -}}
{{- end -}}
{{- end -}}

{{- define "cryptogaf.cluster" -}}
{{ include "cryptogaf.fullname" . }}-db
{{- end -}}

{{/* (list root role) with role owner, worker or api; the handlers may read elsewhere. */}}
{{- define "cryptogaf.postgresHost" -}}
{{- $root := index . 0 -}}
{{- $mode := include "cryptogaf.postgresMode" $root -}}
{{- $serves := eq (index . 1) "api" -}}
{{- $postgres := $root.Values.postgres -}}
{{- if and $serves $postgres.pooler.enabled -}}
{{- if eq $mode "cnpg" -}}
{{ include "cryptogaf.cluster" $root }}-pooler
{{- else -}}
{{- required "postgres.pooler.host: outside of mode cnpg the chart makes no pooler, so name yours" $postgres.pooler.host -}}
{{- end -}}
{{- else if eq $mode "cnpg" -}}
{{ include "cryptogaf.cluster" $root }}-{{ ternary "ro" "rw" (and $serves $root.Values.api.readReplica) }}
{{- else if eq $mode "bundled" -}}
{{ include "cryptogaf.cluster" $root }}
{{- else -}}
{{- $host := required "postgres.external.host: name the host of your database" (default $root.Values.postgresql.primary.service.hostname $postgres.external.host) -}}
{{- if and $serves $root.Values.api.readReplica -}}
{{- required "postgres.external.readHost: api.readReplica needs the host of a replica" $postgres.external.readHost -}}
{{- else -}}
{{- $host -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* (list root role) */}}
{{- define "cryptogaf.postgresPort" -}}
{{- $root := index . 0 -}}
{{- if and (eq (index . 1) "api") $root.Values.postgres.pooler.enabled (ne (include "cryptogaf.postgresMode" $root) "cnpg") -}}
{{- $root.Values.postgres.pooler.port -}}
{{- else if eq (include "cryptogaf.postgresMode" $root) "external" -}}
{{- default $root.Values.postgres.external.port $root.Values.postgresql.primary.service.ports.postgresql -}}
{{- else -}}
5432
{{- end -}}
{{- end -}}

{{- define "cryptogaf.postgresDatabase" -}}
{{- default .Values.postgres.database .Values.postgresql.auth.database -}}
{{- end -}}

{{/* (list root role) */}}
{{- define "cryptogaf.postgresUser" -}}
{{- $root := index . 0 -}}
{{- default (get $root.Values.postgres.auth (index . 1)).username $root.Values.postgresql.auth.username -}}
{{- end -}}

{{/* Name of the secret that a user of ours brought, or nothing: (list root role) */}}
{{- define "cryptogaf.existingSecret" -}}
{{- $root := index . 0 -}}
{{- default $root.Values.postgresql.auth.existingSecret (get $root.Values.postgres.auth (index . 1)).existingSecret -}}
{{- end -}}

{{/* (list root role) */}}
{{- define "cryptogaf.postgresSecret" -}}
{{- $root := index . 0 -}}
{{- $existing := include "cryptogaf.existingSecret" . -}}
{{- if and (not $existing) (eq (include "cryptogaf.postgresMode" $root) "external") -}}
{{- fail (printf "postgres.auth.%s.existingSecret: name the secret with the password of %s; nobody but you knows it" (index . 1) (include "cryptogaf.postgresUser" .)) -}}
{{- end -}}
{{- default (printf "%s-postgres-%s" (include "cryptogaf.fullname" $root) (index . 1)) $existing -}}
{{- end -}}

{{- define "cryptogaf.postgresSSLMode" -}}
{{- $mode := include "cryptogaf.postgresMode" . -}}
{{- if eq $mode "cnpg" -}}verify-full
{{- else if eq $mode "external" -}}{{ .Values.postgres.external.sslMode }}
{{- else -}}disable
{{- end -}}
{{- end -}}

{{/* The program's variables of the database: (list root role) */}}
{{- define "cryptogaf.postgresEnv" -}}
{{- $root := index . 0 -}}
{{- $role := index . 1 -}}
- name: POSTGRES_HOST
  value: {{ include "cryptogaf.postgresHost" . }}
- name: POSTGRES_PORT
  value: {{ include "cryptogaf.postgresPort" . | quote }}
- name: POSTGRES_DB
  value: {{ include "cryptogaf.postgresDatabase" $root | quote }}
- name: POSTGRES_USER
  value: {{ include "cryptogaf.postgresUser" . | quote }}
- name: POSTGRES_PW
  valueFrom:
    secretKeyRef:
      name: {{ include "cryptogaf.postgresSecret" . }}
      key: {{ (get $root.Values.postgres.auth $role).passwordKey }}
{{- if and (eq $role "api") $root.Values.postgres.pooler.enabled }}
# No prepared statements: the next transaction may meet another connection.
- name: POSTGRES_POOLED
  value: "true"
{{- end }}
- name: PGSSLMODE
  value: {{ include "cryptogaf.postgresSSLMode" $root }}
{{- if include "cryptogaf.postgresCA" $root }}
- name: PGSSLROOTCERT
  value: /etc/postgres-ca/ca.crt
{{- else if hasPrefix "verify" (include "cryptogaf.postgresSSLMode" $root) }}
# What the system trusts; libpq of before version 16 knows no other name for it.
- name: PGSSLROOTCERT
  value: /etc/ssl/certs/ca-certificates.crt
{{- end }}
{{- end -}}

{{/* Whether the chart dumps a database of your own. */}}
{{- define "cryptogaf.dumps" -}}
{{- if and (eq (include "cryptogaf.postgresMode" .) "external") .Values.postgres.external.backup.enabled }}yes{{ end -}}
{{- end -}}

{{/* Secret with the certificate authority, or nothing. */}}
{{- define "cryptogaf.postgresCA" -}}
{{- $mode := include "cryptogaf.postgresMode" . -}}
{{- if eq $mode "cnpg" -}}
{{ include "cryptogaf.cluster" . }}-ca
{{- else if eq $mode "external" -}}
{{- .Values.postgres.external.caSecret -}}
{{- end -}}
{{- end -}}

{{/* Only the certificate: CloudNativePG's secret holds the authority's key too. */}}
{{- define "cryptogaf.postgresVolumes" -}}
{{- with include "cryptogaf.postgresCA" . }}
- name: postgres-ca
  secret:
    secretName: {{ . }}
    defaultMode: 0444
    items:
      - key: {{ ternary "ca.crt" $.Values.postgres.external.caKey (eq (include "cryptogaf.postgresMode" $) "cnpg") }}
        path: ca.crt
{{- end }}
{{- end -}}

{{/* volumeMounts of a container: root, or (list root more…) with further mounts as text */}}
{{- define "cryptogaf.postgresMounts" -}}
{{- $root := . -}}
{{- $more := "" -}}
{{- if kindIs "slice" . -}}
{{- $root = index . 0 -}}
{{- $more = index . 1 | trim -}}
{{- end -}}
{{- if or $more (include "cryptogaf.postgresCA" $root) -}}
volumeMounts:
  {{- if include "cryptogaf.postgresCA" $root }}
  - name: postgres-ca
    mountPath: /etc/postgres-ca
    readOnly: true
  {{- end }}
  {{- with $more }}
  {{- . | nindent 2 }}
  {{- end }}
{{- end -}}
{{- end -}}

{{/* pgBackRest's settings, which it reads from the environment; nothing without backups of the bundled database. */}}
{{- define "cryptogaf.backupEnv" -}}
{{- with .Values.postgres.bundled.backup -}}
{{- if .enabled -}}
- {name: PGBACKREST_PG1_PATH, value: /var/lib/postgresql/data/pgdata}
- {name: PGBACKREST_PG1_SOCKET_PATH, value: /run/postgresql}
- {name: PGBACKREST_PG1_USER, value: postgres}
- {name: PGBACKREST_REPO1_RETENTION_FULL, value: {{ .keep | quote }}}
- {name: PGBACKREST_LOCK_PATH, value: /run/postgresql/pgbackrest}
- {name: PGBACKREST_LOG_LEVEL_FILE, value: "off"}
- {name: PGBACKREST_LOG_LEVEL_CONSOLE, value: warn}
- {name: PGBACKREST_COMPRESS_TYPE, value: lz4}
{{- if .s3.bucket }}
- {name: PGBACKREST_REPO1_TYPE, value: s3}
- {name: PGBACKREST_REPO1_PATH, value: {{ printf "/%s" (trimAll "/" .s3.prefix) }}}
- {name: PGBACKREST_REPO1_S3_BUCKET, value: {{ .s3.bucket }}}
- {name: PGBACKREST_REPO1_S3_REGION, value: {{ .s3.region }}}
- {name: PGBACKREST_REPO1_S3_ENDPOINT, value: {{ required "postgres.bundled.backup.s3.endpoint: name the host of the bucket" .s3.endpoint }}}
- {name: PGBACKREST_REPO1_S3_URI_STYLE, value: {{ .s3.uriStyle }}}
{{- if .s3.caSecret }}
- {name: PGBACKREST_REPO1_STORAGE_CA_FILE, value: /etc/backup-ca/ca.crt}
{{- end }}
- name: PGBACKREST_REPO1_S3_KEY
  valueFrom:
    secretKeyRef: {name: {{ required "postgres.bundled.backup.s3.existingSecret: name the secret with the bucket's credentials" .s3.existingSecret }}, key: {{ .s3.accessKeyKey }}}
- name: PGBACKREST_REPO1_S3_KEY_SECRET
  valueFrom:
    secretKeyRef: {name: {{ .s3.existingSecret }}, key: {{ .s3.secretKeyKey }}}
{{- else }}
- {name: PGBACKREST_REPO1_PATH, value: /backups}
{{- end }}
{{- end -}}
{{- end -}}
{{- end -}}

{{- /* Of Postgres' memory a quarter, as its documentation advises, from what the container may use; empty where that is not in Mi or Gi.
Called with the container's resources. */}}
{{- define "cryptogaf.sharedBuffers" -}}
{{- $limit := (((. | default dict).limits | default dict).memory | default "") | toString }}
{{- if regexMatch "^[0-9.]+[MG]i$" $limit }}
{{- $unit := hasSuffix "Gi" $limit | ternary 1024 1 }}
{{- printf "%dMB" (max 16 (divf (mulf (regexFind "[0-9.]+" $limit | float64) $unit) 4 | int)) }}
{{- end }}
{{- end }}
