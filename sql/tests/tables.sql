-- The predecessors' columns, our defaults and constraints, and what goes along with a product.
-- By hand, as a superuser in a migrated database that has the extension pgtap: psql -XAtq -f sql/tests/tables.sql
BEGIN;
SELECT plan(27);

SELECT columns_are('crypto_gaf', 'gafs', ARRAY[
    'buy_image', 'orderbook_image', 'max_size', 'midpoint', 'midpoint_images', 'product', 'sell_image', 'size',
    'aggregation', 'depth', 'redraw_interval', 'version', 'calculated_at', 'last_sample_id', 'created_at']);
SELECT columns_are('crypto_gaf', 'samples', ARRAY[
    'ask_prices', 'ask_sizes', 'bid_prices', 'bid_sizes', 'buys', 'midpoint', 'product', 'sample_id', 'sells',
    'sampled_at', 'last_trade', 'ask_orders', 'bid_orders']);
SELECT col_type_is('crypto_gaf', 'gafs', 'max_size', 'integer', 'gafs.max_size is integer');
SELECT col_type_is('crypto_gaf', 'gafs', 'size', 'integer', 'gafs.size is integer');
SELECT col_type_is('crypto_gaf', 'gafs', 'midpoint', 'numeric', 'gafs.midpoint is numeric');
SELECT col_type_is('crypto_gaf', 'gafs', 'midpoint_images', 'text[]', 'gafs.midpoint_images is text[]');
SELECT col_type_is('crypto_gaf', 'samples', 'sample_id', 'bigint', 'samples.sample_id is bigint');
SELECT col_type_is('crypto_gaf', 'samples', 'midpoint', 'numeric', 'samples.midpoint is numeric');
SELECT col_type_is('crypto_gaf', 'samples', 'bid_sizes', 'numeric[]', 'samples.bid_sizes is numeric[]');
SELECT col_is_pk('crypto_gaf', 'gafs', 'product', 'gafs has the key product');
SELECT col_is_pk('crypto_gaf', 'samples', 'sample_id', 'samples has the key sample_id');
SELECT fk_ok('crypto_gaf', 'samples', 'product', 'crypto_gaf', 'gafs', 'product');
SELECT has_index('crypto_gaf', 'samples', 'samples_product_newest', ARRAY['product', 'sample_id']);

INSERT INTO crypto_gaf.gafs (product) VALUES ('A');
SELECT results_eq($$ SELECT max_size, aggregation, depth, redraw_interval FROM crypto_gaf.gafs WHERE product = 'A' $$,
    $$ VALUES (600, 10::numeric, 3, interval '5 s') $$, 'a product''s defaults');
SELECT throws_ok($$ UPDATE crypto_gaf.gafs SET depth = 0 $$, '23514', NULL, 'no bucket is too few');
SELECT throws_ok($$ UPDATE crypto_gaf.gafs SET depth = 51 $$, '23514', NULL, '51 buckets are too many');
SELECT throws_ok($$ UPDATE crypto_gaf.gafs SET aggregation = -1 $$, '23514', NULL, 'a bucket has no negative width');
SELECT throws_ok($$ UPDATE crypto_gaf.gafs SET aggregation = 'NaN' $$, '23514', NULL, 'nor one that is no number');
SELECT throws_ok($$ UPDATE crypto_gaf.gafs SET aggregation = 1e-19 $$, '23514', NULL, 'nor one that no price has digits for');
SELECT throws_ok($$ UPDATE crypto_gaf.gafs SET redraw_interval = '25 hours' $$, '23514', NULL, 'a day is the longest interval');
SELECT throws_ok($$ UPDATE crypto_gaf.gafs SET redraw_interval = '-1 s' $$, '23514', NULL, 'time does not run backwards');
SELECT throws_ok($$ INSERT INTO crypto_gaf.samples (product) VALUES ('nobody') $$, '23503', NULL, 'a sample has a product');

INSERT INTO crypto_gaf.samples (product) VALUES ('A');
SELECT ok((SELECT sampled_at BETWEEN now() AND clock_timestamp() FROM crypto_gaf.samples WHERE product = 'A'), 'a sample gets its time');
SELECT throws_ok($$ DELETE FROM crypto_gaf.gafs WHERE product = 'A' $$, '23503', NULL, 'a product does not go while it has samples');
INSERT INTO crypto_gaf.feeds (product) VALUES ('A');
INSERT INTO crypto_gaf.draws (product, hour) VALUES ('A', now());
DELETE FROM crypto_gaf.samples WHERE product = 'A';
DELETE FROM crypto_gaf.gafs WHERE product = 'A';
SELECT is((SELECT count(*)::int FROM crypto_gaf.feeds WHERE product = 'A') + (SELECT count(*)::int FROM crypto_gaf.draws WHERE product = 'A'),
    0, 'what is known of its feed and drawings goes along');

SELECT is_empty($$
    SELECT relname FROM pg_class WHERE relnamespace = 'crypto_gaf'::regnamespace AND relkind IN ('r', 'v', 'm')
        AND obj_description(oid, 'pg_class') IS NULL
$$, 'every table has a comment');
SELECT is_empty($$
    SELECT proname FROM pg_proc WHERE pronamespace = 'crypto_gaf'::regnamespace AND obj_description(oid, 'pg_proc') IS NULL
$$, 'every function has a comment');

SELECT * FROM finish();
ROLLBACK;
