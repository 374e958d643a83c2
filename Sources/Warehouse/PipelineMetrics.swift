public import Postgres

/// What the metrics say of a job. Times are seconds since 1970.
public struct JobMetrics {
    public let job: String
    /// Of the last run that has ended; nil before the first has.
    public let lastOutcome: String?
    public let lastSuccess: Double?
    /// Failed, or died without a word.
    public let lastFailure: Double?
    /// When it last failed, if that was for the lake.
    public let lakeFailure: Double?
}

/// What the metrics say of the way from the venues to the tables.
public struct PipelineMetrics {
    /// Intervals of tracked series that are neither there nor explained.
    public let unexplained: Double
    /// Objects that wait for `transform`; no more than `limit` are counted. So for the next.
    public let objectsDue: Double
    public let rejectedRows: Double
    public let stoppedChannels: [LakeChannel]
    /// Of each venue: what is fetched of it, and of that what failed the last time.
    public let extractions: [(exchange: String, count: Double, failing: Double)]
    /// When the newest partition of each table of facts ends, in seconds since 1970.
    public let partitionEnds: [(fact: String, end: Double)]

    public static let limit = 100_000
}

extension MetricsReads {
    /// Of every job that has ever run, by name: a few descents into an index for each, however many runs there were. Not of backfills, which
    /// somebody runs and sees.
    public func jobs() throws(PostgresError) -> [JobMetrics] {
        try connection.query(
            """
            WITH RECURSIVE names AS (
                SELECT min(job) AS job FROM crypto_gaf.job_runs
                UNION ALL
                SELECT (SELECT min(r.job) FROM crypto_gaf.job_runs r WHERE r.job > names.job) FROM names WHERE names.job IS NOT NULL
            )
            SELECT n.job, (SELECT outcome FROM crypto_gaf.job_runs r WHERE r.job = n.job AND r.finished_at IS NOT NULL
                    ORDER BY r.started_at DESC LIMIT 1),
                \(Self.last("succeeded")), greatest(\(Self.last("failed")), \(Self.last("died"))),
                (SELECT CASE WHEN r.counts ? 'lake_failed' THEN extract(epoch FROM r.finished_at)::float8 END FROM crypto_gaf.job_runs r
                    WHERE r.job = n.job AND r.outcome = 'failed' ORDER BY r.started_at DESC LIMIT 1)
            FROM names n WHERE n.job IS NOT NULL AND n.job NOT LIKE 'backfill %' ORDER BY n.job LIMIT 100
            """, binary: true
        ).map { row throws(PostgresError) in
            JobMetrics(
                job: try row.text(0), lastOutcome: try row.textOrNil(1), lastSuccess: try row.doubleOrNil(2),
                lastFailure: try row.doubleOrNil(3), lakeFailure: try row.doubleOrNil(4))
        }
    }

    private static func last(_ outcome: String) -> SQL {
        """
        (SELECT extract(epoch FROM r.finished_at)::float8 FROM crypto_gaf.job_runs r
            WHERE r.job = n.job AND r.outcome = \(outcome) ORDER BY r.started_at DESC LIMIT 1)
        """
    }

    /// Nothing here reads more of a table than an index of what is wrong, and of that no more than `PipelineMetrics.limit` entries.
    public func pipeline() throws(PostgresError) -> PipelineMetrics {
        let counts = try connection.query(
            """
            SELECT (SELECT coalesce(sum(unexplained), 0)::float8 FROM crypto_gaf.coverage WHERE unexplained <> 0),
                (SELECT count(*)::float8 FROM (SELECT FROM crypto_gaf.raw_objects WHERE due LIMIT \(PipelineMetrics.limit)) due),
                (SELECT count(*)::float8 FROM (SELECT FROM crypto_gaf.rejected_rows
                    WHERE rejected_at > clock_timestamp() - interval '1 day' LIMIT \(PipelineMetrics.limit)) rejected)
            """, binary: true
        ).one()
        let ends = try connection.query(
            "SELECT fact, extract(epoch FROM max(ends_at))::float8 FROM crypto_gaf.fact_partitions WHERE ends_at IS NOT NULL GROUP BY fact ORDER BY fact"
        ).map { row throws(PostgresError) in (fact: try row.text(0), end: try row.double(1)) }
        let extractions = try connection.query(
            """
            SELECT exchange, count(*)::float8, count(*) FILTER (WHERE failures > 0)::float8 FROM crypto_gaf.extraction_metadata e
            WHERE EXISTS (SELECT FROM crypto_gaf.tracked_symbols t WHERE t.exchange = e.exchange AND e.symbol IN (t.symbol, '_all'))
            GROUP BY exchange ORDER BY exchange
            """, binary: true
        ).map { row throws(PostgresError) in (exchange: try row.text(0), count: try row.double(1), failing: try row.double(2)) }
        return PipelineMetrics(
            unexplained: try counts.double(0), objectsDue: try counts.double(1), rejectedRows: try counts.double(2),
            stoppedChannels: try StoppedChannels(connection).all().map(\.channel), extractions: extractions, partitionEnds: ends)
    }
}
