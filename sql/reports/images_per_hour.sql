-- What calculate drew in each of the last 24 hours.
\pset footer off
\echo Images per hour, the last 24 hours
SELECT to_char(hour, 'YYYY-MM-DD HH24:00') AS hour,
    count(*) AS products,
    sum(images) AS images,
    pg_size_pretty(sum(bytes)) AS "as base64",
    to_char(sum(milliseconds) / nullif(sum(images) / 5, 0), 'FM999990.0') AS "ms per drawing",
    pg_size_pretty((sum(bytes) / nullif(sum(images), 0))::bigint) AS "per image"
FROM crypto_gaf.draws WHERE hour >= date_trunc('hour', now()) - interval '23 hours'
GROUP BY draws.hour ORDER BY draws.hour DESC;

\echo By product
SELECT product, sum(images) AS images, pg_size_pretty(sum(bytes)) AS "as base64",
    to_char(sum(milliseconds) / nullif(sum(images) / 5, 0), 'FM999990.0') AS "ms per drawing"
FROM crypto_gaf.draws WHERE hour >= date_trunc('hour', now()) - interval '23 hours'
GROUP BY product ORDER BY sum(images) DESC, product;
