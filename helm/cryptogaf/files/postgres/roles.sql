-- The users of the secrets, their roles and the database; may run again. Passwords come from the environment and stay out of the log.
SET log_statement = 'none';
SET log_min_error_statement = 'panic';
\getenv owner_user owner_user
\getenv owner_password owner_password
\getenv worker_user worker_user
\getenv worker_password worker_password
\getenv api_user api_user
\getenv api_password api_password

SELECT format('CREATE ROLE %I NOLOGIN', name)
FROM unnest(ARRAY['cryptogaf_owner', 'cryptogaf_worker', 'cryptogaf_api']) AS name WHERE to_regrole(name) IS NULL \gexec

SELECT format('CREATE ROLE %I LOGIN', name)
FROM (SELECT DISTINCT unnest(ARRAY[:'owner_user', :'worker_user', :'api_user']) AS name) AS wanted
WHERE to_regrole(quote_ident(name)) IS NULL \gexec

ALTER ROLE :"owner_user" PASSWORD :'owner_password';
ALTER ROLE :"worker_user" PASSWORD :'worker_password';
ALTER ROLE :"api_user" PASSWORD :'api_password';
GRANT cryptogaf_owner TO :"owner_user";
GRANT cryptogaf_worker TO :"worker_user";
GRANT cryptogaf_api TO :"api_user";

SELECT format('CREATE DATABASE %I OWNER %I', :'database', :'owner_user')
WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = :'database') \gexec
