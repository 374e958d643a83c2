import Curl
import Market
import TestSupport
import Testing

@testable import Exchanges

private func body(_ data: String) -> [UInt8] { Array(#"{"code":"200000","data":\#(data)}"#.utf8) }

@Suite("KuCoin")
struct KuCoinTests {
    @Test("close stands before high and low")
    func candles() throws {
        let data = #"[["1700000100","11","11.5","12","10","1","11"],["1700000040","10","11","12","9","3.5","38.5"]]"#
        #expect(
            try KuCoin.candles(body(data), of: pair("BTC-USDT"), interval: .minute).values.first
                == Candle(
                    openTime: 1_700_000_040_000, open: number("10"), high: number("12"), low: number("9"), close: number("11"),
                    volume: number("3.5"), quoteVolume: number("38.5")))
    }

    @Test(
        "questions become requests, with their weight",
        arguments: [
            (
                .candles(pair("BTC-USDT"), .hours2, from: 0, to: 7_200_000), 3,
                "v1/market/candles?symbol=BTC-USDT&type=2hour&startAt=0&endAt=7201"
            ),
            (.candles(pair("BTC-USDT"), .day, from: nil, to: nil), 3, "v1/market/candles?symbol=BTC-USDT&type=1day"),
            (.depth(pair("BTC-USDT"), levels: 20), 2, "v1/market/orderbook/level2_20?symbol=BTC-USDT"),
            (.depth(pair("BTC-USDT"), levels: 21), 4, "v1/market/orderbook/level2_100?symbol=BTC-USDT"),
            (.tickers(nil), 15, "v1/market/allTickers"), (.tickers(pair("BTC-USDT")), 15, "v1/market/stats?symbol=BTC-USDT"),
            (.trades(pair("BTC-USDT")), 3, "v1/market/histories?symbol=BTC-USDT"), (.markets, 4, "v2/symbols"), (.time, 3, "v1/timestamp"),
        ] as [(VenueQuestion, Int, String)])
    func requests(question: VenueQuestion, weight: Int, path: String) {
        #expect(KuCoin.request(question, baseURL: "http://x")?.url == "http://x/api/\(path)")
        #expect(KuCoin.offer.weight(question) == weight)
    }

    @Test(
        "refusals come with status 200 too",
        arguments: [
            ("429000", 200, "words", VenueError.Code.rateLimited), ("900001", 200, "words", .unknownSymbol),
            ("400100", 400, "Unsupported trading pair.", .unknownSymbol), ("400100", 200, "Incorrect candlestick type", .rejected),
            ("500000", 200, "words", .down), ("404000", 404, "words", .rejected),
            ("400302", 200, "words", .denied),
        ])
    func refusals(code: String, status: Int, words: String, expected: VenueError.Code) {
        let refusal = KuCoin.refusal(
            Response(#"{"code":"\#(code)","msg":"\#(words)"}"#, status: status, [Header("gw-ratelimit-reset", "1500")]))
        #expect(refusal?.code == expected && refusal?.message == "status \(status): \(words)")
        #expect(refusal?.retryAfter == (expected == .rateLimited ? .milliseconds(1500) : nil))
    }

    @Test("tickers of all and of one, and what nobody has traded yet")
    func tickers() throws {
        let one = #"{"symbol":"BTC-USDT","buy":"1","sell":"2","high":null,"low":null,"vol":"3","volValue":"4","last":"1.5"}"#
        var ticker = Ticker(
            pair: pair("BTC-USDT"), time: 5, last: number("1.5"), bid: number("1"), ask: number("2"), volume: number("3"),
            quoteVolume: number("4"))
        let new = one.replacing("\"1.5\"", with: "null")
        #expect(try KuCoin.tickers(body(#"{"ticker":[\#(new),\#(one)],"time":5}"#), of: nil).values == [ticker])
        ticker.time = 7
        #expect(try KuCoin.tickers(body(one.replacing("{\"sym", with: "{\"time\":7,\"sym")), of: pair("BTC-USDT")).values == [ticker])
    }

    @Test("markets and time")
    func markets() throws {
        let market =
            #"[{"symbol":"BTC-USDT","name":"BTC-USDT","baseCurrency":"BTC","quoteCurrency":"USDT","baseIncrement":"0.00000001","#
            + #""priceIncrement":"0.1","enableTrading":true}]"#
        #expect(
            try KuCoin.markets(body(market)).values == [
                Listing(pair: pair("BTC-USDT"), symbol: "BTC-USDT", isTrading: true, tickSize: number("0.1"), lotSize: number("0.00000001"))
            ])
        #expect(try KuCoin.time(body("1729100692873")) == 1_729_100_692_873)
    }

    @Test("recorded answers", Sample.present)
    func recorded() throws {
        let candles = try KuCoin.candles(
            Sample.body("kucoin/candles_1h_btcusdt_20260902.first30.json"), of: pair("BTC-USDT"), interval: .hour)
        let checked = CandleCheck(interval: .hour, asOf: 1_788_330_000_000).check(candles.rows)
        #expect(checked.closed.count == 29 && checked.open == 1 && candles.rejected.isEmpty && checked.rejected.isEmpty)
        #expect(
            try KuCoin.depth(Sample.body("kucoin/orderbook_level2_20_btcusdt_20260902.json"), of: pair("BTC-USDT")).sequence
                == 36_463_731_205)
        for file in ["orderbook_level2_bchsv-usdt_20210425", "orderbook_level2_eqz-btc_20210425"] {
            let book = try KuCoin.depth(Sample.body("kucoin/\(file).json"), of: pair("BTC-USDT"))
            #expect(book.bids.count > 50 && book.bids[0].price < book.asks[0].price && book.time != nil)
        }
        let all = try KuCoin.tickers(Sample.body("kucoin/docs_alltickers.json"), of: nil).values
        let one = try KuCoin.tickers(Sample.body("kucoin/docs_stats.json"), of: pair("BTC-USDT")).values
        #expect(all == one && all.first?.time == 1_602_832_092_060)
        let trades = try KuCoin.trades(Sample.body("kucoin/docs_histories.json")).values
        #expect(trades.map(\.taker) == [.buy, .buy] && trades.first?.time == 1_545_904_567_062_140)
    }

    @Test("agrees with ccxt", Sample.present)
    func oracle() throws {
        let book = try Oracle("kucoin_orderbook")
        try book.expectDepth(KuCoin.depth(book.body, of: pair("BTC-USDT")))
    }
}
