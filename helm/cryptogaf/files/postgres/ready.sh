#!/usr/bin/env bash
# Whether the server takes connections, over the network: the one that only sets passwords does not count.
for folder in /usr/lib/postgresql/*/bin; do PATH=$folder:$PATH; done
exec pg_isready -q -h 127.0.0.1 -p "${PORT:-5432}"
