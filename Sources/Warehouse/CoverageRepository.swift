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

    /// What is known to be missing, by series, each in the order of time.
    public func missing(of exchanges: [String]) throws(PostgresError) -> [KlineSeries: [MissingStretch]] {
        let rows = try connection.query(
            """
            SELECT exchange, symbol, interval_code, first_open, last_open, state, reason, final, asked_at FROM crypto_gaf.missing_klines
            WHERE exchange = ANY (\(exchanges)::text[]) ORDER BY exchange, symbol, interval_code, first_open
            """)
        return try Self.stretches(rows)
    }

    private static func stretches(_ rows: Rows) throws(PostgresError) -> [KlineSeries: [MissingStretch]] {
        var known: [KlineSeries: [MissingStretch]] = [:]
        for row in rows {
            guard let interval = KlineInterval(rawValue: try row.text(2)), let state = MissingStretch.State(rawValue: try row.text(5))
            else {
                continue
            }
            let range = try row.date(3).milliseconds..<(try row.date(4).milliseconds + interval.milliseconds)
            known[KlineSeries(try row.text(0), try row.pair(1), interval), default: []].append(
                MissingStretch(range, state, try row.text(6), isFinal: try row.bool(7), askedAt: try row.date(8)))
        }
        return known
    }

    /// Puts these in the place of all that was known of the series within the window; of a stretch that reaches out of it, what lies
    /// outside stays. The caller has a transaction open, and others who do the same for the series wait for its end.
    public func replace(_ stretches: [MissingStretch], in expected: ExpectedCandles) throws(PostgresError) {
        let series = expected.series
        try AdvisoryLock(.ledger, "\(series.exchange) \(series.pair) \(series.interval)").acquireForTransaction(on: connection)
        let removed = try connection.query(
            """
            DELETE FROM crypto_gaf.missing_klines
            WHERE exchange = \(series.exchange) AND symbol = \(series.pair.description) AND interval_code = \(series.interval.code)
                AND first_open < \(Date(milliseconds: expected.window.upperBound)) AND last_open >= \(Date(milliseconds: expected.window.lowerBound))
            RETURNING exchange, symbol, interval_code, first_open, last_open, state, reason, final, asked_at
            """)
        let outside = try Self.stretches(removed)[series, default: []].flatMap { stretch in
            TimeRanges([stretch.range]).subtracting(TimeRanges([expected.window])).ranges.map { stretch.cut(to: $0) }
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

    /// How many candles are accounted for on the day (UTC) that begins then.
    public func expected(on day: Date, of series: KlineSeries) throws(PostgresError) -> Int {
        try connection.query(
            """
            SELECT coalesce(max(expected), 0)::integer FROM crypto_gaf.coverage
            WHERE exchange = \(series.exchange) AND symbol = \(series.pair.description) AND interval_code = \(series.interval.code)
                AND day = (\(day)::timestamptz AT TIME ZONE 'UTC')::date
            """
        ).one().int(0)
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
