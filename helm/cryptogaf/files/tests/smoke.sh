#!/usr/bin/env bash
# End to end: `insert` puts samples of a product of its own into the database; once they are drawn, `fetch` asks nginx for the image,
# and takes the product away again.
set -euo pipefail

export PGHOST=$POSTGRES_HOST PGPORT=$POSTGRES_PORT PGDATABASE=$POSTGRES_DB PGUSER=$POSTGRES_USER PGPASSWORD=$POSTGRES_PW
product=HELM-TEST
sql() { psql -X -v ON_ERROR_STOP=1 -v "product=$product" -q; }

forget() {
    sql <<'SQL'
DELETE FROM crypto_gaf.samples WHERE product = :'product';
DELETE FROM crypto_gaf.gafs WHERE product = :'product';
SQL
}

insert() {
    forget
    sql <<'SQL'
INSERT INTO crypto_gaf.gafs (product, max_size, redraw_interval) VALUES (:'product', 32, '0 s');
INSERT INTO crypto_gaf.samples (product, midpoint, ask_prices, ask_sizes, bid_prices, bid_sizes, buys, sells)
SELECT :'product', p, ARRAY[p + 1, p + 2, p + 3], ARRAY[1, 2, 3], ARRAY[p - 1, p - 2, p - 3], ARRAY[3, 2, 1],
    ARRAY[n, p, 1], ARRAY[32 - n, p, 1]
FROM generate_series(1, 32) AS n, LATERAL (SELECT 100 + 10 * sin(n)::numeric(10, 4)) AS price(p);
SQL
    echo "inserted 32 samples of $product"
}

# Bash speaks TCP by itself: the image needs no HTTP client.
get() {
    exec 3<>"/dev/tcp/$HOST/$PORT"
    printf 'GET %s HTTP/1.0\r\nHost: %s\r\n\r\n' "$1" "$HOST" >&3
    cat <&3
    exec 3>&-
}

# Reads all of it: whoever writes it must not find nobody there.
first_line() {
    IFS= read -r line && printf '%s' "${line%$'\r'}"
    cat >/dev/null
}

fetch() {
    trap forget EXIT
    local status
    for _ in $(seq "${TRIES:-30}"); do
        status=$(get "/api/gaf/image.png?product=$product&kind=orderbook" | first_line) || status="nobody answers"
        [[ $status == *" 200 "* ]] && break
        sleep 1
    done
    echo "the image of $product: $status"
    [[ $status == *" 200 "* ]]
}

"$1"
