-- The warehouse: its tables, what the views promise, months made and dropped, and who may do what.
-- By hand, as a superuser in a migrated database that has the extension pgtap: psql -XAtq -f sql/tests/warehouse.sql
BEGIN;
SELECT no_plan();

SELECT is((SELECT max(number) FROM crypto_gaf.migrations), 3, 'the schema is version 3');
SELECT has_table('crypto_gaf', name, format('there is a table %s', name)) FROM unnest(ARRAY['tracked_symbols', 'backfilled_intervals', 'extraction_metadata', 'venue_budgets',
    'raw_objects', 'processed_files', 'rejected_rows', 'stopped_channels', 'fact_klines', 'fact_orderbook', 'tickers', 'hourly_klines', 'daily_klines',
    'touched_hours', 'missing_klines', 'coverage', 'retention', 'jobs', 'job_runs']) AS name;
SELECT has_view('crypto_gaf', name, format('there is a view %s', name)) FROM unnest(ARRAY['ohlcv', 'order_books', 'fact_partitions']) AS name;
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
SELECT table_privs_are('crypto_gaf', name, 'cryptogaf_worker', ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE'])
    FROM unnest(ARRAY['tracked_symbols', 'backfilled_intervals', 'extraction_metadata', 'venue_budgets', 'raw_objects', 'processed_files', 'rejected_rows', 'stopped_channels',
        'fact_klines', 'fact_orderbook', 'tickers', 'hourly_klines', 'daily_klines', 'touched_hours', 'missing_klines', 'coverage', 'jobs',
        'job_runs']) AS name;
SELECT table_privs_are('crypto_gaf', name, 'cryptogaf_api', ARRAY['SELECT'])
    FROM unnest(ARRAY['tracked_symbols', 'backfilled_intervals', 'extraction_metadata', 'raw_objects', 'processed_files', 'rejected_rows', 'stopped_channels', 'fact_klines',
        'fact_orderbook', 'tickers', 'hourly_klines', 'daily_klines', 'missing_klines', 'coverage', 'retention', 'jobs', 'job_runs', 'ohlcv',
        'order_books', 'fact_partitions']) AS name;
SELECT table_privs_are('crypto_gaf', name, 'cryptogaf_worker', ARRAY['SELECT'])
    FROM unnest(ARRAY['retention', 'ohlcv', 'order_books', 'fact_partitions']) AS name;
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
