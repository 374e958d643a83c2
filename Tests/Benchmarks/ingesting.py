"""One pass of `ingest-klines` over 500 pairs on seven venues, against local servers that take 50 ms to answer and 50 questions a second each."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
import urllib.parse

import harness
from figures import Figure

PAIRS, MINUTES, LATENCY, LIMIT = 500, 20, 0.05, 50


# The venues: rows of (opening in seconds, open, high, low, close, volume), oldest first, as each venue writes them ----------------------

def clock_and_candles(name):
    """How the venue tells the time, and candles of the market that was asked for; JSON values."""
    def answer(data):
        return {"code": "200000", "data": data}

    return {
        "coinbase": (lambda now: {"epoch": now}, lambda rows, market: [[t, l, h, o, c, v] for t, o, h, l, c, v in reversed(rows)]),
        "binance": (
            lambda now: {"serverTime": int(now * 1000)},
            lambda rows, market: [[t * 1000, str(o), str(h), str(l), str(c), str(v), t * 1000 + 59999, "9", 3, "1", "2", "0"] for t, o, h, l, c, v in rows]),
        "kraken": (
            lambda now: {"error": [], "result": {"unixtime": int(now)}},
            lambda rows, market: {"error": [], "result": {market: [[t, str(o), str(h), str(l), str(c), str(o), str(v), 3] for t, o, h, l, c, v in rows], "last": 1}}),
        "okx": (
            lambda now: {"code": "0", "msg": "", "data": [{"ts": str(int(now * 1000))}]},
            lambda rows, market: {"code": "0", "msg": "", "data": [
                [str(t * 1000), str(o), str(h), str(l), str(c), str(v), "9", "9", "1"] for t, o, h, l, c, v in reversed(rows)]}),
        "bybit": (
            lambda now: {"retCode": 0, "retMsg": "OK", "result": {"timeSecond": str(int(now)), "timeNano": str(int(now * 1e9))}, "time": int(now * 1000)},
            lambda rows, market: {"retCode": 0, "retMsg": "OK", "result": {"category": "spot", "symbol": market, "list": [
                [str(t * 1000), str(o), str(h), str(l), str(c), str(v), "9"] for t, o, h, l, c, v in reversed(rows)]}, "time": 1}),
        "gateio": (
            lambda now: {"server_time": int(now * 1000)},
            lambda rows, market: [[str(t), "9", str(c), str(h), str(l), str(o), str(v), "true"] for t, o, h, l, c, v in rows]),
        "kucoin": (
            lambda now: answer(int(now * 1000)),
            lambda rows, market: answer([[str(t), str(o), str(c), str(h), str(l), str(v), "9"] for t, o, h, l, c, v in reversed(rows)])),
    }[name]


VENUES = ("coinbase", "binance", "kraken", "okx", "bybit", "gateio", "kucoin")


class Venue:
    """Answers like `name`, after the latency, and refuses what is past the limit."""

    def __init__(self, name):
        self.clock, self.candles = clock_and_candles(name)
        self.times, self.refused = [], 0

    async def serve(self, reader, writer):
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                now = time.monotonic()
                self.times.append(now)
                recent = sum(now - t < 1 for t in self.times[-LIMIT - 1:])
                status, value = ("200 OK", self.value(head.split(" ", 2)[1])) if recent <= LIMIT else ("429 Too Many Requests", {})
                self.refused += status[0] == "4"
                await asyncio.sleep(LATENCY)
                body = json.dumps(value).encode()
                writer.write(f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    def value(self, target):
        now = time.time()
        if "time" in target.split("?")[0].lower():
            return self.clock(now)
        newest = int(now) // 60 * 60 - 60
        asked = urllib.parse.parse_qs(urllib.parse.urlsplit(target).query)
        market = next((asked[name][0] for name in ("pair", "symbol") if name in asked), None)
        return self.candles([(newest - 60 * n, 100.5, 102, 100, 101.25, 3.5) for n in reversed(range(MINUTES))], market)


async def serve(ports):
    """Until it is ended; then says how many questions were too many."""
    venues = [Venue(name) for name in VENUES]
    servers = [await asyncio.start_server(venue.serve, "127.0.0.1", port) for venue, port in zip(venues, ports)]
    stopped = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopped.set)
    await stopped.wait()
    for server in servers:
        server.close()
    print(sum(venue.refused for venue in venues), sum(len(venue.times) for venue in venues), flush=True)
    os._exit(0)


# The pass ---------------------------------------------------------------------------------------------------------------------------------

def measure(ground):
    ports = [harness.free_port() for _ in VENUES]
    served = subprocess.Popen([sys.executable, __file__, *map(str, ports)], stdout=subprocess.PIPE, text=True)
    for port in ports:
        harness.wait_for_port(port, "a venue")
    ground.psql("; ".join(
        f"INSERT INTO crypto_gaf.tracked_symbols (exchange, symbol, since) VALUES ('{VENUES[n % 7]}', 'C{n}-USDT', now() - interval '15 minutes')"
        for n in range(PAIRS)))
    sites = {}
    for name, port in zip(VENUES, ports):
        variable = "COINBASE_EXCHANGE_URL" if name == "coinbase" else f"{name.upper()}_URL"
        sites |= {variable: f"http://127.0.0.1:{port}", f"{name.upper()}_RATE_LIMIT": str(LIMIT)}
    # The first pass of a day makes a folder of the lake for each pair, and each must be durable.
    first, _ = ground.job("ingest-klines", **sites)
    seconds, done = ground.job("ingest-klines", **sites)
    served.send_signal(signal.SIGTERM)
    refused, asked = map(int, served.communicate(timeout=10)[0].split())
    if done["targets"] != PAIRS:
        raise RuntimeError(f"ingest-klines asked for {done['targets']} of {PAIRS} pairs")
    yield Figure(
        f"ingest-klines, {PAIRS} pairs on {len(VENUES)} venues: one pass", seconds, "s", below=5, errors=refused + done["failed"],
        note=f"{done['objects']} objects; {first:.1f} s for the first pass; of {asked} questions in both {refused} past {LIMIT} a second")
    yield from gap_scan(ground)


# 2 M minutes of ten series, of which one in 500 is missing.
FILL = """
SELECT crypto_gaf.ensure_month('fact_klines', month::date) FROM generate_series('2026-01-01'::timestamptz, '2026-06-01', '1 month') AS month;
INSERT INTO crypto_gaf.fact_klines (exchange, symbol, interval_code, open_time, open, high, low, close, volume, received_at, object_hash)
SELECT 'kraken', 'S' || series || '-USD', '1m', '2026-01-01 00:00+00'::timestamptz + n * interval '1 minute', 2, 3, 1, 2, 5, now(), n
FROM generate_series(1, 10) AS series, generate_series(0, 199999) AS n WHERE n % 500 <> 7;
VACUUM (ANALYZE) crypto_gaf.fact_klines;
DELETE FROM crypto_gaf.tracked_symbols;
INSERT INTO crypto_gaf.tracked_symbols (exchange, symbol, since)
SELECT 'kraken', 'S' || series || '-USD', '2026-01-01 00:00+00' FROM generate_series(1, 10) AS series;
"""


def gap_scan(ground):
    """The seconds of a dry run, nearly all of it in Postgres: with none of the minutes rolled up, as after a backfill, and as every hour finds
    it, with all but the newest."""
    def scan(name):
        done = sorted((ground.job("fill-gaps", "--dry-run")[1] for _ in range(3)), key=lambda run: run["seconds"])[1]
        note = f"{done['missing']} of {done['expected']} missing, in {done['series']} series"
        return Figure(name, done["seconds"], "s", below=1, note=note)

    ground.psql(FILL)
    yield scan("gap scan over 2 M minutes, none of them rolled up")
    ground.job("aggregate", "--rebuild")
    ground.psql("VACUUM (ANALYZE) crypto_gaf.hourly_klines, crypto_gaf.touched_hours")
    yield scan("the same, rolled up but for the newest")


if __name__ == "__main__":
    asyncio.run(serve([int(port) for port in sys.argv[1:]]))
