import Curl
import Market
import TestSupport
import Testing

@testable import Exchanges

@Suite("OKX")
struct OKXTests {
    @Test("the ninth column says what is closed")
    func candles() throws {
        let body =
            #"{"code":"0","msg":"","data":[["1700000100000","11","12","10","11.5","1","11","11","0"],"#
            + #"["1700000040000","10","12","9","11","3.5","38","38.5","1"],["1699999980000","10","12","9","11","3.5","38","38.5",null]]}"#
        let parsed = try OKX.candles(Array(body.utf8), of: pair("BTC-USDT"), interval: .minute)
        #expect(parsed.values.map(\.isClosed) == [true, false] && parsed.values.map(\.quoteVolume) == [number("38.5"), number("11")])
        #expect(parsed.rejected.map(\.position) == [2])
        #expect(CandleCheck(interval: .minute, asOf: 1_800_000_000_000).check(parsed.rows).open == 1)
    }

    @Test(
        "questions become requests, with their weight",
        arguments: [
            (
                .candles(pair("BTC-USDT"), .hours6, from: 0, to: 21_600_000), 2,
                "market/history-candles?instId=BTC-USDT&bar=6Hutc&before=-1&after=21600001&limit=100"
            ),
            (
                .candles(pair("BTC-USDT"), .hour, from: 3_600_000, to: nil), 1,
                "market/candles?instId=BTC-USDT&bar=1H&before=3599999&limit=300"
            ),
            (.candles(pair("BTC-USDT"), .day, from: nil, to: nil), 1, "market/candles?instId=BTC-USDT&bar=1Dutc&limit=300"),
            (.depth(pair("BTC-USDT"), levels: 500), 1, "market/books?instId=BTC-USDT&sz=400"),
            (.tickers(nil), 2, "market/tickers?instType=SPOT"), (.tickers(pair("BTC-USDT")), 2, "market/ticker?instId=BTC-USDT"),
            (.trades(pair("BTC-USDT")), 1, "market/trades?instId=BTC-USDT&limit=500"), (.markets, 2, "public/instruments?instType=SPOT"),
            (.time, 4, "public/time"),
        ] as [(VenueQuestion, Int, String)])
    func requests(question: VenueQuestion, weight: Int, path: String) {
        #expect(OKX.request(question, baseURL: "http://x")?.url == "http://x/api/v5/\(path)")
        #expect(OKX.offer.weight(question) == weight)
    }

    @Test(
        "a code is a refusal, whether a string or a number and whatever the status",
        arguments: [
            ("\"50011\"", 200, VenueError.Code.rateLimited), ("50011", 429, .rateLimited), ("\"51001\"", 200, .unknownSymbol),
            ("\"50013\"", 200, .down), ("\"50001\"", 503, .down), ("\"50014\"", 400, .rejected), ("\"51000\"", 200, .rejected),
        ])
    func refusals(code: String, status: Int, expected: VenueError.Code) {
        let refusal = OKX.refusal(Response(#"{"msg":"words","code":\#(code)}"#, status: status))
        #expect(refusal == VenueRefusal(expected, message: "status \(status): words"))
        #expect(OKX.refusal(Response(#"{"code":"0","msg":"","data":[]}"#)) == nil)
    }

    @Test("markets and time")
    func markets() throws {
        let body =
            #"{"code":"0","msg":"","data":[{"instType":"SPOT","instId":"BTC-USDT","baseCcy":"BTC","quoteCcy":"USDT","#
            + #""tickSz":"0.1","lotSz":"0.00000001","state":"live"},{"instId":"OLD-USDT","baseCcy":"OLD","quoteCcy":"USDT","state":"suspend"}]}"#
        #expect(
            try OKX.markets(Array(body.utf8)).values == [
                Listing(
                    pair: pair("BTC-USDT"), symbol: "BTC-USDT", isTrading: true, tickSize: number("0.1"), lotSize: number("0.00000001")),
                Listing(pair: pair("OLD-USDT"), symbol: "OLD-USDT", isTrading: false),
            ])
        #expect(try OKX.time(Array(#"{"code":"0","msg":"","data":[{"ts":"1597026383085"}]}"#.utf8)) == 1_597_026_383_085)
    }

    @Test("recorded answers", Sample.present)
    func recorded() throws {
        let candles = try OKX.candles(Sample.body("okx/candles_1m_btcusdt_20260830.json"), of: pair("BTC-USDT"), interval: .minute)
        let checked = CandleCheck(interval: .minute, asOf: 1_788_083_300_000).check(candles.rows)
        #expect(checked.closed.count == 4 && checked.open == 1 && checked.rejected.isEmpty && candles.rejected.isEmpty)
        #expect(candles.values.last?.quoteVolume == number("66037.286538674"))
        let swap = try OKX.candles(Sample.body("okx/candles_1h_swap_20260815.trimmed2.json"), of: pair("BTC-USDT"), interval: .hour)
        #expect(swap.values.map(\.quoteVolume) == [number("20234523.14448"), number("543180.43308")])
        let book = try OKX.depth(Sample.body("okx/books_btcusdt_20260901.trimmed5.json"), of: pair("BTC-USDT"))
        #expect(book.sequence == 80_632_135_948 && book.time == 1_788_253_213_356 && book.bids.count == 5)
        #expect(book.asks.first == DepthLevel(price: number("77927.5"), size: number("1.53603807"), orders: 12))
        let trades = try OKX.trades(Sample.body("okx/trades_btcusdt_20250512.json")).values
        #expect(trades.map(\.id) == ["734864332", "734864333"] && trades.map(\.taker) == [.buy, .sell])
        // The vendor's example has swaps only.
        let tickers = try OKX.tickers(Sample.body("okx/docs_tickers.json"), of: nil)
        #expect(tickers.values.isEmpty && tickers.rejected.isEmpty)
        let pushed = try OKX.tickers(Sample.body("okx/ws_tickers_btcusdt_20260831.json"), of: nil).values.first
        #expect(pushed?.last == number("77997.4") && pushed?.quoteVolume == number("369956627.342196647"))
    }

    @Test("agrees with ccxt, and recorded refusals are some", Sample.present)
    func oracle() throws {
        let trades = try Oracle("okx_trades")
        try trades.expectTrades(OKX.trades(trades.body).values)
        for name in ["okx_429_too_frequent", "okx_429_too_many_requests"] {
            #expect(OKX.refusal(Response(status: 429, body: try Sample.body("errors/\(name).body.json")))?.code == .rateLimited)
        }
    }
}
