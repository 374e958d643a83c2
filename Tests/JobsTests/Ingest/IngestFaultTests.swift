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

/// What `ingest-klines` makes of venues that misbehave.
@Suite struct IngestFaultTests {
    private let fixture: IngestFixture

    init() throws { fixture = try IngestFixture() }

    /// Answers nothing but this for BTC's candles.
    private func spoil(_ answer: ScriptedServer.Answer) {
        fixture.market.fault { $0.path == "/api/v3/klines" && $0.query["symbol"] == "BTCUSDT" ? answer : nil }
    }

    struct Useless: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let answer: ScriptedServer.Answer
        /// How often it is asked for, and how many objects it leaves.
        let tries: Int
        let evidence: Int

        init(_ name: String, _ answer: ScriptedServer.Answer, tries: Int, evidence: Int) {
            (testDescription, self.answer, self.tries, self.evidence) = (name, answer, tries, evidence)
        }
    }

    static let useless: [Useless] = [
        Useless("half a body", .half("[\(ScriptedMarket.row(0))]"), tries: 3, evidence: 0),
        Useless("reset", .reset, tries: 3, evidence: 0),
        Useless("garbage for gzip", .reply(200, [("Content-Encoding", "gzip")], body: Array("no gzip".utf8)), tries: 3, evidence: 0),
        Useless("wrong JSON", .json("{\"rows\":[]}"), tries: 1, evidence: 1),
        Useless("half of the JSON", .json("[[1,\"2\""), tries: 3, evidence: 3),
        Useless(
            "a page of HTML", .reply(200, [("Content-Type", "text/html")], body: Array("<html>Down for maintenance</html>".utf8)), tries: 3,
            evidence: 3),
        Useless("a fault of the venue's", .json("{}", status: 503), tries: 3, evidence: 3),
        Useless("an unknown symbol", .json(#"{"code":-1121,"msg":"Invalid symbol."}"#, status: 400), tries: 1, evidence: 1),
        Useless(
            "a question that it does not like", .json(#"{"code":-1100,"msg":"Illegal characters."}"#, status: 400), tries: 1, evidence: 1),
    ]

    @Test("a useless answer is evidence, moves nothing, and stops nobody else", arguments: Self.useless)
    func evidence(of useless: Useless) throws {
        try fixture.track("BTC-USDT", "ETH-USDT", minutes: 5)
        spoil(useless.answer)
        let counts = try fixture.run(IngestKlines(fixture.settings()))
        #expect(counts["failed"] == 1 && counts["answers"] == 1, "\(counts)")
        #expect(try fixture.standing() == nil && fixture.standing("ETH-USDT") != nil)
        #expect(try fixture.trouble().failures == 1 && !fixture.trouble().error.isEmpty)
        // libcurl by itself asks once more on a new connection if an old one turns out to be dead.
        let tries = fixture.market.requests("klines").count { $0.query["symbol"] == "BTCUSDT" }
        #expect((useless.tries...2 * useless.tries).contains(tries))
        #expect(try fixture.objects().count { $0.symbol == "BTC-USDT" } == useless.evidence)
        fixture.market.fault { _ in nil }
        #expect(try fixture.run(IngestKlines(fixture.settings()))["failed"] == 0)
        #expect(try fixture.standing() != nil && fixture.trouble().failures == 0)
    }

    @Test("a venue that does not answer costs its time, and no other venue anything")
    func timeout() throws {
        try fixture.track("BTC-USDT", minutes: 5)
        try fixture.track("BTC-USDT", venue: "elsewhere", minutes: 5)
        let silent = try ScriptedServer { _ in .silence(30) }
        let sites = [VenueSite(Binance.self, baseURL: silent.url), fixture.market.elsewhere]
        let counts = try fixture.run(IngestKlines(fixture.settings(sites, timeout: .milliseconds(200))))
        #expect(counts["failed"] == 1 && counts["answers"] == 1)
        #expect(try fixture.standing(venue: "elsewhere") != nil)
        #expect(silent.requests.map(\.path) == ["/api/v3/time", "/api/v3/time", "/api/v3/time"], "its candles are not asked for in vain")
    }

    @Test("one answer too late is asked for again, and then is there")
    func recovers() throws {
        try fixture.track("BTC-USDT", minutes: 5)
        fixture.market.faultOnce(.silence(5))
        let counts = try fixture.run(IngestKlines(fixture.settings(timeout: .milliseconds(300))))
        #expect(counts["failed"] == 0 && counts["retries"] == 1)
    }

    @Test("a venue that limits us is left alone for as long as it says, by later runs too, and others go on")
    func rateLimited() throws {
        try fixture.track("BTC-USDT", "ETH-USDT", minutes: 5)
        try fixture.track("BTC-USDT", venue: "elsewhere", minutes: 5)
        let other = try ScriptedMarket()
        fixture.market.fault { request in
            request.path == "/api/v3/klines"
                ? .json(#"{"code":-1003,"msg":"Too many requests."}"#, status: 429, [("Retry-After", "3600")]) : nil
        }
        let sites = [fixture.market.site, other.elsewhere]
        let counts = try fixture.run(IngestKlines(fixture.settings(sites)))
        #expect(counts["failed"] == 2 && counts["answers"] == 1)
        let asked = fixture.market.server.requests.count
        #expect(try fixture.run(IngestKlines(fixture.settings(sites)))["answers"] == 1)
        #expect(fixture.market.server.requests.count == asked, "not one more request")
        #expect(try fixture.trouble().error.contains("left alone"))
        let reason = try fixture.connect().query("SELECT exchange, reason FROM crypto_gaf.venue_budgets WHERE paused_until > now()").one()
        #expect(try reason.text(0) == "binance" && reason.text(1).contains("Too many requests"))
    }

    @Test("after a short pause the same run goes on")
    func shortPause() throws {
        try fixture.track("BTC-USDT", minutes: 5)
        fixture.market.faultOnce(.json("{}", status: 429, [("Retry-After", "1")]))
        let counts = try fixture.run(IngestKlines(fixture.settings()))
        #expect(counts["rate_limited"] == 1 && counts["failed"] == 0)
    }

    @Test("the limit holds over all that ask at once")
    func limit() throws {
        let symbols = (0..<30).map { "C\($0)-USDT" }
        for symbol in symbols { try fixture.track(symbol, minutes: 5) }
        let site = VenueSite(Binance.self, baseURL: fixture.market.server.url, requestsPerSecond: 20)
        // No answer comes so late that it is asked for again.
        let settings = try fixture.settings([site], timeout: .seconds(30))
        let times = Mutex<[Date]>([])
        fixture.market.fault { _ in
            times.withLock { $0.append(Date()) }
            return nil
        }
        let depth = Background { [fixture] in try fixture.run(IngestDepth(settings)) }
        try fixture.run(IngestKlines(settings))
        _ = try depth.value()
        let sorted = times.withLock { $0.sorted() }
        // A minute that ends meanwhile has its candle asked for as well.
        let asked = fixture.market.server.requests
        #expect(Set(asked.map { "\($0.path) \($0.query["symbol"] ?? "")" }).count == 61 && asked.count >= 62)
        #expect(asked.count { $0.path != "/api/v3/klines" } == 32 && sorted.count == asked.count)
        for (index, time) in sorted.enumerated() {
            let window = sorted[index...].prefix { $0.timeIntervalSince(time) < 1 }
            #expect(window.count <= 21, "\(window.count) within a second")
        }
    }

    @Test(
        "rows that cannot be move nothing; the sound ones beside them count",
        arguments: [
            ("off the grid", #"[%OPEN%1,"1","2","1","1","1",0,"1",1,"1","1","0"]"#),
            ("the open above the high", #"[%OPEN%,"3","2","1","1","1",0,"1",1,"1","1","0"]"#),
            ("no volume", #"[%OPEN%,"1","2","1","1",null,0,"1",1,"1","1","0"]"#),
            ("a price of nothing", #"[%OPEN%,"0","2","0","1","1",0,"1",1,"1","1","0"]"#),
        ])
    func badRows(name: String, row: String) throws {
        try fixture.track("BTC-USDT", minutes: 5)
        fixture.market.edit { rows in
            rows.filter { row in ![Int64(-1), 0].contains { row.hasPrefix("[\(IngestFixture.minute($0)),") } } + [
                row.replacing("%OPEN%1", with: "\(IngestFixture.minute(-1) + 1)").replacing("%OPEN%", with: "\(IngestFixture.minute(-1))")
            ]
        }
        try fixture.run(IngestKlines(fixture.settings()))
        let standing = try #require(try fixture.standing())
        #expect((IngestFixture.minute(-3)...IngestFixture.minute(-2)).contains(standing), "\(name)")
    }

    @Test("candles in any order, twice or from the future, are kept as they came")
    func disorder() throws {
        try fixture.track("BTC-USDT", minutes: 5)
        let told = Mutex<[String]>([])
        fixture.market.edit { rows in
            let rows = rows.reversed() + rows + [ScriptedMarket.row(IngestFixture.minute(60))]
            told.withLock { $0.append("[\(rows.joined(separator: ","))]") }
            return rows
        }
        try fixture.run(IngestKlines(fixture.settings()))
        #expect(try fixture.objects().map { String(decoding: $0.body, as: UTF8.self) } == told.withLock { $0 })
        let standing = try #require(try fixture.standing())
        #expect((IngestFixture.minute(-2)...IngestFixture.minute(-1)).contains(standing))
    }

    @Test("a venue that is away is one line of the log, whatever is fetched there; each market is noted")
    func away() throws {
        try fixture.track("BTC-USDT", "ETH-USDT", "XRP-USDT", minutes: 5)
        fixture.market.fault { _ in .json("{}", status: 503) }
        let lines = Mutex<[String]>([])
        let log = Log(format: .json, write: { line in lines.withLock { $0.append(line) } })
        #expect(throws: JobFailure.self) { try fixture.run(IngestKlines(fixture.settings()), log: log) }
        let away = lines.withLock { $0 }.filter { $0.contains("\"venue\":\"binance\"") }
        #expect(
            away.count == 1 && away.first?.contains("\"event\":\"ingest.venue_away\",\"venue\":\"binance\",\"targets\":3,") == true,
            "\(away)")
        for symbol in ["BTC-USDT", "ETH-USDT", "XRP-USDT"] { #expect(try fixture.trouble(symbol).failures == 1) }
    }

    @Test("no job that reaches nobody has succeeded")
    func nobody() throws {
        try fixture.track("BTC-USDT", "ETH-USDT", minutes: 5)
        fixture.market.fault { _ in .json("{}", status: 503) }
        let settings = try fixture.settings()
        #expect(throws: JobFailure.self) { try fixture.run(IngestKlines(settings)) }
        #expect(throws: JobFailure.self) { try fixture.run(IngestDepth(settings)) }
        #expect(throws: JobFailure.self) { try fixture.run(IngestTickers(settings)) }
    }

    @Test("a run that reaches nobody has failed; one that reaches somebody has not")
    func outcome() throws {
        try fixture.track("BTC-USDT", "ETH-USDT", minutes: 5)
        fixture.market.fault { _ in .json("{}", status: 503) }
        #expect { try fixture.run(IngestKlines(fixture.settings())) } throws: { error in
            (error as? JobFailure)?.counts["failed"] == 2
        }
        spoil(.json("{}", status: 503))
        #expect(try fixture.run(IngestKlines(fixture.settings()))["failed"] == 1)
        let outcomes = try fixture.connect().query("SELECT outcome FROM crypto_gaf.job_runs ORDER BY run_id").map { try $0.text(0) }
        #expect(outcomes == ["failed", "succeeded"])
    }

    @Test("a stop ends the asking, and what was under way is kept")
    func stop() throws {
        try fixture.track("BTC-USDT", minutes: 20_000)
        fixture.market.fault { [stop = fixture.stop] request in
            if request.path == "/api/v3/klines" { stop.request() }
            return nil
        }
        let ending = #expect(throws: IngestFixture.UnexpectedEnding.self) { try fixture.run(IngestKlines(fixture.settings())) }
        guard case .stopped(let counts)? = ending?.ending else { return #expect(Bool(false), "it did not end by the stop") }
        #expect(counts["objects"] == 1)
        #expect(try fixture.standing() != nil && fixture.recordedKeys().count == 1)
    }
}
