import FoundationEssentials
import Market
import Postgres
import TestSupport
import Testing
import Warehouse

@Suite struct RollupPropertyTests {
    /// The night on which Berlin's clocks go forward, in a month's last days and the next one's first.
    private static let start = "2026-03-29T20:00"
    private static let span = 4 * 1440

    /// A random change of some minutes: new, late, other values, removed.
    private func change(_ minutes: MinuteFixture, symbols: [String] = ["BTC-USD", "ETH-USD"], _ random: inout SeededGenerator) throws {
        let first = try Date(minute: Self.start).addingTimeInterval(60 * Double(Int.random(in: 0..<Self.span, using: &random)))
        let run = first.minutes(Int.random(in: 1...150, using: &random))
        let times = Bool.random(using: &random) ? run : run.filter { _ in Int.random(in: 0..<9, using: &random) == 0 }
        let (exchange, symbol) = (["coinbase", "kraken"].randomElement(using: &random)!, symbols.randomElement(using: &random)!)
        if Int.random(in: 0..<4, using: &random) == 0 {
            try minutes.remove(times, symbol, exchange: exchange)
        } else {
            try minutes.put(
                times, symbol, exchange: exchange, price: Decimal(Int.random(in: 100_000...999_999, using: &random)) / 1000,
                volume: Decimal(Int.random(in: 0...9_999_999, using: &random)) / 1_000_000,
                quoteVolume: exchange == "kraken" ? nil : Decimal(Int.random(in: 0...99_999, using: &random)) / 100,
                trades: Int.random(in: 0..<5, using: &random) == 0 ? nil : Int.random(in: 0...50, using: &random))
        }
    }

    private func expectEqual(_ minutes: MinuteFixture, _ comment: Comment) throws {
        let oracle = try RollupOracle(minutes.worker)
        #expect(try minutes.rows("hourly_klines") == oracle.hourlyRows, comment)
        #expect(try minutes.rows("daily_klines") == oracle.dailyRows, comment)
    }

    @Test("whatever changes in whatever order, rollups are those of the minutes that are there", arguments: 0..<UInt64(Soak.count(50)))
    func incremental(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let minutes = try MinuteFixture()
        try minutes.makeMonths("2026-03", "2026-04")
        for _ in 0..<40 {
            try change(minutes, &random)
            // Sometimes only a part of what was touched.
            if Bool.random(using: &random) { _ = try RollupRepository(minutes.worker).rollUp(limit: Int.random(in: 1...9, using: &random)) }
        }
        try minutes.rollUp(limit: 7)
        try expectEqual(minutes, "seed \(seed)")
        try rebuild(minutes, seed)
    }

    /// From nothing, and from rows that are wrong.
    private func rebuild(_ minutes: MinuteFixture, _ seed: UInt64) throws {
        let (hours, days) = (try minutes.rows("hourly_klines"), try minutes.rows("daily_klines"))
        for damage in [
            "DELETE FROM crypto_gaf.hourly_klines; DELETE FROM crypto_gaf.daily_klines",
            """
            UPDATE crypto_gaf.hourly_klines SET volume = volume + 1, open_time = open_time + interval '20 days' WHERE symbol = 'ETH-USD';
            UPDATE crypto_gaf.daily_klines SET close = close + 1 WHERE symbol = 'BTC-USD'; DELETE FROM crypto_gaf.daily_klines WHERE exchange = 'kraken'
            """,
        ] {
            try minutes.worker.run(script: damage)
            _ = try RollupRepository(minutes.worker).touchAll()
            try minutes.rollUp(limit: 50)
            #expect(try minutes.rows("hourly_klines") == hours && minutes.rows("daily_klines") == days, "seed \(seed)")
        }
    }

    @Test("two rollups at once, while minutes come in, miss none", arguments: 0..<UInt64(Soak.count(20)))
    func together(seed: UInt64) throws {
        let minutes = try MinuteFixture()
        try minutes.makeMonths("2026-03", "2026-04")
        let database = minutes.database
        let options = database.options(as: "test_worker")
        let writers = ["BTC-USD", "ETH-USD"].map { [self] symbol in
            Background {
                var random = SeededGenerator(seed: seed * 2 + (symbol == "BTC-USD" ? 0 : 1))
                let own = MinuteFixture(database, try Connection(options))
                for _ in 0..<30 { try change(own, symbols: [symbol], &random) }
            }
        }
        let rollers = [1, 3].map { limit in
            Background {
                let rollups = RollupRepository(try Connection(options))
                for _ in 0..<60 { _ = try rollups.rollUp(limit: limit) }
            }
        }
        for background in writers + rollers { try background.value() }
        try minutes.rollUp()
        try expectEqual(minutes, "seed \(seed)")
    }

    @Test("a range rolls up its hours and leaves the rest")
    func range() throws {
        let minutes = try MinuteFixture()
        try minutes.makeMonths("2026-03", "2026-04")
        let start = try Date(minute: "2026-03-31T20:00")
        try minutes.put(start.minutes(600))
        try minutes.rollUp()
        let before = try minutes.rows("hourly_klines")
        try minutes.worker.execute("UPDATE crypto_gaf.hourly_klines SET volume = 0")
        let rollups = RollupRepository(minutes.worker)
        #expect(try rollups.touchAll(from: start.addingTimeInterval(3 * 3600 + 600), to: start.addingTimeInterval(5 * 3600)) == 2)
        try minutes.rollUp()
        let after = try minutes.rows("hourly_klines")
        #expect(zip(before, after).map { $0 == $1 } == (0..<10).map { (3..<5).contains($0) })
    }
}
