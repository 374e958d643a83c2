-- How long the venues took to answer in the last 24 hours, and how each is faring now. Only questions that were answered are counted.
\pset footer off
\echo Answers by venue, the last 24 hours, the slowest first
WITH answers AS (
    SELECT exchange, channel, bytes, extract(epoch FROM received_at - requested_at) * 1000 AS milliseconds
    FROM crypto_gaf.raw_objects WHERE received_at > now() - interval '24 hours' AND requested_at IS NOT NULL
        -- That follows from the first, and is what there is an index of.
        AND location IN ('live', 'archive', 'expired') AND greatest(received_at, recorded_at) > now() - interval '24 hours'
)
SELECT exchange, channel, count(*) AS answers,
    to_char(percentile_cont(0.5) WITHIN GROUP (ORDER BY milliseconds), 'FM9999990') AS "median, ms",
    to_char(percentile_cont(0.95) WITHIN GROUP (ORDER BY milliseconds), 'FM9999990') AS "p95, ms",
    to_char(max(milliseconds), 'FM9999990') AS "slowest, ms", pg_size_pretty(sum(bytes)) AS "stored"
FROM answers GROUP BY exchange, channel ORDER BY percentile_cont(0.95) WITHIN GROUP (ORDER BY milliseconds) DESC, exchange, channel;

\echo Extractions in trouble
SELECT exchange, data_type AS data, count(*) AS series, max(failures) AS "failures in a row", nullif(max(updated_at), '-infinity')::timestamptz(0) AS "last asked",
    left((array_agg(last_error ORDER BY updated_at DESC))[1], 120) AS "last error"
FROM crypto_gaf.extraction_metadata WHERE failures > 0 GROUP BY exchange, data_type ORDER BY max(failures) DESC, exchange, data_type;

\echo Venues that ask to be left alone
SELECT exchange, paused_until::timestamptz(0) AS until, date_trunc('second', paused_until - now()) AS "for", left(reason, 120) AS reason
FROM crypto_gaf.venue_budgets WHERE paused_until > now() ORDER BY paused_until DESC;
