public import FoundationEssentials
public import Market
public import Postgres

/// Candles that a series should have: those that open in `window` (milliseconds since 1970 UTC, both ends on the grid).
public struct ExpectedCandles: Equatable, Sendable {
    public var series: KlineSeries
    public var window: Range<Int64>

    public init(_ series: KlineSeries, _ window: Range<Int64>) {
        self.series = series
        self.window = window
    }
}

/// Which candles are there, and which are not.
public struct GapRepository {
    private let connection: Connection

    public init(_ connection: Connection) { self.connection = connection }

    /// What each series lacks of what is expected, in the order of `expected`, found in one pass over the candles.
    public func missing(_ expected: [ExpectedCandles]) throws(PostgresError) -> [TimeRanges] {
        var gaps = [[Range<Int64>]](repeating: [], count: expected.count)
        guard !expected.isEmpty else { return [] }
        for row in try connection.query(Self.query(expected)) {
            let place = try row.int(0) - 1
            let (series, window) = (expected[place].series, expected[place].window)
            let start = try row.dateOrNil(1).map { $0.milliseconds + series.interval.milliseconds } ?? window.lowerBound
            gaps[place].append(start..<(try row.dateOrNil(2)?.milliseconds ?? window.upperBound))
        }
        return gaps.map { TimeRanges($0) }
    }

    /// The stretch before the first candle of a window, then those between candles and after the last.
    private static func query(_ expected: [ExpectedCandles]) -> SQL {
        """
        WITH wanted AS (
            SELECT * FROM unnest(\(expected.map(\.series.exchange))::text[], \(expected.map(\.series.pair.description))::text[],
                \(expected.map(\.series.interval.code))::text[], \(expected.map { Duration.seconds($0.series.interval.seconds) })::interval[],
                \(expected.map { Date(milliseconds: $0.window.lowerBound) })::timestamptz[],
                \(expected.map { Date(milliseconds: $0.window.upperBound) })::timestamptz[])
                WITH ORDINALITY AS w (exchange, symbol, interval_code, step, from_time, until_time, place)
        )
        SELECT place, NULL::timestamptz AS after, (
            SELECT min(open_time) FROM crypto_gaf.fact_klines k
            WHERE (k.exchange, k.symbol, k.interval_code) = (w.exchange, w.symbol, w.interval_code) AND open_time >= from_time
                AND open_time < until_time)
        FROM wanted w
        UNION ALL
        SELECT place, open_time, next FROM wanted w CROSS JOIN LATERAL (
            SELECT open_time, lead(open_time, 1, until_time) OVER (ORDER BY open_time) AS next FROM crypto_gaf.fact_klines k
            WHERE k.exchange = w.exchange AND k.symbol = w.symbol AND k.interval_code = w.interval_code
                AND open_time >= from_time AND open_time < until_time) steps
        WHERE next > open_time + step
        """
    }

    /// From when on candles are kept; nil: none were ever dropped.
    public func klinesKeptFrom() throws(PostgresError) -> Date? {
        try connection.query("SELECT kept_from FROM crypto_gaf.retention WHERE fact = 'fact_klines'").oneOrNil()?.date(0)
    }
}

extension Date {
    var milliseconds: Int64 { Int64((timeIntervalSince1970 * 1000).rounded()) }
}
