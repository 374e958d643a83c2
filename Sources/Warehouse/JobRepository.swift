public import Postgres

/// How a run of a job ended.
public enum JobOutcome: String, Sendable {
    case succeeded, failed, stopped
}

/// `jobs` and `job_runs`: which jobs may run, and what became of those that did.
public struct JobRepository {
    private let connection: Connection

    public init(_ connection: Connection) { self.connection = connection }

    /// A job that nobody has switched is enabled.
    public func isEnabled(_ job: String) throws(PostgresError) -> Bool {
        try connection.query("SELECT coalesce((SELECT enabled FROM crypto_gaf.jobs WHERE name = \(job)), true)").one().bool(0)
    }

    /// The names that somebody has switched, on or off; nothing here keeps them to those of jobs.
    public func switched() throws(PostgresError) -> [String] {
        try connection.query("SELECT name FROM crypto_gaf.jobs ORDER BY name").map { row throws(PostgresError) in try row.text(0) }
    }

    /// For who holds the job's lock: whatever else is called running, is not. Answers how many those were.
    public func markDied(_ job: String) throws(PostgresError) -> Int {
        try connection.execute(
            """
            UPDATE crypto_gaf.job_runs SET outcome = 'died', finished_at = clock_timestamp()
            WHERE job = \(job) AND outcome = 'running'
            """)
    }

    /// The jobs, one for each run, of runs that are called running while nobody holds their job's lock. What is no job of this program, but
    /// is recorded like one, has no lock.
    public func died() throws(PostgresError) -> [String] {
        try connection.query("SELECT job FROM crypto_gaf.job_runs r WHERE \(Self.isDead) ORDER BY job").map { row throws(PostgresError) in
            try row.text(0)
        }
    }

    /// Marks those of these jobs; answers the job of each run. Who begins a run has the lock before, and who ends one has it until after:
    /// a run that ends while this looks is looked at again before it is marked.
    public func markDied(of jobs: [String]) throws(PostgresError) -> [String] {
        try connection.query(
            """
            UPDATE crypto_gaf.job_runs r SET outcome = 'died', finished_at = clock_timestamp()
            WHERE job = ANY (\(jobs)::text[]) AND \(Self.isDead) RETURNING job
            """
        ).map { row throws(PostgresError) in try row.text(0) }
    }

    private static var isDead: SQL { "r.outcome = 'running' AND NOT \(AdvisoryLock.isHeld(.job, "r.job"))" }

    /// Answers the run's number.
    public func begin(_ job: String) throws(PostgresError) -> Int64 {
        try connection.query("INSERT INTO crypto_gaf.job_runs (job) VALUES (\(job)) RETURNING run_id").one().int64(0)
    }

    /// - Parameter counts: a JSON object.
    public func finish(_ run: Int64, _ outcome: JobOutcome, counts: String, error: String?) throws(PostgresError) {
        try connection.execute(
            """
            UPDATE crypto_gaf.job_runs SET outcome = \(outcome.rawValue), finished_at = clock_timestamp(), counts = \(counts)::jsonb,
                error = \(error)
            WHERE run_id = \(run)
            """)
    }
}
