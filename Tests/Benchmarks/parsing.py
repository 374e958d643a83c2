"""One answer of 1,000 candles, read and checked in one thread: `cryptogaf-bench` beside the predecessor's Python."""

import subprocess
import sys

import harness
import numerics
from figures import Figure

REFERENCE = harness.ROOT / "Tests/Benchmarks/parsing_reference.py"


def measure(ground):
    answer = ground.folder / "klines.json"
    subprocess.run([sys.executable, REFERENCE, "--write", answer], check=True)
    answer.chmod(0o644)
    theirs = numerics.figures([sys.executable, REFERENCE, answer], ground)
    ours = numerics.figures([harness.BENCH_PROGRAM, "klines", answer], ground)
    value, unit = ours["parse_klines"]
    yield Figure("parse and check 1,000 klines", value, unit, theirs["parse_klines"][0], "json.loads + pydantic", at_least=3)
