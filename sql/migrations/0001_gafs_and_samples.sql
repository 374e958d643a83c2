-- The two tables of the predecessors, name for name and type for type: their programs run on ours, and a database of theirs,
-- with its rows, becomes ours here. What we add has defaults, so that their INSERTs still fit.

CREATE TABLE IF NOT EXISTS crypto_gaf.gafs (
    buy_image text,
    orderbook_image text,
    max_size integer,
    midpoint numeric,
    midpoint_images text[],
    product text PRIMARY KEY NOT NULL,
    sell_image text,
    size integer
);

CREATE TABLE IF NOT EXISTS crypto_gaf.samples (
    ask_prices numeric[],
    ask_sizes numeric[],
    bid_prices numeric[],
    bid_sizes numeric[],
    buys numeric[],
    midpoint numeric,
    product text REFERENCES crypto_gaf.gafs (product),
    sample_id bigserial PRIMARY KEY,
    sells numeric[]
);

CREATE SEQUENCE IF NOT EXISTS crypto_gaf.image_version;

ALTER TABLE crypto_gaf.gafs
    -- The upper bounds keep NaN and infinity out, too: to Postgres they are the greatest numbers.
    ADD COLUMN IF NOT EXISTS aggregation numeric NOT NULL DEFAULT 10
        CONSTRAINT gafs_aggregation_in_range CHECK (aggregation BETWEEN 0 AND 1000000000 AND scale(aggregation) <= 18),
    ADD COLUMN IF NOT EXISTS depth integer NOT NULL DEFAULT 3 CONSTRAINT gafs_depth_in_range CHECK (depth BETWEEN 1 AND 50),
    ADD COLUMN IF NOT EXISTS redraw_interval interval NOT NULL DEFAULT '5 s'
        CONSTRAINT gafs_redraw_interval_in_range CHECK (redraw_interval BETWEEN '0 s' AND '1 day'),
    ADD COLUMN IF NOT EXISTS version bigint NOT NULL DEFAULT 0,
    ADD COLUMN IF NOT EXISTS calculated_at timestamptz,
    ADD COLUMN IF NOT EXISTS last_sample_id bigint,
    -- In two steps: rows from before are not from now.
    ADD COLUMN IF NOT EXISTS created_at timestamptz,
    ALTER COLUMN created_at SET DEFAULT clock_timestamp(),
    ALTER COLUMN max_size SET DEFAULT 600,
    -- PNG and base64 do not get smaller: Postgres need not try.
    ALTER COLUMN orderbook_image SET STORAGE EXTERNAL,
    ALTER COLUMN buy_image SET STORAGE EXTERNAL,
    ALTER COLUMN sell_image SET STORAGE EXTERNAL,
    ALTER COLUMN midpoint_images SET STORAGE EXTERNAL,
    -- Rows are few and small beside their images: room in the page keeps an update off the index, and a redraw leaves some
    -- 1,600 dead TOAST rows, which are to be reused soon.
    SET (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 200,
        toast.autovacuum_vacuum_scale_factor = 0.05, toast.autovacuum_vacuum_threshold = 10000);

UPDATE crypto_gaf.gafs SET version = nextval('crypto_gaf.image_version') WHERE version = 0;

ALTER TABLE crypto_gaf.samples
    ADD COLUMN IF NOT EXISTS sampled_at timestamptz,
    ALTER COLUMN sampled_at SET DEFAULT clock_timestamp(),
    ADD COLUMN IF NOT EXISTS last_trade bigint,
    ADD COLUMN IF NOT EXISTS ask_orders integer[],
    ADD COLUMN IF NOT EXISTS bid_orders integer[],
    -- As many rows go as come: vacuum often and in small pieces.
    SET (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 2000, autovacuum_vacuum_insert_scale_factor = 0.05);

CREATE INDEX IF NOT EXISTS samples_product_newest ON crypto_gaf.samples (product, sample_id DESC);

COMMENT ON TABLE crypto_gaf.gafs IS 'One row per market on show: what to collect of it, and its newest images';
COMMENT ON COLUMN crypto_gaf.gafs.product IS 'SYMBOL at the default venue, or venue:SYMBOL';
COMMENT ON COLUMN crypto_gaf.gafs.max_size IS 'Samples to keep, and so the side of the images in pixels; NULL counts as 600';
COMMENT ON COLUMN crypto_gaf.gafs.size IS 'Samples that the images show';
COMMENT ON COLUMN crypto_gaf.gafs.midpoint IS 'Midpoint of the newest sample that the images show';
COMMENT ON COLUMN crypto_gaf.gafs.midpoint_images IS 'Base64 PNG, grey: summation field, difference field';
COMMENT ON COLUMN crypto_gaf.gafs.orderbook_image IS 'Base64 PNG, RGB: order-book value of levels 1, 2, 3';
COMMENT ON COLUMN crypto_gaf.gafs.buy_image IS 'Base64 PNG, RGB: size, price, count of taker buys, smoothed';
COMMENT ON COLUMN crypto_gaf.gafs.sell_image IS 'Base64 PNG, RGB: price, size, count of taker sells, smoothed';
COMMENT ON COLUMN crypto_gaf.gafs.aggregation IS 'Width of a price bucket, in the quote currency; 0: single levels';
COMMENT ON COLUMN crypto_gaf.gafs.depth IS 'Buckets per side';
COMMENT ON COLUMN crypto_gaf.gafs.redraw_interval IS 'The least time between two drawings';
COMMENT ON COLUMN crypto_gaf.gafs.version IS 'Rises with each drawing, whoever draws; never the same twice';
COMMENT ON COLUMN crypto_gaf.gafs.calculated_at IS 'When the images were drawn; NULL: not yet, or before anybody took the time';
COMMENT ON COLUMN crypto_gaf.gafs.last_sample_id IS 'The newest sample that the images show, if we drew them';
COMMENT ON COLUMN crypto_gaf.gafs.created_at IS 'When the product was added; NULL: by a predecessor';

COMMENT ON TABLE crypto_gaf.samples IS 'Order book and taker volume of a product, once a tick; the newest max_size of each';
COMMENT ON COLUMN crypto_gaf.samples.ask_prices IS 'Size-weighted mean price of each bucket, best first';
COMMENT ON COLUMN crypto_gaf.samples.ask_sizes IS 'Size in each bucket, in the base currency';
COMMENT ON COLUMN crypto_gaf.samples.bid_prices IS 'Size-weighted mean price of each bucket, best first';
COMMENT ON COLUMN crypto_gaf.samples.bid_sizes IS 'Size in each bucket, in the base currency';
COMMENT ON COLUMN crypto_gaf.samples.buys IS 'Market orders of buyers since the sample before: mean price, size, number';
COMMENT ON COLUMN crypto_gaf.samples.sells IS 'Market orders of sellers since the sample before: mean price, size, number';
COMMENT ON COLUMN crypto_gaf.samples.midpoint IS 'Between the best ask and the best bid';
COMMENT ON COLUMN crypto_gaf.samples.sampled_at IS 'When the book was read; NULL: by a predecessor';
COMMENT ON COLUMN crypto_gaf.samples.last_trade IS 'The venue''s number of the last trade counted in buys and sells';
COMMENT ON COLUMN crypto_gaf.samples.ask_orders IS 'Orders, or price levels, in each bucket';
COMMENT ON COLUMN crypto_gaf.samples.bid_orders IS 'Orders, or price levels, in each bucket';
COMMENT ON SEQUENCE crypto_gaf.image_version IS 'Gives gafs.version';
COMMENT ON INDEX crypto_gaf.samples_product_newest IS 'A product''s samples, newest first: window, trimming, newest';

REVOKE ALL ON crypto_gaf.gafs, crypto_gaf.samples FROM PUBLIC;
REVOKE ALL ON SEQUENCE crypto_gaf.image_version, crypto_gaf.samples_sample_id_seq FROM PUBLIC;
GRANT SELECT, INSERT, UPDATE, DELETE ON crypto_gaf.gafs TO cryptogaf_worker;
GRANT SELECT, INSERT, DELETE ON crypto_gaf.samples TO cryptogaf_worker;
GRANT USAGE ON SEQUENCE crypto_gaf.samples_sample_id_seq TO cryptogaf_worker;
GRANT SELECT ON crypto_gaf.gafs TO cryptogaf_api;
-- Enough to count and to date samples, not to read them.
GRANT SELECT (product, sample_id, sampled_at) ON crypto_gaf.samples TO cryptogaf_api;
