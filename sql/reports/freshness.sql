-- How old each product's newest sample and images are, and what went wrong last.
\pset footer off
\echo Freshness
SELECT g.product,
    coalesce(CASE WHEN n.sampled_at IS NULL OR n.sampled_at = f.last_sample_at THEN f.source END, '-') AS source,
    coalesce(justify_interval(date_trunc('second', now() - coalesce(n.sampled_at, f.last_sample_at)))::text, 'no sample yet') AS "sample age",
    coalesce(justify_interval(date_trunc('second', now() - g.calculated_at))::text,
        CASE WHEN g.orderbook_image IS NULL THEN 'no image yet' ELSE 'unknown' END) AS "image age",
    coalesce(g.size, 0) || ' of ' || coalesce(g.max_size, 600) AS "in image",
    coalesce(f.gaps, 0) AS gaps,
    coalesce(f.failures, 0) AS failures,
    CASE WHEN f.last_error IS NOT NULL
        THEN to_char(f.last_error_at, 'YYYY-MM-DD HH24:MI:SS') || '  ' || left(f.last_error, 80) ELSE '-' END AS "last error"
FROM crypto_gaf.gafs g LEFT JOIN crypto_gaf.feeds f USING (product)
-- The newest sample may be a predecessor's, who keeps no books in feeds.
LEFT JOIN LATERAL (SELECT s.sampled_at FROM crypto_gaf.samples s WHERE s.product = g.product ORDER BY s.sample_id DESC LIMIT 1) n ON true
ORDER BY coalesce(n.sampled_at, f.last_sample_at) NULLS FIRST, g.product;
