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
}
