{{/* The jobs of cronjobs/, with the values' overrides, as JSON: {name: job}. */}}
{{- define "cryptogaf.jobs" -}}
{{- $root := . -}}
{{- $jobs := dict -}}
{{- $known := list -}}
{{- range $path, $_ := .Files.Glob "cronjobs/*.yaml" -}}
{{- $job := $root.Files.Get $path | fromYaml -}}
{{- $own := default (dict) (get $root.Values.jobs.overrides $job.name) -}}
{{- range $key, $value := $own -}}
{{- if eq $key "resources" -}}
{{- $_ := set $job "resources" (merge (dict) $value (default (dict) $job.resources)) -}}
{{- else -}}
{{- $_ := set $job $key $value -}}
{{- end -}}
{{- end -}}
{{- if and (eq $job.name "calculate") $root.Values.calculate.sleepInterval -}}
{{- $_ := set $job "arguments" (include "cryptogaf.withSleep" (list $job.arguments $root.Values.calculate.sleepInterval) | fromJsonArray) -}}
{{- end -}}
{{- if and (eq $job.name "calculate") $root.Values.calculate.resources -}}
{{- $_ := set $job "containerResources" $root.Values.calculate.resources -}}
{{- end -}}
{{- $known = append $known $job.name -}}
{{- /* Without a lake there is nothing for those jobs to do. */ -}}
{{- $placed := or (ne $root.Values.lake.mode "none") (not (has "lake" (default (list) $job.needs))) -}}
{{- if and $placed (or (ne $job.name "calculate") $root.Values.calculate.enabled) -}}
{{- $_ := set $jobs $job.name $job -}}
{{- end -}}
{{- end -}}
{{- range $name, $_ := .Values.jobs.overrides -}}
{{- if not (has $name $known) -}}
{{- fail (printf "jobs.overrides.%s: there is no such job; there are %s" $name ($known | sortAlpha | join ", ")) -}}
{{- end -}}
{{- end -}}
{{- $jobs | toJson -}}
{{- end -}}

{{/* The arguments with another --sleep: (list arguments interval) */}}
{{- define "cryptogaf.withSleep" -}}
{{- $words := list -}}
{{- $after := "" -}}
{{- $interval := index . 1 -}}
{{- range index . 0 -}}
{{- $words = append $words (ternary (toString $interval) . (eq $after "--sleep")) -}}
{{- $after = . -}}
{{- end -}}
{{- $words | toJson -}}
{{- end -}}

{{/* How many runs of a job may meet: those that start, every minute at most, within the time one may take. */}}
{{- define "cryptogaf.jobRuns" -}}
{{- ternary (add 1 (div (sub .deadline 1) 60)) 1 (eq .overlap "allow") -}}
{{- end -}}

{{/* Connections of one run: (list root job). Drawing takes one per thread, loading two per worker and two for the run itself. */}}
{{- define "cryptogaf.jobConnections" -}}
{{- $job := index . 1 -}}
{{- $workers := 1 -}}
{{- $after := "" -}}
{{- range $job.arguments -}}
{{- if eq $after "--jobs" }}{{ $workers = int . }}{{ end -}}
{{- $after = . -}}
{{- end -}}
{{- if $job.connections -}}
{{- $job.connections -}}
{{- else if eq (first $job.arguments) "calculate" -}}
{{- $workers -}}
{{- else -}}
{{- max (int (index . 0).Values.jobs.connections) (add 2 (mul 2 $workers)) -}}
{{- end -}}
{{- end -}}
