import Foundation
import Jobs
import Lake
import Market
import Postgres
import Runtime
import TestSupport
import Testing
import Warehouse

@Suite struct ReplayTests {
    private func day(_ number: Double) -> Date { Date(timeIntervalSince1970: Double(TransformFixture.epoch) / 1000 + number * 86_400) }

    /// Candles in two versions, of two markets, a book, and what is no good; one object lies in the archive.
    private func fill(_ fixture: TransformFixture) throws {
        for number in 0..<12 {
            let symbol = ["BTC-USDT", "ETH-USDT"][number % 2]
            try fixture.put(.minutes(number * 5..<number * 5 + 10, version: number, symbol: symbol, receivedAt: 1440 * Double(30 + number)))
        }
        try fixture.put(.klines("<html>", receivedAt: 1440 * 33))
        try fixture.put(
            .answer(#"{"bids":[["9.5","2"]],"asks":[["10","1"]]}"#, symbol: "BTC-USDT", channel: "depth", receivedAt: 1440 * 34))
    }

    @Test("raw data alone is enough: an empty database ends with the tables that transform made, archived objects too")
    func emptyDatabase() throws {
        let fixture = try TransformFixture()
        try fill(fixture)
        try fixture.transform()
        let expected = try fixture.digest()
        let store = try fixture.lake.open()
        let archived = try store.list(prefix: "binance/BTC-USDT/klines/", after: nil, limit: 2).objects.map(\.key)
        for key in archived {
            try fixture.lake.archive().open().put(key, try store.get(key))
            try store.remove(key)
        }
        try fixture.forget()
        try fixture.connection.run(script: "TRUNCATE crypto_gaf.raw_objects")
        let counts = try fixture.replay()
        #expect(counts["objects"] == 14)
        #expect(try fixture.digest() == expected)
        #expect(try fixture.due() == 0)
        #expect(try fixture.texts("SELECT object_key FROM crypto_gaf.raw_objects WHERE location = 'archive' ORDER BY 1") == archived)
        #expect(try fixture.transform(discovers: true)["objects"] == nil)
    }

    @Test("replayed over what is there, everything is a duplicate, and no hour is touched")
    func again() throws {
        let fixture = try TransformFixture()
        try fill(fixture)
        try fixture.transform()
        let expected = try fixture.digest()
        try fixture.connection.run(script: "TRUNCATE crypto_gaf.touched_hours")
        for _ in 0..<2 {
            let counts = try fixture.replay()
            #expect(
                counts["rows_read"] == 122 && counts["rows_duplicate"] == 122 && counts["rows_inserted"] == 0 && counts["rows_updated"] == 0
            )
        }
        #expect(try fixture.digest() == expected)
        #expect(try fixture.count("SELECT count(*) FROM crypto_gaf.touched_hours") == 0)
        #expect(try fixture.count("SELECT sum(rows_inserted + rows_updated)::int FROM crypto_gaf.processed_files") > 60)
    }

    @Test("only the chosen days, venue and market are loaded")
    func choice() throws {
        let fixture = try TransformFixture()
        try fill(fixture)
        #expect(try fixture.replay(Replay.Choice(from: day(31), to: day(33.5)))["objects"] == 4)
        #expect(try fixture.replay(Replay.Choice(from: day(0), to: day(60), symbol: Pair("ETH-USDT")))["objects"] == 6)
        #expect(
            try fixture.replay(Replay.Choice(from: day(32), to: day(32), exchange: "binance", symbol: Pair("BTC-USDT")))["objects"] == 1)
        #expect(try fixture.replay(Replay.Choice(from: day(0), to: day(60), exchange: "kraken")).isEmpty)
    }

    @Test("an object in a shape that nobody reads is told and left, and stops nothing")
    func otherShape() throws {
        let fixture = try TransformFixture()
        try fixture.put(.klines(#"{"candles":[]}"#, receivedAt: 1440 * 20))
        try fill(fixture)
        let counts = try fixture.replay()
        #expect(counts["objects"] == 14 && counts["other_shape"] == 1)
        #expect(try fixture.due() == 1)
        #expect(try fixture.count("SELECT count(*) FROM crypto_gaf.stopped_channels") == 0)
        #expect(fixture.log.count("replay.object_of_other_shape") == 1)
    }

    @Test("the program killed in the midst and started again ends with the same tables; it says what it did")
    func program() throws {
        let fixture = try TransformFixture()
        try fill(fixture)
        try fixture.replay()
        let expected = try fixture.digest()
        try fixture.forget()
        try fixture.slowDown(by: 0.05)
        let words = ["replay", "--from", "2026-03-01", "--to", "2026-06-01"]
        let killed = try Program.start(words, environment: fixture.environment)
        while killed.isRunning, try fixture.candles() == 0 { usleep(2_000) }
        killed.signal(SIGKILL)
        _ = killed.wait()
        let result = try Program.run(words, environment: fixture.environment)
        #expect(result.status == 0, "\(result.errors)")
        #expect(result.errors.contains("\"event\":\"replay.finished\"") && result.errors.contains("\"objects\":14"))
        #expect(try fixture.digest() == expected)
        #expect(try Program.run(["replay"], environment: fixture.environment).status == 64)
        #expect(try Program.run(words + ["--symbol", "BTC"], environment: fixture.environment).status == 64)
        #expect(try Program.run(["replay", "--from", "2026-03-02", "--to", "2026-03-01"], environment: fixture.environment).status == 64)
    }
}
