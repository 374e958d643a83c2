"""The reference of the numerics: what the predecessors' Python needs for the same work, on this machine.

    python numerics_reference.py --write-busy FILE     a busy random market as samples, for both sides
    python numerics_reference.py [--busy FILE] [--samples FILE] [--postgres]

Needs pyts, Pillow and, for --postgres, psycopg. Postgres is found through PG* and holds an empty schema crypto_gaf of ours; the pass is
run as the old calculate worker ran it. Prints a line of JSON per figure, under the same names as `cryptogaf-bench`.
"""

import argparse
import base64
import io
import json
import random
import statistics
import time

import numpy as np
from PIL import Image
from pyts.image import GramianAngularField

SIZE = 600

READ = """
SELECT midpoint, ask_prices, ask_sizes, bid_prices, bid_sizes,
    avg(buys[1]) OVER around, avg(buys[2]) OVER around, avg(buys[3]) OVER around,
    avg(sells[1]) OVER around, avg(sells[2]) OVER around, avg(sells[3]) OVER around
FROM (SELECT * FROM crypto_gaf.samples WHERE product = %s ORDER BY sample_id DESC LIMIT %s) AS newest
WINDOW around AS (ORDER BY sample_id DESC ROWS BETWEEN 5 PRECEDING AND 5 FOLLOWING)
ORDER BY sample_id DESC
"""

WRITE = """
UPDATE crypto_gaf.gafs SET size = %s, midpoint = %s, midpoint_images = %s, orderbook_image = %s, buy_image = %s, sell_image = %s
WHERE product = %s
"""


def busy_market(count=SIZE, seed=7):
    """Rows as in samples_coinbase.json, oldest first: nothing stands still from one row to the next."""
    rng = random.Random(seed)
    midpoint, rows = 60_000.0, []
    for _ in range(count):
        midpoint += rng.gauss(0, 5)

        def side(sign):
            return [[round(midpoint + sign * (5 + 10 * k) + rng.uniform(-5, 5), 2), round(rng.lognormvariate(0, 1), 8), 3] for k in range(3)]

        def trades():
            return [round(midpoint + rng.gauss(0, 2), 2), round(rng.lognormvariate(0, 1), 8), 1 + int(rng.expovariate(0.2))]

        rows.append({"midpoint": round(midpoint, 2), "asks": side(1), "bids": side(-1), "buy": trades(), "sell": trades()})
    return {"samples": {"BUSY": rows}}


def field(series, method="summation"):
    return GramianAngularField(image_size=len(series), method=method).transform([series])[0]


def pixels(fields):
    """One field is grey, three are the channels of a picture."""
    stacked = fields[0] if len(fields) == 1 else np.stack(fields, axis=-1)
    return ((stacked + 1) / 2 * 255).astype(np.uint8)


def png(image):
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, format="PNG")
    return buffer.getvalue()


def smoothed(series):
    return [float(np.mean(series[max(0, i - 5) : i + 6])) for i in range(len(series))]


def images(midpoint, levels, buys, sells):
    """The five images; everything newest first, buys and sells smoothed."""
    return [
        pixels([field(level) for level in levels]),
        pixels([field(buys[i]) for i in (1, 0, 2)]),
        pixels([field(sells[i]) for i in (0, 1, 2)]),
        pixels([field(midpoint)]),
        pixels([field(midpoint, "difference")]),
    ]


def order_book_values(asks, bids):
    """asks, bids: per level (prices, sizes)."""
    values = []
    for (ask_price, ask_size), (bid_price, bid_size) in zip(asks, bids):
        total = ask_size + bid_size
        value = (ask_price * ask_size - bid_price * bid_size) / np.where(total == 0, np.nan, total)
        known = np.flatnonzero(~np.isnan(value))
        nearest = np.maximum.accumulate(np.where(np.isnan(value), known[0], np.arange(len(value))))
        values.append(value[nearest])
    return values


def images_of(rows):
    rows = rows[-SIZE:][::-1]

    def column(name, level, member):
        return np.array([row[name][level][member] for row in rows])

    sides = [[(column(name, k, 0), column(name, k, 1)) for k in range(3)] for name in ("asks", "bids")]
    buys, sells = ([smoothed([row[name][i] for row in rows]) for i in range(3)] for name in ("buy", "sell"))
    return images([row["midpoint"] for row in rows], order_book_values(*sides), buys, sells)


def median(work, clock=time.thread_time):
    """Seconds of one call: at least five rounds, and as many as fit into a second. Processor time, unless said otherwise: other programs
    disturb it less."""
    rounds, start = [], clock()
    while len(rounds) < 5 or clock() - start < 1:
        before = clock()
        work()
        rounds.append(clock() - before)
    return statistics.median(rounds)


def report(name, value, unit):
    print(json.dumps({"name": name, "value": value, "unit": unit}), flush=True)


def measure_fields(size, batch):
    """pyts alone, without making bytes: large series one by one, as the worker drew them, small ones in the batch that suits pyts."""
    series = 60_000 + np.random.default_rng(1).random((batch, size))

    def work():
        GramianAngularField(image_size=size).transform(series)
        GramianAngularField(image_size=size, method="difference").transform(series)

    report(f"fields_{size}", 2 * batch / median(work), "fields/s")


def measure_png(name, samples):
    seconds, size = 0.0, 0
    for rows in samples["samples"].values():
        drawn = images_of(rows)
        size += sum(len(png(image)) for image in drawn)
        seconds += median(lambda: [png(image) for image in drawn])
    report(f"png_{name}_time", seconds * 1e3, "ms")
    report(f"png_{name}_size", size, "bytes")


def insert(connection, product, rows):
    connection.execute(
        "INSERT INTO crypto_gaf.gafs (product, max_size) VALUES (%s, %s) ON CONFLICT (product) DO UPDATE SET max_size = %s", (product, SIZE, SIZE)
    )
    connection.execute("DELETE FROM crypto_gaf.samples WHERE product = %s", (product,))
    statement = (
        "INSERT INTO crypto_gaf.samples (product, midpoint, ask_prices, ask_sizes, bid_prices, bid_sizes, buys, sells)"
        " VALUES (%s, %s::text::numeric" + ", %s::text[]::numeric[]" * 6 + ")"
    )
    for row in rows:
        arrays = [[repr(level[i]) for level in row[side]] for side in ("asks", "bids") for i in (0, 1)]
        trades = [[repr(value) for value in row[side]] for side in ("buy", "sell")]
        connection.execute(statement, (product, repr(row["midpoint"]), *arrays, *trades))


def old_pass(connection, product):
    """Read, draw, write: one round of the old calculate worker for one product."""
    rows = connection.execute(READ, (product, SIZE)).fetchall()

    def levels(column):
        return np.array([row[column] for row in rows], dtype=float).T

    prices_sizes = [list(zip(levels(prices), levels(sizes))) for prices, sizes in ((1, 2), (3, 4))]
    averages = np.array([row[5:] for row in rows], dtype=float).T
    drawn = images([float(row[0]) for row in rows], order_book_values(*prices_sizes), averages[:3], averages[3:])
    encoded = [base64.b64encode(png(image)).decode() for image in drawn]
    connection.execute(WRITE, (len(rows), rows[0][0], encoded[3:], *encoded[:3], product))
    connection.commit()


def measure_pass(name, samples):
    """Mean over the products."""
    import psycopg

    with psycopg.connect() as connection:
        seconds = 0.0
        for rows in samples["samples"].values():
            insert(connection, "bench-reference", rows[-SIZE:])
            connection.commit()
            seconds += median(lambda: old_pass(connection, "bench-reference"), time.perf_counter)
        report(f"calculate_pass_{name}", seconds * 1e3 / len(samples["samples"]), "ms")
        connection.execute("DELETE FROM crypto_gaf.samples WHERE product = 'bench-reference'")
        connection.execute("DELETE FROM crypto_gaf.gafs WHERE product = 'bench-reference'")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--write-busy")
    parser.add_argument("--busy")
    parser.add_argument("--samples", help="samples of a real capture: samples_coinbase.json")
    parser.add_argument("--postgres", action="store_true")
    arguments = parser.parse_args()
    if arguments.write_busy:
        with open(arguments.write_busy, "w") as file:
            json.dump(busy_market(), file)
        return
    measure_fields(600, 1)
    measure_fields(64, 500)
    for name, path in (("capture", arguments.samples), ("busy", arguments.busy)):
        if not path:
            continue
        with open(path) as file:
            samples = json.load(file)
        measure_png(name, samples)
        if arguments.postgres:
            measure_pass(name, samples)


if __name__ == "__main__":
    main()
