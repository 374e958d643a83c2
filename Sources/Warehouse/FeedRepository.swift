public import FoundationEssentials
public import Postgres

/// A product to collect, and where the database stands with it.
public struct CollectTarget: Equatable, Sendable {
    public var product: String
    public var aggregation: Decimal
    public var depth: Int
    /// The last trade counted; nil: none yet, or nobody knows.
    public var lastTrade: Int64?
    public var lastSampleAt: Date?
    /// The last trade that we counted, if a predecessor's collector has written since: it counted on from there, and does not say how far.
    public var overtakenAt: Int64?
}

/// What went wrong with a product since it was last noted.
public struct FeedFailures: Equatable, Sendable {
    public var product: String
    public var count: Int
    /// What kind the last of them was, in one of a few words.
    public var code: String
    /// The last of them.
    public var error: String
    public var at: Date

    public init(product: String, count: Int, code: String, error: String, at: Date) {
        self.product = product
        self.count = count
        self.code = code
        self.error = error
        self.at = at
    }
}

/// Where collect stands with each product: `crypto_gaf.feeds`.
public struct FeedRepository {
    private let connection: Connection

    public init(_ connection: Connection) { self.connection = connection }

    /// In the order of their names.
    public func targets() throws(PostgresError) -> [CollectTarget] {
        try connection.query(
            """
            SELECT g.product, g.aggregation, g.depth, CASE WHEN newest.is_ours THEN f.last_trade END, f.last_sample_at,
                CASE WHEN NOT newest.is_ours THEN f.last_trade END
            FROM crypto_gaf.gafs g LEFT JOIN crypto_gaf.feeds f USING (product)
            -- Without any sample, what is known of the feed still holds.
            CROSS JOIN LATERAL (SELECT coalesce((SELECT s.last_trade IS NOT NULL FROM crypto_gaf.samples s WHERE s.product = g.product
                ORDER BY s.sample_id DESC LIMIT 1), true) AS is_ours) newest
            ORDER BY g.product
            """
        ).map { row throws(PostgresError) in
            CollectTarget(
                product: try row.text(0), aggregation: try row.decimal(1), depth: try row.int(2), lastTrade: try row.int64OrNil(3),
                lastSampleAt: try row.dateOrNil(4), overtakenAt: try row.int64OrNil(5))
        }
    }

    /// Adds to the counts; products that are not on show are left out.
    public func record(_ failures: [FeedFailures]) throws(PostgresError) {
        guard !failures.isEmpty else { return }
        try connection.execute(
            """
            INSERT INTO crypto_gaf.feeds AS f (product, failures, last_error_code, last_error, last_error_at)
            SELECT i.product, i.failures, i.code, i.error, i.at
            FROM unnest(\(failures.map(\.product))::text[], \(failures.map(\.count))::bigint[], \(failures.map(\.code))::text[],
                \(failures.map(\.error))::text[], \(failures.map(\.at))::timestamptz[]) AS i (product, failures, code, error, at)
            JOIN crypto_gaf.gafs USING (product)
            ON CONFLICT (product) DO UPDATE SET failures = f.failures + excluded.failures, last_error_code = excluded.last_error_code,
                last_error = excluded.last_error, last_error_at = excluded.last_error_at
            """)
    }
}
