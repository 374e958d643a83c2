public import FoundationEssentials
public import Postgres

/// Tables that would grow for ever, and how their old rows go: in batches, so that no transaction is long.
public struct LogRetention {
    /// What may be pruned.
    public enum Log: String, CaseIterable, Sendable {
        /// Rows of expired objects in `raw_objects`, with all that is known of them: their `processed_files` and `rejected_rows`. Their age
        /// is that of `RawRetention`: from when they came into the lake.
        case expiredObjects = "expired_objects"
        /// Of objects that are still there: the rows that did not load.
        case rejectedRows = "rejected_rows"
        /// But the last run of each job stays.
        case jobRuns = "job_runs"
        case draws
    }

    private let connection: Connection

    public init(_ connection: Connection) { self.connection = connection }

    /// Removes at most `limit` rows from before `cutoff`; answers how many it were.
    public func prune(_ log: Log, before cutoff: Date, limit: Int) throws(PostgresError) -> Int {
        switch log {
        case .expiredObjects: try forgetObjects(cutoff, limit)
        case .rejectedRows, .jobRuns, .draws:
            try connection.execute(
                """
                DELETE FROM crypto_gaf.\(identifier: log.rawValue)
                WHERE ctid = ANY (ARRAY(SELECT old.ctid \(Self.old(log, before: cutoff)) LIMIT \(limit)))
                """)
        }
    }

    /// How many rows all of it would remove.
    public func prunable(_ log: Log, before cutoff: Date) throws(PostgresError) -> Int {
        try connection.query("SELECT count(*) \(Self.old(log, before: cutoff))").one().int(0)
    }

    private static func old(_ log: Log, before cutoff: Date) -> SQL {
        switch log {
        case .expiredObjects:
            """
            FROM crypto_gaf.raw_objects old
            WHERE location = 'expired' AND leftover_in IS NULL AND NOT due
                AND greatest(received_at, recorded_at) < \(cutoff)::timestamptz
            """
        case .rejectedRows: "FROM crypto_gaf.rejected_rows old WHERE rejected_at < \(cutoff)::timestamptz"
        case .jobRuns:
            """
            FROM crypto_gaf.job_runs old WHERE started_at < \(cutoff)::timestamptz AND outcome <> 'running' AND EXISTS (
                SELECT FROM crypto_gaf.job_runs newer WHERE newer.job = old.job AND newer.started_at > old.started_at)
            """
        case .draws: "FROM crypto_gaf.draws old WHERE hour < \(cutoff)::timestamptz"
        }
    }

    private func forgetObjects(_ cutoff: Date, _ limit: Int) throws(PostgresError) -> Int {
        try connection.query(
            """
            WITH forgotten AS (
                DELETE FROM crypto_gaf.raw_objects
                -- Not what somebody is putting back into the lake just now.
                WHERE object_key = ANY (ARRAY(
                    SELECT old.object_key \(Self.old(.expiredObjects, before: cutoff)) LIMIT \(limit) FOR UPDATE SKIP LOCKED))
                RETURNING object_key
            ), processed AS (
                DELETE FROM crypto_gaf.processed_files p USING forgotten f WHERE p.object_key = f.object_key
            ), rejected AS (
                DELETE FROM crypto_gaf.rejected_rows r USING forgotten f WHERE r.object_key = f.object_key
            )
            SELECT count(*) FROM forgotten
            """
        ).one().int(0)
    }
}
