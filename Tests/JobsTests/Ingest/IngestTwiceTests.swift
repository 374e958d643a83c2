import Exchanges
import Foundation
import Jobs
import Lake
import Market
import Postgres
import Runtime
import TestSupport
import Testing
import Warehouse

/// Two runs of the same job at once, as after a lock that was lost.
@Suite struct IngestTwiceTests {
    private let fixture: IngestFixture

    init() throws { fixture = try IngestFixture() }

    /// Without the lock that keeps the second from running.
    private func run(_ job: some BatchJob & Sendable, in fixture: IngestFixture, times: Int) throws -> [JobCounts] {
        let work: @Sendable () throws -> JobCounts = {
            try job.run(
                JobContext(
                    connection: fixture.connect(),
                    connect: { [database = fixture.database] () throws(PostgresError) in
                        try Connection(database.options(as: "test_worker"))
                    }, log: .silent, stop: fixture.stop))
        }
        let others = (1..<times).map { _ in Background(work) }
        return try [work()] + others.map { try $0.value() }
    }

    private func transform(_ fixture: IngestFixture) throws {
        try fixture.run(TransformJob(TransformJob.Options(lake: LakeLocation(url: fixture.lakeURL))))
    }

    /// The candles up to then, without what tells which answer they are of.
    private func candles(_ fixture: IngestFixture, before end: Int64) throws -> [String] {
        try fixture.connect().query(
            """
            SELECT (exchange, symbol, interval_code, open_time, open, high, low, close, volume)::text FROM crypto_gaf.fact_klines
            WHERE open_time < \(Date(timeIntervalSince1970: Double(end) / 1000)) ORDER BY symbol, open_time
            """
        ).map { try $0.text(0) }
    }

    @Test("two of ingest-klines end in the same gold as one")
    func klines() throws {
        let alone = try IngestFixture()
        let both = try IngestFixture(database: TestPostgres.database(), market: fixture.market, directory: fixture.directory)
        let one = try IngestFixture(database: alone.database, market: fixture.market, directory: alone.directory)
        let first = IngestFixture.minute(-2500)
        let since = Date(timeIntervalSince1970: Double(first) / 1000)
        for fixture in [both, one] {
            for symbol in ["BTC-USDT", "ETH-USDT"] {
                _ = try TrackedSymbolRepository(fixture.connect()).track("binance", Pair(symbol), TrackingChanges(since: since))
            }
        }
        // What has closed before either begins.
        let end = IngestFixture.minute(-1)
        _ = try run(IngestKlines(both.settings()), in: both, times: 2)
        _ = try run(IngestKlines(one.settings()), in: one, times: 1)
        #expect(try both.recordedKeys() == both.lakeKeys())
        #expect(try both.objects().count >= 6)
        #expect(try both.standing() ?? 0 >= IngestFixture.minute(-2))
        for fixture in [both, one] { try transform(fixture) }
        let gold = try candles(both, before: end)
        #expect(gold.count == 2 * Int(end - first) / 60_000)
        #expect(try gold == candles(one, before: end))
    }

    @Test("two of ingest-depth and two of ingest-tickers end well, and all that they fetched is loaded")
    func snapshots() throws {
        for number in 0..<30 { try fixture.track("C\(number)-USDT") }
        let counts =
            try run(IngestDepth(fixture.settings()), in: fixture, times: 2) + run(IngestTickers(fixture.settings()), in: fixture, times: 2)
        #expect(counts.map { $0["failed"] } == [0, 0, 0, 0])
        #expect(counts.map { $0["answers"] } == [30, 30, 30, 30])
        let keys = try fixture.lakeKeys()
        #expect(try fixture.recordedKeys() == keys)
        #expect(try fixture.trouble("C0-USDT").failures == 0)
        try transform(fixture)
        let loaded = try fixture.connect().query(
            "SELECT object_key FROM crypto_gaf.processed_files WHERE outcome = 'loaded' ORDER BY object_key COLLATE \"C\""
        ).map { try $0.text(0) }
        #expect(loaded == keys)
        // One book at each time it was asked for, whatever the two have of it.
        let books = try fixture.connect().query("SELECT count(DISTINCT symbol) FROM crypto_gaf.fact_orderbook").one().int(0)
        #expect(books == 30)
    }
}
