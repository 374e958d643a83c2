import Exchanges
import Foundation
import Jobs
import Lake
import Postgres
import Synchronization
import TestSupport
import Testing
import Warehouse

/// What is kept of answers that a venue refuses with, and what `transform` makes of them.
@Suite struct IngestRefusalTests {
    private let fixture: IngestFixture

    init() throws { fixture = try IngestFixture() }

    /// BTC's candles get these answers one after the other, then what they should.
    private func spoil(_ answers: [ScriptedServer.Answer]) {
        let left = Mutex(answers[...])
        fixture.market.fault { request in
            guard request.path == "/api/v3/klines", request.query["symbol"] == "BTCUSDT" else { return nil }
            return left.withLock { $0.popFirst() }
        }
    }

    private func transform() throws -> [String] {
        try fixture.run(TransformJob(TransformJob.Options(lake: LakeLocation(url: fixture.lakeURL))))
        let stopped = try fixture.connect().query("SELECT count(*) FROM crypto_gaf.stopped_channels").one().int(0)
        #expect(stopped == 0)
        return try fixture.connect().query("SELECT outcome FROM crypto_gaf.processed_files ORDER BY object_key COLLATE \"C\"")
            .map { try $0.text(0) }
    }

    private static let html = "<html><body>503 Service Unavailable</body></html>"
    private static let limit = #"{"code":-1003,"msg":"Too many requests."}"#

    @Test("each answer to a question that is asked again is kept as it came, and transform calls them refused, of whatever shape they are")
    func each() throws {
        try fixture.track("BTC-USDT", minutes: 5)
        spoil([
            .reply(503, [("Content-Type", "text/html")], body: Array(Self.html.utf8)),
            .json(Self.limit, status: 429, [("Retry-After", "1")]),
        ])
        let counts = try fixture.run(IngestKlines(fixture.settings()))
        #expect(counts["failed"] == 0 && counts["retries"] == 2 && counts["rate_limited"] == 1 && counts["objects"] == 3)
        let objects = try fixture.objects()
        #expect(objects.map(\.status) == [503, 429, 200])
        #expect(objects.prefix(2).map { String(decoding: $0.body, as: UTF8.self) } == [Self.html, Self.limit])
        #expect(objects.allSatisfy { $0.requestedAt <= $0.receivedAt } && Set(objects.map(\.requestedAt)).count == 3)
        #expect(try fixture.recordedKeys() == fixture.lakeKeys())
        #expect(try transform() == ["refused", "refused", "loaded"])
    }

    @Test("the refusal after which a venue is left alone for the rest of the run is kept", arguments: [429, 418])
    func leftAlone(status: Int) throws {
        try fixture.track("BTC-USDT", "ETH-USDT", minutes: 5)
        spoil([.json(Self.limit, status: status, [("Retry-After", "3600")])])
        try fixture.run(IngestKlines(fixture.settings()))
        #expect(try fixture.trouble().error.contains("left alone"))
        let refusals = try fixture.objects().filter { $0.symbol == "BTC-USDT" }
        #expect(refusals.map(\.status) == [status])
        #expect(refusals.first.map { String(decoding: $0.body, as: UTF8.self) } == Self.limit)
        #expect(try transform().contains("refused"))
    }

    @Test("a page of HTML in place of candles is kept each time, and is unreadable, not the venue's new shape")
    func unreadable() throws {
        try fixture.track("BTC-USDT", minutes: 5)
        let page = ScriptedServer.Answer.reply(200, [("Content-Type", "text/html")], body: Array(Self.html.utf8))
        spoil([page, page])
        #expect(try fixture.run(IngestKlines(fixture.settings()))["objects"] == 3)
        #expect(try transform() == ["unreadable", "unreadable", "loaded"])
    }
}
