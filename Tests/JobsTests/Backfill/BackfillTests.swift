import Exchanges
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

/// History from a venue and from files.
@Suite struct BackfillTests {
    private let fixture: IngestFixture
    private let pair: Pair

    init() throws {
        fixture = try IngestFixture()
        pair = try Pair("BTC-USDT")
    }

    @Test("a backfill that was ended goes on where it stopped, and a tracked market is accounted for from its beginning on")
    func resumes() throws {
        try fixture.track("BTC-USDT", minutes: 10)
        let range = IngestFixture.minute(-45_000)..<IngestFixture.minute(-10)
        let series = KlineSeries("binance", pair, .minute)
        let stopping = VenueBackfill(try fixture.settings(), series, range) { [stop = fixture.stop] _ in stop.request() }
        #expect(throws: IngestFixture.UnexpectedEnding.self) { try fixture.run(stopping) }
        let asked = Set(fixture.market.ranges)
        #expect(asked.count == 20)
        // A new program has a new stop.
        let percents = Mutex<[Int64]>([])
        let fresh = try IngestFixture(database: fixture.database, market: fixture.market, directory: fixture.directory)
        let counts = try fresh.run(
            VenueBackfill(fixture.settings(), series, range) { progress in percents.withLock { $0.append(progress.done) } })
        #expect(fixture.market.ranges.count == 45 && fixture.market.ranges.dropFirst(20).allSatisfy { !asked.contains($0) })
        #expect(counts["found"] == 24_990)
        #expect(percents.withLock { $0 } == [20_000, 40_000, 44_990])
        let kept = try fixture.connect().query("SELECT count(*) FROM crypto_gaf.fact_klines").one().int(0)
        #expect(kept == 44_990)
        let since = try TrackedSymbolRepository(fixture.connect()).list()[0].since
        #expect(Int64(since.timeIntervalSince1970 * 1000) == range.lowerBound)
    }

    struct Sample: Sendable, CustomTestStringConvertible {
        let file: String
        let interval: KlineInterval
        let rows: Int
        let gaps: Int
        let missing: Int
        let first: Int64
        let last: Int64

        var testDescription: String { file }
    }

    /// The table of the recordings' README.
    static let samples = [
        Sample(
            file: "UNITTEST_BTC-1m.json", interval: .minute, rows: 13681, gaps: 538, missing: 717, first: 1_509_836_520_000,
            last: 1_510_700_340_000),
        Sample(
            file: "eth_btc_5m.csv", interval: .minutes5, rows: 5760, gaps: 0, missing: 0, first: 1_515_560_100_000, last: 1_517_287_800_000),
        Sample(
            file: "ada_btc_5m.csv", interval: .minutes5, rows: 5720, gaps: 5, missing: 40, first: 1_515_560_100_000, last: 1_517_287_800_000
        ),
        Sample(
            file: "xrp_eth_1m_from_trades.csv", interval: .minute, rows: 2469, gaps: 676, missing: 1091, first: 1_570_752_000_000,
            last: 1_570_965_540_000),
        Sample(
            file: "xrp_eth_5m_from_trades.csv", interval: .minutes5, rows: 706, gaps: 6, missing: 6, first: 1_570_752_000_000,
            last: 1_570_965_300_000),
        Sample(
            file: "xrp_usdt_perp_5m.csv", interval: .minutes5, rows: 1999, gaps: 0, missing: 0, first: 1_636_934_400_000,
            last: 1_637_533_800_000),
        Sample(
            file: "btcusdt_1m_20241201_14d.csv", interval: .minute, rows: 20160, gaps: 0, missing: 0, first: 1_733_007_600_000,
            last: 1_734_217_140_000),
        Sample(
            file: "LTCUSDT-1m-2026-02.first7d.csv", interval: .minute, rows: 10080, gaps: 0, missing: 0, first: 1_769_904_000_000,
            last: 1_770_508_740_000),
    ]

    @Test(
        "recorded files load whole, with the gaps that they are known to have", .enabled(if: Shared.isPresent, "skipped: no ../shared"),
        arguments: samples)
    func recorded(_ sample: Sample) throws {
        let path = try Shared.path("data/candles/\(sample.file)")
        let run = try Program.run(
            ["backfill", "binance:BTC-USDT", "--interval", sample.interval.code, "--file", path, "--json"],
            environment: fixture.database.environment(as: "test_worker").merging(["LAKE_URL": fixture.lakeURL]) { $1 })
        try #require(run.status == 0, "\(run.errors)")
        let counts = try JSONDecoder().decode([String: Int].self, from: Data(run.output.utf8))
        #expect(counts["rows_read"] == sample.rows && counts["rows_inserted"] == sample.rows && counts["rows_rejected"] == 0)
        #expect(counts["gaps"] == sample.gaps && counts["missing"] == sample.missing && counts["pending"] == 0)
        let row = try fixture.connect().query(
            "SELECT count(*), min(timestamp), max(timestamp) FROM crypto_gaf.ohlcv WHERE interval_code = \(sample.interval.code)"
        ).one()
        #expect(try row.int(0) == sample.rows && row.int64(1) == sample.first && row.int64(2) == sample.last)
        // Byte for byte: the pieces together are the file, header and JSON's brackets left aside.
        if sample.file.hasSuffix(".csv") {
            let file = String(decoding: try Data(contentsOf: URL(fileURLWithPath: path)), as: UTF8.self)
            let lines = Set(try fixture.objects().flatMap { String(decoding: $0.body, as: UTF8.self).split(separator: "\n") })
            #expect(Set(file.split(separator: "\n").dropFirst()) == lines)
        }
    }

    @Test("the same file again adds nothing, not even objects; bad rows are set aside and told of")
    func again() throws {
        let path = "\(fixture.directory)/candles.csv"
        try "timestamp,open,high,low,close,volume\n1700000040,1,2,1,1,5\n1700000100,3,2,1,1,5\n1700000160,1,2,1,1,5\n".write(
            toFile: path, atomically: true, encoding: .utf8)
        for inserted in [2, 2] {
            let run = try Program.run(
                ["backfill", "--venue", "binance", "--symbol", "BTC-USDT", "--interval", "1m", "--file", path, "--json"],
                environment: fixture.database.environment(as: "test_worker").merging(["LAKE_URL": fixture.lakeURL]) { $1 })
            try #require(run.status == 0, "\(run.errors)")
            let counts = try JSONDecoder().decode([String: Int].self, from: Data(run.output.utf8))
            #expect(counts["rows_inserted"] == inserted && counts["rows_rejected"] == 1 && counts["gaps"] == 1)
            #expect(try fixture.objects().count == 1)
        }
        #expect(
            try fixture.connect().query("SELECT reason FROM crypto_gaf.rejected_rows").one().text(0) == "the high is below open or close")
    }

    @Test(
        "what cannot be backfilled is refused with the reason",
        arguments: [
            (["binance:BTC-USDT"], 64, "backfill needs --interval"),
            (["binance:BTC-USDT", "--interval", "1m"], 64, "backfill needs --from, or --file"),
            (["binance:BTC-USDT", "--interval", "1m", "--from", "2021-01-02", "--to", "2021-01-01"], 64, "--from must be before --to"),
            (["binance:BTC-USDT", "--interval", "1m", "--file", "/nowhere.csv"], 65, "there is no file /nowhere.csv"),
            (["binance:BTC-USDT", "--interval", "1m", "--file", "/etc/hostname"], 65, "it has no column"),
            (["--venue", "binance", "--interval", "1m"], 64, "needs VENUE:SYMBOL, or --venue and --symbol"),
        ])
    func refused(words: [String], status: Int32, reason: String) throws {
        let run = try Program.run(
            ["backfill"] + words, environment: fixture.database.environment(as: "test_worker").merging(["LAKE_URL": fixture.lakeURL]) { $1 }
        )
        #expect(run.status == status && run.errors.contains(reason), "\(run.errors)")
    }
}
