#!/usr/bin/env bash
# The bundled database: makes the cluster if there is none, brings users and passwords in step with the secrets, then runs Postgres.
#   PGDATA, POSTGRES_DB; SECRETS (folders owner, worker, api with username and password); CONFIGURATION (settings.conf, roles.sql);
#   SOCKETS, PORT, LISTEN_ADDRESSES
set -euo pipefail

: "${PGDATA:?}" "${POSTGRES_DB:?}"
secrets=${SECRETS:-/run/secrets/postgres}
configuration=${CONFIGURATION:-/etc/cryptogaf}
sockets=${SOCKETS:-/run/postgresql}
port=${PORT:-5432}

# Debian keeps the server's programs off the path.
for folder in /usr/lib/postgresql/*/bin; do PATH=$folder:$PATH; done

if [ -e "$PGDATA.restore" ]; then
    # Asked for by `backup.sh restore`. Made beside its place; what was there stays beside it, too, since nobody knows yet whether it is worse.
    rm -rf "$PGDATA.new"
    mkdir -m 700 "$PGDATA.new"
    moment=(--type=default)
    [ ! -s "$PGDATA.restore" ] || moment=(--type=time "--target=$(cat "$PGDATA.restore")" --target-action=promote)
    pgbackrest --stanza=main restore --pg1-path="$PGDATA.new" "${moment[@]}" >&2
    sed -i "s|$PGDATA.new|$PGDATA|g" "$PGDATA.new/postgresql.auto.conf"
    [ ! -e "$PGDATA" ] || mv "$PGDATA" "$PGDATA.before-$(date -u +%Y%m%dT%H%M%SZ)"
    mv "$PGDATA.new" "$PGDATA"
    rm "$PGDATA.restore"
fi
if [ ! -s "$PGDATA/PG_VERSION" ]; then
    # Made beside its place and moved there whole: half a cluster would never start.
    rm -rf "$PGDATA.new"
    initdb --pgdata "$PGDATA.new" --username postgres --auth-local peer --auth-host scram-sha-256 \
        --encoding UTF8 --locale C.UTF-8 --lc-collate C --data-checksums >/dev/null
    echo "include_if_exists '$configuration/settings.conf'" >>"$PGDATA.new/postgresql.conf"
    mv "$PGDATA.new" "$PGDATA"
fi
# The superuser has no password: whoever runs the server is it, on its socket. Everybody else needs one, and comes over the network.
printf 'local all postgres peer map=server\nhost all postgres all reject\nhost all all all scram-sha-256\n' >"$PGDATA/pg_hba.conf"
printf 'server %s postgres\n' "$(id -un 2>/dev/null || id -u)" >"$PGDATA/pg_ident.conf"

options=(-c "unix_socket_directories=$sockets" -c "port=$port")

stopping=
# Postgres takes SIGTERM to mean "when everybody has left"; nobody here waits for that.
serve() {
    postgres -D "$PGDATA" "${options[@]}" -c "listen_addresses=$1" >&2 &
    server=$!
    trap 'stopping=yes; kill -INT $server 2>/dev/null || true' TERM INT
}
finish() {
    local status
    while status=0 && { wait "$server" || status=$?; } && kill -0 "$server" 2>/dev/null; do :; done
    return "$status"
}
ask() { psql -X -h "$sockets" -p "$port" -U postgres -d postgres -v ON_ERROR_STOP=1 -Atq "$@"; }

# Without a network, so that nobody comes in before the passwords are set. A crash's recovery may take its time.
serve ''
until [ "$(ask -c 'SELECT pg_is_in_recovery()' 2>/dev/null)" = f ]; do
    kill -0 "$server" || exit 1
    sleep 0.2
done
for name in owner worker api; do
    # In the environment, where psql reads them: on a command line everybody could.
    declare -x "${name}_user=$(cat "$secrets/$name/username")" "${name}_password=$(cat "$secrets/$name/password")"
done
ask -v "database=$POSTGRES_DB" -f "$configuration/roles.sql"
unset owner_password worker_password api_password
kill -INT "$server"
finish
[ -z "$stopping" ] || exit 0

serve "${LISTEN_ADDRESSES:-*}"
finish
