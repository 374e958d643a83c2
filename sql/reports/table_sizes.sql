-- What each table takes on disk, and how much of it waits for vacuum.
\pset footer off
\echo Table sizes
SELECT c.relname AS "table",
    CASE WHEN c.reltuples < 0 THEN 'not analyzed yet' ELSE to_char(c.reltuples, 'FM999,999,999,990') END AS "rows, about",
    pg_size_pretty(pg_relation_size(c.oid)) AS "rows",
    pg_size_pretty(coalesce(pg_total_relation_size(c.reltoastrelid), 0)) AS "large values",
    pg_size_pretty(pg_indexes_size(c.oid)) AS indexes,
    pg_size_pretty(pg_total_relation_size(c.oid)) AS total,
    coalesce(s.n_dead_tup, 0) AS "dead rows",
    coalesce(to_char(greatest(s.last_vacuum, s.last_autovacuum), 'YYYY-MM-DD HH24:MI'), 'never') AS "last vacuum"
FROM pg_class c LEFT JOIN pg_stat_all_tables s ON s.relid = c.oid
WHERE c.relnamespace = to_regnamespace('crypto_gaf') AND c.relkind IN ('r', 'p', 'm')
ORDER BY pg_total_relation_size(c.oid) DESC, c.relname;
