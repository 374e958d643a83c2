public import FoundationEssentials
public import Market
public import Postgres

/// What an extraction is of.
public struct ExtractionKey: Hashable, Sendable {
    public var exchange: String
    /// `BASE-QUOTE`, or `_all` where one answer tells of every market.
    public var symbol: String
    public var channel: Channel
    /// Of klines.
    public var interval: KlineInterval?

    public init(_ exchange: String, _ symbol: String, _ channel: Channel, _ interval: KlineInterval? = nil) {
        self.exchange = exchange
        self.symbol = symbol
        self.channel = channel
        self.interval = interval
    }
}

/// How an extraction's last try ended.
public struct ExtractionUpdate: Sendable {
    public var key: ExtractionKey
    /// The newest closed candle's opening, or when the answer came; nil: it has not moved on.
    public var lastOpenTime: Date?
    public var records: Int
    /// Nil: it succeeded.
    public var error: String?

    public init(_ key: ExtractionKey, lastOpenTime: Date? = nil, records: Int = 0, error: String? = nil) {
        self.key = key
        self.lastOpenTime = lastOpenTime
        self.records = records
        self.error = error
    }
}

/// `extraction_metadata`: where each extraction stands.
public struct ExtractionRepository {
    private let connection: Connection

    public init(_ connection: Connection) { self.connection = connection }

    /// Where those of a channel stand that have got anywhere.
    public func standings(_ channel: Channel) throws(PostgresError) -> [ExtractionKey: Date] {
        let rows = try connection.query(
            """
            SELECT exchange, symbol, interval_code, last_open_time FROM crypto_gaf.extraction_metadata
            WHERE data_type = \(channel.rawValue) AND last_open_time IS NOT NULL
            """)
        var standings: [ExtractionKey: Date] = [:]
        for row in rows {
            let key = ExtractionKey(try row.text(0), try row.text(1), channel, KlineInterval(rawValue: try row.text(2)))
            standings[key] = try row.date(3)
        }
        return standings
    }

    /// A standing never moves back. Of one key there may be several updates; they are taken in their order.
    public func record(_ updates: [ExtractionUpdate]) throws(PostgresError) {
        let merged = updates.merged
        guard !merged.isEmpty else { return }
        try connection.execute(
            """
            INSERT INTO crypto_gaf.extraction_metadata AS m
                (exchange, symbol, data_type, interval_code, last_open_time, record_count, failures, last_error)
            SELECT exchange, symbol, data_type, interval_code, last_open_time, records, (error IS NOT NULL)::integer, error
            FROM unnest(\(merged.map(\.key.exchange))::text[], \(merged.map(\.key.symbol))::text[], \(merged.map(\.key.channel.rawValue))::text[],
                \(merged.map { $0.key.interval?.code ?? "" })::text[], \(merged.map(\.lastOpenTime))::timestamptz[],
                \(merged.map(\.records))::bigint[], \(merged.map(\.error))::text[])
                AS new (exchange, symbol, data_type, interval_code, last_open_time, records, error)
            -- Answers come in any order; who notes the same waits for another, and never in a circle.
            ORDER BY exchange, symbol, data_type, interval_code
            ON CONFLICT (exchange, symbol, data_type, interval_code) DO UPDATE SET
                last_open_time = greatest(m.last_open_time, excluded.last_open_time), record_count = m.record_count + excluded.record_count,
                updated_at = clock_timestamp(), last_error = excluded.last_error,
                failures = CASE WHEN excluded.failures = 0 THEN 0 ELSE m.failures + 1 END
            """)
    }
}

extension [ExtractionUpdate] {
    /// One for each key: an upsert takes a row but once.
    fileprivate var merged: [ExtractionUpdate] {
        var places: [ExtractionKey: Int] = [:]
        var merged: [ExtractionUpdate] = []
        for update in self {
            guard let place = places[update.key] else {
                places[update.key] = merged.count
                merged.append(update)
                continue
            }
            merged[place].records += update.records
            merged[place].error = update.error
            if let time = update.lastOpenTime { merged[place].lastOpenTime = Swift.max(merged[place].lastOpenTime ?? time, time) }
        }
        return merged
    }
}
