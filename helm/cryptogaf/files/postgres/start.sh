#!/usr/bin/env bash
# The bundled database: makes the cluster if there is none, brings users and passwords in step with the secrets, then runs Postgres.
#   PGDATA, POSTGRES_DB; SECRETS (folders superuser, owner, worker, api with username and password); CONFIGURATION (settings.conf, roles.sql)
set -euo pipefail

: "${PGDATA:?}" "${POSTGRES_DB:?}"
secrets=${SECRETS:-/run/secrets/postgres}
configuration=${CONFIGURATION:-/etc/cryptogaf}
sockets=${SOCKETS:-/run/postgresql}
port=${PORT:-5432}

# Debian keeps the server's programs off the path.
for folder in /usr/lib/postgresql/*/bin; do PATH=$folder:$PATH; done

if [ ! -s "$PGDATA/PG_VERSION" ]; then
    # Made beside its place and moved there whole: half a cluster would never start.
    rm -rf "$PGDATA.new"
    initdb --pgdata "$PGDATA.new" --username postgres --pwfile "$secrets/superuser/password" --auth-local peer --auth-host scram-sha-256 \
        --encoding UTF8 --locale C.UTF-8 --data-checksums >/dev/null
    mv "$PGDATA.new" "$PGDATA"
fi
# Whoever runs the server may connect on its socket as the superuser; everybody else needs a password.
printf 'local all postgres peer map=server\nhost all all all scram-sha-256\n' >"$PGDATA/pg_hba.conf"
printf 'server %s postgres\n' "$(id -un 2>/dev/null || id -u)" >"$PGDATA/pg_ident.conf"

options=(-c "include_if_exists=$configuration/settings.conf" -c "unix_socket_directories=$sockets" -c "port=$port")

# Without a network, so that nobody comes in before the passwords are set. A crash's recovery may take its time.
postgres -D "$PGDATA" "${options[@]}" -c listen_addresses= >&2 &
first=$!
trap 'kill -INT $first 2>/dev/null; wait $first' TERM INT
until psql -h "$sockets" -p "$port" -U postgres -d postgres -Atqc 'SELECT 1' >/dev/null 2>&1; do
    kill -0 "$first" || exit 1
    sleep 0.2
done
for name in owner worker api; do
    # In the environment, where psql reads them: on a command line everybody could.
    declare -x "${name}_user=$(cat "$secrets/$name/username")" "${name}_password=$(cat "$secrets/$name/password")"
done
psql -h "$sockets" -p "$port" -U postgres -d postgres -v ON_ERROR_STOP=1 -v "database=$POSTGRES_DB" -Atqf "$configuration/roles.sql"
kill -INT "$first"
wait "$first" || true
trap - TERM INT

exec postgres -D "$PGDATA" "${options[@]}" -c 'listen_addresses=*'
