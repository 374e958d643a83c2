-- How old each product's newest sample and images are, and what went wrong last.
\pset footer off
\echo Freshness
SELECT g.product,
    coalesce(f.source, '-') AS source,
    coalesce(justify_interval(date_trunc('second', now() - f.last_sample_at))::text, 'no sample yet') AS "sample age",
    coalesce(justify_interval(date_trunc('second', now() - g.calculated_at))::text,
        CASE WHEN g.orderbook_image IS NULL THEN 'no image yet' ELSE 'unknown' END) AS "image age",
    coalesce(g.size, 0) || ' of ' || coalesce(g.max_size, 600) AS "in image",
    coalesce(f.gaps, 0) AS gaps,
    coalesce(f.failures, 0) AS failures,
    CASE WHEN f.last_error IS NOT NULL
        THEN to_char(f.last_error_at, 'YYYY-MM-DD HH24:MI:SS') || '  ' || left(f.last_error, 80) ELSE '-' END AS "last error"
FROM crypto_gaf.gafs g LEFT JOIN crypto_gaf.feeds f USING (product)
ORDER BY f.last_sample_at NULLS FIRST, g.product;
