import Foundation
import Lake
import Postgres
import Runtime
import Synchronization
import TestSupport
import Testing
import Warehouse

@testable import Jobs

/// Objects that were just fetched, on their way to the tables.
@Suite struct IngestLoadTests {
    private let fixture: IngestFixture

    init() throws { fixture = try IngestFixture() }

    /// Each run of `transform` looks at it a few times.
    private final class Clock: Sendable {
        private let count = Mutex(0)

        var looks: Int { count.withLock { $0 } }

        func look() -> Date {
            count.withLock { $0 += 1 }
            return Date()
        }
    }

    private func put(_ exchange: String, _ channel: String, _ body: String) throws -> String {
        let object = RawObject(
            exchange: exchange, symbol: "BTC-USDT", channel: channel, interval: channel == "klines" ? "1m" : nil, url: "http://127.0.0.1/",
            requestedAt: Date() - 60, receivedAt: Date() - 60, status: 200, body: Array(body.utf8))
        let encoded = try object.encoded()
        let lake = try LakeLocation(url: fixture.lakeURL)
        try lake.begin()
        try lake.open().put(encoded.key, encoded.bytes)
        try RawObjectRepository(fixture.connect()).record([RawObjectRecord(object, key: encoded.key, stored: encoded.bytes)])
        return encoded.key
    }

    @Test("while objects are in another's hands a channel that is stopped is told of once, and the objects are waited for")
    func standstill() throws {
        _ = try put("bybit", "depth", #"{"retCode":0,"shape":"other"}"#)
        let key = try put("binance", "klines", "[\(ScriptedMarket.row(IngestFixture.minute(-5)))]")
        let holder = try fixture.connect()
        try holder.run(script: "BEGIN")
        _ = try holder.query("SELECT 1 FROM crypto_gaf.raw_objects WHERE object_key = \(key) FOR UPDATE")
        let lines = LogLines()
        // The first time the other channel is stopped, from then on it is stopped already.
        let clock = Clock()
        let context: @Sendable () throws -> JobContext = { [fixture] in
            JobContext(
                connection: try fixture.connect(),
                connect: { [database = fixture.database] () throws(PostgresError) in try Connection(database.options(as: "test_worker")) },
                log: lines.log, stop: fixture.stop,
                now: { clock.look() })
        }
        let settings = try fixture.settings()
        try settings.load([try put("bybit", "depth", #"{"retCode":0,"shape":"other too"}"#)], context())
        #expect(lines.count("transform.channel_still_stopped") == 0)
        let before = clock.looks
        let loading = Background { try settings.load([key], context()) }
        #expect(eventually { clock.looks >= before + 12 }, "it tries again and again")
        try holder.run(script: "COMMIT")
        #expect(try loading.value())
        #expect(lines.count("transform.channel_still_stopped") == 1)
        #expect(try fixture.connect().query("SELECT outcome FROM crypto_gaf.processed_files").map { try $0.text(0) } == ["loaded"])
    }
}
