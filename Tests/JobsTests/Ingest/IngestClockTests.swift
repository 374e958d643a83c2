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

/// As the header `Date` has it.
private func httpDate(_ date: Date) -> String {
    let format = DateFormatter()
    (format.locale, format.timeZone) = (Locale(identifier: "en_US_POSIX"), TimeZone(identifier: "GMT"))
    format.dateFormat = "EEE, dd MMM yyyy HH:mm:ss 'GMT'"
    return format.string(from: date)
}

/// What venues' clocks decide, and what they don't.
@Suite struct IngestClockTests {
    private let fixture: IngestFixture

    init() throws { fixture = try IngestFixture() }

    private func transform() throws {
        try fixture.run(TransformJob(TransformJob.Options(lake: LakeLocation(url: fixture.lakeURL))))
    }

    private func candles() throws -> [String] {
        try fixture.connect().query("SELECT f::text FROM crypto_gaf.fact_klines f ORDER BY open_time").map { try $0.text(0) }
    }

    /// Opening of the newest candle loaded, in milliseconds.
    private func newest() throws -> Int64 {
        try fixture.connect().query("SELECT max(open_time) FROM crypto_gaf.fact_klines").one().date(0).milliseconds
    }

    @Test(
        "a venue's clock tells what is closed where ours differs; ours tells when, and how far they differ stands in the envelope",
        arguments: [-300.0, 420])
    func skew(seconds: Double) throws {
        try fixture.track("BTC-USDT", minutes: 30)
        fixture.market.setSkew(seconds)
        let before = Date()
        try fixture.run(IngestKlines(fixture.settings()))
        let minutes = Int64(seconds) / 60
        let standing = try #require(try fixture.standing())
        #expect((IngestFixture.minute(minutes - 2)...IngestFixture.minute(minutes)).contains(standing))
        let object = try #require(try fixture.objects().first)
        #expect(before - 1 < object.requestedAt && object.requestedAt <= object.receivedAt && object.receivedAt < Date() + 1)
        #expect((Int(seconds * 1000) - 60_000...Int(seconds * 1000)).contains(object.clockOffset))
        try transform()
        #expect(try newest() == standing, "what is open there is not loaded, and all that is closed is")
        let loaded = try candles()
        let received = try fixture.connect().query("SELECT DISTINCT received_at FROM crypto_gaf.fact_klines").map { try $0.date(0) }
        // A minute that ended meanwhile was asked for as well.
        let answers = try fixture.objects().map(\.receivedAt)
        #expect(received.contains(object.receivedAt) && received.allSatisfy(answers.contains))
        try fixture.database.connect().run(script: "TRUNCATE crypto_gaf.fact_klines")
        let lake = try LakeLocation(url: fixture.lakeURL)
        _ = try TransformFixture.replay(nil, lake, fixture.database.options(as: "test_worker"), LogLines())
        #expect(try candles() == loaded)
    }

    @Test("when a clock that was ahead is put right, what the venue says then is the newer version of a candle")
    func putRight() throws {
        try fixture.track("BTC-USDT", minutes: 30)
        fixture.market.setSkew(420)
        try fixture.run(IngestKlines(fixture.settings()))
        let before = fixture.market.ranges.count
        fixture.market.setSkew(0)
        fixture.market.edit { rows in rows.map { $0.replacing("\"3.0\"", with: "\"4.0\"") } }
        try fixture.run(IngestKlines(fixture.settings()))
        let again = try #require(fixture.market.ranges.dropFirst(before).first?.lowerBound)
        #expect((IngestFixture.minute(-3)...IngestFixture.minute(-1)).contains(again), "the newest closed one is asked for again")
        try transform()
        let time = Date(milliseconds: again)
        let volume = try fixture.connect().query("SELECT volume::float8 FROM crypto_gaf.fact_klines WHERE open_time = \(time)").one()
        #expect(try volume.double(0) == 4)
    }

    @Test("where books and tickers stand our clock says")
    func snapshots() throws {
        try fixture.track("BTC-USDT")
        fixture.market.setSkew(420)
        try fixture.run(IngestDepth(fixture.settings()))
        try fixture.run(IngestTickers(fixture.settings()))
        let extractions = ExtractionRepository(try fixture.connect())
        let standings = try [Channel.depth, .tickers].flatMap { try extractions.standings($0).values }
        #expect(standings.count == 2 && standings.allSatisfy { $0 <= Date() })
    }

    @Test("what a candle is held for closed by is never later than the venue's clock, however little ours is ahead")
    func ahead() throws {
        try fixture.track("BTC-USDT", minutes: 30)
        fixture.market.setSkew(-2.5)
        let before = Date()
        try fixture.run(IngestKlines(fixture.settings()))
        let object = try #require(try fixture.objects().first)
        let asOf = object.requestedAt + Double(object.clockOffset) / 1000
        #expect(asOf <= Date() - 2.5 && asOf > before - 60)
    }

    @Test("a venue that does not tell its time is taken at the date of its answers")
    func dateHeader() throws {
        try fixture.track("BTC-USDT", minutes: 30)
        let date = httpDate(Date() - 300)
        fixture.market.fault { $0.path == "/api/v3/time" ? .json("{}", status: 404, [("Date", date)]) : nil }
        try fixture.run(IngestKlines(fixture.settings()))
        let standing = try #require(try fixture.standing())
        #expect((IngestFixture.minute(-8)...IngestFixture.minute(-5)).contains(standing))
    }
}

/// Clocks that cannot be.
@Suite struct IngestWrongClockTests {
    private let fixture: IngestFixture
    private let lines = LogLines()

    init() throws { fixture = try IngestFixture() }

    enum Wrong: CaseIterable {
        case seconds, microseconds, year2099, hoursBehind, end

        /// What it shows for a time in milliseconds.
        func time(_ now: Int64) -> Int64 {
            switch self {
            case .seconds: now / 1000
            case .microseconds: now * 1000
            case .year2099: 4_077_000_000_000
            case .hoursBehind: now - 2 * 3_600_000
            case .end: .max
            }
        }

        var text: String {
            switch self {
            case .seconds: "its clock shows 1970-01-"
            case .year2099: "its clock shows 2099-03-12T12:00:00Z where ours shows 20"
            case .microseconds, .hoursBehind, .end: "its clock shows "
            }
        }
    }

    @Test("of a venue whose clock cannot be nothing is fetched, the log says so once, and others go on", arguments: Wrong.allCases)
    func clock(wrong: Wrong) throws {
        let other = try ScriptedMarket()
        try fixture.track("BTC-USDT", "ETH-USDT", minutes: 5)
        try fixture.track("BTC-USDT", venue: "elsewhere", minutes: 5)
        fixture.market.fault {
            $0.path == "/api/v3/time" ? .json("{\"serverTime\":\(wrong.time(Date().milliseconds))}") : nil
        }
        let settings = try fixture.settings([fixture.market.site, other.elsewhere])
        let counts = try fixture.run(IngestKlines(settings), log: lines.log)
        #expect(try counts["failed"] == 2 && fixture.standing(venue: "elsewhere") != nil)
        #expect(fixture.market.server.requests.map(\.path) == ["/api/v3/time"])
        #expect(try Set(fixture.objects().map(\.exchange)) == ["elsewhere"])
        #expect(lines.count("ingest.clock_refused", "\"venue\":\"binance\",\"targets\":2,") == 1)
        #expect(lines.count("ingest.clock_refused", wrong.text) == 1 && lines.count("ingest.failed") == 0)
        for symbol in ["BTC-USDT", "ETH-USDT"] {
            #expect(try fixture.trouble(symbol).failures == 1 && fixture.trouble(symbol).error.contains("more than an hour apart"))
        }
        let alone = try fixture.settings([fixture.market.site])
        for job in [IngestKlines(alone), IngestDepth(alone), IngestTickers(alone)] as [any BatchJob] {
            #expect(throws: JobFailure.self) { try fixture.run(job) }
        }
        fixture.market.fault { _ in nil }
        #expect(try fixture.run(IngestKlines(settings))["failed"] == 0)
        #expect(try fixture.standing() != nil)
    }

    @Test("where the answer bears a date that can be, the venue goes by that")
    func dated() throws {
        try fixture.track("BTC-USDT", minutes: 30)
        let date = httpDate(Date() - 300)
        fixture.market.fault { $0.path == "/api/v3/time" ? .json("{\"serverTime\":1700000000}", [("Date", date)]) : nil }
        try fixture.run(IngestKlines(fixture.settings()), log: lines.log)
        let standing = try #require(try fixture.standing())
        #expect((IngestFixture.minute(-8)...IngestFixture.minute(-5)).contains(standing) && lines.count("ingest.clock_refused") == 0)
    }

    @Test("nor of one whose answers bear a date that cannot be: what is under way is not kept, and no more is asked")
    func date() throws {
        for number in 0..<60 { try fixture.track("C\(number)-USDT", minutes: 5) }
        fixture.market.fault { request in
            .json(
                request.path == "/api/v3/time" ? "{}" : "[\(ScriptedMarket.row(IngestFixture.minute(0)))]",
                status: request.path == "/api/v3/time" ? 404 : 200,
                request.path == "/api/v3/time" ? [] : [("Date", "Thu, 01 Jan 2099 00:00:00 GMT")])
        }
        #expect(throws: JobFailure.self) { try fixture.run(IngestKlines(fixture.settings()), log: lines.log) }
        #expect(try fixture.objects().isEmpty)
        #expect(fixture.market.requests("klines").count <= 32)
        #expect(lines.count("ingest.clock_refused", "\"targets\":60,") == 1 && lines.count("ingest.failed") == 0)
        #expect(try fixture.trouble("C59-USDT").error.contains("its clock shows 2099-01-01T00:00:00Z"))
    }

    @Test("a gap is not called absent by a venue whose clock cannot be")
    func gaps() throws {
        try fixture.track("BTC-USDT", minutes: 30)
        fixture.market.fault { $0.path == "/api/v3/time" ? .json("{\"serverTime\":1700000000}") : nil }
        #expect(throws: JobFailure.self) { try fixture.run(FillGaps(fixture.settings())) }
        let stretches = try fixture.connect().query("SELECT state, reason FROM crypto_gaf.missing_klines").map {
            "\(try $0.text(0)): \(try $0.text(1))"
        }
        #expect(stretches.count == 1 && stretches.first?.contains("more than an hour apart") == true, "\(stretches)")
    }
}
