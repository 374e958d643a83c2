-- The warehouse: its tables, what the views promise, months made and dropped, and who may do what.
-- By hand, as a superuser in a migrated database that has the extension pgtap: psql -XAtq -f sql/tests/warehouse.sql
BEGIN;
SELECT no_plan();

SELECT is((SELECT max(number) FROM crypto_gaf.migrations), 4, 'the schema is version 4');
SELECT col_is_pk('crypto_gaf', 'fact_klines', ARRAY['exchange', 'symbol', 'interval_code', 'open_time'], 'a candle has one place');
SELECT col_is_pk('crypto_gaf', 'fact_orderbook', ARRAY['exchange', 'symbol', 'captured_at', 'side', 'price'], 'a level has one place');
SELECT col_is_pk('crypto_gaf', 'tickers', ARRAY['exchange', 'symbol', 'captured_at'], 'a ticker has one place');
SELECT col_is_pk('crypto_gaf', name, ARRAY['exchange', 'symbol', 'open_time'], format('a row of %s has one place', name))
    FROM unnest(ARRAY['hourly_klines', 'daily_klines']) AS name;
SELECT is((SELECT array_agg(attname::text ORDER BY attname) FROM pg_attribute WHERE attrelid = 'crypto_gaf.hourly_klines'::regclass AND attnum > 0),
    (SELECT array_agg(attname::text ORDER BY attname) FROM pg_attribute WHERE attrelid = 'crypto_gaf.daily_klines'::regclass AND attnum > 0),
    'hours and days have the same columns');
SELECT is_empty($$
    SELECT attrelid::regclass, attname FROM pg_attribute WHERE attrelid IN ('crypto_gaf.fact_klines'::regclass, 'crypto_gaf.fact_orderbook'::regclass,
        'crypto_gaf.tickers'::regclass, 'crypto_gaf.hourly_klines'::regclass, 'crypto_gaf.daily_klines'::regclass)
    AND attnum > 0 AND attname ~ '^(open|high|low|close|last|bid|ask|price|size|.*volume)$' AND atttypid <> 'numeric'::regtype
$$, 'prices and sizes are numeric');
SELECT is_empty($$
    SELECT c.relname, a.attname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
    WHERE c.relnamespace = 'crypto_gaf'::regnamespace AND c.relkind IN ('r', 'p', 'v') AND a.attnum > 0 AND a.atttypid = 'timestamp'::regtype
$$, 'no time stands without its zone');
SELECT is_empty($$
    SELECT relname FROM pg_class WHERE relnamespace = 'crypto_gaf'::regnamespace AND relkind IN ('r', 'p', 'v', 'm') AND obj_description(oid, 'pg_class') IS NULL
$$, 'every table and view has a comment');

-- Tokens, as a worker takes them. A millionth a second: the bucket does not fill while the test runs.
SET LOCAL ROLE cryptogaf_worker;
SELECT results_eq($$ SELECT granted, wait_seconds, paused FROM crypto_gaf.take_tokens('kraken', 4, 1, 1e-6, 10) $$,
    $$ VALUES (4::float8, 0::float8, false) $$, 'a venue that nobody has asked has a full bucket');
SELECT results_eq($$ SELECT granted, wait_seconds > 999990, paused FROM crypto_gaf.take_tokens('kraken', 20, 1, 1e-6, 10) $$,
    $$ VALUES (6::float8, true, false) $$, 'who wants more than there is gets what there is, and hears how long the next one takes');
SELECT results_eq($$ SELECT granted, wait_seconds BETWEEN 1999990 AND 2000000, paused FROM crypto_gaf.take_tokens('kraken', 5, 2, 1e-6, 10) $$,
    $$ VALUES (0::float8, true, false) $$, 'of too little for one question nothing is taken');
UPDATE crypto_gaf.venue_budgets SET updated_at = clock_timestamp() + interval '1 hour' WHERE exchange = 'kraken';
SELECT results_eq($$ SELECT granted FROM crypto_gaf.take_tokens('kraken', 5, 1, 1000, 10) $$, $$ VALUES (0::float8) $$, 'a clock that was set back takes nothing');
UPDATE crypto_gaf.venue_budgets SET updated_at = clock_timestamp() - interval '1 hour' WHERE exchange = 'kraken';
SELECT results_eq($$ SELECT granted FROM crypto_gaf.take_tokens('kraken', 50, 1, 1, 10) $$, $$ VALUES (10::float8) $$, 'a bucket never holds more than it can');
SELECT results_eq($$ SELECT granted, wait_seconds FROM crypto_gaf.take_tokens('okx', 50, 50, 1, 10) $$, $$ VALUES (50::float8, 50::float8) $$,
    'a question that weighs more than a bucket goes once the bucket is full, and is paid for afterwards');
UPDATE crypto_gaf.venue_budgets SET paused_until = clock_timestamp() + interval '1 hour', reason = 'banned' WHERE exchange = 'kraken';
SELECT results_eq($$ SELECT granted, wait_seconds BETWEEN 3590 AND 3600, paused FROM crypto_gaf.take_tokens('kraken', 1, 1, 1, 10) $$,
    $$ VALUES (0::float8, true, true) $$, 'a venue that asked for it is left alone');
UPDATE crypto_gaf.venue_budgets SET paused_until = clock_timestamp() - interval '1 second' WHERE exchange = 'kraken';
SELECT results_eq($$ SELECT paused FROM crypto_gaf.take_tokens('kraken', 1, 1, 1, 10) $$, $$ VALUES (false) $$, 'until then');
SELECT results_eq($$ SELECT paused_until, reason FROM crypto_gaf.venue_budgets WHERE exchange = 'kraken' $$, $$ VALUES (NULL::timestamptz, NULL) $$, 'and then it is forgotten');
RESET ROLE;

-- Months.
SET LOCAL timezone = 'Asia/Kolkata';
SET LOCAL ROLE cryptogaf_worker;
SELECT ok(crypto_gaf.ensure_month('fact_klines', '2024-02-29'), 'a month is made');
SELECT ok(NOT crypto_gaf.ensure_month('fact_klines', '2024-02-01'), 'once');
SELECT ok(crypto_gaf.ensure_month(fact, '2024-02-01'), format('also of %s', fact)) FROM unnest(ARRAY['fact_orderbook', 'tickers']) AS fact;
SELECT results_eq($$ SELECT partition, starts_at, ends_at FROM crypto_gaf.fact_partitions WHERE fact = 'fact_klines' $$,
    $$ VALUES ('fact_klines_2024_02', '2024-02-01 00:00+00'::timestamptz, '2024-03-01 00:00+00'::timestamptz) $$, 'it is a month of UTC, whatever the session''s zone');
SELECT throws_ok($$ SELECT crypto_gaf.ensure_month('gafs', '2024-02-01') $$, '22023', NULL, 'only facts have months');
SELECT throws_ok($$ SELECT crypto_gaf.ensure_month(NULL, '2024-02-01') $$, '22023', NULL, 'and NULL is none of them');
SELECT throws_ok($$ SELECT crypto_gaf.ensure_month('tickers', NULL) $$, '22023', NULL, 'nor is it a month');
SELECT throws_ok($$ SELECT crypto_gaf.ensure_month('tickers', '1970-01-01') $$, '22023', NULL, 'nobody traded these then');
SELECT isnt((SELECT obj_description('crypto_gaf.fact_klines_2024_02'::regclass, 'pg_class')), NULL, 'a partition has a comment');

-- Views.
INSERT INTO crypto_gaf.fact_klines (exchange, symbol, interval_code, open_time, open, high, low, close, volume, received_at, object_hash)
    VALUES ('kraken', 'BTC-USD', '1m', '2024-02-29 23:59+00', 10.50, 12, 9, 11, 0.5, '2024-03-01 00:00+00', 1);
SELECT results_eq($$ SELECT exchange, symbol, interval_code, "timestamp", open, high, low, close, volume FROM crypto_gaf.ohlcv $$,
    $$ VALUES ('kraken', 'BTC-USD', '1m', 1709251140000::bigint, 10.50, 12::numeric, 9::numeric, 11::numeric, 0.5) $$, 'ohlcv has milliseconds');
INSERT INTO crypto_gaf.fact_orderbook (exchange, symbol, captured_at, side, price, size, level, object_hash)
    SELECT 'kraken', 'BTC-USD', '2024-02-29 23:59:00.123+00', side, price, 2, level, 1
    FROM (VALUES ('bid', 99, 2), ('bid', 99.5, 1), ('ask', 101, 2), ('ask', 100.5, 1)) AS book (side, price, level);
SELECT results_eq($$ SELECT "timestamp", bids, asks FROM crypto_gaf.order_books $$,
    $$ VALUES (1709251140123::bigint, '[[99.5, 2], [99, 2]]'::jsonb, '[[100.5, 2], [101, 2]]'::jsonb) $$, 'order_books has one row a book, best first');

-- What may not be dropped, and what may.
SELECT throws_ok($$ SELECT crypto_gaf.drop_month('gafs', '2024-02-01', '90 days') $$, '22023', NULL, 'no other table is dropped');
SELECT throws_ok($$ SELECT crypto_gaf.drop_month('fact_klines"; DROP TABLE crypto_gaf.gafs; --', '2024-02-01', '90 days') $$, '22023', NULL, 'by no trick');
SELECT throws_ok($$ SELECT crypto_gaf.drop_month('fact_klines', '2024-02-01', '6 days 23 hours') $$, '22023', NULL, 'less than 7 days is no age');
SELECT throws_ok($$ SELECT crypto_gaf.drop_month('fact_klines', '2024-02-01', NULL) $$, '22023', NULL, 'nor is NULL');
SELECT throws_ok($$ SELECT crypto_gaf.drop_month('fact_klines', '2024-02-01', '-1 year') $$, '22023', NULL, 'nor time to come');
SELECT throws_ok($$ SELECT crypto_gaf.drop_month('fact_klines', '2024-01-01', '90 days') $$, '42P01', NULL, 'a month that is not there cannot be dropped');
SELECT throws_ok($$ SELECT crypto_gaf.drop_month('fact_klines', NULL, '90 days') $$, '42P01', NULL, 'nor can none');
SELECT throws_ok($$ SELECT crypto_gaf.drop_month('fact_klines', '2024-02-01', '100 years') $$, '55000', NULL, 'a month that ended less than the age ago stays');
SELECT crypto_gaf.ensure_month('fact_klines', (now() AT TIME ZONE 'UTC')::date);
SELECT throws_ok($$ SELECT crypto_gaf.drop_month('fact_klines', (now() AT TIME ZONE 'UTC')::date, '7 days') $$, '55000', NULL, 'this month stays');
INSERT INTO crypto_gaf.touched_hours (exchange, symbol, hour) VALUES ('kraken', 'BTC-USD', '2024-02-29 23:00+00');
SELECT throws_ok($$ SELECT crypto_gaf.drop_month('fact_klines', '2024-02-01', '90 days') $$, '55000',
    'fact_klines_2024_02 has hours that are not in hourly_klines yet', 'what is not rolled up stays');
SELECT lives_ok($$ SELECT crypto_gaf.drop_month('fact_orderbook', '2024-02-01', '90 days') $$, 'order books have no rollups to wait for');
DELETE FROM crypto_gaf.touched_hours;
SELECT lives_ok($$ SELECT crypto_gaf.drop_month('fact_klines', '2024-02-15', '90 days') $$, 'then it goes');
SELECT is((SELECT kept_from FROM crypto_gaf.retention WHERE fact = 'fact_klines'), '2024-03-01 00:00+00'::timestamptz, 'and it is known that it did');
SELECT is_empty($$ SELECT 1 FROM crypto_gaf.ohlcv $$, 'with its rows');
SELECT crypto_gaf.ensure_month('fact_klines', '2024-01-01');
SELECT crypto_gaf.drop_month('fact_klines', '2024-01-01', '90 days');
SELECT is((SELECT kept_from FROM crypto_gaf.retention WHERE fact = 'fact_klines'), '2024-03-01 00:00+00'::timestamptz, 'an older month does not set that back');

-- Rights.
SELECT throws_ok($$ CREATE TABLE crypto_gaf.own (a integer) $$, '42501', NULL, 'a worker creates no table');
SELECT throws_ok($$ DROP TABLE crypto_gaf.tickers_2024_02 $$, '42501', NULL, 'and drops none');
SELECT throws_ok($$ ALTER TABLE crypto_gaf.tickers DETACH PARTITION crypto_gaf.tickers_2024_02 $$, '42501', NULL, 'nor takes one off');
SELECT throws_ok($$ TRUNCATE crypto_gaf.fact_klines $$, '42501', NULL, 'nor empties one');
RESET ROLE;
-- Every table and view there is. One that is not listed has rights that nobody has thought about.
SELECT bag_eq($$
    SELECT c.relname::text, c.relkind, rights.* FROM pg_class c CROSS JOIN LATERAL (
        SELECT string_agg(left(name, 1), '' ORDER BY place) FILTER (WHERE has_table_privilege('cryptogaf_worker', c.oid, name)) AS worker,
            string_agg(left(name, 1), '' ORDER BY place) FILTER (WHERE has_table_privilege('cryptogaf_api', c.oid, name)) AS api
        FROM unnest('{SELECT,INSERT,UPDATE,DELETE,TRUNCATE,REFERENCES,TRIGGER}'::text[]) WITH ORDINALITY AS names (name, place)) AS rights
    WHERE c.relnamespace = 'crypto_gaf'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT c.relispartition
$$, $$ VALUES
    ('gafs', 'r'::"char", 'SIUD', 'S'), ('samples', 'r', 'SID', NULL), ('feeds', 'r', 'SIUD', 'S'), ('draws', 'r', 'SIUD', 'S'),
    ('migrations', 'r', 'S', 'S'), ('functions', 'r', 'S', 'S'),
    ('tracked_symbols', 'r', 'SIUD', 'S'), ('backfilled_intervals', 'r', 'SIUD', 'S'), ('extraction_metadata', 'r', 'SIUD', 'S'),
    ('venue_budgets', 'r', 'SIUD', 'S'), ('raw_objects', 'r', 'SIUD', 'S'), ('processed_files', 'r', 'SIUD', 'S'),
    ('rejected_rows', 'r', 'SIUD', 'S'), ('stopped_channels', 'r', 'SIUD', 'S'), ('lake_listings', 'r', 'SIUD', NULL),
    ('fact_klines', 'p', 'SIUD', 'S'), ('fact_orderbook', 'p', 'SIUD', 'S'), ('tickers', 'p', 'SIUD', 'S'),
    ('ohlcv', 'v', 'S', 'S'), ('order_books', 'v', 'S', 'S'), ('fact_partitions', 'v', 'S', 'S'), ('retention', 'r', 'S', 'S'),
    ('hourly_klines', 'r', 'SIUD', 'S'), ('daily_klines', 'r', 'SIUD', 'S'), ('touched_hours', 'r', 'SIUD', NULL),
    ('missing_klines', 'r', 'SIUD', 'S'), ('coverage', 'r', 'SIUD', 'S'), ('jobs', 'r', 'SIUD', 'S'), ('job_runs', 'r', 'SIUD', 'S')
$$, 'each table and view has the rights that are listed here, and none is left out');
SELECT is_empty($$
    SELECT oid::regprocedure FROM pg_proc WHERE pronamespace = 'crypto_gaf'::regnamespace AND has_function_privilege('cryptogaf_api', oid, 'EXECUTE')
$$, 'the API executes none of the functions');
SELECT is_empty($$
    SELECT relname FROM pg_class WHERE relnamespace = 'crypto_gaf'::regnamespace AND relispartition AND relacl IS NOT NULL
        AND (has_table_privilege('cryptogaf_worker', oid, 'INSERT') OR has_table_privilege('cryptogaf_api', oid, 'INSERT'))
$$, 'partitions are reached through their tables only');

-- What the tables refuse.
SELECT throws_ok($$ INSERT INTO crypto_gaf.fact_klines (exchange, symbol, interval_code, open_time, open, high, low, close, volume, received_at, object_hash)
    VALUES ('kraken', 'BTC-USD', '1m', '2001-01-01', 1, 1, 1, 1, 1, now(), 0) $$, '23514', NULL, 'a fact needs its month');
SELECT throws_ok($$ INSERT INTO crypto_gaf.raw_objects (object_key, exchange, symbol, channel, received_at, bytes, sha256, leftover_in)
    VALUES ('x', 'kraken', 'BTC-USD', 'klines', now(), 1, sha256(''), 'live') $$, '23514', NULL, 'nothing is left over where it belongs');
SELECT throws_ok($$ INSERT INTO crypto_gaf.raw_objects (object_key, exchange, symbol, channel, received_at, bytes, sha256)
    VALUES ('x', 'kraken', 'BTC-USD', 'klines', now(), 1, 'short') $$, '23514', NULL, 'a hash has 32 bytes');

SELECT * FROM finish();
ROLLBACK;
