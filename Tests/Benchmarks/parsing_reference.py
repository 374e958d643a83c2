"""The reference of the parsers: what the predecessor's Python needs to read and to check one answer of 1,000 candles.

    python parsing_reference.py --write FILE     an answer as Binance gives it, for both sides
    python parsing_reference.py FILE

Needs pydantic. Prints a line of JSON under the same name as `cryptogaf-bench`.
"""

import json
import random
import statistics
import sys
import time
from decimal import Decimal

from pydantic import BaseModel, Field, model_validator

OPENED = 1_700_000_040_000


class Kline(BaseModel):
    open_time: int
    open: Decimal = Field(gt=0)
    high: Decimal = Field(gt=0)
    low: Decimal = Field(gt=0)
    close: Decimal = Field(gt=0)
    volume: Decimal = Field(ge=0)
    close_time: int
    quote_volume: Decimal = Field(ge=0)
    trades: int = Field(ge=0)
    taker_buy_volume: Decimal = Field(ge=0)
    taker_buy_quote_volume: Decimal = Field(ge=0)

    @model_validator(mode="after")
    def prices_agree(self):
        if self.high < max(self.open, self.close, self.low) or self.low > min(self.open, self.close):
            raise ValueError("high and low contradict open and close")
        return self


def answer(count=1000, seed=7):
    rng = random.Random(seed)
    price, rows = 60_000.0, []
    for minute in range(count):
        opened, price = price, price + rng.gauss(0, 20)
        high, low = max(opened, price) + rng.expovariate(0.2), min(opened, price) - rng.expovariate(0.2)
        volume = rng.lognormvariate(2, 1)
        taker = volume * rng.random()
        time_ms = OPENED + minute * 60_000
        numbers = [f"{round(value, 2):.8f}" for value in (opened, high, low, price)]
        rows.append([time_ms, *numbers, f"{round(volume, 6):.8f}", time_ms + 59_999, f"{volume * price:.8f}", 1 + int(volume * 30),
                     f"{round(taker, 6):.8f}", f"{taker * price:.8f}", "0"])
    return json.dumps(rows, separators=(",", ":"))


def parse(body):
    names = list(Kline.model_fields)
    klines = [Kline(**dict(zip(names, row))) for row in json.loads(body)]
    if len({kline.open_time for kline in klines}) < len(klines) or any(kline.open_time % 60_000 for kline in klines):
        raise ValueError("twice the same time, or off the grid")
    return klines


def main(words):
    if words[0] == "--write":
        with open(words[1], "w") as file:
            file.write(answer())
        return
    with open(words[0], "rb") as file:
        body = file.read()
    rounds = []
    while len(rounds) < 5 or sum(rounds) < 1:
        start = time.thread_time()
        parse(body)
        rounds.append(time.thread_time() - start)
    print(json.dumps({"name": "parse_klines", "value": statistics.median(rounds) * 1e3, "unit": "ms"}))


if __name__ == "__main__":
    main(sys.argv[1:])
