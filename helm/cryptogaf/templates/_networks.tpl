{{/* Labels of the pods behind a component: (list root component). CloudNativePG's pods carry its labels, not ours. */}}
{{- define "cryptogaf.podLabels" -}}
{{- $root := index . 0 -}}
{{- $cnpg := eq (include "cryptogaf.postgresMode" $root) "cnpg" -}}
{{- if and $cnpg (eq (index . 1) "postgres") -}}
cnpg.io/cluster: {{ include "cryptogaf.cluster" $root }}
{{- else if and $cnpg (eq (index . 1) "pooler") -}}
cnpg.io/poolerName: {{ include "cryptogaf.cluster" $root }}-pooler
{{- else -}}
{{ include "cryptogaf.selector" . }}
{{- end -}}
{{- end -}}

{{/* Who talks to whom inside the release, as JSON: [{from, to, port}]. The whole of it; every other connection is refused. */}}
{{- define "cryptogaf.arrows" -}}
{{- $mode := include "cryptogaf.postgresMode" . -}}
{{- $arrows := list (dict "from" "nginx" "to" "handlers" "port" 9000) -}}
{{- if .Values.exchange.enabled -}}
{{- $arrows = append $arrows (dict "from" "nginx" "to" "exchange" "port" 9001) -}}
{{- if and .Values.collect.enabled (not .Values.collect.coinbaseURL) -}}
{{- $arrows = append $arrows (dict "from" "collect" "to" "nginx" "port" 4201) -}}
{{- end -}}
{{- end -}}
{{- if .Values.tests.enabled -}}
{{- $arrows = append $arrows (dict "from" "test" "to" "nginx" "port" 8080) -}}
{{- end -}}
{{- if ne $mode "external" -}}
{{- $pooled := and .Values.postgres.pooler.enabled (eq $mode "cnpg") -}}
{{- range $component := include "cryptogaf.databaseClients" . | fromJsonArray -}}
{{- $to := ternary "pooler" "postgres" (and (eq $component "handlers") $pooled) -}}
{{- if not (and (eq $component "handlers") $.Values.postgres.pooler.enabled (ne $mode "cnpg")) -}}
{{- $arrows = append $arrows (dict "from" $component "to" $to "port" 5432) -}}
{{- end -}}
{{- end -}}
{{- if $pooled -}}
{{- $arrows = append $arrows (dict "from" "pooler" "to" "postgres" "port" 5432) -}}
{{- end -}}
{{- if eq $mode "cnpg" -}}
{{- $arrows = concat $arrows (list (dict "from" "postgres" "to" "postgres" "port" 5432) (dict "from" "postgres" "to" "postgres" "port" 8000)) -}}
{{- end -}}
{{- end -}}
{{- $arrows | toJson -}}
{{- end -}}

{{/* Components that connect to Postgres, as JSON. */}}
{{- define "cryptogaf.databaseClients" -}}
{{- $clients := list "handlers" "migrate" -}}
{{- if and .Values.monitoring.postgresExporter.enabled (ne (include "cryptogaf.postgresMode" .) "cnpg") }}{{ $clients = append $clients "exporter" }}{{ end -}}
{{- if .Values.collect.enabled }}{{ $clients = append $clients "collect" }}{{ end -}}
{{- if .Values.tests.enabled }}{{ $clients = append $clients "test" }}{{ end -}}
{{- if include "cryptogaf.dumps" . }}{{ $clients = concat $clients (list "backup" "restore-drill") }}{{ end -}}
{{- if or (include "cryptogaf.products" . | fromJsonArray) .Values.symbols }}{{ $clients = append $clients "set-up" }}{{ end -}}
{{- range $name, $_ := include "cryptogaf.jobs" . | fromJson }}{{ $clients = append $clients (printf "job-%s" $name) }}{{ end -}}
{{- $clients | toJson -}}
{{- end -}}

{{/* What a component may reach outside of the release: (list root component) */}}
{{- define "cryptogaf.outside" -}}
{{- $root := index . 0 -}}
{{- $component := index . 1 -}}
{{- $networks := $root.Values.networkPolicy -}}
{{- $mode := include "cryptogaf.postgresMode" $root -}}
{{- $needs := list -}}
{{- if hasPrefix "job-" $component -}}
{{- $needs = default (list) (get (include "cryptogaf.jobs" $root | fromJson) (trimPrefix "job-" $component)).needs -}}
{{- end -}}
{{- if and (eq $mode "external") (has $component (include "cryptogaf.databaseClients" $root | fromJsonArray)) }}
- to:
    {{- range $root.Values.postgres.external.cidrs }}
    - ipBlock: {cidr: {{ . }}}
    {{- end }}
  ports: [{protocol: TCP, port: {{ include "cryptogaf.postgresPort" (list $root (ternary "api" "worker" (eq $component "handlers"))) }}}]
{{- else if and (eq $component "handlers") $root.Values.postgres.pooler.enabled (eq $mode "bundled") }}
- to: [{podSelector: {}}]
  ports: [{protocol: TCP, port: {{ $root.Values.postgres.pooler.port }}}]
{{- end }}
{{- if or (eq $component "collect") (has "venues" $needs) }}
- to:
    - ipBlock:
        cidr: {{ $networks.venues.cidr }}
        {{- with $networks.venues.except }}
        except:
          {{- toYaml . | nindent 10 }}
        {{- end }}
  ports: [{protocol: TCP, port: 443}]
{{- end }}
{{- if and (eq $component "collect") (not (and $root.Values.exchange.enabled (not $root.Values.collect.coinbaseURL))) }}
{{- $url := include "cryptogaf.coinbaseURL" $root }}
- to:
    {{- toYaml (default (list (dict "podSelector" dict)) $networks.venues.local) | nindent 4 }}
  ports: [{protocol: TCP, port: {{ default (ternary "443" "80" (hasPrefix "https" $url)) (regexFind ":[0-9]+$" (urlParse $url).host | trimPrefix ":") }}}]
{{- end }}
{{- $stores := and (has "lake" $needs) (eq $root.Values.lake.mode "s3") }}
{{- if eq $mode "cnpg" }}
{{- if has $component (list "postgres" "pooler") }}
- to: [{ipBlock: {cidr: {{ $networks.kubernetesAPI.cidr }}}}]
  ports:
    {{- range $networks.kubernetesAPI.ports }}
    - {protocol: TCP, port: {{ . }}}
    {{- end }}
{{- end }}
{{- $stores = or $stores (and (eq $component "postgres") $root.Values.postgres.cnpg.backup.enabled) }}
{{- end }}
{{- if and (eq $mode "bundled") (eq $component "postgres") $root.Values.postgres.bundled.backup.enabled $root.Values.postgres.bundled.backup.s3.bucket }}
{{- $stores = true }}
{{- end }}
{{- if $stores }}
- to: [{ipBlock: {cidr: {{ $networks.objectStore.cidr }}}}]
  ports: [{protocol: TCP, port: {{ $networks.objectStore.port }}}]
{{- end }}
{{- end -}}

{{/* Who may come from outside of the release: (list root component) */}}
{{- define "cryptogaf.visitors" -}}
{{- $root := index . 0 -}}
{{- $component := index . 1 -}}
{{- $networks := $root.Values.networkPolicy -}}
{{- if eq $component "nginx" }}
- ports: [{protocol: TCP, port: 8080}, {protocol: TCP, port: 4202}]
  {{- with $networks.clients }}
  from:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- if and $networks.clients $networks.scrapers }}
- ports: [{protocol: TCP, port: 8080}]
  from:
    {{- toYaml $networks.scrapers | nindent 4 }}
{{- end }}
{{- end }}
{{- if or (eq $component "exporter") (and (eq $component "nginx") $root.Values.monitoring.http.enabled) }}
- ports: [{protocol: TCP, port: {{ ternary 9187 3903 (eq $component "exporter") }}}]
  {{- with $networks.scrapers }}
  from:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end }}
{{- if and (eq $component "postgres") (eq (include "cryptogaf.postgresMode" $root) "cnpg") }}
- from:
    - namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: {{ $networks.operatorNamespace }}}}
  ports: [{protocol: TCP, port: 8000}, {protocol: TCP, port: 5432}]
{{- if $root.Values.monitoring.podMonitor.enabled }}
- ports: [{protocol: TCP, port: 9187}]
  {{- with $networks.scrapers }}
  from:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end }}
{{- end }}
{{- end -}}
