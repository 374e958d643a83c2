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

/// What `ingest-klines` asks, keeps and remembers when venues behave.
@Suite struct IngestKlinesTests {
    private let fixture: IngestFixture

    init() throws { fixture = try IngestFixture() }

    @Test("answers are kept byte for byte, and the extraction stands at the newest closed candle")
    func first() throws {
        try fixture.track("BTC-USDT", minutes: 30)
        let before = IngestFixture.minute(-1)
        let counts = try fixture.run(IngestKlines(fixture.settings()))
        let after = IngestFixture.minute(-1)
        let object = try #require(try fixture.objects().first)
        #expect(try fixture.objects().count == 1 && fixture.recordedKeys() == fixture.lakeKeys())
        #expect(object.exchange == "binance" && object.symbol == "BTC-USDT" && object.channel == "klines" && object.interval == "1m")
        #expect(object.status == 200 && object.source == nil && object.url.contains("/api/v3/klines?symbol=BTCUSDT&interval=1m&startTime="))
        #expect(object.requestedAt <= object.receivedAt)
        let standing = try #require(try fixture.standing())
        #expect((before...after).contains(standing))
        let range = try #require(fixture.market.ranges.first)
        let count = Int64(object.body.count { $0 == UInt8(ascii: "[") }) - 1
        let rows = (0..<count).map { ScriptedMarket.row(range.lowerBound + $0 * 60_000) }
        #expect(object.body == Array("[\(rows.joined(separator: ","))]".utf8))
        #expect(counts["targets"] == 1 && counts["objects"] == 1 && counts["failed"] == 0 && counts["behind"] == 0)
        #expect(counts["records"] == rows.count - 1, "the newest is open")
    }

    @Test("the next run begins with the last closed candle once more, and a run with nothing new asks for that one only")
    func overlap() throws {
        try fixture.track("BTC-USDT", minutes: 30)
        try fixture.run(IngestKlines(fixture.settings()))
        let standing = try #require(try fixture.standing())
        try fixture.run(IngestKlines(fixture.settings()))
        #expect(fixture.market.ranges.count == 2 && fixture.market.ranges[1].lowerBound == standing)
        #expect(try fixture.objects().count == 2 && fixture.market.requests("time").count == 2)
    }

    @Test("a run that is behind asks page by page, as many as it may, and the next goes on")
    func pages() throws {
        try fixture.track("BTC-USDT", minutes: 2500)
        let job = IngestKlines(try fixture.settings(), pages: 2)
        let counts = try fixture.run(job)
        #expect(counts["behind"] == 1 && counts["objects"] == 2)
        let first = try #require(fixture.market.ranges.first?.lowerBound)
        #expect(fixture.market.ranges == [first...first + 999 * 60_000, first + 1000 * 60_000...first + 1999 * 60_000])
        #expect(try fixture.standing() == first + 1999 * 60_000)
        #expect(try fixture.run(job)["behind"] == 0)
        let standing = try #require(try fixture.standing())
        #expect(standing >= IngestFixture.minute(-2))
    }

    @Test("a page without any candle does not hold a series up")
    func emptyPage() throws {
        try fixture.track("BTC-USDT", minutes: 2500)
        let first = IngestFixture.minute(-2500)
        fixture.market.setHoles(Set(stride(from: first - 60_000, through: first + 1400 * 60_000, by: 60_000)))
        try fixture.run(IngestKlines(fixture.settings(), pages: 1))
        let standing = try #require(try fixture.standing())
        #expect((first + 999 * 60_000...first + 1001 * 60_000).contains(standing))
    }

    @Test("an open candle is no closed one, also if the venue gives it uncalled for")
    func open() throws {
        try fixture.track("BTC-USDT", minutes: 5)
        fixture.market.edit { rows in rows + [ScriptedMarket.row(IngestFixture.minute(0)), ScriptedMarket.row(IngestFixture.minute(1))] }
        try fixture.run(IngestKlines(fixture.settings()))
        let standing = try #require(try fixture.standing())
        #expect(standing < IngestFixture.minute(0))
    }

    @Test("a page that is not the newest moves the extraction to its end and no further, whatever the venue tells with it")
    func unasked() throws {
        try fixture.track("BTC-USDT", minutes: 2500)
        let newest = IngestFixture.minute(-1)
        fixture.market.edit { _ in (Int64(-999)...0).map { ScriptedMarket.row(newest + $0 * 60_000) } }
        try fixture.run(IngestKlines(fixture.settings(), pages: 1))
        let first = try #require(fixture.market.ranges.first?.lowerBound)
        #expect(try fixture.standing() == first + 999 * 60_000)
    }

    @Test("OKX's newest candles are asked for where it has them first, older ones among its history")
    func newest() throws {
        try fixture.track("BTC-USDT", venue: "okx", minutes: 150)
        let okx = try ScriptedServer { request in
            request.path.hasSuffix("time")
                ? .json("{\"code\":\"0\",\"data\":[{\"ts\":\"\(Date().milliseconds)\"}]}")
                : .json(#"{"code":"0","msg":"","data":[]}"#)
        }
        try fixture.run(IngestKlines(fixture.settings([VenueSite(OKX.self, baseURL: okx.url)])))
        #expect(okx.requests.map(\.path) == ["public/time", "market/history-candles", "market/candles"].map { "/api/v5/" + $0 })
    }

    @Test("Gate, which refuses a page that begins before its newest 10,000 candles, is asked for none that does so when it arrives late")
    func edge() throws {
        try fixture.track("BTC-USDT", venue: "gateio", minutes: 20_000)
        let gate = try ScriptedServer { request in
            request.path.hasSuffix("time") ? .json("{\"server_time\":\(Date().milliseconds)}") : .json("[]")
        }
        try fixture.run(IngestKlines(fixture.settings([VenueSite(Gate.self, baseURL: gate.url)]), pages: 1))
        let from = try #require(gate.requests.last?.query["from"].flatMap { Int64($0) })
        #expect((IngestFixture.minute(-9995)...IngestFixture.minute(-9980)).contains(from * 1000))
    }

    @Test("every interval of a market is an extraction of its own; what is untracked or switched off is not asked for")
    func intervals() throws {
        try fixture.track("BTC-USDT", minutes: 600, intervals: [.minute, .minutes5, .hour])
        try fixture.track("ETH-USDT", minutes: 10)
        let symbols = TrackedSymbolRepository(try fixture.connect())
        _ = try symbols.track("binance", Pair("ETH-USDT"), TrackingChanges(klines: false))
        #expect(try fixture.run(IngestKlines(fixture.settings()))["targets"] == 3)
        #expect(try fixture.objects().map(\.interval).compactMap(\.self).sorted() == ["1h", "1m", "5m"])
    }

    @Test("with nothing tracked a run succeeds and asks nobody")
    func nothing() throws {
        #expect(try fixture.run(IngestKlines(fixture.settings()))["targets"] == 0)
        #expect(fixture.market.server.requests.isEmpty)
    }

    @Test("order books are fetched for each market, tickers in one answer where that is no dearer")
    func snapshots() throws {
        try fixture.track("BTC-USDT", "ETH-USDT")
        #expect(try fixture.run(IngestDepth(fixture.settings()))["records"] == 6)
        #expect(fixture.market.requests("depth").map { $0.query["limit"] } == ["50", "50"])
        // Two single tickers cost Binance less than all of them.
        try fixture.run(IngestTickers(fixture.settings()))
        #expect(fixture.market.requests("ticker/24hr").count == 2)
        let site = VenueSite(Binance.self, baseURL: fixture.market.server.url, requestsPerSecond: 100)
        #expect(try fixture.run(IngestTickers(fixture.settings([site])))["objects"] == 1)
        #expect(
            try fixture.objects().map { "\($0.symbol) \($0.channel)" }.sorted() == [
                "BTC-USDT depth", "BTC-USDT tickers", "ETH-USDT depth", "ETH-USDT tickers", "_all tickers",
            ])
    }

    @Test("a tracked market that an answer about all tickers does not have is counted and named")
    func missingTickers() throws {
        let site = VenueSite(Binance.self, baseURL: fixture.market.server.url, requestsPerSecond: 100)
        let lines = LogLines()
        try fixture.track("BTC-USDT", "ETH-USDT")
        #expect(try fixture.run(IngestTickers(fixture.settings([site])), log: lines.log)["missing"] == nil)
        #expect(lines.count("ingest.missing") == 0)
        try fixture.track("OLD-USDT", "LUNA-USDT")
        let counts = try fixture.run(IngestTickers(fixture.settings([site])), log: lines.log)
        #expect(counts["missing"] == 2 && counts["records"] == 2 && counts["failed"] == 0)
        #expect(lines.count("ingest.missing", "LUNA-USDT OLD-USDT") == 1)
    }
}
