public import Postgres

/// `venue_budgets`: one bucket of tokens for each venue, shared by every process that asks it.
public struct VenueBudgetRepository {
    /// What a bucket gave.
    public struct Grant: Equatable, Sendable {
        public var tokens: Int
        /// Before it makes sense to ask for more.
        public var wait: Duration
        /// The venue asked to be left alone.
        public var isPaused: Bool
    }

    private let connection: Connection

    public init(_ connection: Connection) { self.connection = connection }

    /// As many tokens as there are, at most `wanted`; none, if they are less than the `first` question needs. What is heavier than the
    /// bucket goes when that is full, and leaves a debt.
    ///
    /// Outside of a transaction: its commit waits for no disk, since what a crash of the server's forgets is a moment of the bucket.
    public func take(_ venue: String, wanted: Int, first: Int, perSecond: Double, burst: Int) throws(PostgresError) -> Grant {
        let row = try connection.query(
            """
            SELECT granted::bigint, wait_seconds, paused, set_config('synchronous_commit', 'off', true)
            FROM crypto_gaf.take_tokens(\(venue), \(wanted)::float8, \(first)::float8, \(perSecond)::float8, \(burst)::float8)
            """
        ).one()
        return Grant(tokens: try row.int(0), wait: .seconds(try row.double(1)), isPaused: try row.bool(2))
    }

    /// Nobody asks the venue for so long; a longer pause that was there stays.
    public func pause(_ venue: String, for duration: Duration, reason: String) throws(PostgresError) {
        try connection.execute(
            """
            INSERT INTO crypto_gaf.venue_budgets AS b (exchange, tokens, updated_at, paused_until, reason)
            VALUES (\(venue), 0, clock_timestamp(), clock_timestamp() + \(duration)::interval, \(reason))
            ON CONFLICT (exchange) DO UPDATE SET tokens = least(b.tokens, 0), updated_at = excluded.paused_until,
                paused_until = excluded.paused_until, reason = excluded.reason
            WHERE b.paused_until IS NULL OR b.paused_until < excluded.paused_until
            """)
    }
}
