"""Raw objects as the lake keeps them, in the shape of Binance's one-minute candles; written into a folder and on record."""

import gzip
import hashlib
import json
import random
import time

import account

START = 1_735_689_600_000  # 2025-01-01
ROWS = 1000


def body(first, rng):
    """1,000 candles from minute `first` on, with the digits that a busy market has."""
    price, rows = 60_000 + rng.gauss(0, 500), []
    for minute in range(first, first + ROWS):
        opened, close = price, price + rng.gauss(0, 20)
        high, low = max(opened, close) + rng.expovariate(0.1), min(opened, close) - rng.expovariate(0.1)
        volume = rng.lognormvariate(2, 1)
        taker = volume * rng.random()
        at = START + minute * 60_000
        rows.append([at, f"{opened:.8f}"[:-6] + "000000", f"{high:.2f}000000", f"{low:.2f}000000", f"{close:.2f}000000", f"{volume:.5f}000",
                     at + 59_999, f"{volume * price:.8f}", int(volume * 40), f"{taker:.5f}000", f"{taker * price:.8f}", "0"])
        rows[-1][2] = f"{max(float(rows[-1][k]) for k in (1, 2, 3, 4)):.2f}000000"
        rows[-1][3] = f"{min(float(rows[-1][k]) for k in (1, 2, 3, 4)):.2f}000000"
        price = close
    return json.dumps(rows, separators=(",", ":")).encode()


def stamp(milliseconds):
    seconds, rest = divmod(milliseconds, 1000)
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + f".{rest:03d}Z"


def encoded(symbol, content, received):
    """Key and bytes, as RawObject writes them."""
    envelope = {"version": 1, "exchange": "binance", "symbol": symbol, "channel": "klines", "interval": "1m", "url": "https://bench.test/klines",
                "requested_at": stamp(received - 80), "received_at": stamp(received), "status": 200, "bytes": len(content),
                "sha256": hashlib.sha256(content).hexdigest()}
    line = json.dumps(envelope, separators=(",", ":")).encode()
    day = time.strftime("%Y/%m/%d", time.gmtime(received // 1000))
    key = f"binance/{symbol}/klines/{day}/{received}-{hashlib.sha256(line).hexdigest()[:16]}.json.gz"
    return key, gzip.compress(line + b"\n" + content, 1, mtime=0)


def fill(ground, symbols, pages):
    """Answers for each symbol, `pages` in a row; answers how many bytes their bodies have. What symbols say differs in nothing but name."""
    folder, rng, size = ground.lake, random.Random(7), 0
    # By this a folder is a lake.
    (folder / ".incoming").mkdir(parents=True, exist_ok=True)
    records = ground.folder / "raw_objects.tsv"
    with records.open("w") as out:
        for page in range(pages):
            content = body(page * ROWS, rng)
            for number in range(symbols):
                received = START + 600 * 86_400_000 + page * 1000 + number
                key, stored = encoded(f"S{number}-USDT", content, received)
                path = folder / key
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(stored)
                size += len(content)
                out.write(f"{key}\tbinance\tS{number}-USDT\tklines\t1m\t{stamp(received)}\t{len(stored)}\t\\\\x{hashlib.sha256(stored).hexdigest()}\n")
    for path in (folder, *folder.rglob("*")):
        account.give(path)
    account.give(records)
    ground.psql(f"COPY crypto_gaf.raw_objects (object_key, exchange, symbol, channel, interval_code, received_at, bytes, sha256) FROM '{records}'")
    ground.psql("INSERT INTO crypto_gaf.lake_listings (extent) VALUES ('recent'), ('whole')")
    ground.psql("ANALYZE crypto_gaf.raw_objects")
    return size
