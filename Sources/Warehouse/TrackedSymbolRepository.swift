public import FoundationEssentials
public import Market
public import Postgres

/// A market that the ingest jobs ask for.
public struct TrackedSymbol: Equatable, Sendable {
    public var exchange: String
    public var pair: Pair
    public var klines: Bool
    public var depth: Bool
    public var tickers: Bool
    /// Of the candles.
    public var intervals: [KlineInterval]
    /// Of the order book, a side.
    public var depthLevels: Int
    /// From when on every candle is accounted for.
    public var since: Date
    /// Intervals of which that is so from an earlier time on.
    public var backfilled: [KlineInterval: Date] = [:]

    /// From when on every candle of that length is accounted for.
    public func since(_ interval: KlineInterval) -> Date { min(since, backfilled[interval] ?? since) }
}

/// What to set of a market; nil stays as it is, or as it is for a new one.
public struct TrackingChanges: Equatable, Sendable {
    public var klines: Bool?
    public var depth: Bool?
    public var tickers: Bool?
    public var intervals: [KlineInterval]?
    public var depthLevels: Int?
    public var since: Date?

    public static let depthLevelsRange = 1...1000

    public init(
        klines: Bool? = nil, depth: Bool? = nil, tickers: Bool? = nil, intervals: [KlineInterval]? = nil, depthLevels: Int? = nil,
        since: Date? = nil
    ) {
        self.klines = klines
        self.depth = depth
        self.tickers = tickers
        self.intervals = intervals
        self.depthLevels = depthLevels
        self.since = since
    }
}

/// `tracked_symbols`: what is asked for is in this table, not in code.
public struct TrackedSymbolRepository {
    private let connection: Connection

    public init(_ connection: Connection) { self.connection = connection }

    /// In the order of exchange and symbol.
    public func list() throws(PostgresError) -> [TrackedSymbol] {
        let backfilled = try backfilled()
        return try connection.query(
            """
            SELECT exchange, symbol, klines, depth, tickers, array_to_string(interval_codes, ','), depth_levels, since
            FROM crypto_gaf.tracked_symbols ORDER BY exchange, symbol
            """
        ).map { row throws(PostgresError) in
            let (exchange, pair) = (try row.text(0), try row.pair(1))
            let times = KlineInterval.allCases.compactMap { interval in
                backfilled[KlineSeries(exchange, pair, interval)].map { (interval, $0) }
            }
            return TrackedSymbol(
                exchange: exchange, pair: pair, klines: try row.bool(2), depth: try row.bool(3), tickers: try row.bool(4),
                intervals: try row.text(5).split(separator: ",").compactMap { KlineInterval(rawValue: String($0)) },
                depthLevels: try row.int(6), since: try row.date(7), backfilled: Dictionary(uniqueKeysWithValues: times))
        }
    }

    private func backfilled() throws(PostgresError) -> [KlineSeries: Date] {
        var times: [KlineSeries: Date] = [:]
        for row in try connection.query("SELECT exchange, symbol, interval_code, since FROM crypto_gaf.backfilled_intervals") {
            guard let interval = KlineInterval(rawValue: try row.text(2)) else { continue }
            times[KlineSeries(try row.text(0), try row.pair(1), interval)] = try row.date(3)
        }
        return times
    }

    /// Answers whether it is new. A time to account from is that of all intervals, backfilled ones too.
    public func track(_ exchange: String, _ pair: Pair, _ changes: TrackingChanges) throws(PostgresError) -> Bool {
        if changes.since != nil {
            try connection.execute(
                "DELETE FROM crypto_gaf.backfilled_intervals WHERE exchange = \(exchange) AND symbol = \(pair.description)")
        }
        return try connection.query(
            """
            INSERT INTO crypto_gaf.tracked_symbols AS t (exchange, symbol, klines, depth, tickers, interval_codes, depth_levels, since)
            VALUES (\(exchange), \(pair.description), coalesce(\(changes.klines)::boolean, true), coalesce(\(changes.depth)::boolean, true),
                coalesce(\(changes.tickers)::boolean, true), coalesce(\(changes.intervals?.map(\.code))::text[], '{1m}'),
                coalesce(\(changes.depthLevels)::integer, 50), coalesce(\(changes.since)::timestamptz, date_trunc('minute', clock_timestamp())))
            ON CONFLICT (exchange, symbol) DO UPDATE SET
                klines = coalesce(\(changes.klines)::boolean, t.klines), depth = coalesce(\(changes.depth)::boolean, t.depth),
                tickers = coalesce(\(changes.tickers)::boolean, t.tickers),
                interval_codes = coalesce(\(changes.intervals?.map(\.code))::text[], t.interval_codes),
                depth_levels = coalesce(\(changes.depthLevels)::integer, t.depth_levels),
                since = coalesce(\(changes.since)::timestamptz, t.since)
            RETURNING xmax = 0
            """
        ).one().bool(0)
    }

    /// False: it was not tracked. What was fetched of it stays.
    public func untrack(_ exchange: String, _ pair: Pair) throws(PostgresError) -> Bool {
        try connection.execute("DELETE FROM crypto_gaf.tracked_symbols WHERE exchange = \(exchange) AND symbol = \(pair.description)") > 0
    }

    /// Accounts for a tracked market's candles of that length from that time on, if it did not already do so from an earlier one.
    ///
    /// - Returns: from when on it did before; nil: from no later, or nobody asks for such candles of that market.
    @discardableResult
    public func accountFrom(_ since: Date, _ series: KlineSeries) throws(PostgresError) -> Date? {
        try connection.query(
            """
            WITH before AS (
                SELECT t.exchange, t.symbol, least(t.since, b.since) AS since, klines AND \(series.interval.code) = ANY (interval_codes) AS asked
                FROM crypto_gaf.tracked_symbols t LEFT JOIN crypto_gaf.backfilled_intervals b
                    ON b.exchange = t.exchange AND b.symbol = t.symbol AND b.interval_code = \(series.interval.code)
                WHERE t.exchange = \(series.exchange) AND t.symbol = \(series.pair.description)
                    AND least(t.since, b.since) > \(since)::timestamptz
            ), moved AS (
                INSERT INTO crypto_gaf.backfilled_intervals AS b (exchange, symbol, interval_code, since)
                SELECT exchange, symbol, \(series.interval.code), \(since)::timestamptz FROM before
                ON CONFLICT (exchange, symbol, interval_code) DO UPDATE SET since = least(b.since, excluded.since)
            )
            SELECT since FROM before WHERE asked
            """
        ).oneOrNil()?.date(0)
    }
}

extension Row {
    func pair(_ column: Int) throws(PostgresError) -> Pair {
        let text = try text(column)
        do { return try Pair(text) } catch { throw PostgresError(.decode, "\(error)") }
    }
}
