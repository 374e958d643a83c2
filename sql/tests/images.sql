-- Versions and times of drawings, whoever draws.
-- By hand, as a superuser in a migrated database that has the extension pgtap: psql -XAtq -f sql/tests/images.sql
BEGIN;
SELECT plan(13);

INSERT INTO crypto_gaf.gafs (product) VALUES ('A'), ('B');
INSERT INTO crypto_gaf.gafs (product, orderbook_image) VALUES ('C', 'restored');
CREATE TEMP TABLE before AS SELECT product, version, calculated_at FROM crypto_gaf.gafs;

SELECT is((SELECT count(DISTINCT version)::int FROM before), 3, 'each product starts with a version of its own');
SELECT ok((SELECT calculated_at IS NULL FROM before WHERE product = 'A'), 'a new product has not been calculated');
SELECT ok((SELECT calculated_at IS NOT NULL FROM before WHERE product = 'C'), 'a row that comes with images has');

UPDATE crypto_gaf.gafs SET orderbook_image = 'x' WHERE product = 'A';
SELECT cmp_ok((SELECT version FROM crypto_gaf.gafs WHERE product = 'A'), '>', (SELECT max(version) FROM before), 'a drawing gets a new version');
SELECT is((SELECT version FROM crypto_gaf.gafs WHERE product = 'B'), (SELECT version FROM before WHERE product = 'B'),
    'the other product keeps its own');
SELECT ok((SELECT calculated_at BETWEEN now() AND clock_timestamp() FROM crypto_gaf.gafs WHERE product = 'A'), 'and the time');

CREATE TEMP TABLE drawn AS SELECT version, calculated_at FROM crypto_gaf.gafs WHERE product = 'A';
UPDATE crypto_gaf.gafs SET version = 1, calculated_at = '2000-01-01', size = 30 WHERE product = 'A';
SELECT cmp_ok((SELECT version FROM crypto_gaf.gafs WHERE product = 'A'), '>', (SELECT version FROM drawn),
    'who sets the version beside the images is overruled');
SELECT cmp_ok((SELECT calculated_at FROM crypto_gaf.gafs WHERE product = 'A'), '>', (SELECT calculated_at FROM drawn),
    'and so is who sets the time');

TRUNCATE drawn;
INSERT INTO drawn SELECT version, calculated_at FROM crypto_gaf.gafs WHERE product = 'A';
UPDATE crypto_gaf.gafs SET max_size = 30, depth = 5, aggregation = 1, redraw_interval = '1 s', last_sample_id = 3 WHERE product = 'A';
SELECT results_eq('SELECT version, calculated_at FROM crypto_gaf.gafs WHERE product = ''A''', 'SELECT version, calculated_at FROM drawn',
    'settings are no drawing');

UPDATE crypto_gaf.gafs SET buy_image = NULL WHERE product = 'A';
SELECT cmp_ok((SELECT version FROM crypto_gaf.gafs WHERE product = 'A'), '>', (SELECT version FROM drawn), 'each image column counts');

DELETE FROM crypto_gaf.gafs WHERE product = 'A';
INSERT INTO crypto_gaf.gafs (product) VALUES ('A');
SELECT cmp_ok((SELECT version FROM crypto_gaf.gafs WHERE product = 'A'), '>', (SELECT version FROM drawn),
    'a product that comes again does not start over');

SELECT is((SELECT array_agg(attname::text ORDER BY attname) FROM pg_attribute
    WHERE attrelid = 'crypto_gaf.gafs'::regclass AND attstorage = 'e'),
    ARRAY['buy_image', 'midpoint_images', 'orderbook_image', 'sell_image'], 'Postgres does not try to compress images');
SELECT trigger_is('crypto_gaf', 'gafs', 'stamp_image', 'crypto_gaf', 'stamp_image');

SELECT * FROM finish();
ROLLBACK;
