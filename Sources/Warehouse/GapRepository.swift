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

extension [ExpectedCandles] {
    /// As `w (exchange, symbol, interval_code, step, from_time, until_time, place)`, places from 1.
    var rows: SQL {
        """
        unnest(\(map(\.series.exchange))::text[], \(map(\.series.pair.description))::text[], \(map(\.series.interval.code))::text[],
            \(map { Duration.seconds($0.series.interval.seconds) })::interval[],
            \(map { Date(milliseconds: $0.window.lowerBound) })::timestamptz[],
            \(map { Date(milliseconds: $0.window.upperBound) })::timestamptz[])
            WITH ORDINALITY AS w (exchange, symbol, interval_code, step, from_time, until_time, place)
        """
    }
}

/// Which candles are there, and which are not.
public struct GapRepository {
    private let connection: Connection

    public init(_ connection: Connection) { self.connection = connection }

    /// What each series lacks of what is expected, in the order of `expected`. Hours that the rollups say are whole are not looked into:
    /// `hourly_klines` and `touched_hours` together tell of every minute that is kept.
    public func missing(_ expected: [ExpectedCandles]) throws(PostgresError) -> [TimeRanges] {
        let doubtful = try doubtful(expected)
        let parts = expected.indices.flatMap { place in
            doubtful[place].ranges.map { (place: place, candles: ExpectedCandles(expected[place].series, $0)) }
        }
        let found = try gaps(parts.map(\.candles), in: "crypto_gaf.fact_klines", of: "k.interval_code = w.interval_code")
        var gaps = [[Range<Int64>]](repeating: [], count: expected.count)
        for (part, found) in zip(parts, found) { gaps[part.place] += found }
        return gaps.map { TimeRanges($0) }
    }

    /// Where candles may be missing: of minutes, outside of the whole hours that nobody has touched since they were rolled up.
    private func doubtful(_ expected: [ExpectedCandles]) throws(PostgresError) -> [TimeRanges] {
        let hour = KlineInterval.hour
        let minutes = expected.indices.filter { expected[$0].series.interval == .minute }
        let hours = minutes.map { place in
            let (series, window) = (expected[place].series, expected[place].window)
            let end = hour.open(at: window.upperBound + hour.milliseconds - 1)
            return ExpectedCandles(KlineSeries(series.exchange, series.pair, hour), hour.open(at: window.lowerBound)..<end)
        }
        // First: an hour that is rolled up after this is in one of the two.
        let touched = try touched(hours)
        let broken = try gaps(
            hours, in: "crypto_gaf.hourly_klines",
            of: """
                k.minutes_present = k.minutes_expected AND k.open_time >= coalesce(
                    (SELECT kept_from FROM crypto_gaf.retention WHERE fact = 'fact_klines'), '-infinity')
                """)
        var doubtful = expected.map { TimeRanges([$0.window]) }
        for (number, place) in minutes.enumerated() {
            doubtful[place] = doubtful[place].intersection(TimeRanges(broken[number] + touched[number]))
        }
        return doubtful
    }

    /// Hours whose minutes have changed since they were rolled up.
    private func touched(_ hours: [ExpectedCandles]) throws(PostgresError) -> [[Range<Int64>]] {
        var touched = [[Range<Int64>]](repeating: [], count: hours.count)
        guard !hours.isEmpty else { return [] }
        let rows = try connection.query(
            """
            SELECT DISTINCT place, t.hour FROM \(hours.rows) JOIN crypto_gaf.touched_hours t
                ON t.exchange = w.exchange AND t.symbol = w.symbol AND t.hour >= from_time AND t.hour < until_time
            """)
        for row in rows {
            let hour = try row.date(1).milliseconds
            touched[try row.int(0) - 1].append(hour..<(hour + KlineInterval.hour.milliseconds))
        }
        return touched
    }

    /// Where a table lacks rows: before the first of a window and between two of them, and after the last.
    private func gaps(_ expected: [ExpectedCandles], in table: SQL, of kind: SQL) throws(PostgresError) -> [[Range<Int64>]] {
        var gaps = [[Range<Int64>]](repeating: [], count: expected.count)
        guard !expected.isEmpty else { return [] }
        let windows = expected.rows
        let rows: SQL = """
            \(table) k WHERE k.exchange = w.exchange AND k.symbol = w.symbol AND \(kind) AND open_time >= from_time AND open_time < until_time
            """
        let found = try connection.query(
            """
            SELECT place, previous + step, open_time FROM \(windows) CROSS JOIN LATERAL (
                SELECT open_time, lag(open_time, 1, from_time - step) OVER (ORDER BY open_time) AS previous FROM \(rows)) AS steps
            WHERE open_time > previous + step
            UNION ALL
            SELECT place, coalesce(last + step, from_time), until_time FROM \(windows) CROSS JOIN LATERAL (
                SELECT max(open_time) AS last FROM \(rows)) AS ends
            WHERE last IS NULL OR last + step < until_time
            """)
        for row in found {
            gaps[try row.int(0) - 1].append(try row.date(1).milliseconds..<(try row.date(2).milliseconds))
        }
        return gaps
    }

    /// From when on candles are kept; nil: none were ever dropped.
    public func klinesKeptFrom() throws(PostgresError) -> Date? {
        try connection.query("SELECT kept_from FROM crypto_gaf.retention WHERE fact = 'fact_klines'").oneOrNil()?.date(0)
    }
}
