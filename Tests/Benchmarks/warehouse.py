"""Bronze to gold: `job transform` beside Postgres alone, which has the same rows in a table already, and beside Python."""

import statistics
import subprocess
import sys

import account
import harness
import raw_objects
from figures import Figure

SYMBOLS, PAGES, ROUNDS = 4, 120, 5
ROWS = SYMBOLS * PAGES * raw_objects.ROWS
# Bodies of more than 1 GB.
BACKLOG_SYMBOLS, BACKLOG_PAGES = 60, 120
TARGET = "exchange, symbol, interval_code, open_time, open, high, low, close, volume, quote_volume, trade_count, taker_buy_volume," \
    " taker_buy_quote_volume, received_at, object_hash"


def transform(ground, expected, counted="rows_inserted"):
    """Rows a second of one run that counts so many of them so, and MiB at its peak.

    By the job's own clock, from when it is connected: what it is compared with is timed from there too."""
    peaks = [0]
    _, done = ground.job("transform", watch=lambda process: peaks.append(memory(process)))
    if done.get(counted) != expected:
        raise RuntimeError(f"transform: {done}")
    return expected / done["seconds"], max(peaks)


def replay(ground):
    """Rows a second of a replay over what is there, compared value for value; by its own clock."""
    _, done = ground.told("replay.finished", "replay", "--from", "2020-01-01")
    if done.get("rows_duplicate") != ROWS:
        raise RuntimeError(f"replay: {done}")
    return ROWS / done["seconds"]


def memory(process):
    try:
        return harness.peak_memory(process)
    except (FileNotFoundError, TypeError, ProcessLookupError):
        return 0


def empty(ground):
    ground.psql("TRUNCATE crypto_gaf.fact_klines, crypto_gaf.touched_hours, crypto_gaf.processed_files; UPDATE crypto_gaf.raw_objects SET due = true; CHECKPOINT")


def postgres_alone(ground):
    """Rows a second of INSERT … SELECT … ON CONFLICT, as the worker and in the order of the key."""
    sql = f"\\timing on\nSET synchronous_commit = off;\nINSERT INTO crypto_gaf.fact_klines ({TARGET}) SELECT {TARGET} FROM public.staged ON CONFLICT DO NOTHING;\n"
    done = subprocess.run(
        account.prefix() + ["psql", "-XAtq", "-v", "ON_ERROR_STOP=1"], input=sql, env=ground.environment("worker"), text=True,
        capture_output=True, check=True, cwd="/")
    milliseconds = [line for line in done.stdout.splitlines() if line.startswith("Time:")][-1].split()[1]
    return ROWS / (float(milliseconds) / 1000)


def python(ground):
    """Rows a second of the same through pandas, and SQLAlchemy with psycopg, as the predecessors loaded."""
    done = subprocess.run(
        account.prefix() + [sys.executable, str(harness.ROOT / "Tests/Benchmarks/warehouse_reference.py"), str(ground.lake)],
        env=ground.environment("worker"), text=True, capture_output=True, cwd="/")
    if done.returncode:
        raise RuntimeError(done.stderr.strip())
    return float(done.stdout)


def measure(ground):
    raw_objects.fill(ground, SYMBOLS, PAGES)
    transform(ground, ROWS)
    ground.psql(
        f"CREATE TABLE public.staged AS SELECT {TARGET} FROM crypto_gaf.fact_klines ORDER BY exchange, symbol, interval_code, open_time;"
        " GRANT SELECT ON public.staged TO PUBLIC; ANALYZE public.staged")
    ours, alone, again, replayed, old = [], [], [], [], []
    for _ in range(ROUNDS):
        empty(ground)
        ours.append(transform(ground, ROWS)[0])
        ground.psql("UPDATE crypto_gaf.raw_objects SET due = true; CHECKPOINT")
        again.append(transform(ground, ROWS, "rows_duplicate")[0])
        replayed.append(replay(ground))
        empty(ground)
        alone.append(postgres_alone(ground))
        empty(ground)
        old.append(python(ground))
    first = statistics.median(ours)
    yield Figure("bronze to gold, 1m klines, one worker", first, "rows/s", statistics.median(alone), "Postgres alone, from a filled staging table",
                 at_least=0.6)
    yield Figure("the same, beside Python", first, "rows/s", statistics.median(old), "pandas + SQLAlchemy executemany", at_least=15)
    yield Figure("reload, all duplicates", statistics.median(again), "rows/s", first, "the first load", at_least=1)
    yield Figure("replay, all duplicates, compared value for value", statistics.median(replayed), "rows/s", first, "the first load", at_least=1)
    empty(ground)
    ground.psql("TRUNCATE crypto_gaf.raw_objects, crypto_gaf.lake_listings")
    size = raw_objects.fill(ground, BACKLOG_SYMBOLS, BACKLOG_PAGES)
    rate, peak = transform(ground, BACKLOG_SYMBOLS * BACKLOG_PAGES * raw_objects.ROWS)
    yield Figure("transform's memory on a backlog of 1 GB", peak, "MiB", below=150, note=f"{size / 1e9:.2f} GB of answers, {rate:,.0f} rows/s")
