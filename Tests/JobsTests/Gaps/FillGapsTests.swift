import Exchanges
import Foundation
import Jobs
import Lake
import Market
import Postgres
import Synchronization
import TestSupport
import Testing
import Warehouse

/// What `fill-gaps` finds, fetches, and writes in the ledger.
@Suite struct FillGapsTests {
    private let fixture: IngestFixture

    init() throws { fixture = try IngestFixture() }

    private func fill(_ sites: [VenueSite]? = nil) throws -> JobCounts { try fixture.run(FillGaps(fixture.settings(sites))) }

    /// Of all days of all series: expected, present, absent, lost, unexplained.
    private func coverage(_ venue: String = "binance") throws -> [Int] {
        let row = try fixture.connect().query(
            """
            SELECT sum(expected)::bigint, sum(present)::bigint, sum(absent)::bigint, sum(lost)::bigint, sum(unexplained)::bigint
            FROM crypto_gaf.coverage WHERE exchange = \(venue)
            """
        ).one()
        return try (0..<5).map { try row.int($0) }
    }

    /// `state reason × candles`, in the order of time.
    private func ledger() throws -> [String] {
        try fixture.connect().query(
            "SELECT state || ' ' || reason || ' × ' || candles || CASE WHEN final THEN '' ELSE ' (open)' END FROM crypto_gaf.missing_klines ORDER BY first_open"
        ).map { try $0.text(0) }
    }

    private func candles() throws -> Int { try fixture.connect().query("SELECT count(*) FROM crypto_gaf.fact_klines").one().int(0) }

    @Test("whatever is missing is fetched, by way of the lake, and then nothing is left to explain")
    func fills() throws {
        try fixture.track("BTC-USDT", minutes: 1500)
        let counts = try fill()
        let covered = try coverage()
        #expect(covered[0] >= 1494 && covered[1] == covered[0] && Array(covered[2...]) == [0, 0, 0])
        #expect(try candles() >= covered[1] && counts["found"] == covered[1] && ledger() == [])
        #expect(try fixture.objects().count == 2, "two pages")
        let requests = fixture.market.requests("klines").count
        _ = try fill()
        #expect(fixture.market.requests("klines").count - requests <= 1, "at most the minutes that passed meanwhile")
    }

    @Test("what the venue has not is absent, for good once it was asked again, and is then not asked for any more")
    func absent() throws {
        try fixture.track("BTC-USDT", minutes: 300)
        let holes = [100, 101, 102, 200].map { IngestFixture.minute(-$0) }
        fixture.market.setHoles(Set(holes))
        _ = try fill()
        #expect(try ledger() == [1, 3].map { "absent the venue had none when it was asked × \($0) (open)" })
        #expect(try Array(coverage()[2...]) == [4, 0, 0])
        _ = try fill()
        #expect(try ledger() == [1, 3].map { "absent the venue was asked again and had none × \($0)" })
        #expect(try Array(coverage()[2...]) == [4, 0, 0])
        let asked = fixture.market.ranges.count
        _ = try fill()
        #expect(fixture.market.ranges.dropFirst(asked).allSatisfy { range in holes.allSatisfy { !range.contains($0) } })
    }

    @Test("an absent candle that appears after all is absent no more")
    func appears() throws {
        try fixture.track("BTC-USDT", minutes: 300)
        fixture.market.setHoles([IngestFixture.minute(-100)])
        _ = try fill()
        #expect(try coverage()[2] == 1)
        fixture.market.setHoles([])
        try fixture.run(IngestKlines(fixture.settings()))
        _ = try fixture.run(TransformJob(TransformJob.Options(lake: LakeLocation(url: fixture.lakeURL))))
        _ = try fill()
        #expect(try ledger() == [] && Array(coverage()[2...]) == [0, 0, 0])
    }

    @Test("a venue that is away leaves its candles lost, with the reason, until it can be asked")
    func away() throws {
        try fixture.track("BTC-USDT", minutes: 300)
        fixture.market.fault { _ in .json("{}", status: 503) }
        #expect(throws: JobFailure.self) { try fill() }
        let lost = try ledger()
        #expect(lost.count == 1 && lost.first?.contains("503") == true && lost.first?.hasSuffix("(open)") == true, "\(lost)")
        #expect(try coverage()[4] == 0)
        fixture.market.fault { _ in nil }
        _ = try fill()
        #expect(try ledger() == [] && coverage()[3] == 0)
    }

    @Test("a candle that cannot be is lost, with what is wrong with it")
    func impossible() throws {
        try fixture.track("BTC-USDT", minutes: 30)
        let bad = IngestFixture.minute(-20)
        fixture.market.edit { rows in
            rows.map { $0.hasPrefix("[\(bad),") ? "[\(bad),\"3\",\"2\",\"1\",\"1\",\"1\",0,\"1\",1,\"1\",\"1\",\"0\"]" : $0 }
        }
        _ = try fill()
        #expect(try ledger() == ["lost the venue's candle cannot be: the high is below open or close × 1 (open)"])
        #expect(try Array(coverage()[2...]) == [0, 1, 0])
        _ = try fill()
        #expect(try ledger() == ["lost the venue's candle cannot be: the high is below open or close × 1"], "two answers say the same")
        let asked = fixture.market.ranges.count
        _ = try fill()
        #expect(fixture.market.ranges.dropFirst(asked).allSatisfy { !$0.contains(bad) })
    }

    @Test("a candle that could not be, and that the venue has mended by the next run, is filled")
    func mended() throws {
        try fixture.track("BTC-USDT", minutes: 30)
        let bad = IngestFixture.minute(-20)
        fixture.market.edit { rows in
            rows.map { $0.hasPrefix("[\(bad),") ? "[\(bad),\"3\",\"2\",\"1\",\"1\",\"1\",0,\"1\",1,\"1\",\"1\",\"0\"]" : $0 }
        }
        _ = try fill()
        fixture.market.edit { $0 }
        _ = try fill()
        #expect(try ledger() == [] && Array(coverage()[2...]) == [0, 0, 0])
    }

    @Test("a dry run counts, asks nobody and writes nothing")
    func dryRun() throws {
        try fixture.track("BTC-USDT", minutes: 300)
        let counts = try fixture.run(FillGaps(fixture.settings(), isDryRun: true))
        #expect(counts["missing"] == counts["expected"] && counts["to_ask"] == counts["expected"] && counts["series"] == 1)
        #expect(fixture.market.server.requests.isEmpty)
        #expect(try fixture.connect().query("SELECT count(*) FROM crypto_gaf.coverage").one().int(0) == 0)
    }

    @Test("what retention dropped is no gap")
    func retention() throws {
        try fixture.track("BTC-USDT", minutes: 3000)
        try fixture.database.connect().execute("INSERT INTO crypto_gaf.retention VALUES ('fact_klines', now() - interval '2 hours')")
        _ = try fill()
        #expect((110...120).contains(try candles()))
    }

    @Test("a delisted symbol's candles are lost with the venue's words, the others are filled")
    func delisted() throws {
        try fixture.track("BTC-USDT", "ETH-USDT", minutes: 60)
        fixture.market.delist("ETHUSDT")
        #expect(try fill()["failed"] == 1)
        let ledger = try ledger()
        #expect(ledger.count == 1 && ledger.first?.contains("Invalid symbol") == true)
        #expect(try coverage()[4] == 0)
        // Now nothing else is left to ask for.
        let again = try fill()
        #expect(again["failed"] == 1 && again["reached"] == again["targets"] && again["lost"] ?? 0 >= 55)
        #expect(try self.ledger().first?.contains("Invalid symbol") == true && coverage()[4] == 0)
    }

    @Test("what lies before a venue's short history is lost, and not asked for")
    func history() throws {
        try fixture.track("BTC-USD", venue: "kraken", minutes: 1000)
        let kraken = try ScriptedServer { request in
            guard request.path.hasSuffix("OHLC") else {
                return .json(#"{"error":[],"result":{"unixtime":\#(Int(Date().timeIntervalSince1970))}}"#)
            }
            let rows = (Int64(-719)...0).map { "[\(IngestFixture.minute($0) / 1000),\"5\",\"6\",\"4\",\"5\",\"5\",\"1.5\",3]" }
            return .json("{\"error\":[],\"result\":{\"XXBTZUSD\":[\(rows.joined(separator: ","))],\"last\":1}}")
        }
        _ = try fill([VenueSite(Kraken.self, baseURL: kraken.url)])
        let lost = try ledger()
        #expect(lost.count == 1 && lost.first?.hasPrefix("lost the venue keeps only the newest 720 × 28") == true, "\(lost)")
        #expect(try coverage("kraken")[4] == 0 && candles() >= 710)
    }

    @Test("what a venue that ignores the range does not tell is lost for good only by its answer")
    func ignoredRange() throws {
        try fixture.track("BTC-USD", venue: "gemini", minutes: 1000)
        let isAway = Mutex(true)
        let gemini = try ScriptedServer { _ in
            if isAway.withLock({ $0 }) { return .json("{}", status: 503) }
            let rows = (Int64(-799)...0).reversed().map { "[\(IngestFixture.minute($0)),5,6,4,5,1.5]" }
            return .json("[\(rows.joined(separator: ","))]")
        }
        #expect(throws: JobFailure.self) { try fill([VenueSite(Gemini.self, baseURL: gemini.url)]) }
        #expect(try ledger().allSatisfy { $0.hasSuffix("(open)") } && coverage("gemini")[4] == 0)
        isAway.withLock { $0 = false }
        _ = try fill([VenueSite(Gemini.self, baseURL: gemini.url)])
        let lost = try ledger()
        #expect(
            lost.count == 1 && lost.first?.hasPrefix("lost the venue tells its newest only, and they begin later × 20") == true, "\(lost)")
        #expect(lost.first?.hasSuffix("(open)") == false)
        #expect(try coverage("gemini")[4] == 0 && candles() >= 790)
    }

    @Test("Binance's hole of three hours in June 2020 ends as absent at the venue", .enabled(if: Shared.isPresent, "skipped: no ../shared"))
    func hole() throws {
        let files = ["klines_1h_page1_btcusdt_202005.json", "klines_1h_page2_btcusdt_202006.json"]
        let present = try FileManager.default.contentsOfDirectory(atPath: Shared.path("data/venues/binance")).filter {
            $0.contains("klines_1h_page")
        }
        let rows = try (present.isEmpty ? files : present).sorted().flatMap { file -> [(Int64, String)] in
            let text = String(decoding: try Shared.data("data/venues/binance/\(file)"), as: UTF8.self)
            return text.dropFirst().split(separator: "[").compactMap { row in
                let cut = row.prefix { $0 != "]" }
                return cut.prefix { $0 != "," }.description.trimmingCharacters(in: .whitespaces).isEmpty
                    ? nil : Int64(cut.prefix { $0 != "," }).map { ($0, "[\(cut)]") }
            }
        }
        let first = try #require(rows.map(\.0).min())
        let last = try #require(rows.map(\.0).max())
        fixture.market.fault { request in
            guard request.path == "/api/v3/klines", let from = request.query["startTime"].flatMap({ Int64($0) }),
                let to = request.query["endTime"].flatMap({ Int64($0) })
            else { return nil }
            return .json("[\(rows.filter { (from...to).contains($0.0) }.sorted { $0.0 < $1.0 }.map(\.1).joined(separator: ","))]")
        }
        let series = try KlineSeries("binance", Pair("BTC-USDT"), .hour)
        for isFinal in [false, true, true] {
            let asked = fixture.market.ranges.count
            let counts = try fixture.run(VenueBackfill(fixture.settings(), series, first..<(last + 3_600_000)))
            let missing = try fixture.connect().query(
                "SELECT state, first_open, last_open, candles, final FROM crypto_gaf.missing_klines"
            ).map { try "\($0.text(0)) \($0.date(1).formatted(.iso8601)) \($0.date(2).formatted(.iso8601)) \($0.int(3)) \($0.bool(4))" }
            #expect(missing == ["absent 2020-06-28T02:00:00Z 2020-06-28T04:00:00Z 3 \(isFinal)"])
            #expect(try Array(coverage()[2...]) == [3, 0, 0] && counts["lost"] == 0 && counts["absent"] == 3)
            #expect((fixture.market.ranges.count > asked) == (counts["targets"] != 0))
        }
        #expect(try fixture.run(VenueBackfill(fixture.settings(), series, first..<(last + 3_600_000)))["targets"] == 0)
    }
}
