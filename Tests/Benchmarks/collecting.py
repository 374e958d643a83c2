"""Whether `collect` keeps its cadence with 200 products at 1 Hz against the synthetic venue, and what it costs."""

import json
import time

import harness
from figures import Figure

PRODUCTS, SECONDS, WARMUP = 200, 60, 5

# Samples that are missing between a product's first and last, if one comes each second.
MISSING = """
SELECT count(*), sum(missing)::bigint FROM (
    SELECT count(*), greatest(round(extract(epoch FROM max(sampled_at) - min(sampled_at))) + 1 - count(*), 0) AS missing
    FROM crypto_gaf.samples GROUP BY product) products
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
    for process in (collect, front, venue):
        ground.stop(process, harness.signal.SIGTERM)
    products, missing = map(int, ground.psql(MISSING).split("|"))
    events = [json.loads(line) for line in (ground.folder / "collect.log").read_text().splitlines()]
    total = next(event for event in events if event["event"] == "collect.stopped")
    note = f"{total['rows']} samples of {products} products, {missing} missing, {total['missed_ticks']} ticks missed, {total['failures']} failures"
    yield Figure(f"collect, {PRODUCTS} products at 1 Hz: p99 from the tick to the question", total["late_p99_ms"], "ms", below=100,
                 note=note + f"; to the sample {total['answered_p99_ms']} ms")
    yield Figure(f"collect, {PRODUCTS} products at 1 Hz: samples missing", missing, "", below=PRODUCTS * SECONDS / 1000)
    yield Figure(f"collect, {PRODUCTS} products at 1 Hz: share of one core", share * 100, "%", below=50)
