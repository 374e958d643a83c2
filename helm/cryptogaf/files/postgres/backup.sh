#!/usr/bin/env bash
# Backups of the bundled database with pgBackRest, and the proof that they can be restored. Runs beside Postgres, as its user.
#   backup.sh schedule         for ever: a full backup each day at 02:00 UTC (at once if there is none of today), a drill each Sunday before it
#   backup.sh backup           a full backup now
#   backup.sh drill            restores the newest backup to a scratch instance, at a random moment since, and compares rows
#   backup.sh restore [TIME]   asks for the database itself to be put back, to a moment such as '2026-01-31 12:00:00+00' or to the newest; it happens
#                              when the pod starts next
#   PGDATA, POSTGRES_DB, SOCKETS, PORT as start.sh has them; SCRATCH (a folder); pgBackRest's own PGBACKREST_…
# What runs is recorded in crypto_gaf.job_runs, as backup and restore-drill, and so is in the metrics.
set -euo pipefail

: "${PGDATA:?}" "${POSTGRES_DB:?}"
sockets=${SOCKETS:-/run/postgresql}
port=${PORT:-5432}
scratch=${SCRATCH:-/scratch}/drill
tables=(migrations gafs samples draws tracked_symbols processed_files fact_klines fact_orderbook tickers hourly_klines daily_klines job_runs)
export PGBACKREST_STANZA=main PGTZ=UTC
for folder in /usr/lib/postgresql/*/bin; do PATH=$folder:$PATH; done

sql() { psql -X -U postgres -d "$POSTGRES_DB" -v ON_ERROR_STOP=1 -Atq "$@"; }
source_sql() { sql -h "$sockets" -p "$port" "$@"; }
scratch_sql() { sql -h "$scratch" -p 5432 "$@"; }
. "$(dirname "$0")/runs.sh"

# Label and end, in seconds since 1970, of the newest backup; nothing if there is none.
newest() {
    source_sql -F ' ' -v "info=$(pgbackrest info --output=json)" <<'SQL'
SELECT backup ->> 'label', backup -> 'timestamp' ->> 'stop'
FROM jsonb_array_elements(:'info'::jsonb -> 0 -> 'backup') AS backup ORDER BY 2 DESC LIMIT 1;
SQL
}

backup() {
    local run started
    run=$(begin backup) started=$(milliseconds)
    if pgbackrest stanza-create && pgbackrest backup --type=full --start-fast; then
        finish "$run" succeeded "{\"milliseconds\": $(($(milliseconds) - started))}"
        say "backed up: $(newest)"
    else
        finish "$run" failed '{}' 'pgBackRest failed; the log of the container backup says why'
        return 1
    fi
}

# In a shell of its own: whatever ends it, the scratch instance goes, and the run is not left as if it went on.
drill() (
    run=$(begin restore-drill)
    why='the log of the container backup says why'
    trap 'stop_scratch; finish "$run" failed "{}" "$why"' EXIT
    read -r label stop < <(newest) || { why='there is no backup' && exit 1; }
    # Before the run's own record, which therefore must not be there; with a moment more than the second that the backup's end is told in.
    target=$(source_sql -v "stop=$stop" -v "run=${run:-0}" <<'SQL'
WITH bounds AS (
    SELECT to_timestamp(:stop + 1) AS first, coalesce((SELECT started_at FROM crypto_gaf.job_runs WHERE run_id = :run), now()) AS last)
SELECT to_char(first + random() * (last - first), 'YYYY-MM-DD HH24:MI:SS.US+00') FROM bounds WHERE last > first;
SQL
    )
    [ -n "$target" ] || { why='the newest backup has only just ended' && exit 1; }
    await_archive || exit 1
    stop_scratch
    mkdir -p "$scratch" && mkdir -m 700 "$scratch/data" || exit 1
    started=$(milliseconds)
    pgbackrest restore --set="$label" --pg1-path="$scratch/data" --type=time --target="$target" --target-action=promote || exit 1
    restored=$(milliseconds)
    bytes=$(du -sb "$scratch/data" | cut -f 1)
    postgres -D "$scratch/data" -c listen_addresses= -c "unix_socket_directories=$scratch" -c port=5432 -c archive_mode=off -c fsync=off \
        -c shared_buffers=64MB >&2 &
    server=$!
    until [ "$(scratch_sql -c 'SELECT pg_is_in_recovery()' 2>/dev/null)" = f ]; do
        kill -0 "$server" 2>/dev/null || { why="the restored instance did not start at $target" && exit 1; }
        sleep 0.2
    done
    replayed=$(milliseconds)
    read -r compared missing < <(compare "$target") || { why='the comparison failed' && exit 1; }
    counts="{\"restore_ms\": $((restored - started)), \"replay_ms\": $((replayed - restored)), \"bytes\": $bytes, \"rows_compared\": $compared, \"rows_missing\": $missing}"
    say "drill of $label at $target: $counts"
    if [ "$(scratch_sql -v "run=${run:-0}" <<<"SELECT count(*) FROM crypto_gaf.job_runs WHERE run_id = :run;")" != 0 ]; then
        why="the restored instance has what came after $target" && exit 1
    fi
    [ "$missing" = 0 ] || { why="$missing of $compared rows are missing or different at $target" && exit 1; }
    [ "$compared" -gt 0 ] || { why='there was no row to compare' && exit 1; }
    trap - EXIT
    stop_scratch
    finish "$run" succeeded "$counts"
)

# Until everything that has been written by now is archived.
await_archive() {
    local file
    file=$(source_sql -c 'SELECT pg_walfile_name(pg_switch_wal())')
    for _ in $(seq "${ARCHIVE_PATIENCE:-300}"); do
        [ "$(source_sql -v "file=$file" <<<"SELECT coalesce(last_archived_wal >= :'file', false) FROM pg_stat_archiver;")" = t ] && return
        sleep 1
    done
    why="$file is not archived"
    return 1
}

# Rows that were committed by then and have not changed since: each must be there, to the byte. (A second of grace: commits may be logged in
# another order than they took their time.)
compare() {
    local table total=0 lost=0 here gone
    # Called where the shell does not mind errors, so each is minded here.
    for table in "${tables[@]}"; do
        scratch_sql -c 'CREATE UNLOGGED TABLE IF NOT EXISTS public.drill (hash uuid); TRUNCATE public.drill' || return 1
        source_sql -v "target=$1" <<SQL | scratch_sql -c 'COPY public.drill FROM STDIN' || return 1
CREATE TEMP VIEW kept AS SELECT md5(t::text)::uuid AS hash, pg_xact_commit_timestamp(t.xmin) AS committed FROM crypto_gaf.$table t;
SELECT format('COPY (SELECT hash FROM kept WHERE coalesce(committed, ''-infinity'') <= %L::timestamptz - interval ''1 s'') TO STDOUT', :'target') \gexec
SQL
        here='' gone=''
        read -r here gone < <(scratch_sql -F ' ' <<SQL
SELECT count(*), count(*) FILTER (WHERE there.hash IS NULL)
FROM public.drill LEFT JOIN (SELECT DISTINCT md5(t::text)::uuid AS hash FROM crypto_gaf.$table t) AS there USING (hash);
SQL
        )
        [ -n "$gone" ] || return 1
        total=$((total + here)) lost=$((lost + gone))
    done
    echo "$total $lost"
}

restore() {
    printf '%s' "${1:-}" >"$PGDATA.restore"
    echo "the database is put back${1:+ to $1} when its pod starts next: kubectl delete pod \$HOSTNAME. What it has now stays beside it, as $(basename "$PGDATA").before-…"
}

schedule() {
    local label stop next drilled=
    trap 'exit 0' TERM INT
    until source_sql -c 'SELECT' >/dev/null 2>&1; do pause 1; done
    while true; do
        read -r label stop < <(newest 2>/dev/null) || stop=0
        next=$((stop == 0 ? 0 : (stop / 86400 + (stop % 86400 >= 7200)) * 86400 + 7200))
        if [ "$(date +%s)" -ge "$next" ]; then
            if [ "$stop" != 0 ] && [ "$(date -u +%u)" = 7 ] && [ "$drilled" != "$(date -u +%F)" ]; then
                drilled=$(date -u +%F)
                drill || say 'the drill failed'
            fi
            # What failed is tried again, but not at once.
            backup || { say "the backup failed" && pause 900; }
        else
            pause 60
        fi
    done
}
# A trap runs only between commands.
pause() {
    sleep "$1" &
    wait $!
}

case ${1:-} in
schedule | backup | drill) "$1" ;;
restore) restore "${2:-}" ;;
*) sed -n '2,/^set/{/^#/s/^# \{0,1\}//p}' "$0" >&2 && exit 64 ;;
esac
