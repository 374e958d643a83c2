"""The reference outputs beside the repository: which images the capture must yield, and which rows."""

import hashlib
import json
import math
from decimal import Decimal
from functools import lru_cache
from pathlib import Path

SHARED = Path(__file__).resolve().parents[3] / "shared"
CAPTURE = SHARED / "data/captures/coinbase/COINBASE.ws.28.0"
KINDS = {
    "orderbook": "orderbook", "buy": "buy", "sell": "sell", "midpoint-summation": "midpoint_summation",
    "midpoint-difference": "midpoint_difference",
}
# Buy and sell are smoothed in exact decimals there; a binary mean may move this share of pixels by one level.
TOLERANCE = 0.001
# Of each trade's [price, size, orders], what the red, green and blue channel show.
CHANNELS = {"buy": (1, 0, 2), "sell": (0, 1, 2)}


def available():
    return CAPTURE.exists() and (SHARED / "oracles/calculate_images.json").exists()


@lru_cache(maxsize=1)
def images():
    """(product, size) → the case."""
    cases = json.loads((SHARED / "oracles/calculate_images.json").read_text())["cases"]
    return {(case["product"], case["size"]): case for case in cases}


@lru_cache(maxsize=1)
def samples():
    """`aggregation` and, per product, `samples`: rows, oldest first, numbers as exact decimals."""
    return json.loads((SHARED / "oracles/samples_coinbase.json").read_text(), parse_float=Decimal)


def is_exact(product, size, kind, pixels):
    return hashlib.sha256(pixels).hexdigest() == images()[product, size]["images"][KINDS[kind]]["sha256"]


def difference(product, size, kind, pixels, width, height, channels):
    """What is wrong with an image, in words; empty when it is as it must be."""
    expected = images()[product, size]["images"][KINDS[kind]]
    shape = [height, width] + ([channels] if channels > 1 else [])
    if shape != expected["shape"]:
        return f"its shape is {shape}, not {expected['shape']}"
    if is_exact(product, size, kind, pixels):
        return ""
    if kind not in CHANNELS:
        return f"its pixels differ from the reference's, whose SHA-256 is {expected['sha256']}"
    reference = smoothed_image(product, size, kind)
    if not is_exact(product, size, kind, reference):
        return "the pixels differ, and so does the reference drawn here: its smoothing is wrong"
    gaps = [abs(a - b) for a, b in zip(pixels, reference)]
    moved = sum(gap > 0 for gap in gaps)
    if max(gaps) > 1 or moved > TOLERANCE * len(gaps):
        return f"{moved} of {len(gaps)} pixels differ, by up to {max(gaps)}"
    return ""


def smoothed_image(product, size, kind):
    """A buy or sell image drawn from the oracle's own rows: means in exact decimals, the field in float64 as pyts does."""
    rows = [row[kind] for row in samples()["samples"][product][-size:]][::-1]
    planes = [_field([row[channel] for row in rows]) for channel in CHANNELS[kind]]
    return bytes(level for pixel in zip(*planes) for level in pixel)


def _field(values):
    exact = [Decimal(value) for value in values]
    windows = [exact[max(0, i - 5) : i + 6] for i in range(len(exact))]
    means = [float(sum(window) / len(window)) for window in windows]
    low, high = min(means), max(means)
    scale = 2 / ((high - low) or 1)
    cosines = [mean * scale + (-1 - low * scale) for mean in means]
    sines = [math.sqrt(min(1.0, max(0.0, 1 - x * x))) for x in cosines]
    return [int((x * y - s * t + 1) / 2 * 255) for x, s in zip(cosines, sines) for y, t in zip(cosines, sines)]
