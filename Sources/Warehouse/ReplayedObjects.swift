public import FoundationEssentials
public import Market
public import Postgres

/// `raw_objects` beside what a replay has found in the lake.
public struct ReplayedObjects {
    /// Which objects were looked for.
    public struct Choice: Sendable {
        /// In which the answers came.
        public var times: Range<Date>
        public var locations: [RawLocation]
        public var exchanges: [String]
        public var channels: [Channel]
        /// Nil: all.
        public var symbol: String?
        /// Of this channel also the answers about all markets, which stand under this name instead of a symbol's.
        public var shared: (symbol: String, channel: Channel)

        public init(
            times: Range<Date>, locations: [RawLocation], exchanges: [String], channels: [Channel], symbol: String?,
            shared: (symbol: String, channel: Channel)
        ) {
            self.times = times
            self.locations = locations
            self.exchanges = exchanges
            self.channels = channels
            self.symbol = symbol
            self.shared = shared
        }
    }

    private let connection: Connection

    public init(_ connection: Connection) { self.connection = connection }

    /// By the server's clock, to the millisecond.
    public func now() throws(PostgresError) -> Date {
        try connection.query("SELECT date_trunc('milliseconds', clock_timestamp())").one().date(0)
    }

    /// Objects that are said to lie there, were recorded before `since`, and of which nothing has become since then.
    ///
    /// - Parameters:
    ///   - except: read, though the ingestion log does not say so.
    ///   - names: how many to name at most, the first by key.
    public func missed(_ choice: Choice, since: Date, except: [String], names: Int) throws(PostgresError) -> (count: Int, keys: [String]) {
        let rows = try connection.query(
            """
            SELECT count(*) OVER (), object_key FROM crypto_gaf.raw_objects r
            WHERE location = ANY (\(choice.locations.map(\.rawValue))::text[]) AND recorded_at < \(since)::timestamptz
                AND received_at >= \(choice.times.lowerBound)::timestamptz AND received_at < \(choice.times.upperBound)::timestamptz
                AND exchange = ANY (\(choice.exchanges)::text[]) AND channel = ANY (\(choice.channels.map(\.rawValue))::text[])
                AND (\(choice.symbol)::text IS NULL OR symbol = \(choice.symbol)
                    OR (symbol, channel) = (\(choice.shared.symbol), \(choice.shared.channel.rawValue)))
                AND object_key <> ALL (\(except)::text[])
                AND NOT EXISTS (SELECT FROM crypto_gaf.processed_files p
                    WHERE p.object_key = r.object_key AND p.processed_at >= \(since)::timestamptz)
            ORDER BY object_key LIMIT \(names)::bigint
            """)
        var keys: [String] = []
        for row in rows { keys.append(try row.text(1)) }
        return (try rows.first?.int(0) ?? 0, keys)
    }
}
