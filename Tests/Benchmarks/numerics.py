"""The numerics in one thread: `cryptogaf-bench` beside the predecessor's Python, joined by the names of their figures."""

import json
import subprocess
import sys

import harness
from figures import Figure

REFERENCE = harness.ROOT / "Tests/Benchmarks/numerics_reference.py"
ORACLE = harness.ROOT.parent / "shared/oracles/samples_coinbase.json"
# Name: what it is, the reference, how many times better it must be.
WANTED = {
    "fields_600": ("fields to bytes, 600×600", "pyts, without making bytes", 12),
    "fields_64": ("fields to bytes, 64×64", "pyts, without making bytes", 4),
    "png_capture_time": ("PNG of the five images, all products of the capture", "Pillow", 12),
    "png_busy_time": ("PNG of the five images, busy market", "Pillow", 12),
    "calculate_pass_capture": ("calculate, one product of 600 samples, capture", "pyts + Pillow + psycopg", 12),
    "calculate_pass_busy": ("calculate, one product of 600 samples, busy market", "pyts + Pillow + psycopg", 12),
}
SIZES = {"png_capture_size": "PNG bytes, all products of the capture", "png_busy_size": "PNG bytes, busy market"}
UNCHANGED = "calculate_unchanged_100"


def measure(ground):
    busy = ground.folder / "busy.json"
    subprocess.run([sys.executable, REFERENCE, "--write-busy", busy], check=True)
    busy.chmod(0o644)
    samples = ["--samples", ORACLE] if ORACLE.exists() else []
    theirs = figures([sys.executable, REFERENCE, "--busy", busy, *samples, "--postgres"], ground)
    ours = figures([harness.BENCH_PROGRAM, busy], ground)
    for name, (what, against, times) in WANTED.items():
        if name not in ours:
            yield Figure(what, None, at_least=times, note="no ../shared" if "capture" in name and not samples else "cryptogaf-bench does not print it")
            continue
        value, unit = ours[name]
        yield Figure(what, value, unit, theirs.get(name, (None,))[0], against, at_least=times)
    if "png_capture_time" in ours:
        sums = [sum(side[f"png_{market}_time"][0] for market in ("capture", "busy")) for side in (ours, theirs)]
        yield Figure("PNG of the five images, both markets in sum", sums[0], "ms", sums[1], "Pillow", at_least=12)
    for name, what in SIZES.items():
        if name in ours and name in theirs:
            yield Figure(what, ours[name][0], "bytes", theirs[name][0], "Pillow", at_most=1.25)
    if UNCHANGED in ours:
        yield Figure("calculate, 100 products, none changed", ours[UNCHANGED][0], ours[UNCHANGED][1], below=50)


def figures(command, ground):
    """What a program prints, a line of JSON each."""
    # The two processes hold the database under the worker's rights, as the real ones do.
    done = subprocess.run([str(word) for word in command], env=ground.environment("worker") | {"PYTHONDONTWRITEBYTECODE": "1"}, cwd=harness.ROOT,
                          text=True, stdout=subprocess.PIPE, check=True)
    return lines(done.stdout)


def lines(text):
    """Figures by their names, as (value, unit)."""
    found = [json.loads(line) for line in text.splitlines() if line.startswith("{")]
    return {line["name"]: (line["value"], line["unit"]) for line in found}
