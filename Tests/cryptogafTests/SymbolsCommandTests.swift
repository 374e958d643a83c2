import Foundation
import Market
import Postgres
import TestSupport
import Testing
import Warehouse

@testable import cryptogaf

@Suite struct SymbolsCommandTests {
    private func run(_ words: [String], _ database: TestDatabase? = nil, venue: String = "http://127.0.0.1:9") throws -> Subprocess.Result {
        let away = ["POSTGRES_HOST": "/nowhere", "POSTGRES_USER": "x", "POSTGRES_DB": "x"]
        let environment = database?.environment(as: "test_worker") ?? away
        return try Program.run(["symbols"] + words, environment: environment.merging(["BINANCE_URL": venue]) { $1 })
    }

    @Test("markets are tracked, listed and untracked")
    func program() throws {
        let database = try TestPostgres.database()
        let words = ["track", "binance:BTC-USDT", "binance:ETH-USDT", "--interval", "1h,1m", "--no-depth", "--since", "2020-06-01"]
        let tracked = try run(words, database)
        #expect(tracked.status == 0, "\(tracked.errors)")
        #expect(
            tracked.errors.contains("\"event\":\"symbols.unchecked\",\"venue\":\"binance\""), "the venue cannot be asked: \(tracked.errors)"
        )
        let table = try run(["list"], database).output.split(separator: "\n").map { $0.split(separator: " ").joined(separator: " ") }
        #expect(
            table.dropFirst() == ["binance:BTC-USDT 1m,1h - yes 2020-06-01T00:00:00Z", "binance:ETH-USDT 1m,1h - yes 2020-06-01T00:00:00Z"])
        #expect(try run(["untrack", "binance:BTC-USDT"], database).status == 0)
        let again = try run(["untrack", "binance:BTC-USDT"], database)
        #expect(again.status == 65 && again.errors.contains("binance:BTC-USDT is not tracked"))
        let json = try run(["list", "--json"], database).output
        #expect(
            json
                == #"[{"backfilled":{},"depth":false,"depth_levels":50,"exchange":"binance","interval_codes":["1m","1h"],"klines":true,"since":"2020-06-01T00:00:00Z","symbol":"ETH-USDT","tickers":true}]"#
                + "\n")
    }

    @Test("what a venue does not list is not tracked; what it lists is, with its tick and lot sizes, and without a check anything is")
    func check() throws {
        let database = try TestPostgres.database()
        func market(_ base: String, _ quote: String, _ status: String) -> String {
            """
            {"symbol":"\(base)\(quote)","status":"\(status)","baseAsset":"\(base)","quoteAsset":"\(quote)","filters":[
            {"filterType":"PRICE_FILTER","minPrice":"0.01","maxPrice":"1000","tickSize":"0.01000000"},
            {"filterType":"LOT_SIZE","minQty":"0.00001","maxQty":"9000","stepSize":"0.00001000"}]}
            """
        }
        let body =
            "{\"symbols\":[\(market("BTC", "USDT", "TRADING")),\(market("ETH", "USDT", "TRADING")),\(market("LUNA", "USDT", "BREAK"))]}"
        let server = try ScriptedServer { request in request.path == "/api/v3/exchangeInfo" ? .json(body) : .json("{}", status: 404) }
        func track(_ words: String...) throws -> Subprocess.Result { try run(["track"] + words, database, venue: server.url) }
        func tracked() throws -> Int { try run(["list"], database).output.split(separator: "\n").count - 1 }

        let unknown = try track("binance:ETH-USDT", "binance:BTC-USTD")
        #expect(
            unknown.status == 65 && unknown.errors.contains("binance has no market BTC-USTD; the nearest of its 3 are BTC-USDT, ETH-USDT"))
        #expect(try tracked() == 0, "all or none")
        let known = try track("binance:BTC-USDT", "binance:LUNA-USDT")
        #expect(known.status == 0, "\(known.errors)")
        #expect(
            known.errors.contains(#""symbol":"binance:BTC-USDT","trading":true,"tick_size":"0.01","lot_size":"0.00001""#), "\(known.errors)"
        )
        #expect(known.errors.contains(#""symbol":"binance:LUNA-USDT","trading":false"#), "\(known.errors)")
        #expect(server.requests.count == 2)
        #expect(try track("binance:NEW-USDT", "--no-check").status == 0)
        #expect(try tracked() == 3 && server.requests.count == 2)
        server.answer { _ in .json("{}", status: 503) }
        #expect(try track("binance:OTHER-USDT").status == 0 && tracked() == 4)
    }

    @Test("two who track the same markets in another order do not wait for each other")
    func order() throws {
        let database = try TestPostgres.database()
        let environment = database.environment(as: "test_worker")
        let connection = try database.connect(as: "test_worker")
        let symbols = TrackedSymbolRepository(connection)
        let program = try connection.transaction {
            _ = try symbols.track("binance", Pair("BTC-USDT"), TrackingChanges())
            let program = try Program.start(
                ["symbols", "track", "binance:ETH-USDT", "binance:BTC-USDT", "--no-check"], environment: environment)
            #expect(try eventually { try database.isAnybodyWaiting() }, "for the market that it shares with us")
            _ = try symbols.track("binance", Pair("ETH-USDT"), TrackingChanges())
            return program
        }
        #expect(program.wait() == 0, "\(program.output)")
        #expect(try symbols.list().count == 2)
    }

    @Test("as many levels of a book as the venue tells at most are tracked")
    func deepest() throws {
        let database = try TestPostgres.database()
        for (market, levels) in [("bybit:BTC-USDT", "200"), ("kucoin:BTC-USDT", "100"), ("bitstamp:BTC-USD", "1000")] {
            #expect(try run(["track", market, "--depth-levels", levels, "--no-check"], database).status == 0)
        }
        let symbols = try TrackedSymbolRepository(database.connect(as: "test_worker")).list()
        #expect(symbols.map(\.depthLevels) == [1000, 200, 100])
    }

    @Test("an interval that was backfilled is listed with the time that it is accounted for from on")
    func backfilled() throws {
        let database = try TestPostgres.database()
        let symbols = TrackedSymbolRepository(try database.connect(as: "test_worker"))
        let pair = try Pair("BTC-USDT")
        _ = try symbols.track(
            "binance", pair, TrackingChanges(intervals: [.minute, .hour], since: Date(timeIntervalSince1970: 1_600_000_000)))
        try symbols.accountFrom(Date(timeIntervalSince1970: 1_500_000_000), KlineSeries("binance", pair, .hour))
        #expect(try run(["list"], database).output.contains("2020-09-13T12:26:40Z, 1h 2017-07-14T02:40:00Z"))
        let json = try run(["list", "--json"], database).output
        #expect(json.contains(#""backfilled":{"1h":"2017-07-14T02:40:00Z"}"#) && json.contains(#""since":"2020-09-13T12:26:40Z""#))
    }

    @Test(
        "what cannot be tracked is refused with the reason",
        arguments: [
            (["track", "mtgox:BTC-USD"], "there is no venue \"mtgox\"; there are"),
            (["track", "binance:BTCUSDT"], "\"BTCUSDT\" is not a pair such as BTC-USD (that is BTC-USDT)"),
            (["track", "BTC-USDT"], "is not VENUE:SYMBOL"),
            (["track"], "takes at least one"),
            (["track", "binance:BTC-USDT", "--interval", "2m"], "--interval takes a list of 1m, 3m"),
            (["track", "binance:BTC-USDT", "--interval", "3d"], "binance has no candles of 3d"),
            (["track", "binance:BTC-USDT", "--interval", "1m", "--no-klines"], "exclude each other"),
            (
                ["track", "binance:BTC-USDT", "bybit:BTC-USDT", "--depth-levels", "201"],
                "bybit tells at most 200 levels of a side (got 201)"
            ),
            (["track", "okx:BTC-USDT", "--depth-levels", "1000"], "okx tells at most 400 levels"),
            (["track", "kraken:BTC-USD", "--depth-levels", "501"], "kraken tells at most 500 levels"),
            (["track", "kucoin:BTC-USDT", "--depth-levels", "101"], "kucoin tells at most 100 levels"),
            (["track", "binance:BTC-USDT", "--since", "yesterday"], "--since takes a day or a time in UTC"),
            (["track", "binance:BTC-USDT", "--since", "2025-02-30"], "--since takes a day or a time in UTC"),
            (["track", "binance:BTC-USDT", "--since", "2999-01-01"], "--since must not be more than a day ahead of now, which is 2"),
            (["untrack", "binance:BTC-USDT", "--no-depth"], "set nothing"),
            (["list", "--no-check"], "set nothing"),
            (["watch", "binance:BTC-USDT"], "symbols knows track, untrack and list"),
        ])
    func refused(words: [String], reason: String) throws {
        let done = try run(words)
        #expect(done.status == 64)
        #expect(done.errors.replacing("\\\"", with: "\"").contains(reason), "\(done.errors)")
    }

    @Test(
        "times in UTC are read as they are written",
        arguments: [
            ("2025-01-31", 1_738_281_600), ("2025-01-31T12:00Z", 1_738_324_800), ("2025-01-31 12:00:30", 1_738_324_830),
            ("2024-02-29", 1_709_164_800),
        ])
    func times(text: String, seconds: Double) {
        #expect(Date(utcText: text)?.timeIntervalSince1970 == seconds)
    }

    @Test(
        "what is no time is none",
        arguments: ["", "2025", "2025-13-01", "2025-01-31T25:00", "2025-1-31", "1969-12-31", "2025-01-31Z", "2025/01/31"])
    func noTimes(text: String) {
        #expect(Date(utcText: text) == nil)
    }
}
