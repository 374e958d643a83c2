import Exchanges
import Foundation
import Jobs
import Postgres
import TestSupport
import Testing

/// What the jobs make of a venue that answers, and lets us have nothing.
@Suite struct IngestDenialTests {
    private let fixture: IngestFixture
    private static let symbols = (0..<40).map { "C\($0)-USDT" }

    init() throws { fixture = try IngestFixture() }

    struct Denial: Sendable, CustomTestStringConvertible {
        let status: Int
        let body: String
        var headers: [(String, String)] = []

        var testDescription: String { "\(status) \(body)" }
        var answer: ScriptedServer.Answer { .json(body, status: status, headers) }
    }

    static let denials = [
        Denial(status: 403, body: "<html>Request blocked</html>"), Denial(status: 403, body: #"{"code":0,"msg":"Forbidden"}"#),
        Denial(status: 451, body: #"{"code":0,"msg":"Service unavailable from a restricted location"}"#),
        Denial(status: 302, body: "", headers: [("Location", "http://127.0.0.1:9/")]),
        Denial(status: 400, body: "<html>Bad Request</html>"),
        Denial(status: 404, body: "<html>Not Found</html>"), Denial(status: 401, body: "{}"),
    ]

    @Test("a venue that denies us everything was not reached, so a job that has no other has failed", arguments: denials)
    func everything(denial: Denial) throws {
        for symbol in Self.symbols.prefix(12) { try fixture.track(symbol, minutes: 5) }
        fixture.market.fault { _ in denial.answer }
        let settings = try fixture.settings()
        for job in [IngestKlines(settings), IngestDepth(settings), IngestTickers(settings)] as [any BatchJob] {
            #expect { try run(job) } throws: { error in
                (error as? JobFailure)?.counts["reached"] == 0 && (error as? JobFailure)?.counts["failed"] ?? 0 > 0
            }
        }
        // A clock that is not there may have moved.
        #expect(denial.status == 404 || fixture.market.server.requests.count == 3, "each time only its clock was asked for")
        #expect(try fixture.trouble(Self.symbols[3]).error.contains("status \(denial.status)"))
    }

    private func run(_ job: some BatchJob) throws { try fixture.run(job) }

    @Test("a venue that denies us all of its candles is asked for no more of them in that run, and others go on", arguments: denials)
    func candles(denial: Denial) throws {
        for symbol in Self.symbols { try fixture.track(symbol, minutes: 5) }
        try fixture.track("BTC-USDT", venue: "elsewhere", minutes: 5)
        let other = try ScriptedMarket()
        fixture.market.fault { $0.path == "/api/v3/klines" ? denial.answer : nil }
        let counts = try fixture.run(IngestKlines(fixture.settings([fixture.market.site, other.elsewhere])))
        #expect(counts["failed"] == 40 && counts["reached"] == 1 && counts["retries"] == 0, "\(counts)")
        #expect(fixture.market.requests("klines").count <= 16, "those that were under way at once")
        #expect(
            try fixture.standing(venue: "elsewhere") != nil && fixture.trouble(Self.symbols[39]).error.contains("status \(denial.status)"))
        #expect { try fixture.run(IngestKlines(fixture.settings([fixture.market.site]))) } throws: { $0 is JobFailure }
    }

    @Test("a venue that denies us everything and says for how long is left alone for that long")
    func forSoLong() throws {
        try fixture.track("BTC-USDT", "ETH-USDT", minutes: 5)
        fixture.market.fault { _ in .json("<html>WAF</html>", status: 403, [("Retry-After", "120")]) }
        let settings = try fixture.settings([fixture.market.site])
        let failure = #expect(throws: JobFailure.self) { try fixture.run(IngestKlines(settings)) }
        #expect(failure?.counts["rate_limited"] == 1 && failure?.counts["reached"] == 0)
        let pause = try fixture.connect().query(
            "SELECT extract(epoch FROM paused_until - now())::double precision FROM crypto_gaf.venue_budgets WHERE exchange = 'binance'"
        ).one().double(0)
        #expect((60...120).contains(pause))
        #expect(throws: JobFailure.self) { try fixture.run(IngestDepth(settings)) }
        #expect(fixture.market.server.requests.count == 1, "not one more request")
    }

    @Test("an answer that came too late or too early for the venue is asked for again", arguments: [408, 425])
    func again(status: Int) throws {
        try fixture.track("BTC-USDT", minutes: 5)
        fixture.market.faultOnce(.json("", status: status))
        let counts = try fixture.run(IngestKlines(fixture.settings()))
        #expect(counts["failed"] == 0 && counts["retries"] == 1)
    }

    @Test("nothing is missing for good because a venue denies us everything", arguments: denials)
    func gaps(denial: Denial) throws {
        try fixture.track("BTC-USDT", minutes: 300)
        let holes = [100, 200].map { IngestFixture.minute(-$0) }
        fixture.market.setHoles(Set(holes))
        _ = try fixture.run(FillGaps(fixture.settings()))
        try fixture.track("ETH-USDT", minutes: 300)
        fixture.market.fault { _ in denial.answer }
        #expect(throws: JobFailure.self) { try fixture.run(FillGaps(fixture.settings())) }
        let (absent, final) = try ledger()
        #expect(absent == 2 && final == 0, "what was said of the holes stands, and is not said twice")
        fixture.market.fault { _ in nil }
        fixture.market.setHoles([])
        _ = try fixture.run(FillGaps(fixture.settings()))
        #expect(try fixture.connect().query("SELECT count(*) FROM crypto_gaf.missing_klines").one().int(0) == 0)
    }

    private func ledger() throws -> (absent: Int, final: Int) {
        let row = try fixture.connect().query(
            "SELECT count(*) FILTER (WHERE state = 'absent'), count(*) FILTER (WHERE final) FROM crypto_gaf.missing_klines"
        ).one()
        return (try row.int(0), try row.int(1))
    }
}
