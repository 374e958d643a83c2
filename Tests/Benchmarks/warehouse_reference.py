"""The reference of loading, as the predecessors did it: a pandas frame per answer, checked, upserted by SQLAlchemy's `executemany`.

    python warehouse_reference.py LAKE     prints rows a second

Postgres is found through PG*.
"""

import gzip
import json
import sys
import time
from decimal import Decimal
from pathlib import Path

import pandas
import psycopg
import sqlalchemy

COLUMNS = ["open_time", "open", "high", "low", "close", "volume", "close_time", "quote_volume", "trade_count", "taker_buy_volume",
           "taker_buy_quote_volume", "ignore"]
NUMBERS = ["open", "high", "low", "close", "volume", "quote_volume", "taker_buy_volume", "taker_buy_quote_volume"]
KEPT = ["exchange", "symbol", "interval_code", "open_time", *NUMBERS[:6], "trade_count", *NUMBERS[6:], "received_at", "object_hash"]
UPSERT = sqlalchemy.text(
    f"INSERT INTO crypto_gaf.fact_klines ({', '.join(KEPT)}) VALUES ({', '.join(':' + name for name in KEPT)})"
    " ON CONFLICT (exchange, symbol, interval_code, open_time) DO UPDATE SET "
    + ", ".join(f"{name} = excluded.{name}" for name in KEPT[4:]))


def records(path):
    line, _, content = gzip.decompress(path.read_bytes()).partition(b"\n")
    head = json.loads(line)
    frame = pandas.DataFrame(json.loads(content), columns=COLUMNS)
    frame["open_time"] = pandas.to_datetime(frame["open_time"], unit="ms", utc=True)
    for name in NUMBERS:
        frame[name] = frame[name].map(Decimal)
    sound = (frame["low"] <= frame[["open", "close"]].min(axis=1)) & (frame["high"] >= frame[["open", "close"]].max(axis=1))
    frame = frame[sound & (frame["low"] > 0) & (frame["volume"] >= 0)].drop_duplicates("open_time")
    frame = frame.assign(exchange=head["exchange"], symbol=head["symbol"], interval_code=head["interval"],
                         received_at=pandas.Timestamp(head["received_at"]), object_hash=0)
    return frame[KEPT].to_dict("records")


def main(lake):
    paths = sorted(Path(lake).rglob("*.json.gz"))
    engine = sqlalchemy.create_engine("postgresql+psycopg://", creator=psycopg.connect)
    with engine.connect():
        count, start = 0, time.perf_counter()
    for path in paths:
        batch = records(path)
        with engine.begin() as connection:
            connection.execute(UPSERT, batch)
        count += len(batch)
    print(count / (time.perf_counter() - start))


if __name__ == "__main__":
    main(*sys.argv[1:])
