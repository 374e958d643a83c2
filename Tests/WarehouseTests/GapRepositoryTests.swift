import FoundationEssentials
import Market
import Postgres
import TestSupport
import Testing
import Warehouse

@Suite struct GapRepositoryTests {
    private let midnight: Int64 = 1_704_067_200_000

    @Test("gaps are those that single candles show, over a month's end, in empty series and at both ends of the window")
    func property() throws {
        let connection = try worker().connection
        for month in ["2023-12-01", "2024-01-01"] {
            _ = try connection.query("SELECT crypto_gaf.ensure_month('fact_klines', \(month)::date)")
        }
        var random = SeededGenerator(seed: 11)
        var expected: [ExpectedCandles] = []
        var truth: [TimeRanges] = []
        for number in 0..<20 {
            let series = try KlineSeries("binance", Pair("C\(number)-USDT"), number % 2 == 0 ? .minute : .minutes5)
            let step = series.interval.milliseconds
            let openings = (-40..<40).map { midnight + Int64($0) * step }
            let present = openings.filter { _ in number > 1 && Int.random(in: 0..<10, using: &random) < number / 2 + 1 }
            try connection.execute(
                """
                INSERT INTO crypto_gaf.fact_klines (exchange, symbol, interval_code, open_time, open, high, low, close, volume, received_at, object_hash)
                SELECT 'binance', \(series.pair.description), \(series.interval.code), t, 1, 1, 1, 1, 1, now(), 1
                FROM unnest(\(present.map { Date(milliseconds: $0) })::timestamptz[]) AS t
                """)
            let window = (midnight - 30 * step)..<(midnight + 35 * step)
            expected.append(ExpectedCandles(series, window))
            let missing = openings.filter { window.contains($0) && !present.contains($0) }
            truth.append(TimeRanges(missing.map { $0..<($0 + step) }))
        }
        #expect(try GapRepository(connection).missing(expected) == truth)
        #expect(try GapRepository(connection).missing([]) == [])
    }

    @Test(
        "whole hours are known from the rollups: those touched since, those that retention has dropped and those cut by the window are not")
    func rolledUp() throws {
        let fixture = try MinuteFixture()
        try fixture.makeMonths("2026-03")
        let begin = try Date(minute: "2026-03-05T00:00")
        var random = SeededGenerator(seed: 12)
        var present = Set(begin.minutes(4800).filter { _ in Int.random(in: 0..<200, using: &random) > 0 })
        try fixture.put(Array(present))
        try fixture.rollUp()
        let series = try KlineSeries("coinbase", Pair("BTC-USD"), .minute)
        let window = (begin + 1860).milliseconds..<(begin + 4750 * 60).milliseconds
        func check(_ comment: Comment) throws {
            let missing = begin.minutes(4800).filter { !present.contains($0) && window.contains($0.milliseconds) }
            let truth = TimeRanges(missing.map { $0.milliseconds..<($0.milliseconds + 60_000) })
            #expect(try GapRepository(fixture.worker).missing([ExpectedCandles(series, window)]) == [truth], comment)
        }
        try check("rolled up")
        let gone = begin.minutes(4800).filter { _ in Int.random(in: 0..<300, using: &random) == 0 }
        present.subtract(gone)
        try fixture.remove(gone)
        try check("touched")
        try fixture.rollUp()
        try check("rolled up again")
        let late = begin.minutes(4800).filter { _ in Int.random(in: 0..<100, using: &random) == 0 }
        present.formUnion(late)
        try fixture.put(late)
        try check("late")
        // As if the first half had been dropped with its month: what the rollups keep of it tells nothing.
        try fixture.rollUp()
        let kept = begin + 2400 * 60
        try fixture.database.connect().execute("DELETE FROM crypto_gaf.fact_klines WHERE open_time < \(kept)::timestamptz")
        try fixture.database.connect().execute("INSERT INTO crypto_gaf.retention VALUES ('fact_klines', \(kept)::timestamptz)")
        present = present.filter { $0 >= kept }
        try check("dropped")
    }

    @Test("two that write the ledger of one series at once wait for each other, and the last one's word stands")
    func twoAtOnce() throws {
        let (database, connection) = try worker()
        let series = try KlineSeries("binance", Pair("BTC-USDT"), .minute)
        let window = midnight..<(midnight + 3_600_000)
        @Sendable func write(_ connection: Connection, _ reason: String) throws {
            let found = MissingStretch(window, .lost, reason, isFinal: false, askedAt: Date(timeIntervalSince1970: 1_704_200_000))
            let repository = CoverageRepository(connection)
            for _ in 0..<50 { try connection.transaction { try repository.replace([found], in: ExpectedCandles(series, window)) } }
        }
        let other = Background { try write(database.connect(as: "test_worker"), "other") }
        try write(connection, "this")
        try other.value()
        #expect(try CoverageRepository(connection).missing(of: [ExpectedCandles(series, window)])[0].map(\.range) == [window])
    }

    @Test("the ledger gives back what it was given, and a day that did not change keeps its time of check")
    func ledger() throws {
        let connection = try worker().connection
        let coverage = CoverageRepository(connection)
        let series = try KlineSeries("binance", Pair("BTC-USDT"), .minute)
        let expected = ExpectedCandles(series, midnight..<(midnight + 86_400_000))
        let askedAt = Date(timeIntervalSince1970: 1_704_200_000)
        let stretches = [
            MissingStretch(midnight..<(midnight + 60_000), .absent, "none", isFinal: true, askedAt: askedAt),
            MissingStretch((midnight + 600_000)..<(midnight + 900_000), .lost, "away", isFinal: false, askedAt: askedAt),
        ]
        try connection.transaction { try coverage.replace(stretches, in: expected) }
        #expect(try coverage.missing(of: [expected]) == [stretches])
        let other = KlineSeries("kraken", series.pair, .minute)
        let windows = [0..<600_000, 60_000..<600_001, 840_000..<840_001, 900_000..<960_000, -60_000..<0].map { (window: Range<Int64>) in
            ExpectedCandles(series, (midnight + window.lowerBound)..<(midnight + window.upperBound))
        }
        #expect(
            try coverage.missing(of: [ExpectedCandles(other, expected.window)] + windows)
                == [[], [stretches[0]], [stretches[1]], [stretches[1]], [], []],
            "those that reach into the window, whole")
        #expect(try coverage.missing(of: []) == [])
        try connection.transaction { try coverage.replace([], in: expected) }
        #expect(try coverage.missing(of: [expected]) == [[]])

        let wide = MissingStretch(midnight..<(midnight + 600_000), .absent, "wide", isFinal: true, askedAt: askedAt)
        try connection.transaction { try coverage.replace([wide], in: expected) }
        let inner = (midnight + 120_000)..<(midnight + 240_000)
        let found = MissingStretch(inner, .lost, "inner", isFinal: false, askedAt: askedAt)
        for _ in 0..<2 { try connection.transaction { try coverage.replace([found], in: ExpectedCandles(series, inner)) } }
        let parts = [midnight..<inner.lowerBound, inner.upperBound..<(midnight + 600_000)].map {
            MissingStretch($0, .absent, "wide", isFinal: true, askedAt: askedAt)
        }
        #expect(try coverage.missing(of: [expected]) == [[parts[0], found, parts[1]]], "what lies outside of the window stays")

        let day = CoveredDay(day: Date(milliseconds: midnight), expected: 1440, present: 1434, absent: 1, lost: 5)
        func checkedAt() throws -> Date {
            try connection.query("SELECT checked_at FROM crypto_gaf.coverage WHERE day = '2024-01-01' AND unexplained = 0").one().date(0)
        }
        try coverage.record([day], of: series)
        #expect(try coverage.expected(on: [(day.day - 86_400, series), (day.day, series), (day.day, other)]) == [0, 1440, 0])
        let first = try checkedAt()
        try coverage.record([day], of: series)
        #expect(try checkedAt() == first)
        try coverage.record([CoveredDay(day: day.day, expected: 1440, present: 1440, absent: 0, lost: 0)], of: series)
        #expect(try checkedAt() > first)
    }
}
