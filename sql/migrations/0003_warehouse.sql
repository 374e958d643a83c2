-- Raw market data to gold tables: what is tracked, what lies in the lake, what was loaded of it, the candles, books and tickers, their
-- rollups, what is missing and why, and what the jobs did.

-- Feeds ----------------------------------------------------------------------------------------------------------------------------

ALTER TABLE crypto_gaf.feeds ADD COLUMN last_error_code text;
COMMENT ON COLUMN crypto_gaf.feeds.last_error_code IS 'The kind of last_error in one of a few words: timeout, rate_limited, malformed …';

-- What is tracked ------------------------------------------------------------------------------------------------------------------

CREATE TABLE crypto_gaf.tracked_symbols (
    exchange text NOT NULL CHECK (exchange ~ '^[a-z][a-z0-9_-]{0,31}$'),
    symbol text NOT NULL CHECK (symbol ~ '^[A-Z0-9]{1,20}-[A-Z0-9]{1,20}$'),
    klines boolean NOT NULL DEFAULT true,
    depth boolean NOT NULL DEFAULT true,
    tickers boolean NOT NULL DEFAULT true,
    interval_codes text[] NOT NULL DEFAULT '{1m}' CHECK (cardinality(interval_codes) BETWEEN 1 AND 14),
    depth_levels integer NOT NULL DEFAULT 50 CHECK (depth_levels BETWEEN 1 AND 1000),
    since timestamptz NOT NULL DEFAULT date_trunc('minute', clock_timestamp()),
    tracked_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (exchange, symbol)
);
COMMENT ON TABLE crypto_gaf.tracked_symbols IS 'The markets that the ingest jobs ask for; see cryptogaf symbols';
COMMENT ON COLUMN crypto_gaf.tracked_symbols.symbol IS 'BASE-QUOTE, the one form inside; venues'' own names stand only in requests';
COMMENT ON COLUMN crypto_gaf.tracked_symbols.interval_codes IS 'Candles to fetch: 1m, 5m, 1h …';
COMMENT ON COLUMN crypto_gaf.tracked_symbols.depth_levels IS 'Levels of the order book to fetch, a side';
COMMENT ON COLUMN crypto_gaf.tracked_symbols.since IS 'From when on every candle is accounted for, of all intervals; see backfilled_intervals';

CREATE TABLE crypto_gaf.backfilled_intervals (
    exchange text NOT NULL,
    symbol text NOT NULL,
    interval_code text NOT NULL,
    since timestamptz NOT NULL,
    PRIMARY KEY (exchange, symbol, interval_code),
    FOREIGN KEY (exchange, symbol) REFERENCES crypto_gaf.tracked_symbols ON DELETE CASCADE
);
COMMENT ON TABLE crypto_gaf.backfilled_intervals IS 'Intervals of tracked markets of which every candle is accounted for from an earlier time on than tracked_symbols.since: backfill fetched them';

CREATE TABLE crypto_gaf.extraction_metadata (
    exchange text NOT NULL,
    symbol text NOT NULL,
    data_type text NOT NULL CHECK (data_type IN ('klines', 'depth', 'tickers')),
    interval_code text NOT NULL DEFAULT '',
    last_open_time timestamptz,
    record_count bigint NOT NULL DEFAULT 0,
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    failures integer NOT NULL DEFAULT 0,
    last_error text,
    PRIMARY KEY (exchange, symbol, data_type, interval_code)
);
COMMENT ON TABLE crypto_gaf.extraction_metadata IS 'Where each extraction stands, so that the next one begins where the last ended';
COMMENT ON COLUMN crypto_gaf.extraction_metadata.last_open_time IS 'Opening of the newest closed candle fetched; for depth and tickers, when the last answer came';
COMMENT ON COLUMN crypto_gaf.extraction_metadata.record_count IS 'Rows fetched so far, overlaps counted each time';
COMMENT ON COLUMN crypto_gaf.extraction_metadata.failures IS 'In a row, since the last success';

CREATE TABLE crypto_gaf.venue_budgets (
    exchange text PRIMARY KEY,
    tokens double precision NOT NULL,
    updated_at timestamptz NOT NULL,
    paused_until timestamptz,
    reason text
);
COMMENT ON TABLE crypto_gaf.venue_budgets IS 'What is left of each venue''s rate limit, shared by all that ask it; and until when it is left alone, and why';
COMMENT ON COLUMN crypto_gaf.venue_budgets.tokens IS 'At updated_at; below 0 after a question that weighed more than the bucket holds';

-- As many tokens of a bucket as it has, at most those wanted, but none if less than the first question's weight; and how long to
-- wait before asking again.
CREATE FUNCTION crypto_gaf.take_tokens(venue text, wanted double precision, first double precision, per_second double precision,
    burst double precision, OUT granted double precision, OUT wait_seconds double precision, OUT paused boolean)
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    bucket crypto_gaf.venue_budgets;
    -- The row is locked first, so that the clock of whoever waited for it does not run back.
    enough CONSTANT double precision := least(first, burst);
    at timestamptz;
BEGIN
    INSERT INTO crypto_gaf.venue_budgets (exchange, tokens, updated_at) VALUES (venue, burst, clock_timestamp()) ON CONFLICT DO NOTHING;
    SELECT * INTO bucket FROM crypto_gaf.venue_budgets WHERE exchange = venue FOR UPDATE;
    at := clock_timestamp();
    granted := 0;
    paused := coalesce(bucket.paused_until > at, false);
    IF paused THEN
        wait_seconds := extract(epoch FROM bucket.paused_until - at);
        RETURN;
    END IF;
    bucket.tokens := least(burst, bucket.tokens + per_second * greatest(extract(epoch FROM at - bucket.updated_at), 0));
    IF bucket.tokens >= enough THEN
        granted := greatest(first, least(wanted, floor(bucket.tokens)));
    END IF;
    wait_seconds := greatest(enough - (bucket.tokens - granted), 0) / per_second;
    UPDATE crypto_gaf.venue_budgets SET tokens = bucket.tokens - granted, updated_at = at, paused_until = NULL, reason = NULL
        WHERE exchange = venue;
END $$;
COMMENT ON FUNCTION crypto_gaf.take_tokens(text, double precision, double precision, double precision, double precision) IS 'Takes tokens from a venue''s bucket, which fills by per_second up to burst';

-- The lake -------------------------------------------------------------------------------------------------------------------------

CREATE TABLE crypto_gaf.raw_objects (
    object_key text PRIMARY KEY,
    exchange text NOT NULL,
    symbol text NOT NULL,
    channel text NOT NULL,
    interval_code text NOT NULL DEFAULT '',
    requested_at timestamptz,
    received_at timestamptz NOT NULL,
    bytes bigint NOT NULL,
    sha256 bytea NOT NULL CHECK (octet_length(sha256) = 32),
    location text NOT NULL DEFAULT 'live' CHECK (location IN ('live', 'archive', 'expired')),
    leftover_in text CHECK (leftover_in IN ('live', 'archive') AND leftover_in <> location),
    due boolean NOT NULL DEFAULT true,
    recorded_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
-- With the size, so that what lies where is summed from the index alone.
CREATE INDEX raw_objects_by_age ON crypto_gaf.raw_objects (location, greatest(received_at, recorded_at), object_key) INCLUDE (bytes);
CREATE INDEX raw_objects_leftover ON crypto_gaf.raw_objects (object_key) WHERE leftover_in IS NOT NULL;
CREATE INDEX raw_objects_due ON crypto_gaf.raw_objects (exchange, channel, received_at) WHERE due;
CREATE INDEX raw_objects_by_series ON crypto_gaf.raw_objects (exchange, symbol, channel, received_at);
COMMENT ON TABLE crypto_gaf.raw_objects IS 'The lake''s objects as their writers recorded them; what a crash left unrecorded is found by listing the lake';
COMMENT ON COLUMN crypto_gaf.raw_objects.object_key IS 'exchange/symbol/channel/yyyy/mm/dd/<received ms>-<hash>.json.gz';
COMMENT ON COLUMN crypto_gaf.raw_objects.requested_at IS 'When the question went out; with received_at, how long the venue took. NULL: nobody was asked';
COMMENT ON COLUMN crypto_gaf.raw_objects.received_at IS 'When the answer came; of a piece of a file, when that was last changed';
COMMENT ON COLUMN crypto_gaf.raw_objects.recorded_at IS 'When it was put into the lake, or found there: no object''s age counts from before';
COMMENT ON COLUMN crypto_gaf.raw_objects.sha256 IS 'Of the object as stored, envelope and all';
COMMENT ON COLUMN crypto_gaf.raw_objects.location IS 'live, archive, or expired: removed by retention';
COMMENT ON COLUMN crypto_gaf.raw_objects.leftover_in IS 'Where it no longer belongs but may still lie: maintain removes it from there, and then says NULL here';
COMMENT ON COLUMN crypto_gaf.raw_objects.due IS 'Without a row in processed_files: transform has it before it. It says false in the transaction that adds the row; set to true, the object is transformed again';

CREATE TABLE crypto_gaf.processed_files (
    object_key text PRIMARY KEY,
    processed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    outcome text NOT NULL CHECK (outcome IN ('loaded', 'refused', 'unreadable', 'corrupt', 'lost')),
    rows_read bigint NOT NULL DEFAULT 0,
    rows_inserted bigint NOT NULL DEFAULT 0,
    rows_updated bigint NOT NULL DEFAULT 0,
    rows_duplicate bigint NOT NULL DEFAULT 0,
    rows_rejected bigint NOT NULL DEFAULT 0,
    error text
);
CREATE INDEX processed_files_by_time ON crypto_gaf.processed_files (processed_at);
CREATE INDEX processed_files_faults ON crypto_gaf.processed_files (outcome, processed_at) WHERE outcome <> 'loaded';
COMMENT ON TABLE crypto_gaf.processed_files IS 'The ingestion log: what became of each object of the lake; one without a row is due';
COMMENT ON COLUMN crypto_gaf.processed_files.outcome IS 'loaded; refused: the venue said no; unreadable: not JSON, or of another shape than the answers after it; corrupt or lost: the lake''s bytes are not what was written';
COMMENT ON COLUMN crypto_gaf.processed_files.rows_duplicate IS 'Already there in the same or a newer version: duplicates prevented';

CREATE TABLE crypto_gaf.rejected_rows (
    object_key text NOT NULL,
    position integer NOT NULL,
    reason text NOT NULL,
    row_text text NOT NULL,
    rejected_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (object_key, position)
);
CREATE INDEX rejected_rows_by_time ON crypto_gaf.rejected_rows (rejected_at);
COMMENT ON TABLE crypto_gaf.rejected_rows IS 'Rows that were not loaded, and why; the good ones beside them were';
COMMENT ON COLUMN crypto_gaf.rejected_rows.position IS 'Place in the answer, from 0';

CREATE TABLE crypto_gaf.stopped_channels (
    exchange text NOT NULL,
    channel text NOT NULL,
    object_key text NOT NULL,
    reason text NOT NULL,
    stopped_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (exchange, channel)
);
COMMENT ON TABLE crypto_gaf.stopped_channels IS 'A venue changed the shape of its answers: nothing of the channel loads until its first object can be read again, a newer answer has the expected shape, or job transform --skip gives the object up. Alert on any row';

CREATE TABLE crypto_gaf.lake_listings (
    extent text PRIMARY KEY CHECK (extent IN ('recent', 'whole')),
    listed_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE crypto_gaf.lake_listings IS 'When the lake was last listed to its end, for objects that nobody recorded: its last two days, or the whole of it';

-- Gold -----------------------------------------------------------------------------------------------------------------------------

CREATE TABLE crypto_gaf.fact_klines (
    exchange text NOT NULL,
    symbol text NOT NULL,
    interval_code text NOT NULL,
    open_time timestamptz NOT NULL,
    open numeric NOT NULL,
    high numeric NOT NULL,
    low numeric NOT NULL,
    close numeric NOT NULL,
    volume numeric NOT NULL,
    quote_volume numeric,
    trade_count bigint,
    taker_buy_volume numeric,
    taker_buy_quote_volume numeric,
    received_at timestamptz NOT NULL,
    object_hash bigint NOT NULL,
    PRIMARY KEY (exchange, symbol, interval_code, open_time)
) PARTITION BY RANGE (open_time);
COMMENT ON TABLE crypto_gaf.fact_klines IS 'Closed candles, each in the version that was received last';
COMMENT ON COLUMN crypto_gaf.fact_klines.volume IS 'In the base asset';
COMMENT ON COLUMN crypto_gaf.fact_klines.quote_volume IS 'In the quote asset; NULL: the venue does not tell, as in the columns after it';
COMMENT ON COLUMN crypto_gaf.fact_klines.received_at IS 'When the answer came that this version is from';
COMMENT ON COLUMN crypto_gaf.fact_klines.object_hash IS 'The hash in the key of the object that holds that answer: decides between answers of the same moment';

CREATE TABLE crypto_gaf.fact_orderbook (
    exchange text NOT NULL,
    symbol text NOT NULL,
    captured_at timestamptz NOT NULL,
    side text NOT NULL CHECK (side IN ('bid', 'ask')),
    price numeric NOT NULL,
    size numeric NOT NULL,
    orders bigint,
    level integer NOT NULL,
    object_hash bigint NOT NULL,
    PRIMARY KEY (exchange, symbol, captured_at, side, price)
) PARTITION BY RANGE (captured_at);
COMMENT ON TABLE crypto_gaf.fact_orderbook IS 'Order books as they were received, one row a level';
COMMENT ON COLUMN crypto_gaf.fact_orderbook.captured_at IS 'When the answer came';
COMMENT ON COLUMN crypto_gaf.fact_orderbook.level IS 'From 1, the best';

CREATE TABLE crypto_gaf.tickers (
    exchange text NOT NULL,
    symbol text NOT NULL,
    captured_at timestamptz NOT NULL,
    venue_time timestamptz,
    last numeric NOT NULL,
    bid numeric,
    ask numeric,
    high numeric,
    low numeric,
    open numeric,
    volume numeric,
    quote_volume numeric,
    object_hash bigint NOT NULL,
    PRIMARY KEY (exchange, symbol, captured_at)
) PARTITION BY RANGE (captured_at);
COMMENT ON TABLE crypto_gaf.tickers IS 'Tickers as they were received; high, low, open and volumes are those of 24 hours';

CREATE VIEW crypto_gaf.ohlcv AS
    SELECT exchange, symbol, interval_code, (extract(epoch FROM open_time) * 1000)::bigint AS "timestamp", open, high, low, close, volume
    FROM crypto_gaf.fact_klines;
COMMENT ON VIEW crypto_gaf.ohlcv IS 'Candles under the name and with the milliseconds of the data pipeline before this one';

CREATE VIEW crypto_gaf.order_books AS
    SELECT exchange, symbol, (extract(epoch FROM captured_at) * 1000)::bigint AS "timestamp", captured_at,
        jsonb_agg(jsonb_build_array(price, size) ORDER BY level) FILTER (WHERE side = 'bid') AS bids,
        jsonb_agg(jsonb_build_array(price, size) ORDER BY level) FILTER (WHERE side = 'ask') AS asks
    FROM crypto_gaf.fact_orderbook
    GROUP BY exchange, symbol, captured_at;
COMMENT ON VIEW crypto_gaf.order_books IS 'One row per order book received: bids and asks as [price, size], best first';

-- Rollups --------------------------------------------------------------------------------------------------------------------------

CREATE TABLE crypto_gaf.hourly_klines (
    exchange text NOT NULL,
    symbol text NOT NULL,
    open_time timestamptz NOT NULL,
    open numeric NOT NULL,
    high numeric NOT NULL,
    low numeric NOT NULL,
    close numeric NOT NULL,
    volume numeric NOT NULL,
    quote_volume numeric,
    trade_count bigint,
    taker_buy_volume numeric,
    taker_buy_quote_volume numeric,
    minutes_present integer NOT NULL,
    minutes_expected integer NOT NULL,
    PRIMARY KEY (exchange, symbol, open_time)
);
CREATE TABLE crypto_gaf.daily_klines (LIKE crypto_gaf.hourly_klines INCLUDING ALL);
COMMENT ON TABLE crypto_gaf.hourly_klines IS 'One-minute candles by the hour (UTC)';
COMMENT ON TABLE crypto_gaf.daily_klines IS 'Hours by the day (UTC)';
COMMENT ON COLUMN crypto_gaf.hourly_klines.open IS 'Of the first minute that is there; numbers stand without zeros at their end';
COMMENT ON COLUMN crypto_gaf.hourly_klines.close IS 'Of the last minute that is there';
COMMENT ON COLUMN crypto_gaf.hourly_klines.quote_volume IS 'NULL: the venue does not tell for every minute, so that the sum is not known; as in the columns after it';
COMMENT ON COLUMN crypto_gaf.hourly_klines.minutes_expected IS '60';
COMMENT ON COLUMN crypto_gaf.daily_klines.open IS 'Of the first hour that is there';
COMMENT ON COLUMN crypto_gaf.daily_klines.close IS 'Of the last hour that is there';
COMMENT ON COLUMN crypto_gaf.daily_klines.quote_volume IS 'NULL: not known for every hour that is there; as in the columns after it';
COMMENT ON COLUMN crypto_gaf.daily_klines.minutes_expected IS '1440';

CREATE TABLE crypto_gaf.touched_hours (
    touch_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    exchange text NOT NULL,
    symbol text NOT NULL,
    hour timestamptz NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);
COMMENT ON TABLE crypto_gaf.touched_hours IS 'Hours whose minutes changed since the last rollup; whoever changes a minute adds a row in the same transaction. The same hour may stand here often';

-- What is missing, and why ---------------------------------------------------------------------------------------------------------

CREATE TABLE crypto_gaf.missing_klines (
    exchange text NOT NULL,
    symbol text NOT NULL,
    interval_code text NOT NULL,
    first_open timestamptz NOT NULL,
    last_open timestamptz NOT NULL CHECK (last_open >= first_open),
    candles integer NOT NULL CHECK (candles > 0),
    state text NOT NULL CHECK (state IN ('absent', 'lost')),
    reason text NOT NULL,
    final boolean NOT NULL,
    asked_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (exchange, symbol, interval_code, first_open)
);
COMMENT ON TABLE crypto_gaf.missing_klines IS 'Stretches of tracked series without a candle, and why: absent (the venue was asked and had none; final once a second answer says the same) or lost';
COMMENT ON COLUMN crypto_gaf.missing_klines.last_open IS 'Of the last candle missing: the stretch includes it';
COMMENT ON COLUMN crypto_gaf.missing_klines.final IS 'Whether asking again makes no sense; otherwise the next run of fill-gaps does';

CREATE TABLE crypto_gaf.retention (
    fact text PRIMARY KEY,
    kept_from timestamptz NOT NULL
);
COMMENT ON TABLE crypto_gaf.retention IS 'From when on each table of facts is kept: drop_month says so here, so that what it drops is not taken for gaps. Older rollups stay: an hour gives way only to one of as many minutes or more';

CREATE TABLE crypto_gaf.coverage (
    exchange text NOT NULL,
    symbol text NOT NULL,
    interval_code text NOT NULL,
    day date NOT NULL,
    expected integer NOT NULL,
    present integer NOT NULL,
    absent integer NOT NULL,
    lost integer NOT NULL,
    unexplained integer GENERATED ALWAYS AS (expected - present - absent - lost) STORED,
    checked_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (exchange, symbol, interval_code, day)
);
CREATE INDEX coverage_unexplained ON crypto_gaf.coverage (unexplained) WHERE unexplained <> 0;
COMMENT ON TABLE crypto_gaf.coverage IS 'The ledger: of each day (UTC) of each tracked series, how many intervals are there, absent at the venue, or lost; outlives the candles';

-- Jobs -----------------------------------------------------------------------------------------------------------------------------

CREATE TABLE crypto_gaf.jobs (
    name text PRIMARY KEY,
    enabled boolean NOT NULL DEFAULT true,
    changed_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE crypto_gaf.jobs IS 'Switches: a job with enabled = false ends at once. A job without a row is enabled';

CREATE TABLE crypto_gaf.job_runs (
    run_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    job text NOT NULL,
    started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    finished_at timestamptz,
    outcome text NOT NULL DEFAULT 'running' CHECK (outcome IN ('running', 'succeeded', 'failed', 'stopped', 'died')),
    counts jsonb NOT NULL DEFAULT '{}',
    error text
);
CREATE INDEX job_runs_newest ON crypto_gaf.job_runs (job, started_at DESC);
CREATE INDEX job_runs_by_outcome ON crypto_gaf.job_runs (job, outcome, started_at DESC);
COMMENT ON TABLE crypto_gaf.job_runs IS 'Each run of a job: when, how it ended, what it counted';
COMMENT ON COLUMN crypto_gaf.job_runs.outcome IS 'died: the next run found this one unfinished with nobody holding the lock';

-- Partitions -----------------------------------------------------------------------------------------------------------------------

CREATE VIEW crypto_gaf.fact_partitions AS
    SELECT parent.relname::text COLLATE "default" AS fact, part.relname::text COLLATE "default" AS partition,
        substring(bounds.text FROM $re$FROM \('([^']+)'\)$re$)::timestamptz AS starts_at,
        substring(bounds.text FROM $re$TO \('([^']+)'\)$re$)::timestamptz AS ends_at,
        greatest(part.reltuples, 0)::bigint AS rows_about, pg_total_relation_size(part.oid) AS bytes
    FROM pg_inherits
    JOIN pg_class parent ON parent.oid = inhparent
    JOIN pg_class part ON part.oid = inhrelid
    CROSS JOIN LATERAL (SELECT pg_get_expr(part.relpartbound, part.oid) AS text) bounds
    WHERE parent.relnamespace = 'crypto_gaf'::regnamespace AND parent.relname IN ('fact_klines', 'fact_orderbook', 'tickers')
        AND part.relkind = 'r';
COMMENT ON VIEW crypto_gaf.fact_partitions IS 'The partitions of the tables of facts: from when (inclusive) to when (exclusive), how big';

-- Workers may not create or drop tables; these do it for them, and only for the tables of facts.
CREATE FUNCTION crypto_gaf.ensure_month(fact text, month date) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    first CONSTANT date := date_trunc('month', month)::date;
    partition CONSTANT text := format('%s_%s', fact, to_char(first, 'YYYY_MM'));
BEGIN
    IF fact IS NULL OR fact NOT IN ('fact_klines', 'fact_orderbook', 'tickers') THEN
        RAISE invalid_parameter_value USING MESSAGE = format('%s has no partitions', coalesce(fact, 'NULL'));
    END IF;
    IF first IS NULL OR first NOT BETWEEN '2000-01-01' AND '2199-12-01' THEN
        RAISE invalid_parameter_value USING MESSAGE = format('there are no facts of the month %s', coalesce(first::text, 'NULL'));
    END IF;
    IF to_regclass(format('crypto_gaf.%I', partition)) IS NOT NULL THEN
        RETURN false;
    END IF;
    -- Two may come for the same month at once. One lock for all months: with one each, two that make several would wait for each other.
    PERFORM pg_advisory_xact_lock(5, hashtext(fact));
    -- Asked of the table itself: what to_regclass has found once, it may not look for again.
    IF EXISTS (SELECT FROM pg_class WHERE relnamespace = 'crypto_gaf'::regnamespace AND relname = partition) THEN
        RETURN false;
    END IF;
    -- Attached, not made in its place: that would lock out everybody who is loading.
    EXECUTE format('CREATE TABLE crypto_gaf.%I (LIKE crypto_gaf.%I INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING STORAGE)', partition, fact);
    EXECUTE format(
        'ALTER TABLE crypto_gaf.%I ATTACH PARTITION crypto_gaf.%I FOR VALUES FROM (%L) TO (%L)', fact, partition,
        to_char(first, 'YYYY-MM-DD') || ' 00:00:00+00', to_char(first + interval '1 month', 'YYYY-MM-DD') || ' 00:00:00+00');
    EXECUTE format('COMMENT ON TABLE crypto_gaf.%I IS %L', partition, format('%s of %s (UTC)', fact, to_char(first, 'YYYY-MM')));
    RETURN true;
END $$;
COMMENT ON FUNCTION crypto_gaf.ensure_month(text, date) IS 'Makes the partition of a table of facts for a month (UTC) if there is none; true if it did';

CREATE FUNCTION crypto_gaf.drop_month(fact text, month date, age interval) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    first CONSTANT date := date_trunc('month', month)::date;
    part CONSTANT text := format('%s_%s', fact, to_char(first, 'YYYY_MM'));
    found record;
BEGIN
    IF fact IS NULL OR fact NOT IN ('fact_klines', 'fact_orderbook', 'tickers') THEN
        RAISE invalid_parameter_value USING MESSAGE = format('%s has no partitions', coalesce(fact, 'NULL'));
    END IF;
    IF age IS NULL OR age < interval '7 days' THEN
        RAISE invalid_parameter_value USING MESSAGE = format('an age of %s is less than 7 days', coalesce(age::text, 'NULL'));
    END IF;
    SELECT p.starts_at, p.ends_at INTO found FROM crypto_gaf.fact_partitions p
        WHERE p.fact = drop_month.fact AND p.partition = part;
    IF found.ends_at IS NULL THEN
        RAISE undefined_table USING MESSAGE = format('%s has no partition %s', fact, coalesce(part, 'NULL'));
    END IF;
    IF found.ends_at > clock_timestamp() - age THEN
        RAISE object_not_in_prerequisite_state USING MESSAGE = format('%s ends at %s, which is less than %s ago', part, found.ends_at, age);
    END IF;
    -- Whoever still writes into it has ended after this, and left word of the hours.
    EXECUTE format('LOCK TABLE crypto_gaf.%I IN ACCESS EXCLUSIVE MODE', fact);
    IF fact = 'fact_klines' AND EXISTS (SELECT FROM crypto_gaf.touched_hours t WHERE t.hour >= found.starts_at AND t.hour < found.ends_at) THEN
        RAISE object_not_in_prerequisite_state USING
            MESSAGE = format('%s has hours that are not in hourly_klines yet', part), HINT = 'run the job aggregate first';
    END IF;
    IF fact = 'fact_klines' THEN
        DELETE FROM crypto_gaf.missing_klines m WHERE m.last_open < found.ends_at;
    END IF;
    INSERT INTO crypto_gaf.retention AS r (fact, kept_from) VALUES (fact, found.ends_at)
        ON CONFLICT ON CONSTRAINT retention_pkey DO UPDATE SET kept_from = greatest(r.kept_from, excluded.kept_from);
    EXECUTE format('DROP TABLE crypto_gaf.%I', part);
END $$;
COMMENT ON FUNCTION crypto_gaf.drop_month(text, date, interval) IS 'Drops the partition of a table of facts for a month (UTC) that ended at least so long ago, 7 days or more; refuses while minutes of it are not rolled up';

-- Rights ---------------------------------------------------------------------------------------------------------------------------

GRANT SELECT, INSERT, UPDATE, DELETE ON crypto_gaf.tracked_symbols, crypto_gaf.backfilled_intervals, crypto_gaf.extraction_metadata, crypto_gaf.venue_budgets, crypto_gaf.raw_objects,
    crypto_gaf.processed_files, crypto_gaf.rejected_rows, crypto_gaf.stopped_channels, crypto_gaf.lake_listings, crypto_gaf.fact_klines,
    crypto_gaf.fact_orderbook, crypto_gaf.tickers, crypto_gaf.hourly_klines, crypto_gaf.daily_klines, crypto_gaf.touched_hours, crypto_gaf.missing_klines,
    crypto_gaf.coverage, crypto_gaf.jobs, crypto_gaf.job_runs TO cryptogaf_worker;
-- What is dropped only drop_month says.
GRANT SELECT ON crypto_gaf.retention, crypto_gaf.ohlcv, crypto_gaf.order_books, crypto_gaf.fact_partitions TO cryptogaf_worker;
GRANT EXECUTE ON FUNCTION crypto_gaf.ensure_month(text, date), crypto_gaf.drop_month(text, date, interval),
    crypto_gaf.take_tokens(text, double precision, double precision, double precision, double precision) TO cryptogaf_worker;
GRANT SELECT ON crypto_gaf.tracked_symbols, crypto_gaf.backfilled_intervals, crypto_gaf.extraction_metadata, crypto_gaf.raw_objects, crypto_gaf.processed_files,
    crypto_gaf.rejected_rows, crypto_gaf.stopped_channels, crypto_gaf.fact_klines, crypto_gaf.fact_orderbook, crypto_gaf.tickers,
    crypto_gaf.hourly_klines, crypto_gaf.daily_klines, crypto_gaf.missing_klines, crypto_gaf.coverage, crypto_gaf.retention,
    crypto_gaf.venue_budgets, crypto_gaf.jobs, crypto_gaf.job_runs, crypto_gaf.ohlcv, crypto_gaf.order_books,
    crypto_gaf.fact_partitions TO cryptogaf_api;
