public import FoundationEssentials
import Market
public import Postgres

/// Candles that are not there, and why.
public struct MissingStretch: Equatable, Sendable {
    public enum State: String, Sendable {
        /// The venue was asked and had none; final once a second answer says the same.
        case absent
        case lost
    }

    /// Of openings, half-open, in milliseconds since 1970 UTC.
    public var range: Range<Int64>
    public var state: State
    public var reason: String
    /// Asking again makes no sense.
    public var isFinal: Bool
    public var askedAt: Date

    public init(_ range: Range<Int64>, _ state: State, _ reason: String, isFinal: Bool, askedAt: Date) {
        self.range = range
        self.state = state
        self.reason = reason
        self.isFinal = isFinal
        self.askedAt = askedAt
    }

    func cut(to range: Range<Int64>) -> MissingStretch { MissingStretch(range, state, reason, isFinal: isFinal, askedAt: askedAt) }
}

/// A day of a series: what should be there, and what is.
public struct CoveredDay: Equatable, Sendable {
    /// Its beginning, UTC.
    public var day: Date
    public var expected: Int
    public var present: Int
    public var absent: Int
    public var lost: Int

    public init(day: Date, expected: Int, present: Int, absent: Int, lost: Int) {
        self.day = day
        self.expected = expected
        self.present = present
        self.absent = absent
        self.lost = lost
    }
}

/// The ledger of what is missing and why, and its sums by the day.
public struct CoverageRepository {
    private let connection: Connection

    public init(_ connection: Connection) { self.connection = connection }

    /// What is known to be missing of each, in the order of `expected` and there in the order of time; of a stretch that reaches out of
    /// the window, all of it.
    public func missing(of expected: [ExpectedCandles]) throws(PostgresError) -> [[MissingStretch]] {
        var known = [[MissingStretch]](repeating: [], count: expected.count)
        guard !expected.isEmpty else { return [] }
        // Stretches of a series do not overlap: only the last that begins before the window may reach into it.
        let rows = try connection.query(
            """
            SELECT place, m.first_open, m.last_open, m.state, m.reason, m.final, m.asked_at
            FROM \(expected.rows) CROSS JOIN LATERAL (
                SELECT max(first_open) AS first_open FROM crypto_gaf.missing_klines b
                WHERE b.exchange = w.exchange AND b.symbol = w.symbol AND b.interval_code = w.interval_code AND b.first_open < from_time
            ) before JOIN crypto_gaf.missing_klines m ON m.exchange = w.exchange AND m.symbol = w.symbol
                AND m.interval_code = w.interval_code AND m.first_open >= coalesce(before.first_open, from_time)
                AND m.first_open < until_time AND m.last_open >= from_time
            ORDER BY place, m.first_open
            """)
        for row in rows {
            let place = try row.int(0) - 1
            if let stretch = try Self.stretch(row, from: 1, expected[place].series.interval) { known[place].append(stretch) }
        }
        return known
    }

    /// From its six columns; nil: of a state that is not known.
    private static func stretch(_ row: Row, from column: Int, _ interval: KlineInterval) throws(PostgresError) -> MissingStretch? {
        guard let state = MissingStretch.State(rawValue: try row.text(column + 2)) else { return nil }
        return MissingStretch(
            try row.date(column).milliseconds..<(try row.date(column + 1).milliseconds + interval.milliseconds), state,
            try row.text(column + 3), isFinal: try row.bool(column + 4), askedAt: try row.date(column + 5))
    }

    /// Others who settle the series wait until the transaction ends, and find then what it wrote. To be called before what is to be
    /// settled is read.
    public func lock(_ series: KlineSeries) throws(PostgresError) {
        try AdvisoryLock(.ledger, "\(series.exchange) \(series.pair) \(series.interval)").acquireForTransaction(on: connection)
    }

    /// Puts these in the place of all that was known of the series within the window; of a stretch that reaches out of it, what lies
    /// outside stays. The caller has a transaction open, and others who do the same for the series wait for its end.
    public func replace(_ stretches: [MissingStretch], in expected: ExpectedCandles) throws(PostgresError) {
        let series = expected.series
        try lock(series)
        let removed = try connection.query(
            """
            DELETE FROM crypto_gaf.missing_klines
            WHERE exchange = \(series.exchange) AND symbol = \(series.pair.description) AND interval_code = \(series.interval.code)
                AND first_open < \(Date(milliseconds: expected.window.upperBound)) AND last_open >= \(Date(milliseconds: expected.window.lowerBound))
            RETURNING first_open, last_open, state, reason, final, asked_at
            """)
        var outside: [MissingStretch] = []
        for row in removed {
            guard let stretch = try Self.stretch(row, from: 0, series.interval) else { continue }
            outside += TimeRanges([stretch.range]).subtracting(TimeRanges([expected.window])).ranges.map { stretch.cut(to: $0) }
        }
        try insert(stretches + outside, of: series)
    }

    private func insert(_ stretches: [MissingStretch], of series: KlineSeries) throws(PostgresError) {
        guard !stretches.isEmpty else { return }
        let step = series.interval.milliseconds
        try connection.execute(
            """
            INSERT INTO crypto_gaf.missing_klines
                (exchange, symbol, interval_code, first_open, last_open, candles, state, reason, final, asked_at)
            SELECT \(series.exchange), \(series.pair.description), \(series.interval.code), n.*
            FROM unnest(\(stretches.map { Date(milliseconds: $0.range.lowerBound) })::timestamptz[],
                \(stretches.map { Date(milliseconds: $0.range.upperBound - step) })::timestamptz[],
                \(stretches.map { ($0.range.upperBound - $0.range.lowerBound) / step })::integer[],
                \(stretches.map(\.state.rawValue))::text[], \(stretches.map(\.reason))::text[], \(stretches.map(\.isFinal))::boolean[],
                \(stretches.map(\.askedAt))::timestamptz[]) AS n
            """)
    }

    /// How many candles are accounted for on days (UTC), each by its beginning and series; 0: the ledger has nothing of it.
    public func expected(on days: [(day: Date, series: KlineSeries)]) throws(PostgresError) -> [Int] {
        var counts: [Int] = []
        let rows = try connection.query(
            """
            SELECT coalesce(expected, 0) FROM unnest(\(days.map(\.day))::timestamptz[], \(days.map(\.series.exchange))::text[],
                \(days.map(\.series.pair.description))::text[], \(days.map(\.series.interval.code))::text[])
                WITH ORDINALITY AS w (start, exchange, symbol, interval_code, place)
            LEFT JOIN crypto_gaf.coverage c ON c.exchange = w.exchange AND c.symbol = w.symbol AND c.interval_code = w.interval_code
                AND c.day = (start AT TIME ZONE 'UTC')::date
            ORDER BY place
            """)
        for row in rows { counts.append(try row.int(0)) }
        return counts
    }

    /// Days that have not changed are left as they are.
    public func record(_ days: [CoveredDay], of series: KlineSeries) throws(PostgresError) {
        guard !days.isEmpty else { return }
        try connection.execute(
            """
            INSERT INTO crypto_gaf.coverage AS c (exchange, symbol, interval_code, day, expected, present, absent, lost)
            SELECT \(series.exchange), \(series.pair.description), \(series.interval.code), (n.day AT TIME ZONE 'UTC')::date, expected, present,
                absent, lost
            FROM unnest(\(days.map(\.day))::timestamptz[], \(days.map(\.expected))::integer[], \(days.map(\.present))::integer[],
                \(days.map(\.absent))::integer[], \(days.map(\.lost))::integer[]) AS n (day, expected, present, absent, lost)
            ON CONFLICT (exchange, symbol, interval_code, day) DO UPDATE SET expected = excluded.expected, present = excluded.present,
                absent = excluded.absent, lost = excluded.lost, checked_at = clock_timestamp()
            WHERE (c.expected, c.present, c.absent, c.lost) IS DISTINCT FROM (excluded.expected, excluded.present, excluded.absent, excluded.lost)
            """)
    }
}
