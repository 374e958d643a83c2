{{/* What contradicts itself is refused before anything is installed. */}}
{{- define "cryptogaf.checks" -}}
{{- $values := .Values -}}
{{- $mode := include "cryptogaf.postgresMode" . -}}
{{- if or $values.postgresql.auth.password $values.postgresql.auth.postgresPassword -}}
{{- fail "postgresql.auth.password stands in the values, where everybody can read it: kubectl create secret generic NAME --type kubernetes.io/basic-auth --from-literal username=… --from-literal password=…, then postgresql.auth.existingSecret=NAME" -}}
{{- end -}}
{{- $users := list (include "cryptogaf.postgresUser" (list . "owner")) (include "cryptogaf.postgresUser" (list . "worker")) (include "cryptogaf.postgresUser" (list . "api")) | uniq -}}
{{- $secrets := list (include "cryptogaf.existingSecret" (list . "owner")) (include "cryptogaf.existingSecret" (list . "worker")) (include "cryptogaf.existingSecret" (list . "api")) | uniq -}}
{{- if and (lt (len $users) 3) (or (eq $mode "cnpg") (and (eq $mode "bundled") (or (ne (len $secrets) 1) (has "" $secrets)))) -}}
{{- fail "postgres.auth: owner, worker and api must be three users; one user for everything (postgresql.auth.username) needs one secret for everything (postgresql.auth.existingSecret) and cannot be had in mode cnpg" -}}
{{- end -}}
{{- if and $values.api.readReplica (eq $mode "bundled") -}}
{{- fail "api.readReplica: the bundled database has no replica" -}}
{{- end -}}
{{- if and $values.api.readReplica $values.postgres.pooler.enabled (ne $mode "cnpg") -}}
{{- fail "api.readReplica goes with postgres.pooler only in mode cnpg; else let postgres.pooler.host be a pooler of the replica" -}}
{{- end -}}
{{- if and $values.api.autoscaling.enabled (gt (int $values.api.autoscaling.minReplicas) (int $values.api.autoscaling.maxReplicas)) -}}
{{- fail "api.autoscaling.minReplicas is more than maxReplicas" -}}
{{- end -}}
{{- if eq $mode "cnpg" -}}
{{- with $values.postgres.cnpg -}}
{{- if ge (int .synchronousStandbys) (int .instances) -}}
{{- fail (printf "postgres.cnpg: %v instances cannot have %v synchronous standbys" .instances .synchronousStandbys) -}}
{{- end -}}
{{- if and .recovery.from (not .backup.enabled) -}}
{{- fail "postgres.cnpg.recovery: say by postgres.cnpg.backup where the backups lie" -}}
{{- end -}}
{{- if eq .recovery.from (include "cryptogaf.cluster" $) -}}
{{- fail (printf "postgres.cnpg.recovery.from: %s is this cluster itself, whose backups would lie on top of those: install another release" .recovery.from) -}}
{{- end -}}
{{- if and .backup.enabled (not (and .backup.destinationPath .backup.existingSecret)) -}}
{{- fail "postgres.cnpg.backup needs destinationPath (s3://bucket/prefix) and existingSecret" -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- if and (eq $mode "cnpg") $values.postgres.cnpg.backup.enabled (eq $values.postgres.cnpg.backup.method "barmanObjectStore") -}}
{{- if regexMatch "-(minimal|standard)-" $values.postgres.cnpg.imageName -}}
{{- fail (printf "postgres.cnpg.imageName: %s has no Barman; the method barmanObjectStore needs an image like …-system-bookworm" $values.postgres.cnpg.imageName) -}}
{{- end -}}
{{- end -}}
{{- if and $values.gateway.enabled (not $values.gateway.parentRefs) -}}
{{- fail "gateway.parentRefs: name the gateway that the route hangs on" -}}
{{- end -}}
{{- /* In a release that is there they may be on show already, and then they are set. */ -}}
{{- $unread := include "cryptogaf.unreadProducts" . | fromJsonArray -}}
{{- if and $unread (not .Release.IsUpgrade) -}}
{{- fail (printf "products: collect cannot read the venue of %s; it reads %s" (join ", " $unread) (include "cryptogaf.venues" . | fromJsonArray | join ", ")) -}}
{{- end -}}
{{- if and (eq $values.lake.mode "none") $values.symbols -}}
{{- fail "symbols: raw market data needs a place: set lake.mode to volume or s3" -}}
{{- end -}}
{{- include "cryptogaf.budget" . -}}
{{- end -}}

{{/* Connections that everything may hold at the same time, against what the server takes. */}}
{{- define "cryptogaf.budget" -}}
{{- $values := .Values -}}
{{- $root := . -}}
{{- $mode := include "cryptogaf.postgresMode" . -}}
{{- $pods := ternary $values.api.autoscaling.maxReplicas $values.api.replicaCount $values.api.autoscaling.enabled | int -}}
{{- /* A rolling update runs one pod more. */ -}}
{{- $serve := mul (add $pods 1) (int $values.api.threads) -}}
{{- $serveText := printf "handlers (%d pods and one more in an update) × %d threads = %d" $pods (int $values.api.threads) $serve -}}
{{- if and $values.postgres.pooler.enabled (eq $mode "cnpg") -}}
{{- $serve = mul (int $values.postgres.pooler.instances) (int $values.postgres.pooler.poolSize) -}}
{{- $serveText = printf "pooler %d × %d = %d" (int $values.postgres.pooler.instances) (int $values.postgres.pooler.poolSize) $serve -}}
{{- end -}}
{{- $parts := list -}}
{{- $total := 0 -}}
{{- if not (or $values.api.readReplica (and $values.postgres.pooler.enabled (ne $mode "cnpg"))) -}}
{{- $total = add $total $serve -}}
{{- $parts = append $parts $serveText -}}
{{- end -}}
{{- if $values.collect.enabled -}}
{{- $collect := add (int $values.collect.replicaCount) 1 -}}
{{- $total = add $total $collect -}}
{{- $parts = append $parts (printf "collect (and one more in an update) = %d" $collect) -}}
{{- end -}}
{{- range $name, $job := include "cryptogaf.jobs" . | fromJson -}}
{{- if not (or $root.Values.jobs.suspend $job.suspend) -}}
{{- $one := mul (include "cryptogaf.jobRuns" $job | int) (include "cryptogaf.jobConnections" (list $root $job) | int) -}}
{{- $total = add $total $one -}}
{{- $parts = append $parts (printf "job %s = %d" $name $one) -}}
{{- end -}}
{{- end -}}
{{- $total = add $total (int $values.postgres.reservedConnections) 2 -}}
{{- $parts = append $parts (printf "migrate and set-up = 2, reserved = %d" (int $values.postgres.reservedConnections)) -}}
{{- $most := int $values.postgres.maxConnections -}}
{{- if gt (int $total) $most -}}
{{- fail (printf "connection budget: %d needed, postgres.maxConnections is %d: %s; lower api.threads or replicas, raise maxConnections, or put postgres.pooler before the handlers" (int $total) $most (join "; " $parts)) -}}
{{- end -}}
{{- if and $values.api.readReplica (gt (int (add $serve (int $values.postgres.reservedConnections))) $most) -}}
{{- fail (printf "connection budget of the replica: %s, reserved = %d, postgres.maxConnections is %d" $serveText (int $values.postgres.reservedConnections) $most) -}}
{{- end -}}
{{- end -}}
