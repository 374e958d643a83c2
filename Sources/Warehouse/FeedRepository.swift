public import FoundationEssentials
public import Postgres

/// A product to collect, and where the database stands with it.
public struct CollectTarget: Equatable, Sendable {
    public var product: String
    public var aggregation: Decimal
    public var depth: Int
    /// The last trade counted; nil: none yet.
    public var lastTrade: Int64?
    public var lastSampleAt: Date?
}

/// What went wrong with a product since it was last noted.
public struct FeedFailures: Equatable, Sendable {
    public var product: String
    public var count: Int
    /// The last of them.
    public var error: String
    public var at: Date

    public init(product: String, count: Int, error: String, at: Date) {
        self.product = product
        self.count = count
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
        let rows = try connection.query(
            """
            SELECT g.product, g.aggregation, g.depth, f.last_trade, f.last_sample_at
            FROM crypto_gaf.gafs g LEFT JOIN crypto_gaf.feeds f USING (product) ORDER BY g.product
            """)
        var targets: [CollectTarget] = []
        for row in rows {
            targets.append(
                CollectTarget(
                    product: try row.text(0), aggregation: try row.decimal(1), depth: try row.int(2), lastTrade: try row.int64OrNil(3),
                    lastSampleAt: try row.dateOrNil(4)))
        }
        return targets
    }

    /// Adds to the counts; products that are not on show are left out.
    public func record(_ failures: [FeedFailures]) throws(PostgresError) {
        guard !failures.isEmpty else { return }
        try connection.execute(
            """
            INSERT INTO crypto_gaf.feeds AS f (product, failures, last_error, last_error_at)
            SELECT i.product, i.failures, i.error, i.at
            FROM unnest(\(failures.map(\.product))::text[], \(failures.map(\.count))::bigint[], \(failures.map(\.error))::text[],
                \(failures.map(\.at))::timestamptz[]) AS i (product, failures, error, at)
            JOIN crypto_gaf.gafs USING (product)
            ON CONFLICT (product) DO UPDATE SET failures = f.failures + excluded.failures, last_error = excluded.last_error,
                last_error_at = excluded.last_error_at
            """)
    }
}
