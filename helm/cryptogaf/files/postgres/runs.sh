# For scripts that do what a job does: how it went is recorded in crypto_gaf.job_runs, and so is in the metrics. They define source_sql, a psql on the
# database in question, and scratch, the folder of what a drill restores.

say() { printf '%(%FT%TZ)T %s\n' -1 "$*"; }
milliseconds() { echo $(($(date +%s%N) / 1000000)); }

# The run's number. A run of a job that is nowhere recorded yet is a run all the same: the schema may not be there.
begin() {
    source_sql -v "job=$1" <<'SQL'
SELECT to_regclass('crypto_gaf.job_runs') IS NULL AS absent \gset
\if :absent
\quit
\endif
UPDATE crypto_gaf.job_runs SET outcome = 'died', finished_at = clock_timestamp() WHERE job = :'job' AND outcome = 'running';
INSERT INTO crypto_gaf.job_runs (job) VALUES (:'job') RETURNING run_id;
SQL
}
# run, outcome, counts as JSON, error
finish() {
    [ -n "$1" ] || return 0
    source_sql -v "run=$1" -v "outcome=$2" -v "counts=$3" -v "error=${4:-}" <<'SQL'
UPDATE crypto_gaf.job_runs SET finished_at = clock_timestamp(), outcome = :'outcome', counts = :'counts', error = nullif(:'error', '')
WHERE run_id = :'run';
SQL
}

# The process of the scratch instance.
server=
stop_scratch() {
    if [ -n "$server" ]; then
        kill -INT "$server" 2>/dev/null || true
        wait "$server" || true
    fi
    server=
    rm -rf "$scratch"
}
