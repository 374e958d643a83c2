-- Of each day (UTC) of each series: how many candles there should be, are there, the venue has not, are lost; newest first.
\pset footer off
\echo Coverage by day, the last 30 days, and every day that is not complete of a tracked series
SELECT day, exchange || ':' || symbol AS market, interval_code AS interval, expected, present, absent, lost, unexplained,
    to_char(100.0 * present / nullif(expected, 0), 'FM990.00') AS "present, %", checked_at::timestamptz(0) AS checked,
    CASE tracked WHEN true THEN 'yes' ELSE 'no' END AS tracked
FROM crypto_gaf.coverage c CROSS JOIN LATERAL (
    SELECT EXISTS (
        SELECT FROM crypto_gaf.tracked_symbols t WHERE (t.exchange, t.symbol) = (c.exchange, c.symbol) AND t.klines
            AND c.interval_code = ANY (t.interval_codes))
        OR EXISTS (
            SELECT FROM crypto_gaf.backfilled_intervals b
            WHERE (b.exchange, b.symbol, b.interval_code) = (c.exchange, c.symbol, c.interval_code)) AS tracked) AS series
WHERE day > current_date - 30 OR present < expected AND tracked
ORDER BY day DESC, market, interval_code;

\echo Why candles are missing
SELECT exchange || ':' || symbol AS market, interval_code AS interval, state, reason, sum(candles) AS candles, count(*) AS stretches,
    min(first_open)::timestamptz(0) AS "from", max(last_open)::timestamptz(0) AS "to", CASE WHEN bool_or(NOT final) THEN 'yes' ELSE 'no' END AS "asked again"
FROM crypto_gaf.missing_klines GROUP BY exchange, symbol, interval_code, state, reason ORDER BY sum(candles) DESC, 1, 2;

\echo Tracked series that fill-gaps has not looked at
SELECT t.exchange || ':' || t.symbol AS market, code AS interval, least(t.since, b.since)::timestamptz(0) AS since
FROM crypto_gaf.tracked_symbols t CROSS JOIN unnest(t.interval_codes) AS code
LEFT JOIN crypto_gaf.backfilled_intervals b ON (b.exchange, b.symbol, b.interval_code) = (t.exchange, t.symbol, code)
WHERE t.klines AND NOT EXISTS (
    SELECT FROM crypto_gaf.coverage c WHERE (c.exchange, c.symbol, c.interval_code) = (t.exchange, t.symbol, code))
ORDER BY 1, 2;
