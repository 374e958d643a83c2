"""What `job aggregate` takes after one late minute in 2 M, beside rolling up all of them; and the same for all of them."""

import time

from figures import Figure

SERIES, MINUTES = 10, 200_000

FILL = f"""
SELECT crypto_gaf.ensure_month('fact_klines', month::date) FROM generate_series('2026-01-01'::timestamptz, '2026-06-01', '1 month') AS month;
INSERT INTO crypto_gaf.fact_klines (exchange, symbol, interval_code, open_time, open, high, low, close, volume, quote_volume, trade_count,
    received_at, object_hash)
SELECT 'kraken', 'S' || series || '-USD', '1m', '2026-01-01 00:00+00'::timestamptz + n * interval '1 minute',
    60000 + n % 977, 60010 + n % 977, 59990 + n % 977, 60001 + n % 977, (n * 7919 % 100000) / 1e4, n * 31 % 90001 / 1e2, n % 50, now(), n
FROM generate_series(1, {SERIES}) AS series, generate_series(0, {MINUTES - 1}) AS n;
VACUUM (ANALYZE) crypto_gaf.fact_klines;
"""

# As the predecessors did it, and the least that Postgres can do: one statement over all rows, into empty tables.
REBUILD = """
BEGIN;
TRUNCATE crypto_gaf.hourly_klines, crypto_gaf.daily_klines;
INSERT INTO crypto_gaf.hourly_klines
SELECT exchange, symbol, date_bin('1 hour', open_time, '1970-01-01 00:00+00'), (array_agg(open ORDER BY open_time))[1], max(high), min(low),
    (array_agg(close ORDER BY open_time DESC))[1], sum(volume), sum(quote_volume), sum(trade_count), sum(taker_buy_volume),
    sum(taker_buy_quote_volume), count(*), 60
FROM crypto_gaf.fact_klines WHERE interval_code = '1m' GROUP BY 1, 2, 3;
INSERT INTO crypto_gaf.daily_klines
SELECT exchange, symbol, date_bin('24 hours', open_time, '1970-01-01 00:00+00'), (array_agg(open ORDER BY open_time))[1], max(high), min(low),
    (array_agg(close ORDER BY open_time DESC))[1], sum(volume), sum(quote_volume), sum(trade_count), sum(taker_buy_volume),
    sum(taker_buy_quote_volume), sum(minutes_present), 1440
FROM crypto_gaf.hourly_klines GROUP BY 1, 2, 3;
COMMIT;
"""

# Whatever the hour was, it is another one now.
LATE = """
UPDATE crypto_gaf.fact_klines SET volume = volume + 1
WHERE symbol = 'S5-USD' AND interval_code = '1m' AND open_time = '2026-03-08 12:34+00'::timestamptz + {n} * interval '1 day';
INSERT INTO crypto_gaf.touched_hours (exchange, symbol, hour)
VALUES ('kraken', 'S5-USD', '2026-03-08 12:00+00'::timestamptz + {n} * interval '1 day');
"""

DIGEST = """
SELECT md5(string_agg(concat_ws(' ', exchange, symbol, open_time, trim_scale(open), trim_scale(high), trim_scale(low), trim_scale(close),
    trim_scale(volume), trim_scale(quote_volume), trade_count, minutes_present), ';' ORDER BY exchange, symbol, open_time))
FROM crypto_gaf.{table}
"""


def aggregate(ground, *options):
    """The seconds that the job was at work, nearly all of it in Postgres, and what it counted."""
    _, done = ground.job("aggregate", *options)
    return done["seconds"], done


def digests(ground):
    return [ground.psql(DIGEST.format(table=table)) for table in ("hourly_klines", "daily_klines")]


def measure(ground):
    ground.psql(FILL)
    start = time.perf_counter()
    ground.psql(REBUILD)
    plain = time.perf_counter() - start
    expected = digests(ground)
    ground.psql("DELETE FROM crypto_gaf.hourly_klines; DELETE FROM crypto_gaf.daily_klines; VACUUM crypto_gaf.hourly_klines, crypto_gaf.daily_klines")
    whole, counts = aggregate(ground, "--rebuild")
    if digests(ground) != expected:
        raise RuntimeError("the rebuilt hours and days are not those of the plain statement")
    yield Figure("aggregate --rebuild of 2 M minutes", whole, "s", plain, "one INSERT … SELECT into empty tables",
                 note=f"{counts['hours_written']} hours, {counts['days_written']} days, equal to the reference's")
    ground.psql("ANALYZE crypto_gaf.hourly_klines, crypto_gaf.daily_klines, crypto_gaf.touched_hours")
    times = []
    for n in range(5):
        ground.psql(LATE.format(n=n))
        seconds, counts = aggregate(ground)
        if counts["hours_written"] != 1 or counts["days_written"] != 1:
            raise RuntimeError(f"one late minute wrote {counts}")
        times.append(seconds)
    late, fastest = sorted(times)[2], min(plain, whole)
    yield Figure("aggregate after one late minute in 2 M", late * 1000, "ms", fastest * 1000, "the faster full rebuild", at_most=0.01,
                 note=f"{late / fastest * 100:.2f} % of it")
