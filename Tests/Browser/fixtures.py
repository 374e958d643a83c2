"""Images for the scripted API, made at run time: fields that look like a market's, and plain ones whose corner is marked."""

import math
import random
from functools import lru_cache

import png

KINDS = ("orderbook", "buy", "sell", "midpoint-summation", "midpoint-difference")
MARK = (255, 255, 255)


@lru_cache(maxsize=64)
def market_images(seed, size):
    """The five images of a random walk with bursts of trades: what a product looks like after `size` samples."""
    rng = random.Random(f"{seed}/{size}")
    walk = _walk(rng, size)
    book = [_mixed(rng, walk, size) for _ in range(3)]
    trades = [[_bursts(rng, size) for _ in range(3)] for _ in range(2)]
    planes = {
        "orderbook": book, "buy": trades[0], "sell": trades[1], "midpoint-summation": [walk], "midpoint-difference": [walk],
    }
    return {kind: _image(series, size, kind.endswith("difference")) for kind, series in planes.items()}


@lru_cache(maxsize=16)
def marked_images(size, colours):
    """A plain colour for each kind but for its newest pixel, (0, 0) and the eighth of a side around it: that is white."""
    return {kind: _marked(size, colour) for kind, colour in zip(KINDS, colours)}


def _marked(size, colour):
    edge = max(1, size // 8)
    pixels = bytearray()
    for row in range(size):
        for column in range(size):
            pixels += bytes(MARK if row < edge and column < edge else colour)
    return png.encode(bytes(pixels), size, size, 3)


def _walk(rng, size):
    value, series = 0.0, []
    for _ in range(size):
        value += rng.gauss(0, 1)
        series.append(value)
    return series


def _mixed(rng, walk, size):
    own = _walk(rng, size)
    return [0.6 * a + b for a, b in zip(walk, own)]


def _bursts(rng, size):
    raw = [rng.expovariate(1) if rng.random() < 0.12 else 0.0 for _ in range(size)]
    return [sum(raw[max(0, i - 5) : i + 6]) / len(raw[max(0, i - 5) : i + 6]) for i in range(size)]


def _image(series, size, difference):
    planes = [_field(one, difference) for one in series]
    if len(planes) == 1:
        return png.encode(planes[0], size, size, 1)
    return png.encode(bytes(byte for pixel in zip(*planes) for byte in pixel), size, size, 3)


def _field(series, difference):
    low, high = min(series), max(series)
    cosines = [2 * (value - low) / ((high - low) or 1) - 1 for value in series]
    sines = [math.sqrt(max(0.0, 1 - value * value)) for value in cosines]
    pixels = bytearray()
    for x, s in zip(cosines, sines):
        if difference:
            pixels += bytes(int((s * v - x * t + 1) * 127.5) for v, t in zip(cosines, sines))
        else:
            pixels += bytes(int((x * v - s * t + 1) * 127.5) for v, t in zip(cosines, sines))
    return bytes(pixels)
