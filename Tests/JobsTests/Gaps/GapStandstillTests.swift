import Foundation
import Jobs
import Lake
import Market
import Postgres
import Runtime
import Synchronization
import TestSupport
import Testing
import Warehouse

/// `fill-gaps` while the channel that it needs stands still.
@Suite struct GapStandstillTests {
    private let fixture: IngestFixture

    init() throws { fixture = try IngestFixture() }

    /// Loads what is in the lake; of objects that stopped their channel those are given up.
    @discardableResult
    private func transform(skipped: [String] = []) throws -> JobCounts {
        try fixture.run(TransformJob(.init(lake: LakeLocation(url: fixture.lakeURL), discovers: true, skipped: skipped)))
    }

    /// An answer of another shape, which stops the candles of Binance, and which no answer of today is newer than.
    private func stopCandles() throws -> String {
        let time = Date().addingTimeInterval(86_400)
        let object = try RawObject(
            exchange: "binance", symbol: "BTC-USDT", channel: "klines", interval: "1m", url: "https://venue.test/klines",
            requestedAt: time, receivedAt: time, status: 200, body: Array(#"{"msg":"maintenance"}"#.utf8)
        ).encoded()
        try LakeLocation(url: fixture.lakeURL).open().put(object.key, object.bytes)
        #expect(try transform()["channels_stopped"] == 1)
        return object.key
    }

    private final class Count: Sendable {
        let value = Mutex(0)
    }

    /// Answers how often somebody connected to Postgres: at each look at what is due, the two who load do.
    private func fill() throws -> Int {
        let (count, database) = (Count(), fixture.database)
        let run = BatchRun(log: .silent, stop: fixture.stop) { () throws(PostgresError) in
            count.value.withLock { $0 += 1 }
            return try Connection(database.options(as: "test_worker"))
        }
        guard case .succeeded = try run.run(FillGaps(fixture.settings())) else { throw JobFailure("it did not succeed") }
        return count.value.withLock { $0 }
    }

    private func missing() throws -> [String] {
        try fixture.connect().query("SELECT state || ' ' || reason FROM crypto_gaf.missing_klines WHERE symbol = 'ETH-USDT'").map {
            try $0.text(0)
        }
    }

    @Test("it is not waited for and no failure; its candles are told as lost until it goes on, and then are there")
    func stopped() throws {
        try fixture.track("BTC-USDT", minutes: 300)
        let looked = try fill()
        let stop = try stopCandles()
        try fixture.track("ETH-USDT", minutes: 300)
        #expect(try fill() == looked, "one look at what is due, as ever")
        #expect(try missing() == ["lost the venue's candle is in the lake and not loaded; see processed_files"])
        try transform(skipped: [stop])
        _ = try fill()
        #expect(try missing() == [])
    }

    private func number(_ sql: SQL) throws -> Int { try fixture.connect().query(sql).one().int(0) }

    private func switchTransform(on: Bool) throws {
        try fixture.database.connect().execute(
            "INSERT INTO crypto_gaf.jobs AS j (name, enabled) VALUES ('transform', \(on)) ON CONFLICT (name) DO UPDATE SET enabled = \(on)")
    }

    @Test("with transform switched off what comes stays due in the lake, one line says so, and the ledger waits for a later run")
    func switchedOff() throws {
        try fixture.track("BTC-USDT", minutes: 300)
        let (series, end) = (try KlineSeries("binance", Pair("BTC-USDT"), .minute), IngestFixture.minute(-10))
        let hole = IngestFixture.minute(-100)
        fixture.market.setHoles([hole])
        try switchTransform(on: false)
        let log = LogLines()
        #expect(try fixture.run(FillGaps(fixture.settings()), log: log.log) == ["held": 1], "of its series none is looked into")
        #expect(log.count("ingest.not_loaded", "switched off") == 1)
        #expect(try number("SELECT count(*) FROM crypto_gaf.raw_objects") == 0)
        // In three pieces.
        let backfill = VenueBackfill(try fixture.settings(), series, (end - 45_000 * 60_000)..<end)
        #expect(try fixture.run(backfill, log: log.log)["held"] ?? 0 >= 45)
        #expect(log.count("ingest.not_loaded", "switched off") == 2)
        let path = "\(fixture.directory)/x.csv"
        try "timestamp,open,high,low,close,volume\n1735689600,1,2,1,2,3\n".write(toFile: path, atomically: true, encoding: .utf8)
        #expect(try fixture.run(FileBackfill(fixture.settings(), series, path: path), log: log.log)["pending"] == 1)
        #expect(log.count("ingest.not_loaded", "switched off") == 3)
        #expect(try number("SELECT count(*) FROM crypto_gaf.fact_klines") == 0)
        #expect(try number("SELECT count(*) FROM crypto_gaf.raw_objects WHERE due") == fixture.objects().count)
        #expect(
            try number("SELECT count(*) FROM crypto_gaf.missing_klines") == 0 && number("SELECT count(*) FROM crypto_gaf.coverage") == 0)

        try switchTransform(on: true)
        try transform()
        try fixture.run(FillGaps(fixture.settings()))
        let missing = try fixture.connect().query("SELECT first_open, candles, state, final FROM crypto_gaf.missing_klines").map { row in
            "\(try row.date(0).milliseconds == hole) \(try row.int(1)) \(try row.text(2)) \(try row.bool(3))"
        }
        #expect(missing == ["true 1 absent false"])
        #expect(try number("SELECT sum(expected - present - absent)::int FROM crypto_gaf.coverage") == 0)
    }
}
