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

/// History from files.
@Suite struct FileBackfillTests {
    private let fixture: IngestFixture

    init() throws { fixture = try IngestFixture() }

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
            environment: fixture.environment)
        try #require(run.status == 0, "\(run.errors)")
        let counts = try JSONDecoder().decode([String: Int].self, from: Data(run.output.utf8))
        #expect(counts["rows_read"] == sample.rows && counts["rows_inserted"] == sample.rows && counts["rows_rejected"] == 0)
        #expect(counts["gaps"] == sample.gaps && counts["missing"] == sample.missing && counts["pending"] == 0)
        let row = try fixture.connect().query(
            "SELECT count(*), min(timestamp), max(timestamp) FROM crypto_gaf.ohlcv WHERE interval_code = \(sample.interval.code)"
        ).one()
        #expect(try row.int(0) == sample.rows && row.int64(1) == sample.first && row.int64(2) == sample.last)
        try checkRollups(of: sample)
        try checkPieces(of: Array(Data(contentsOf: URL(fileURLWithPath: path))), isJSON: sample.file.hasSuffix(".json"))
    }

    /// Byte for byte: the pieces, one after the other, are the file, its header and JSON's outer brackets left aside.
    private func checkPieces(of file: [UInt8], isJSON: Bool) throws {
        var pieces = try fixture.objects().map { $0.body[...] }
        #expect(pieces.count == (try fixture.recordedKeys().count) && !pieces.isEmpty)
        if isJSON { pieces = pieces.map { $0.dropFirst().dropLast() } }
        let newline = UInt8(ascii: "\n")
        var rest = isJSON ? file.dropFirst().prefix { _ in true } : file.drop { $0 != newline }.dropFirst()
        while let place = pieces.firstIndex(where: { rest.starts(with: $0) }) {
            rest = rest.dropFirst(pieces.remove(at: place).count)
            if isJSON { rest = rest.drop { $0 <= 0x20 || $0 == UInt8(ascii: ",") } }
        }
        #expect(pieces.isEmpty && Array(rest) == Array((isJSON ? "]" : "").utf8), "\(rest.count) bytes are in no piece")
    }

    /// Hours and days of the file, rolled up step by step, are what all of its minutes at once say.
    private func checkRollups(of sample: Sample) throws {
        try fixture.run(AggregateJob(batch: 50))
        guard sample.interval == .minute else { return try checkNoRollups() }
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
            #expect(try row.int(2) == sample.rows, "\(table)")
        }
    }

    /// Hours are made of minutes, as the schema says of them: five-minute candles beside minutes would count every trade twice, and 12 of
    /// them would not be an hour's 60 minutes that are expected. So candles of other lengths touch no hour, and have no rollups.
    private func checkNoRollups() throws {
        let row = try fixture.connect().query(
            """
            SELECT (SELECT count(*) FROM crypto_gaf.hourly_klines), (SELECT count(*) FROM crypto_gaf.daily_klines),
                (SELECT count(*) FROM crypto_gaf.touched_hours), obj_description('crypto_gaf.hourly_klines'::regclass, 'pg_class'),
                col_description('crypto_gaf.hourly_klines'::regclass, (SELECT attnum FROM pg_attribute
                    WHERE attrelid = 'crypto_gaf.hourly_klines'::regclass AND attname = 'minutes_expected'))
            """
        ).one()
        #expect(try row.int(0) == 0 && row.int(1) == 0 && row.int(2) == 0)
        #expect(try row.text(3) == "One-minute candles by the hour (UTC)" && row.text(4) == "60")
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
            environment: fixture.environment)
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

    @Test("who loads what maintain will drop again is told so", arguments: [("90", true), ("36500", false)])
    func notKept(days: String, isTold: Bool) throws {
        let path = "\(fixture.directory)/old.csv"
        try Self.three.write(toFile: path, atomically: true, encoding: .utf8)
        let words = ["backfill", "binance:BTC-USDT", "--interval", "1m", "--file", path]
        let run = try Program.run(words, environment: fixture.environment.merging(["FACT_DAYS": days]) { $1 })
        #expect(run.status == 0 && run.errors.contains("backfill.not_kept") == isTold, "\(run.errors)")
    }

    @Test("each piece names the row that it begins with, so that a rejected row is found; pieces that do not are read and known as before")
    func places() throws {
        let lines = (0..<5010).map { "\(1_700_000_040 + $0 * 60),1,\($0 == 5002 ? 0 : 2),1,1,5" }
        let text = "timestamp,open,high,low,close,volume\n" + lines.joined(separator: "\n")
        #expect(try load(text).counts["rows_inserted"] == 5009)
        let rejected = try fixture.connect().query("SELECT object_key, position, row_text FROM crypto_gaf.rejected_rows").one()
        let place = try (object: rejected.text(0), row: rejected.int(1))
        let store = try LakeLocation(url: fixture.lakeURL).open()
        let piece = try RawObject(decoding: store.get(place.object), key: place.object)
        #expect(piece.url == "file:candles.csv#5001" && place.row == 2)
        #expect(try fixture.objects().map(\.url).sorted() == ["file:candles.csv", "file:candles.csv#5001"])

        // As versions did that named the file alone.
        let plain = try RawObject(
            exchange: piece.exchange, symbol: piece.symbol, channel: piece.channel, interval: piece.interval, url: "file:candles.csv",
            requestedAt: piece.requestedAt, receivedAt: piece.receivedAt, status: piece.status, source: piece.source, body: piece.body
        ).encoded()
        try store.remove(place.object)
        try store.put(plain.key, plain.bytes)
        let expected = try fixture.tables()
        try fixture.database.connect().run(
            script: "TRUNCATE crypto_gaf.fact_klines, crypto_gaf.touched_hours, crypto_gaf.processed_files, crypto_gaf.raw_objects CASCADE")
        #expect(try Program.run(["replay", "--from", "2020-01-01"], environment: fixture.environment).status == 0)
        #expect(try fixture.tables() == expected)
        let again = try load(text).counts
        #expect(again["rows_inserted"] == 0 && again["rows_updated"] == 0 && again["rows_duplicate"] == 5009, "\(again)")
        #expect(try fixture.tables() == expected)
    }

    @Test("a rejected row is found by its line, however many lines are blank", arguments: ["\n", "\r\n"])
    func blankLines(end: String) throws {
        // In both pieces blank lines come before a bad row.
        let bad = [7, 5008]
        let lines = (0..<5010).map { line in
            line % 7 == 5 ? line % 2 == 0 ? "" : "  " : "\(1_700_000_040 + line * 60),1,\(bad.contains(line) ? "two" : "2"),1,1,5"
        }
        let text = "timestamp,open,high,low,close,volume\(end)" + lines.joined(separator: end)
        #expect(try load(text).counts["rows_rejected"] == 2)
        let store = try LakeLocation(url: fixture.lakeURL).open()
        let found = try fixture.connect().query("SELECT object_key, position, row_text FROM crypto_gaf.rejected_rows ORDER BY row_text").map
        {
            let url = try RawObject(decoding: store.get($0.text(0)), key: $0.text(0)).url
            let first = url.split(separator: "#").dropFirst().first.flatMap { Int($0) } ?? 1
            let line = try first - 1 + $0.int(1)
            #expect(try lines[line] == $0.text(2))
            return line
        }
        #expect(found == bad)
    }

    @Test("how far it has come is told for both of its passes, and seldom")
    func progress() throws {
        let path = "\(fixture.directory)/long.csv"
        let lines = (0..<20_000).map { "\(1_700_000_040 + $0 * 60),1,2,1,1,5\n" }
        try ("timestamp,open,high,low,close,volume\n" + lines.joined()).write(toFile: path, atomically: true, encoding: .utf8)
        let told = Mutex<[FileBackfill.Progress]>([])
        let series = try KlineSeries("binance", Pair("BTC-USDT"), .minute)
        let job = try FileBackfill(fixture.settings(), series, path: path) { progress in told.withLock { $0.append(progress) } }
        #expect(try fixture.run(job)["rows_inserted"] == 20_000)
        for isLoading in [false, true] {
            let percents = told.withLock { $0 }.filter { $0.isLoading == isLoading }.map(\.percent)
            #expect(percents == Array(Set(percents)).sorted() && percents.count > 1 && percents.last == 100, "\(percents)")
        }
        #expect(told.withLock { $0 }.map(\.isLoading) == told.withLock { $0 }.map(\.isLoading).sorted { !$0 && $1 })
    }

    @Test(
        "a person sees how far it has come, on a line of its own", .enabled(if: Program.hasTerminal, "skipped: no script(1)"))
    func onTerminal() throws {
        let path = "\(fixture.directory)/candles.csv"
        try Self.three.write(toFile: path, atomically: true, encoding: .utf8)
        let run = try Program.runOnTerminal(
            ["backfill", "binance:BTC-USDT", "--interval", "1m", "--file", path], environment: fixture.environment)
        #expect(run.status == 0, "\(run.output)")
        for stage in ["looking through the file", "loading"] { #expect(run.output.contains("\(stage): 100 %\r\n"), "\(run.output)") }
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
            (#"[["x","1","2","1","1",true],[[],1,2,1,1,5]]"#, 65, "loaded"), ("[[1,2,3,4,5,6", 65, "unreadable"),
        ])
    func badJSON(text: String, status: Int32, outcome: String) throws {
        let (run, _) = try load(text, name: "candles.json")
        #expect(run.status == status, "\(run.errors)")
        let outcomes = try fixture.connect().query("SELECT outcome FROM crypto_gaf.processed_files").map { try $0.text(0) }
        #expect(outcomes == [outcome])
        #expect(try fixture.connect().query("SELECT count(*) FROM crypto_gaf.stopped_channels").one().int(0) == 0)
    }
}
