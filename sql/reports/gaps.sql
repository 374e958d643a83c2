-- Pauses between a product's samples, of those that are kept: how long a step usually is, and which ones were far longer.
\pset footer off
\echo Steps between samples
WITH steps AS (
    SELECT product, sampled_at, sampled_at - lag(sampled_at) OVER (PARTITION BY product ORDER BY sample_id) AS step
    FROM crypto_gaf.samples WHERE sampled_at IS NOT NULL
)
SELECT product, count(*) AS samples, min(sampled_at)::timestamptz(0) AS "from", max(sampled_at)::timestamptz(0) AS "to",
    to_char(percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM step)), 'FM999990.000') AS "median step, s",
    to_char(percentile_cont(0.99) WITHIN GROUP (ORDER BY extract(epoch FROM step)), 'FM999990.000') AS "p99, s",
    to_char(max(extract(epoch FROM step)), 'FM999990.000') AS "longest, s"
FROM steps GROUP BY product ORDER BY max(step) DESC NULLS LAST, product;

\echo Pauses of more than three usual steps, the longest 20
WITH steps AS (
    SELECT product, sampled_at, sampled_at - lag(sampled_at) OVER (PARTITION BY product ORDER BY sample_id) AS step
    FROM crypto_gaf.samples WHERE sampled_at IS NOT NULL
), usual AS (
    SELECT product, percentile_cont(0.5) WITHIN GROUP (ORDER BY step) AS median FROM steps WHERE step IS NOT NULL GROUP BY product
)
SELECT s.product, (s.sampled_at - s.step)::timestamptz(0) AS "last sample before", s.sampled_at::timestamptz(0) AS "first after",
    to_char(extract(epoch FROM s.step), 'FM999990.000') AS seconds
FROM steps s JOIN usual u USING (product) WHERE s.step > 3 * u.median ORDER BY s.step DESC LIMIT 20;
