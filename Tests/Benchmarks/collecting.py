"""Whether `collect` keeps its cadence with 200 products at 1 Hz against the synthetic venue, and what it costs."""

import time

import harness
from figures import Figure

PRODUCTS, SECONDS, WARMUP = 200, 60, 5

# A tick's lateness: how far the first row of the second stands from where the mean cadence would have it.
LATENESS = """
WITH rows AS (SELECT product, extract(epoch FROM sampled_at)::float8 AS at FROM crypto_gaf.samples WHERE sampled_at > now() - interval '{seconds} s'),
steps AS (SELECT at - lag(at) OVER (PARTITION BY product ORDER BY at) AS step FROM rows)
SELECT percentile_cont(0.99) WITHIN GROUP (ORDER BY abs(step - 1)) * 1000, avg(step) * 1000, count(*) FROM steps WHERE step IS NOT NULL
"""


def measure(ground):
    exchange = ["exchange", "--synthetic", "1", "--products", str(PRODUCTS)]
    venue = ground.start([harness.PROGRAM, *exchange, "--socket", ground.cluster.sockets / "exchange"], "api", log="exchange.log")
    listed = [line.split() for line in ground.program("api", *exchange, "--list-products").splitlines()]
    ground.psql("; ".join(
        f"INSERT INTO crypto_gaf.gafs (product, max_size, aggregation) VALUES ('{symbol}', 600, {aggregation})" for symbol, aggregation in listed))
    front = ground.nginx(ready="/")
    collect = ground.start([harness.PROGRAM, "collect"], "worker", log="collect.log", SLEEP_INTERVAL="1")
    time.sleep(WARMUP)
    before, start = harness.cpu_seconds(collect), time.monotonic()
    time.sleep(SECONDS)
    share = (harness.cpu_seconds(collect) - before) / (time.monotonic() - start)
    row = ground.psql(LATENESS.format(seconds=SECONDS))
    late, mean, count = (float(cell) if cell else None for cell in row.split("|"))
    for process in (collect, front, venue):
        ground.stop(process, harness.signal.SIGTERM)
    rows_missing = PRODUCTS * SECONDS - int(count or 0) - PRODUCTS
    note = f"{int(count or 0)} steps, {mean:.1f} ms on average" if count else "no sample arrived"
    yield Figure(f"collect, {PRODUCTS} products at 1 Hz: p99 of a step's distance from 1 s", late, "ms", below=100,
                 note=note + (f", {rows_missing} rows missing" if rows_missing > PRODUCTS else ""))
    yield Figure(f"collect, {PRODUCTS} products at 1 Hz: share of one core", share * 100, "%", below=50)
