-- What was loaded from the lake in the last 24 hours, how many duplicates were kept out, and what could not be loaded. Of an object that was
-- loaded again, by replay, the counts of rows add up.
\pset footer off
\echo Objects by the hour in which they were loaded last, and their rows since they were loaded first
SELECT to_char(date_trunc('hour', p.processed_at), 'YYYY-MM-DD HH24:00') AS hour, r.exchange, r.channel, count(*) AS objects,
    sum(rows_read) AS "rows read", sum(rows_inserted) AS inserted, sum(rows_updated) AS updated, sum(rows_duplicate) AS "duplicates prevented",
    sum(rows_rejected) AS rejected, count(*) FILTER (WHERE p.outcome <> 'loaded') AS "not loaded"
FROM crypto_gaf.processed_files p JOIN crypto_gaf.raw_objects r USING (object_key)
WHERE p.processed_at > now() - interval '24 hours'
GROUP BY date_trunc('hour', p.processed_at), r.exchange, r.channel ORDER BY 1 DESC, 2, 3;

\echo Objects that wait
SELECT r.exchange, r.channel, count(*) AS objects, pg_size_pretty(sum(r.bytes)) AS bytes, min(r.received_at)::timestamptz(0) AS oldest,
    coalesce(max(s.reason), '-') AS "stopped because"
FROM crypto_gaf.raw_objects r LEFT JOIN crypto_gaf.stopped_channels s USING (exchange, channel)
WHERE r.due
GROUP BY r.exchange, r.channel ORDER BY 3 DESC;

\echo Objects that could not be loaded, the last 20
SELECT processed_at::timestamptz(0) AS at, outcome, object_key AS object, left(error, 100) AS error
FROM crypto_gaf.processed_files WHERE outcome <> 'loaded' ORDER BY processed_at DESC LIMIT 20;

\echo Why rows were rejected, the last 7 days
SELECT split_part(object_key, '/', 1) AS exchange, split_part(object_key, '/', 3) AS channel, reason, count(*) AS rows,
    max(rejected_at)::timestamptz(0) AS last
FROM crypto_gaf.rejected_rows WHERE rejected_at > now() - interval '7 days' GROUP BY 1, 2, 3 ORDER BY count(*) DESC LIMIT 20;
