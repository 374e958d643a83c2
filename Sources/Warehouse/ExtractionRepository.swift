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
    /// False: its turn did not come.
    public var wasAsked: Bool

    public init(_ key: ExtractionKey, lastOpenTime: Date? = nil, records: Int = 0, error: String? = nil, wasAsked: Bool = true) {
        self.key = key
        self.lastOpenTime = lastOpenTime
        self.records = records
        self.error = error
        self.wasAsked = wasAsked
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
            standings[try row.extraction(channel)] = try row.date(3)
        }
        return standings
    }

    /// The place of each of a channel in the order of when they were asked last, the longest ago first. Who is not there never was.
    public func turns(_ channel: Channel) throws(PostgresError) -> [ExtractionKey: Int] {
        let rows = try connection.query(
            """
            SELECT exchange, symbol, interval_code FROM crypto_gaf.extraction_metadata WHERE data_type = \(channel.rawValue)
            ORDER BY updated_at, exchange, symbol, interval_code
            """)
        var turns: [ExtractionKey: Int] = [:]
        for row in rows { turns[try row.extraction(channel)] = turns.count }
        return turns
    }

    /// A standing never moves back. Of one key there may be several updates; they are taken in their order. When one was asked last is
    /// `updated_at`; `-infinity` where its turn has never come.
    public func record(_ updates: [ExtractionUpdate]) throws(PostgresError) {
        let merged = updates.merged
        guard !merged.isEmpty else { return }
        try connection.execute(
            """
            INSERT INTO crypto_gaf.extraction_metadata AS m
                (exchange, symbol, data_type, interval_code, last_open_time, record_count, failures, last_error, updated_at)
            SELECT exchange, symbol, data_type, interval_code, last_open_time, records, (error IS NOT NULL)::integer, error,
                CASE WHEN was_asked THEN clock_timestamp() ELSE '-infinity' END
            FROM unnest(\(merged.map(\.key.exchange))::text[], \(merged.map(\.key.symbol))::text[], \(merged.map(\.key.channel.rawValue))::text[],
                \(merged.map { $0.key.interval?.code ?? "" })::text[], \(merged.map(\.lastOpenTime))::timestamptz[],
                \(merged.map(\.records))::bigint[], \(merged.map(\.error))::text[],
                \(merged.map { "\($0.wasAsked)" })::boolean[])
                AS new (exchange, symbol, data_type, interval_code, last_open_time, records, error, was_asked)
            -- Answers come in any order; who notes the same waits for another, and never in a circle.
            ORDER BY exchange, symbol, data_type, interval_code
            ON CONFLICT (exchange, symbol, data_type, interval_code) DO UPDATE SET
                last_open_time = greatest(m.last_open_time, excluded.last_open_time), record_count = m.record_count + excluded.record_count,
                updated_at = CASE WHEN isfinite(excluded.updated_at) THEN excluded.updated_at ELSE m.updated_at END, last_error = excluded.last_error,
                failures = CASE WHEN excluded.failures = 0 THEN 0 ELSE m.failures + 1 END
            """)
    }
}

extension Row {
    /// Of the first three columns.
    fileprivate func extraction(_ channel: Channel) throws(PostgresError) -> ExtractionKey {
        ExtractionKey(try text(0), try text(1), channel, KlineInterval(rawValue: try text(2)))
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
            merged[place].wasAsked = merged[place].wasAsked || update.wasAsked
            if let time = update.lastOpenTime { merged[place].lastOpenTime = Swift.max(merged[place].lastOpenTime ?? time, time) }
        }
        return merged
    }
}
