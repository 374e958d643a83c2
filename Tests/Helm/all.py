#!/usr/bin/env python3
"""Runs the test files beside this one, a process each, as many at a time as there are cores: most of their time they wait for servers."""

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

HERE = Path(__file__).resolve().parent
# The longest first, so that none is left alone at the end.
FIRST = ("backup", "dumps", "processes", "simulation", "failover", "images", "dashboard", "rolling", "pooler", "commands")


def run(name):
    started = time.monotonic()
    done = subprocess.run([sys.executable, "-m", "unittest", "-v", f"test_{name}"], cwd=HERE, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, errors="replace")
    return done.returncode, done.stdout, time.monotonic() - started


def main():
    there = {path.stem.removeprefix("test_") for path in HERE.glob("test_*.py")}
    names = sys.argv[1:] or sorted(there, key=lambda name: (FIRST.index(name) if name in FIRST else len(FIRST), name))
    if unknown := set(names) - there:
        print(f"there is no Tests/Helm/test_{min(unknown)}.py", file=sys.stderr)
        return 64
    failed = []
    with ThreadPoolExecutor(max(2, os.cpu_count() or 1)) as pool:
        running = {pool.submit(run, name): name for name in names}
        for future in as_completed(running):
            code, text, seconds = future.result()
            print(f"{text}── {running[future]}: {seconds:.0f} s", flush=True)
            if code:
                failed.append(running[future])
    if failed:
        print(f"failed: {', '.join(failed)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
