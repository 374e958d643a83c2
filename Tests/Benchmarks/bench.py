"""Runs the benchmarks and prints one table; the same in .run/bench.json.

Usage: bench.py [numerics | parsing | serving | collecting | ingesting | lake | warehouse | rollups]…
"""

import os
import platform
import subprocess
import sys
import time
import traceback
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent))

import collecting
import figures
import harness
import ingesting
import lake
import numerics
import parsing
import rollups
import serving
import warehouse

SUITES = {
    "numerics": numerics, "parsing": parsing, "serving": serving, "collecting": collecting, "ingesting": ingesting, "lake": lake,
    "warehouse": warehouse, "rollups": rollups}


def machine():
    cpu = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), platform.machine())
    swift = subprocess.run(["swift", "--version"], text=True, capture_output=True).stdout.splitlines()[0]
    return {"cores": os.cpu_count(), "cpu": cpu, "system": platform.platform(), "swift": swift, "when": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())}


def run(name, found):
    """A suite on fresh ground; one that breaks says so in the table and does not end the others."""
    try:
        with harness.Ground() as ground:
            for figure in SUITES[name].measure(ground):
                print(f"  {figure.what}: {figure.as_row()[1]}", flush=True)
                found.append(figure)
    except Exception as error:
        traceback.print_exc()
        found.append(figures.Figure(f"{name}: the rest", None, below=0, note=f"broke off: {error}".replace("\n", " ")[:200]))


def main(names):
    found = []
    for name in names or SUITES:
        print(f"── {name}", flush=True)
        run(name, found)
    print("\n" + figures.table(found))
    result = harness.ROOT / ".run/bench.json"
    result.parent.mkdir(mode=0o700, exist_ok=True)
    figures.save(result, found, machine())
    missed = [figure.what for figure in found if figure.met is False]
    print(f"\n{result.relative_to(harness.ROOT)}; short of the target: {'; '.join(missed) or 'nothing'}")


if __name__ == "__main__":
    main(sys.argv[1:])
