-- What collect and calculate know beyond samples and images: state that must survive a restart, and counts for people.

CREATE TABLE crypto_gaf.feeds (
    product text PRIMARY KEY REFERENCES crypto_gaf.gafs (product) ON DELETE CASCADE,
    source text,
    last_trade bigint,
    last_sample_at timestamptz,
    gaps bigint NOT NULL DEFAULT 0,
    failures bigint NOT NULL DEFAULT 0,
    last_error text,
    last_error_at timestamptz,
    kept bigint,
    counted_at timestamptz,
    oldest bigint
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);

COMMENT ON TABLE crypto_gaf.feeds IS 'Where collect stands with each product';
COMMENT ON COLUMN crypto_gaf.feeds.source IS 'LIVE, REPLAY or SYNTHETIC, as the newest sample''s venue said; NULL before the first';
COMMENT ON COLUMN crypto_gaf.feeds.last_trade IS 'The last trade counted: the next sample counts those after it';
COMMENT ON COLUMN crypto_gaf.feeds.last_sample_at IS 'samples.sampled_at of the newest sample';
COMMENT ON COLUMN crypto_gaf.feeds.gaps IS 'How often trades were lost between two samples';
COMMENT ON COLUMN crypto_gaf.feeds.failures IS 'How often the venue gave nothing to use';
COMMENT ON COLUMN crypto_gaf.feeds.last_error IS 'What was wrong the last time something was';
COMMENT ON COLUMN crypto_gaf.feeds.kept IS 'Samples in the table, so that trimming need not count them';
COMMENT ON COLUMN crypto_gaf.feeds.oldest IS 'samples.sample_id of the oldest of them, if it was there before the newest tick; another one: others have trimmed';
COMMENT ON COLUMN crypto_gaf.feeds.counted_at IS 'When they were last counted, since others may write too';

CREATE TABLE crypto_gaf.draws (
    product text NOT NULL REFERENCES crypto_gaf.gafs (product) ON DELETE CASCADE,
    hour timestamptz NOT NULL,
    images bigint NOT NULL DEFAULT 0,
    bytes bigint NOT NULL DEFAULT 0,
    milliseconds double precision NOT NULL DEFAULT 0,
    PRIMARY KEY (product, hour)
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);

COMMENT ON TABLE crypto_gaf.draws IS 'What calculate drew, by product and hour, for 30 days';
COMMENT ON COLUMN crypto_gaf.draws.images IS 'Images stored, five to a drawing';
COMMENT ON COLUMN crypto_gaf.draws.bytes IS 'Their size as base64';
COMMENT ON COLUMN crypto_gaf.draws.milliseconds IS 'Time spent on reading, drawing and encoding';

GRANT SELECT, INSERT, UPDATE, DELETE ON crypto_gaf.feeds, crypto_gaf.draws TO cryptogaf_worker;
GRANT SELECT ON crypto_gaf.feeds, crypto_gaf.draws TO cryptogaf_api;
