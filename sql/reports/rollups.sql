-- Per series, the days that are rolled up, how much of them was there, and the hours that wait for the job aggregate.
\pset footer off
\echo Rollups
SELECT exchange, symbol, count(open_time) AS days,
    coalesce(to_char(min(open_time) AT TIME ZONE 'UTC', 'YYYY-MM-DD'), '-') AS first,
    coalesce(to_char(max(open_time) AT TIME ZONE 'UTC', 'YYYY-MM-DD'), '-') AS last,
    coalesce(sum(minutes_present), 0) AS minutes,
    coalesce(round(100.0 * sum(minutes_present) / sum(minutes_expected), 2)::text, '-') AS "% present",
    coalesce(max(waiting.hours), 0) AS "hours waiting"
FROM crypto_gaf.daily_klines
FULL JOIN (SELECT exchange, symbol, count(DISTINCT hour) AS hours FROM crypto_gaf.touched_hours GROUP BY exchange, symbol) waiting
    USING (exchange, symbol)
GROUP BY exchange, symbol
ORDER BY exchange, symbol;
