-- Run by `cryptogaf migrate` before anything else, each time: the roles, the schema, and the books of what has been applied.
-- Everything here may run again.

DO $$
DECLARE
    roles CONSTANT text[] := ARRAY['cryptogaf_owner', 'cryptogaf_worker', 'cryptogaf_api'];
    missing text[] := ARRAY(SELECT role FROM unnest(roles) AS role WHERE to_regrole(role) IS NULL);
    may_create CONSTANT boolean := (SELECT rolsuper OR rolcreaterole FROM pg_roles WHERE rolname = current_user);
    role text;
BEGIN
    IF cardinality(missing) > 0 AND NOT may_create THEN
        RAISE insufficient_privilege USING
            MESSAGE = format('the roles %s do not exist, and %I may not create roles', array_to_string(missing, ', '), current_user),
            HINT = format('let an administrator run: %s; GRANT cryptogaf_owner TO %I;',
                (SELECT string_agg(format('CREATE ROLE %I NOLOGIN', name), '; ') FROM unnest(missing) AS name), current_user);
    END IF;
    FOREACH role IN ARRAY missing LOOP
        BEGIN
            EXECUTE format('CREATE ROLE %I NOLOGIN', role);
        EXCEPTION WHEN duplicate_object OR unique_violation THEN
            -- Roles belong to the whole server: another database's migration was quicker.
            NULL;
        END;
    END LOOP;
    IF NOT pg_has_role(current_user, 'cryptogaf_owner', 'MEMBER') THEN
        IF NOT may_create THEN
            RAISE insufficient_privilege USING
                MESSAGE = format('%I is not a member of cryptogaf_owner', current_user),
                HINT = format('let an administrator run: GRANT cryptogaf_owner TO %I;', current_user);
        END IF;
        EXECUTE format('GRANT cryptogaf_owner TO %I', current_user);
    END IF;
END $$;

-- A schema from the predecessors becomes the owner role's; whoever had it keeps the right to read and write its rows, and to run the
-- script again that made it: CREATE TABLE IF NOT EXISTS asks for the right to create before it looks.
DO $$
DECLARE
    former text := (SELECT nspowner::regrole::text FROM pg_namespace WHERE nspname = 'crypto_gaf');
    relation record;
BEGIN
    IF former IS NULL THEN
        CREATE SCHEMA crypto_gaf AUTHORIZATION cryptogaf_owner;
        RETURN;
    END IF;
    IF former <> 'cryptogaf_owner' THEN
        BEGIN
            EXECUTE format('GRANT CREATE ON DATABASE %I TO cryptogaf_owner', current_database());
        EXCEPTION WHEN insufficient_privilege THEN
            -- Needed only by those who are no superuser; then the next statement says so.
            NULL;
        END;
        ALTER SCHEMA crypto_gaf OWNER TO cryptogaf_owner;
        EXECUTE format('GRANT USAGE, CREATE ON SCHEMA crypto_gaf TO %s', former);
    END IF;
    FOR relation IN
        SELECT oid::regclass AS name, relowner::regrole AS former FROM pg_class
        WHERE oid IN (to_regclass('crypto_gaf.gafs'), to_regclass('crypto_gaf.samples')) AND relowner <> 'cryptogaf_owner'::regrole
    LOOP
        EXECUTE format('ALTER TABLE %s OWNER TO cryptogaf_owner', relation.name);
        EXECUTE format('GRANT USAGE, CREATE ON SCHEMA crypto_gaf TO %s', relation.former);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %s TO %s', relation.name, relation.former);
        IF relation.name = to_regclass('crypto_gaf.samples') THEN
            EXECUTE format('GRANT USAGE ON SEQUENCE %s TO %s', pg_get_serial_sequence('crypto_gaf.samples', 'sample_id'), relation.former);
        END IF;
    END LOOP;
END $$;

SET LOCAL ROLE cryptogaf_owner;

REVOKE ALL ON SCHEMA crypto_gaf FROM PUBLIC;
GRANT USAGE ON SCHEMA crypto_gaf TO cryptogaf_worker, cryptogaf_api;
-- Without IN SCHEMA: only so does Postgres let PUBLIC's built-in right to execute be taken away.
ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
COMMENT ON SCHEMA crypto_gaf IS 'Crypto GAF: order book samples and the Gramian angular field images made of them';

CREATE TABLE IF NOT EXISTS crypto_gaf.migrations (
    number integer PRIMARY KEY,
    name text NOT NULL,
    checksum text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE crypto_gaf.migrations IS 'Which files of sql/migrations this database has had, with the SHA-256 of their text';

CREATE TABLE IF NOT EXISTS crypto_gaf.functions (
    name text PRIMARY KEY,
    checksum text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE crypto_gaf.functions IS 'Which text of each file in sql/functions is in force; a changed file is applied again';

GRANT SELECT ON crypto_gaf.migrations, crypto_gaf.functions TO cryptogaf_worker, cryptogaf_api;
