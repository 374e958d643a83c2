-- How each job fared: its runs of the last 24 hours in one line, and those that did not succeed one by one.
\pset footer off
\echo Jobs, the last 24 hours
SELECT r.job, CASE WHEN coalesce(j.enabled, true) THEN 'on' ELSE 'off' END AS switch, count(*) AS runs,
    count(*) FILTER (WHERE outcome = 'succeeded') AS succeeded, count(*) FILTER (WHERE outcome = 'failed') AS failed,
    count(*) FILTER (WHERE outcome = 'stopped') AS stopped, count(*) FILTER (WHERE outcome = 'died') AS died,
    max(started_at)::timestamptz(0) AS "last start",
    to_char(percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM finished_at - started_at)), 'FM999990.0') AS "median, s",
    to_char(max(extract(epoch FROM finished_at - started_at)), 'FM999990.0') AS "longest, s"
FROM crypto_gaf.job_runs r LEFT JOIN crypto_gaf.jobs j ON j.name = r.job
WHERE started_at > now() - interval '24 hours' GROUP BY r.job, j.enabled ORDER BY r.job;

\echo Switches, and the last run on record of the job of that name (calculate keeps none)
SELECT name, CASE WHEN enabled THEN 'on' ELSE 'off' END AS switch, changed_at::timestamptz(0) AS since,
    CASE WHEN name = 'calculate' THEN '-' ELSE coalesce((SELECT max(started_at)::timestamptz(0)::text FROM crypto_gaf.job_runs WHERE job = name),
        'none: is there such a job?') END AS "last start"
FROM crypto_gaf.jobs ORDER BY name;

\echo Runs under way
SELECT job, run_id, started_at::timestamptz(0) AS started, date_trunc('second', now() - started_at) AS "for"
FROM crypto_gaf.job_runs WHERE outcome = 'running' ORDER BY started_at;

\echo Runs that did not succeed, the last 20
SELECT job, run_id, outcome, started_at::timestamptz(0) AS started, coalesce(date_trunc('second', finished_at - started_at)::text, '-') AS took,
    left(coalesce(error, '-'), 120) AS error
FROM crypto_gaf.job_runs WHERE outcome IN ('failed', 'died') ORDER BY started_at DESC LIMIT 20;

\echo What the last run of each job counted
SELECT DISTINCT ON (job) job, started_at::timestamptz(0) AS started, outcome, counts FROM crypto_gaf.job_runs
WHERE outcome <> 'running' ORDER BY job, started_at DESC;
