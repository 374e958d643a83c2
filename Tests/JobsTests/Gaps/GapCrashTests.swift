import Exchanges
import Foundation
import Jobs
import Market
import Postgres
import TestSupport
import Testing
import Warehouse

/// `fill-gaps` and `backfill`, when they die.
@Suite struct GapCrashTests {
    private let fixture: IngestFixture
    private let series: KlineSeries

    init() throws {
        fixture = try IngestFixture()
        series = try KlineSeries("binance", Pair("BTC-USDT"), .minute)
    }

    /// The same market for a database and a lake of its own.
    private func another() throws -> IngestFixture {
        let directory = "\(fixture.directory)/\(UInt64.random(in: 0 ..< .max))"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        return try IngestFixture(database: TestPostgres.database(), market: fixture.market, directory: directory)
    }

    private func candles(_ fixture: IngestFixture) throws -> Set<String> { Set(try fixture.tables().filter { $0.hasPrefix("candle") }) }

    @Test("fill-gaps killed at random points and started again ends with the tables of one that nobody disturbed")
    func fillGapsKilled() throws {
        let (first, cut) = (IngestFixture.minute(-4000), Date(milliseconds: IngestFixture.minute(-10)))
        fixture.market.setHoles(Set((1...40).map { first + $0 * $0 * 120_000 }))
        fixture.market.edit { rows in rows.map { $0.contains("77") ? $0.replacing("\"3.0\"", with: "\"-3.0\"") : $0 } }
        func track(_ fixture: IngestFixture) throws {
            for symbol in ["BTC-USDT", "ETH-USDT"] {
                let changes = TrackingChanges(intervals: [.minute, .hour], since: Date(milliseconds: first))
                _ = try TrackedSymbolRepository(fixture.connect()).track("binance", Pair(symbol), changes)
            }
        }
        // What is missing is final when it was asked for twice.
        func finish(_ fixture: IngestFixture) throws -> [String] {
            for _ in 0..<2 { try fixture.run(FillGaps(fixture.settings())) }
            return try fixture.tables(before: cut)
        }
        try track(fixture)
        let undisturbed = try finish(fixture)
        #expect(undisturbed.count { $0.hasPrefix("missing") } > 80)
        for _ in 0..<Soak.count(40) {
            let killed = try another()
            try track(killed)
            for _ in 0..<2 { try killed.kill(["job", "fill-gaps"], afterRequests: .random(in: 0...10)) }
            #expect(try killed.locksAreFree())
            let kept = try candles(killed)
            #expect(try finish(killed) == undisturbed)
            #expect(kept.isSubset(of: try candles(killed)), "nothing that was there is gone")
            #expect(try killed.connect().query("SELECT count(*) FROM crypto_gaf.coverage WHERE unexplained <> 0").one().int(0) == 0)
        }
    }

    @Test("a backfill killed at random points and begun again ends with the tables of one that nobody disturbed")
    func backfillKilled() throws {
        let range = Int64(1_735_689_600_000)..<(1_735_689_600_000 + 24_000 * 60_000)
        fixture.market.setHoles(Set((1...70).map { range.lowerBound + $0 * $0 * 240_000 }))
        let words = [
            "backfill", "binance:BTC-USDT", "--interval", "1m", "--from", Date(milliseconds: range.lowerBound).formatted(.iso8601), "--to",
            Date(milliseconds: range.upperBound).formatted(.iso8601),
        ]
        // What is missing is final when it was asked for twice, and stays so.
        func finish(_ fixture: IngestFixture) throws -> [String] {
            for _ in 0..<2 { try fixture.run(VenueBackfill(fixture.settings(), series, range)) }
            return try fixture.tables()
        }
        let undisturbed = try finish(fixture)
        #expect(undisturbed.count { $0.hasPrefix("missing") } == 70)
        for _ in 0..<Soak.count(40) {
            let killed = try another()
            try killed.kill(words, afterRequests: .random(in: 0...28))
            #expect(try killed.locksAreFree())
            let kept = try candles(killed)
            let run = try Program.run(words, environment: killed.environment)
            #expect(try run.status == 0 && kept.isSubset(of: candles(killed)), "\(run.errors)")
            #expect(try finish(killed) == undisturbed)
        }
    }
}
