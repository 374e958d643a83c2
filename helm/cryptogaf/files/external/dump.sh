#!/usr/bin/env bash
# Backups of a database of your own with pg_dump, and the proof that they can be restored. All of it runs as the user that migrates.
#   dump.sh backup           the schema crypto_gaf of one moment, with the sums of its rows; keeps the newest KEEP
#   dump.sh drill            restores the newest to a scratch instance and compares every row with what was dumped
#   dump.sh restore [NAME]   the newest, or the one named, into the database, which must have no schema crypto_gaf
#   dump.sh list             what there is
#   POSTGRES_HOST, POSTGRES_PORT, POSTGRES_DB, POSTGRES_USER, POSTGRES_PW; BACKUPS and SCRATCH (folders), KEEP; libpq's own PGSSL…
# What runs is recorded in crypto_gaf.job_runs, as backup and restore-drill, and so is in the metrics.
set -euo pipefail

backups=${BACKUPS:-/backups}
scratch=${SCRATCH:-/scratch}/drill
export PGHOST=$POSTGRES_HOST PGPORT=$POSTGRES_PORT PGDATABASE=$POSTGRES_DB PGUSER=$POSTGRES_USER PGPASSWORD=$POSTGRES_PW PGAPPNAME="cryptogaf ${1:-dump}"
# A row must look the same on both sides, whatever the servers are set to.
export PGTZ=UTC PGDATESTYLE=ISO PGCLIENTENCODING=UTF8
export PGOPTIONS='-c statement_timeout=0 -c idle_in_transaction_session_timeout=0 -c extra_float_digits=1 -c intervalstyle=postgres -c bytea_output=hex'
for folder in /usr/lib/postgresql/*/bin; do PATH=$folder:$PATH; done

sql() { psql -X -v ON_ERROR_STOP=1 -Atq "$@"; }
source_sql() { sql "$@"; }
. "$(dirname "$0")/runs.sh"

# A statement for each table, months and others: its name, its rows, and the sum of their hashes.
sums() {
    cat <<'SQL'
SELECT format($$SELECT %L, count(*), coalesce(sum(('x' || substr(md5(t::text), 1, 16))::bit(64)::bigint::numeric), 0) FROM crypto_gaf.%I t$$, relname, relname)
FROM pg_class WHERE relnamespace = 'crypto_gaf'::regnamespace AND relkind = 'r' ORDER BY relname COLLATE "C" \gexec
SQL
}

newest() { find "$backups" -mindepth 1 -maxdepth 1 -name '20*Z' -printf '%f\n' | sort | tail -1; }

# In a shell of its own, as the drill: whatever ends it, the run is not left as if it went on, nor half a dump as if it were one.
backup() (
    run=$(begin backup)
    why="the pod's log says why"
    trap 'rm -rf "$backups/partial"; finish "$run" failed "{}" "$why"' EXIT
    started=$(milliseconds)
    name=$(date -u +%Y%m%dT%H%M%SZ)
    # A second later, should there be one of this second.
    while [ -e "$backups/$name" ]; do sleep 0.2 && name=$(date -u +%Y%m%dT%H%M%SZ); done
    rm -rf "$backups/partial" && mkdir -m 700 "$backups/partial" || exit 1
    cd "$backups/partial"
    # pg_dump and the sums read the same moment.
    {
        cat <<'SQL'
BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;
SELECT pg_export_snapshot() AS snapshot \gset
\setenv SNAPSHOT :snapshot
\! pg_dump --format=directory --jobs=2 --compress=1 --schema=crypto_gaf --snapshot="$SNAPSHOT" --file=dump && : >dumped
SELECT quote_ident(rolname) FROM pg_roles WHERE rolname !~ '^pg_' \g roles
\o sums
SQL
        sums
    } | source_sql >&2 || exit 1
    [ -e dumped ] || { why='pg_dump failed' && exit 1; }
    rm dumped
    sync -f sums
    cd "$backups"
    mv -T partial "$name"
    rows=$(awk -F '|' '{ n += $2 } END { print n + 0 }' "$name/sums")
    bytes=$(du -sb "$name" | cut -f 1)
    find "$backups" -mindepth 1 -maxdepth 1 -name '20*Z' -printf '%f\n' | sort -r | tail -n "+$((${KEEP:-7} + 1))" | while read -r old; do rm -rf "${backups:?}/$old"; done
    trap - EXIT
    finish "$run" succeeded "{\"milliseconds\": $(($(milliseconds) - started)), \"bytes\": $bytes, \"rows\": $rows}"
    say "backed up: $name, $rows rows, $bytes bytes"
)

# Into the database of the variables. All of it is the owner role's, as migrate leaves it, and whoever restores need be no more than its member.
load() {
    sql -c 'CREATE SCHEMA crypto_gaf AUTHORIZATION cryptogaf_owner' || return 1
    pg_restore --list "$1/dump" | grep -v ' SCHEMA - crypto_gaf ' >"$2" || return 1
    pg_restore --exit-on-error --jobs=2 --no-owner --role=cryptogaf_owner --use-list="$2" --dbname="$PGDATABASE" "$1/dump"
}

drill() (
    run=$(begin restore-drill)
    why="the pod's log says why"
    trap 'stop_scratch; finish "$run" failed "{}" "$why"' EXIT
    name=$(newest)
    [ -n "$name" ] || { why='there is no backup' && exit 1; }
    stop_scratch
    mkdir -p "$scratch" || exit 1
    started=$(milliseconds)
    initdb --pgdata "$scratch/data" --username postgres --auth trust --encoding UTF8 --locale C.UTF-8 >/dev/null || exit 1
    postgres -D "$scratch/data" -c listen_addresses= -c "unix_socket_directories=$scratch" -c port=5432 -c fsync=off -c full_page_writes=off \
        -c max_wal_size=4GB -c wal_level=minimal -c max_wal_senders=0 -c shared_buffers=64MB >&2 &
    server=$!
    counts=$(
        # From here on, the scratch instance.
        unset PGPASSWORD PGSSLMODE PGSSLROOTCERT
        export PGHOST=$scratch PGPORT=5432 PGUSER=postgres
        until pg_isready -q; do kill -0 "$server" 2>/dev/null || exit 1 && sleep 0.2; done
        while read -r role; do [ "$role" = postgres ] || echo "CREATE ROLE $role;"; done <"$backups/$name/roles" | sql -d postgres >&2 || exit 1
        sql -d postgres -v "name=$PGDATABASE" <<<"SELECT format('CREATE DATABASE %I', :'name') WHERE :'name' <> 'postgres' \gexec" >&2 || exit 1
        load "$backups/$name" "$scratch/list" >&2 || exit 1
        restored=$(milliseconds)
        sums | sql >"$scratch/sums" || exit 1
        awk -F '|' -v "restore_ms=$((restored - started))" -v "bytes=$(du -sb "$scratch/data" | cut -f 1)" '
            FNR == NR { there[$1] = $0; next }
            { tables++; rows += $2; different += there[$1] != $0; delete there[$1] }
            END {
                for (table in there) different++
                printf "{\"restore_ms\": %d, \"bytes\": %d, \"tables_compared\": %d, \"rows_compared\": %d, \"tables_different\": %d}", restore_ms, bytes, tables, rows, different
            }' "$scratch/sums" "$backups/$name/sums"
    ) || { why="$name could not be restored; the pod's log says why" && exit 1; }
    say "drill of $name: $counts"
    [[ $counts == *'"tables_different": 0}' ]] || { why="$name, restored, has other rows than were dumped: $counts" && exit 1; }
    [[ $counts != *'"rows_compared": 0,'* ]] || { why='there was no row to compare' && exit 1; }
    trap - EXIT
    stop_scratch
    finish "$run" succeeded "$counts"
)

restore() {
    local name=${1:-$(newest)} list
    [ -n "$name" ] && [ -d "$backups/$name" ] || { say "there is no backup ${1:-}" >&2 && return 66; }
    if [ "$(sql -c "SELECT to_regnamespace('crypto_gaf') IS NULL")" != t ]; then
        say "$PGDATABASE has a schema crypto_gaf: restore into an empty database, or put that one away first: ALTER SCHEMA crypto_gaf RENAME TO before" >&2
        return 73
    fi
    list=$(mktemp)
    load "$backups/$name" "$list"
    rm "$list"
    sums | sql | diff "$backups/$name/sums" - >&2 || { say "$name is restored, but has other rows than were dumped" >&2 && return 65; }
    say "restored: $name, all rows as they were dumped"
}

list() {
    find "$backups" -mindepth 1 -maxdepth 1 -name '20*Z' -printf '%f\n' | sort | while read -r name; do
        echo "$name $(du -sb "$backups/$name" | cut -f 1) bytes, $(awk -F '|' '{ n += $2 } END { print n + 0 }' "$backups/$name/sums") rows"
    done
}

case ${1:-} in
backup | drill | list) "$1" ;;
restore) restore "${2:-}" ;;
*) sed -n '2,/^set/{/^#/s/^# \{0,1\}//p}' "$0" >&2 && exit 64 ;;
esac
