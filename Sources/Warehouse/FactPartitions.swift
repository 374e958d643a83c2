public import FoundationEssentials
public import Postgres

/// One month of a table of facts.
public struct FactPartition: Equatable, Sendable {
    public let fact: FactTable
    /// Its own table's name.
    public let name: String
    public let startsAt: Date
    public let endsAt: Date
    public let bytes: Int
}

/// The months of the tables of facts: made ahead, and dropped when they are old.
public struct FactPartitions {
    private static let facts = FactTable.allCases.map(\.rawValue)

    private let connection: Connection

    public init(_ connection: Connection) { self.connection = connection }

    /// Makes what is missing for the month of `now` (UTC) and so many after it; answers how many were made.
    public func make(from now: Date, ahead: Int) throws(PostgresError) -> Int {
        try connection.query(
            """
            SELECT count(*) FILTER (WHERE crypto_gaf.ensure_month(fact, (\(Self.month(of: now)) + ahead * interval '1 month')::date))
            FROM unnest(\(Self.facts)::text[]) AS fact, generate_series(0, \(ahead)::integer) AS ahead
            """
        ).one().int(0)
    }

    /// How many of those are not there.
    public func missing(from now: Date, ahead: Int) throws(PostgresError) -> Int {
        try connection.query(
            """
            SELECT count(*) FROM unnest(\(Self.facts)::text[]) AS fact, generate_series(0, \(ahead)::integer) AS ahead
            WHERE to_regclass('crypto_gaf.' || fact || to_char(\(Self.month(of: now)) + ahead * interval '1 month', '_YYYY_MM')) IS NULL
            """
        ).one().int(0)
    }

    private static func month(of now: Date) -> SQL { "date_trunc('month', \(now)::timestamptz AT TIME ZONE 'UTC')" }

    /// Those that ended by then, the oldest first.
    public func ended(by cutoff: Date) throws(PostgresError) -> [FactPartition] {
        try connection.query(
            """
            SELECT fact, partition, starts_at, ends_at, bytes FROM crypto_gaf.fact_partitions
            WHERE ends_at <= \(cutoff)::timestamptz ORDER BY starts_at, fact
            """
        ).map { row throws(PostgresError) in
            FactPartition(
                fact: try row.fact(0), name: try row.text(1), startsAt: try row.date(2), endsAt: try row.date(3), bytes: try row.int(4))
        }
    }

    /// Whether minutes of it are not rolled up, so that it may not be dropped.
    public func awaitsRollup(_ partition: FactPartition) throws(PostgresError) -> Bool {
        guard partition.fact == .klines else { return false }
        return try connection.query(
            """
            SELECT EXISTS (SELECT FROM crypto_gaf.touched_hours
                WHERE hour >= \(partition.startsAt)::timestamptz AND hour < \(partition.endsAt)::timestamptz)
            """
        ).one().bool(0)
    }

    /// Drops it with all its rows; their rollups stay. Waits a little for those who read or write in the table, since everybody else
    /// waits behind.
    ///
    /// - Parameter age: the partition must have ended that long ago, at least 7 days.
    /// - Returns: nil, or why it was not dropped: it is too young, minutes of it are not rolled up, or the table is in use.
    public func drop(_ partition: FactPartition, age: Duration, patience: Duration = .seconds(10)) throws -> String? {
        do {
            try connection.transaction {
                try connection.execute("SELECT set_config('lock_timeout', \(String(patience.components.seconds * 1000)), true)")
                try connection.execute(
                    "SELECT crypto_gaf.drop_month(\(partition.fact.rawValue), (\(partition.startsAt)::timestamptz AT TIME ZONE 'UTC')::date, \(age)::interval)"
                )
            }
            return nil
        } catch let error as PostgresError where error.sqlState == "55000" || error.sqlState == "55P03" {
            return error.message
        }
    }
}

extension Row {
    fileprivate func fact(_ column: Int) throws(PostgresError) -> FactTable {
        let name = try text(column)
        guard let fact = FactTable(rawValue: name) else { throw PostgresError(.decode, "\(name) is no table of facts") }
        return fact
    }
}
