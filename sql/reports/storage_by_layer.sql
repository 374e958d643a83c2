-- What each layer takes: raw objects in the lake and the archive, facts by month, rollups, images. Rows of tables are Postgres' estimates, which it makes
-- when it has analyzed or vacuumed the table for the first time.
\pset footer off
\echo Storage by layer
SELECT layer, what, coalesce(month, '') AS month,
    CASE WHEN count < 0 THEN 'not analyzed yet' ELSE to_char(count, 'FM999,999,999,990') END AS "rows or objects, about", pg_size_pretty(bytes) AS size
FROM (
    SELECT 1 AS place, 'raw, live' AS layer, 'objects' AS what, NULL AS month, count(*) AS count, coalesce(sum(bytes), 0)::bigint AS bytes
    FROM crypto_gaf.raw_objects WHERE location = 'live'
    UNION ALL
    SELECT 2, 'raw, archive', 'objects', NULL, count(*), coalesce(sum(bytes), 0)::bigint FROM crypto_gaf.raw_objects WHERE location = 'archive'
    UNION ALL
    SELECT 3, 'facts', fact, to_char(starts_at AT TIME ZONE 'UTC', 'YYYY-MM'), c.reltuples::bigint, bytes
    FROM crypto_gaf.fact_partitions p JOIN pg_class c ON c.relnamespace = 'crypto_gaf'::regnamespace AND c.relname = p.partition
    UNION ALL
    SELECT tables.place, tables.layer, c.relname, NULL, c.reltuples::bigint, pg_total_relation_size(c.oid)
    FROM (VALUES (4, 'rollups', 'hourly_klines'), (4, 'rollups', 'daily_klines'), (5, 'images', 'gafs'), (5, 'images', 'samples'),
        (6, 'logs', 'raw_objects'), (6, 'logs', 'processed_files'), (6, 'logs', 'rejected_rows'), (6, 'logs', 'job_runs'),
        (6, 'logs', 'coverage'), (6, 'logs', 'missing_klines')) AS tables (place, layer, name)
    JOIN pg_class c ON c.relnamespace = 'crypto_gaf'::regnamespace AND c.relname = tables.name
) layers
ORDER BY place, what, month;
