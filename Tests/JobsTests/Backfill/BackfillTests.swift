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

/// History from a venue.
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
        #expect(tracked.since(.minute).milliseconds == range.lowerBound && tracked.since(.hour) == tracked.since)
        #expect(try days().dropFirst().dropLast().allSatisfy { $0 == "1440 1440" })
        #expect(try fixture.connect().query("SELECT sum(expected)::bigint FROM crypto_gaf.coverage").one().int(0) == 44_990)
    }

    /// Of each day: expected and present.
    private func days() throws -> [String] {
        try fixture.connect().query("SELECT expected || ' ' || present FROM crypto_gaf.coverage ORDER BY day").map { try $0.text(0) }
    }

    @Test(
        "what a venue no longer has is told, with how many candles and why; where that is most of the range it ends with 65",
        arguments: [(1000, 280, 0), (2000, 1280, 65)])
    func lost(minutes: Int64, lost: Int, status: Int32) throws {
        let kraken = try ScriptedServer { request in
            guard request.path.hasSuffix("OHLC") else {
                return .json(#"{"error":[],"result":{"unixtime":\#(Int(Date().timeIntervalSince1970))}}"#)
            }
            let rows = (Int64(-719)...0).map { "[\(IngestFixture.minute($0) / 1000),\"5\",\"6\",\"4\",\"5\",\"5\",\"1.5\",3]" }
            return .json("{\"error\":[],\"result\":{\"XXBTZUSD\":[\(rows.joined(separator: ","))],\"last\":1}}")
        }
        let from = Date(milliseconds: IngestFixture.minute(-minutes)).formatted(.iso8601)
        let words = ["backfill", "kraken:BTC-USD", "--interval", "1m", "--from", from, "--json"]
        // Later there is nothing left to ask for, and as much is lost.
        for _ in 0..<2 {
            let run = try Program.run(words, environment: fixture.environment.merging(["KRAKEN_URL": kraken.url]) { $1 })
            #expect(run.status == status, "\(run.errors)")
            let told = run.errors.split(separator: "\n").filter { $0.contains("\"backfill.lost\"") }
            // A minute may end meanwhile.
            #expect(told.count == 1 && (lost - 1...lost + 3).contains { told[0].contains("\"candles\":\($0),") }, "\(run.errors)")
            #expect(told.first?.contains("\"reason\":\"the venue keeps only the newest 720\"") == true, "\(told)")
            #expect(run.errors.contains(/program\.failed.* of 20\d\d candles are lost/) == (status != 0), "\(run.errors)")
        }
    }

    @Test(
        "what the venue does not tell of yet is not lost for good: a backfill of the last minutes ends with 0, and says that they are asked for again"
    )
    func notYet() throws {
        let kraken = try ScriptedServer { request in
            guard request.path.hasSuffix("OHLC") else {
                return .json(#"{"error":[],"result":{"unixtime":\#(Int(Date().timeIntervalSince1970))}}"#)
            }
            let rows = (Int64(-719)...(-5)).map { "[\(IngestFixture.minute($0) / 1000),\"5\",\"6\",\"4\",\"5\",\"5\",\"1.5\",3]" }
            return .json("{\"error\":[],\"result\":{\"XXBTZUSD\":[\(rows.joined(separator: ","))],\"last\":1}}")
        }
        let from = Date(milliseconds: IngestFixture.minute(-2)).formatted(.iso8601)
        let words = ["backfill", "kraken:BTC-USD", "--interval", "1m", "--from", from, "--json"]
        let run = try Program.run(words, environment: fixture.environment.merging(["KRAKEN_URL": kraken.url]) { $1 })
        #expect(run.status == 0 && run.output.contains("\"lost_for_good\":0"), "\(run.errors) \(run.output)")
        let told = run.errors.split(separator: "\n").filter { $0.contains("\"backfill.lost\"") }
        #expect(told.count == 1 && told[0].contains("\"asked_again\":true"), "\(run.errors)")
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

    @Test("a market that is tracked from mid-day on after a backfill keeps the day's other candles in the ledger")
    func trackedFromMidday() throws {
        let day = IngestFixture.minute(0) / 86_400_000 * 86_400_000 - 2 * 86_400_000
        try fixture.run(VenueBackfill(fixture.settings(), KlineSeries("binance", pair, .minute), day..<(day + 86_400_000)))
        #expect(try days() == ["1440 1440"])
        _ = try TrackedSymbolRepository(fixture.connect()).track(
            "binance", pair, TrackingChanges(since: Date(milliseconds: day + 43_200_000)))
        for _ in 0..<2 {
            try fixture.run(FillGaps(fixture.settings()))
            #expect(try days().prefix(2) == ["1440 1440", "1440 1440"])
        }
    }

    @Test("a backfill that meets another run of itself, or is switched off, says that it did nothing and fails")
    func overlapped() throws {
        let words = ["backfill", "binance:BTC-USDT", "--interval", "1m", "--from", "2025-01-01", "--to", "2025-01-02"]
        func refused(_ reason: String) throws {
            let run = try Program.run(words, environment: fixture.environment)
            #expect(run.status == 75 && run.output.isEmpty && run.errors.contains("nothing was done: \(reason)"), "\(run.errors)")
            #expect(fixture.market.server.requests.isEmpty)
        }
        let holder = try fixture.connect()
        #expect(try AdvisoryLock(.job, "backfill binance:BTC-USDT 1m").tryAcquire(on: holder))
        try refused("another backfill binance:BTC-USDT 1m is under way")
        try AdvisoryLock(.job, "backfill binance:BTC-USDT 1m").release(on: holder)
        try fixture.connect().execute("INSERT INTO crypto_gaf.jobs (name, enabled) VALUES ('backfill binance:BTC-USDT 1m', false)")
        try refused("backfill binance:BTC-USDT 1m is switched off in crypto_gaf.jobs")
    }

    @Test(
        "what cannot be backfilled is refused with the reason",
        arguments: [
            (["binance:BTC-USDT"], 64, "backfill needs --interval"),
            (["binance:BTC-USDT", "--interval", "1m"], 64, "backfill needs --from, or --file"),
            (["binance:BTC-USDT", "--interval", "1m", "--from", "2021-01-02", "--to", "2021-01-01"], 64, "--from must be before --to"),
            (["binance:BTC-USDT", "--interval", "1m", "--from", "2999-01-02"], 64, "--from must be before now, which is 2"),
            (["binance:BTC-USDT", "--interval", "1m", "--file", "/nowhere.csv"], 66, "there is no file /nowhere.csv"),
            (["binance:BTC-USDT", "--interval", "1m", "--file", "/etc/hostname"], 65, "/etc/hostname: it has no column"),
            (["binance:BTC-USDT", "--interval", "1m", "--file", "/etc"], 65, "/etc is no regular file"),
            (["--venue", "binance", "--interval", "1m"], 64, "needs VENUE:SYMBOL, or --venue and --symbol"),
        ])
    func refused(words: [String], status: Int32, reason: String) throws {
        let run = try Program.run(
            ["backfill"] + words, environment: fixture.environment)
        #expect(run.status == status && run.errors.contains(reason), "\(run.errors)")
    }

    @Test("help says what a time of a file is that names no zone")
    func zones() throws {
        let help = try Program.run(["help", "backfill"], environment: [:]).output.split { $0.isWhitespace }.joined(separator: " ")
        #expect(help.contains("ISO 8601, in UTC where no zone is named"))
    }
}
