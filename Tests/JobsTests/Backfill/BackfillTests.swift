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
        #expect((19...20).contains(asked.count))
        // A new program has a new stop.
        let percents = Mutex<[Int64]>([])
        let fresh = try IngestFixture(database: fixture.database, market: fixture.market, directory: fixture.directory)
        let counts = try fresh.run(
            VenueBackfill(fixture.settings(), series, range) { progress in percents.withLock { $0.append(progress.done) } })
        #expect(fixture.market.ranges.dropFirst(asked.count).allSatisfy { range in !asked.contains { $0.overlaps(range) } })
        let steps = percents.withLock { $0 }
        let first = try #require(steps.first)
        #expect(steps.last == 44_990 && counts["found"] == 44_990 - Int(first))
        #expect(steps.dropLast().allSatisfy { (range.lowerBound + $0 * 60_000) % 86_400_000 == 0 }, "pieces end at midnight")
        let kept = try fixture.connect().query("SELECT count(*) FROM crypto_gaf.fact_klines").one().int(0)
        #expect(kept == 44_990)
        let tracked = try TrackedSymbolRepository(fixture.connect()).list()[0]
        #expect(Int64(tracked.since(.minute).timeIntervalSince1970 * 1000) == range.lowerBound && tracked.since(.hour) == tracked.since)
        #expect(try days().dropFirst().dropLast().allSatisfy { $0 == "1440 1440" })
        #expect(try fixture.connect().query("SELECT sum(expected)::bigint FROM crypto_gaf.coverage").one().int(0) == 44_990)
    }

    /// Of each day: expected and present.
    private func days() throws -> [String] {
        try fixture.connect().query("SELECT expected || ' ' || present FROM crypto_gaf.coverage ORDER BY day").map { try $0.text(0) }
    }

    @Test("a backfill of a few hours does not make the ledger forget the rest of their days")
    func partOfADay() throws {
        let day = IngestFixture.minute(0) / 86_400_000 * 86_400_000 - 2 * 86_400_000
        let series = KlineSeries("binance", pair, .minute)
        func backfill(_ from: Int64, _ to: Int64) throws {
            try fixture.run(VenueBackfill(fixture.settings(), series, (day + from * 3_600_000)..<(day + to * 3_600_000)))
        }
        try backfill(2, 4)
        #expect(try days() == ["120 120"])
        try backfill(0, 24)
        try backfill(12, 13)
        #expect(try days() == ["1440 1440"])
        try backfill(23, 25)
        #expect(try days() == ["1440 1440", "60 60"])
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
        try checkRollups(of: sample)
        // Byte for byte: the pieces together are the file, header and JSON's brackets left aside.
        if sample.file.hasSuffix(".csv") {
            let file = String(decoding: try Data(contentsOf: URL(fileURLWithPath: path)), as: UTF8.self)
            let lines = Set(try fixture.objects().flatMap { String(decoding: $0.body, as: UTF8.self).split(separator: "\n") })
            #expect(Set(file.split(separator: "\n").dropFirst()) == lines)
        }
    }

    /// Hours and days of the file, rolled up step by step, are what all of its minutes at once say.
    private func checkRollups(of sample: Sample) throws {
        try fixture.run(AggregateJob(batch: 50))
        for (table, unit) in [("hourly_klines", "hour"), ("daily_klines", "day")] {
            let row = try fixture.connect().query(
                """
                WITH whole AS (
                    SELECT date_trunc(\(unit), open_time, 'UTC') AS open_time, (array_agg(open ORDER BY open_time))[1] AS open,
                        max(high) AS high, min(low) AS low, (array_agg(close ORDER BY open_time DESC))[1] AS close,
                        sum(volume) AS volume, count(*)::integer AS minutes_present
                    FROM crypto_gaf.fact_klines WHERE interval_code = '1m' GROUP BY 1
                ), kept AS (
                    SELECT open_time, open, high, low, close, volume, minutes_present FROM crypto_gaf.hourly_klines WHERE \(unit) = 'hour'
                    UNION ALL
                    SELECT open_time, open, high, low, close, volume, minutes_present FROM crypto_gaf.daily_klines WHERE \(unit) = 'day'
                )
                SELECT (SELECT count(*) FROM (TABLE whole EXCEPT TABLE kept) AS lacking), (SELECT count(*) FROM (TABLE kept EXCEPT TABLE whole) AS wrong),
                    (SELECT coalesce(sum(minutes_present), 0)::bigint FROM kept)
                """
            ).one()
            #expect(try row.int(0) == 0 && row.int(1) == 0, "\(table)")
            #expect(try row.int(2) == (sample.interval == .minute ? sample.rows : 0), "\(table)")
        }
    }

    private static let three = "timestamp,open,high,low,close,volume\n1700000040,1,2,1,1,5\n1700000100,3,2,1,1,5\n1700000160,1,2,1,1,5\n"

    /// A file of that content, changed at that time, loaded by the program.
    private func load(_ text: String, name: String = "candles.csv", changed: Date? = nil) throws -> (
        run: Subprocess.Result, counts: JobCounts
    ) {
        let path = "\(fixture.directory)/\(name)"
        if !FileManager.default.fileExists(atPath: path) { try text.write(toFile: path, atomically: true, encoding: .utf8) }
        if let changed { try FileManager.default.setAttributes([.modificationDate: changed], ofItemAtPath: path) }
        let run = try Program.run(
            ["backfill", "--venue", "binance", "--symbol", "BTC-USDT", "--interval", "1m", "--file", path, "--json"],
            environment: fixture.database.environment(as: "test_worker").merging(["LAKE_URL": fixture.lakeURL]) { $1 })
        return (run, (try? JSONDecoder().decode(JobCounts.self, from: Data(run.output.utf8))) ?? [:])
    }

    @Test("the same file again adds nothing, not even objects; bad rows are set aside and told of")
    func again() throws {
        for inserted in [2, 0] {
            let (run, counts) = try load(Self.three)
            try #require(run.status == 0, "\(run.errors)")
            #expect(counts["rows_inserted"] == inserted && counts["rows_duplicate"] == 2 - inserted, "\(counts)")
            #expect(counts["rows_rejected"] == 1 && counts["gaps"] == 1 && counts["pending"] == 0)
            #expect(try fixture.objects().count == 1)
        }
        #expect(
            try fixture.connect().query("SELECT reason FROM crypto_gaf.rejected_rows").one().text(0) == "the high is below open or close")
    }

    @Test("what retention has removed since comes back with its file")
    func afterRetention() throws {
        _ = try load(Self.three)
        let store = try LakeLocation(url: fixture.lakeURL).open()
        for key in try fixture.lakeKeys() { try store.remove(key) }
        try fixture.connect().run(script: "UPDATE crypto_gaf.raw_objects SET location = 'expired'; DELETE FROM crypto_gaf.fact_klines")
        #expect(try load(Self.three).counts["rows_inserted"] == 2)
        let row = try fixture.connect().query(
            "SELECT location, due, (SELECT count(*) FROM crypto_gaf.fact_klines) FROM crypto_gaf.raw_objects"
        ).one()
        #expect(try row.text(0) == "live" && row.bool(1) == false && row.int(2) == 2)
        #expect(try fixture.lakeKeys().count == 1)
    }

    @Test(
        "whenever a file says that it was changed, its candles count as received when they can have been, and its pieces stay as long as others",
        arguments: [0, 1_700_000_000, 1_700_000_300, 32_503_680_000] as [TimeInterval])
    func changed(at time: TimeInterval) throws {
        let (run, counts) = try load(Self.three, changed: Date(timeIntervalSince1970: time))
        #expect(counts["rows_inserted"] == 2 && counts["rows_rejected"] == 1, "\(run.errors)")
        let received = try fixture.connect().query("SELECT received_at, received_at <= now() FROM crypto_gaf.raw_objects").one()
        #expect(try received.bool(1))
        // Of these only one lies between the last candle's end and now.
        #expect(try (received.date(0) == Date(timeIntervalSince1970: time)) == (time == 1_700_000_300))
        let lake = try LakeLocation(url: fixture.lakeURL)
        #expect(try fixture.run(MaintainJob(Retention(), live: lake, archive: lake.archive()))["objects_archived"] == 0)
    }

    @Test(
        "a bad row or a bad piece of a file stops nothing of its venue",
        arguments: [
            ("[[1700000040000,1,2,1,1,5],[1700000100000,1,2,1,1,null]]", 0, "loaded"),
            (#"[["x","1","2","1","1",true],[[],1,2,1,1,5]]"#, 0, "loaded"), ("[[1,2,3,4,5,6", 65, "unreadable"),
        ])
    func badJSON(text: String, status: Int32, outcome: String) throws {
        let (run, _) = try load(text, name: "candles.json")
        #expect(run.status == status, "\(run.errors)")
        let outcomes = try fixture.connect().query("SELECT outcome FROM crypto_gaf.processed_files").map { try $0.text(0) }
        #expect(outcomes == [outcome])
        #expect(try fixture.connect().query("SELECT count(*) FROM crypto_gaf.stopped_channels").one().int(0) == 0)
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
