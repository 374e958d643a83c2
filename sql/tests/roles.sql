-- Each role may do what its programs need, and nothing else.
-- By hand, as a superuser in a migrated database that has the extension pgtap: psql -XAtq -f sql/tests/roles.sql
BEGIN;
SELECT plan(29);

SELECT is((SELECT array_agg(rolname ORDER BY rolname) FROM pg_roles
    WHERE rolname LIKE 'cryptogaf\_%' AND (rolcanlogin OR rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication OR rolbypassrls)
        AND rolname IN ('cryptogaf_owner', 'cryptogaf_worker', 'cryptogaf_api')),
    NULL, 'the group roles can neither log in nor do what belongs to the server');

SELECT table_privs_are('crypto_gaf', 'gafs', 'cryptogaf_worker', ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']);
SELECT table_privs_are('crypto_gaf', 'samples', 'cryptogaf_worker', ARRAY['SELECT', 'INSERT', 'DELETE'], 'samples are never changed');
SELECT table_privs_are('crypto_gaf', 'feeds', 'cryptogaf_worker', ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']);
SELECT table_privs_are('crypto_gaf', 'draws', 'cryptogaf_worker', ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']);
SELECT table_privs_are('crypto_gaf', 'migrations', 'cryptogaf_worker', ARRAY['SELECT']);
SELECT table_privs_are('crypto_gaf', 'functions', 'cryptogaf_worker', ARRAY['SELECT']);
SELECT sequence_privs_are('crypto_gaf', 'samples_sample_id_seq', 'cryptogaf_worker', ARRAY['USAGE']);
SELECT sequence_privs_are('crypto_gaf', 'image_version', 'cryptogaf_worker', ARRAY[]::text[], 'no writer can set versions back');

SELECT table_privs_are('crypto_gaf', 'gafs', 'cryptogaf_api', ARRAY['SELECT']);
SELECT table_privs_are('crypto_gaf', 'feeds', 'cryptogaf_api', ARRAY['SELECT']);
SELECT table_privs_are('crypto_gaf', 'draws', 'cryptogaf_api', ARRAY['SELECT']);
SELECT table_privs_are('crypto_gaf', 'migrations', 'cryptogaf_api', ARRAY['SELECT']);
SELECT table_privs_are('crypto_gaf', 'functions', 'cryptogaf_api', ARRAY['SELECT']);
SELECT table_privs_are('crypto_gaf', 'samples', 'cryptogaf_api', ARRAY[]::text[], 'samples are not served');
SELECT column_privs_are('crypto_gaf', 'samples', 'sample_id', 'cryptogaf_api', ARRAY['SELECT'], 'but they may be counted');
SELECT column_privs_are('crypto_gaf', 'samples', 'midpoint', 'cryptogaf_api', ARRAY[]::text[]);
SELECT sequence_privs_are('crypto_gaf', 'image_version', 'cryptogaf_api', ARRAY[]::text[]);
SELECT sequence_privs_are('crypto_gaf', 'samples_sample_id_seq', 'cryptogaf_api', ARRAY[]::text[]);

SELECT schema_privs_are('crypto_gaf', 'cryptogaf_worker', ARRAY['USAGE'], 'the worker creates nothing');
SELECT schema_privs_are('crypto_gaf', 'cryptogaf_api', ARRAY['USAGE'], 'the API creates nothing');
SELECT schema_owner_is('crypto_gaf', 'cryptogaf_owner');
SELECT is_empty($$ SELECT relname FROM pg_class WHERE relnamespace = 'crypto_gaf'::regnamespace AND relowner <> 'cryptogaf_owner'::regrole $$,
    'everything in the schema belongs to the owner role');
SELECT ok(NOT pg_has_role('cryptogaf_worker', 'cryptogaf_owner', 'MEMBER') AND NOT pg_has_role('cryptogaf_api', 'cryptogaf_worker', 'MEMBER'),
    'no role contains a stronger one');

CREATE ROLE somebody;
SELECT schema_privs_are('crypto_gaf', 'somebody', ARRAY[]::text[], 'PUBLIC may not even look into the schema');
SELECT is_empty($$
    SELECT c.relname FROM pg_class c
    WHERE relnamespace = 'crypto_gaf'::regnamespace AND relkind IN ('r', 'v', 'S') AND (relacl::text LIKE '%{=%' OR relacl::text LIKE '%,=%')
$$, 'PUBLIC has no right to any table or sequence');
SELECT is_empty($$
    SELECT p.proname FROM pg_proc p WHERE pronamespace = 'crypto_gaf'::regnamespace AND has_function_privilege('somebody', p.oid, 'EXECUTE')
$$, 'PUBLIC may execute no function');
SELECT is_empty($$
    SELECT p.proname FROM pg_proc p WHERE pronamespace = 'crypto_gaf'::regnamespace AND prosecdef
        AND NOT coalesce(proconfig::text LIKE '%search_path=pg_catalog%', false)
$$, 'what runs as its owner looks names up in pg_catalog only');
SET LOCAL ROLE cryptogaf_owner;
CREATE FUNCTION crypto_gaf.later() RETURNS integer LANGUAGE sql AS 'SELECT 1';
RESET ROLE;
SELECT function_privs_are('crypto_gaf', 'later', ARRAY[]::text[], 'somebody', ARRAY[]::text[], 'that holds for functions to come');

SELECT * FROM finish();
ROLLBACK;
