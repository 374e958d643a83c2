import Foundation
import Jobs
import Lake
import Market
import Postgres
import Runtime
import TestSupport
import Testing
import Warehouse

/// Feeds as they come: with drops that are fetched again, repeats, in any order, and rows that are late.
@Suite struct TransformPropertyTests {
    /// One million rows in make soak.
    private static let minutes = Soak.isOn ? 250_000 : 10_000
    private static let symbols = ["BTC-USDT", "ETH-USDT", "SOL-USDT", "XRP-USDT"]
    private static let page = 1000

    /// The last version of each candle, whole pages, in order.
    private func clean(_ fixture: TransformFixture) throws {
        for symbol in Self.symbols {
            for start in stride(from: 0, to: Self.minutes, by: Self.page) {
                try fixture.put(
                    .minutes(start..<min(start + Self.page, Self.minutes), version: 9, symbol: symbol, receivedAt: 1_000_000),
                    isRecorded: false)
            }
        }
    }

    /// The same candles at last, by way of earlier versions, repeats, holes and their filling, in runs of any size.
    private func disturbed(_ fixture: TransformFixture, using random: inout SeededGenerator) throws {
        var objects: [RawObject] = []
        for symbol in Self.symbols {
            for start in stride(from: 0, to: Self.minutes, by: Self.page) {
                let minutes = Array(start..<min(start + Self.page, Self.minutes))
                // An early version of some, from before.
                objects.append(
                    .minutes(minutes.filter { _ in Bool.random(using: &random) }, version: 1, symbol: symbol, receivedAt: 900_000))
                // What was dropped comes late, in an answer of its own.
                let dropped = Set(minutes.filter { _ in Int.random(in: 0..<20, using: &random) == 0 })
                objects.append(
                    .minutes(
                        minutes.filter { !dropped.contains($0) }.shuffled(using: &random), version: 9, symbol: symbol, receivedAt: 1_000_000
                    ))
                objects.append(.minutes(dropped.shuffled(using: &random), version: 9, symbol: symbol, receivedAt: 1_000_000))
                // Overlaps the neighbours.
                objects.append(
                    .minutes(
                        max(start - 100, 0)..<min(start + 200, Self.minutes), version: 9, symbol: symbol, receivedAt: 1_000_000))
            }
        }
        objects.shuffle(using: &random)
        while !objects.isEmpty {
            let count = min(objects.count, Int.random(in: 1...max(objects.count / 3, 1), using: &random))
            for object in objects.prefix(count) { try fixture.put(object) }
            objects.removeFirst(count)
            try fixture.transform(workers: 2)
            if Bool.random(using: &random) { try fixture.connection.run(script: "UPDATE crypto_gaf.raw_objects SET due = random() < 0.3") }
        }
        try fixture.transform()
    }

    /// Without the object that a version is from: other answers may hold the same candle.
    private func candles(_ fixture: TransformFixture) throws -> String {
        let row = try fixture.connection.query(
            """
            SELECT md5(string_agg(md5((symbol, interval_code, open_time, open, high, low, close, volume, quote_volume, trade_count,
                taker_buy_volume, taker_buy_quote_volume, received_at)::text), '' ORDER BY symbol, open_time)), count(*)
            FROM crypto_gaf.fact_klines
            """
        ).one()
        return "\(try row.text(0)) of \(try row.int(1)) rows"
    }

    /// Hours and days, rolled up from what was touched alone.
    private func rollups(_ fixture: TransformFixture) throws -> String {
        _ = try AggregateJob().run(fixture.context())
        let row = try fixture.connection.query(
            """
            SELECT md5(string_agg(line, '' ORDER BY line COLLATE "C")), count(*) FROM (
                SELECT 'hour ' || h::text AS line FROM crypto_gaf.hourly_klines h
                UNION ALL SELECT 'day ' || d::text FROM crypto_gaf.daily_klines d) lines
            """
        ).one()
        return "\(try row.text(0)) of \(try row.int(1)) rows"
    }

    @Test(
        "drops, repeats, other orders and late rows end in the tables of the clean feed: candles, touched hours, and the hours and days made of them"
    )
    func sameTables() throws {
        let (fixture, other) = (try TransformFixture(), try TransformFixture())
        try clean(fixture)
        #expect(try fixture.transform(discovers: true)["rows_inserted"] == Self.minutes * Self.symbols.count)
        var random = SeededGenerator(seed: 7)
        try other.skipListing()
        try disturbed(other, using: &random)
        #expect(try candles(other) == candles(fixture))
        let hours: SQL = "SELECT DISTINCT symbol || hour FROM crypto_gaf.touched_hours ORDER BY 1"
        #expect(try other.texts(hours) == fixture.texts(hours))
        #expect(try rollups(other) == rollups(fixture))
        let days = (Self.minutes + 1439) / 1440
        #expect(try fixture.count("SELECT count(*) FROM crypto_gaf.daily_klines") == days * Self.symbols.count)
    }
}
