import Curl
import Foundation
import Market
import TestSupport
import Testing

@testable import Exchanges

private func body(_ result: String) -> [UInt8] {
    Array(#"{"retCode":0,"retMsg":"OK","result":\#(result),"retExtInfo":{},"time":1700000110000}"#.utf8)
}

@Suite("Bybit")
struct BybitTests {
    @Test("candles come newest first, and the clock tells which is open")
    func candles() throws {
        let list =
            #"{"category":"spot","list":[["1700000100000","11","12","10","11.5","1","11"],["1700000040000","10","12","9","11","3.5","38.5"]]}"#
        let parsed = try Bybit.candles(body(list), of: pair("BTC-USDT"), interval: .minute)
        #expect(
            parsed.values.first
                == Candle(
                    openTime: 1_700_000_040_000, open: number("10"), high: number("12"), low: number("9"), close: number("11"),
                    volume: number("3.5"), quoteVolume: number("38.5")))
        #expect(CandleCheck(interval: .minute, asOf: 1_700_000_110_000).check(parsed.rows).open == 1)
    }

    @Test(
        "questions become requests",
        arguments: [
            (
                .candles(pair("BTC-USDT"), .day, from: 0, to: 86_400_000),
                "kline?category=spot&symbol=BTCUSDT&interval=D&start=0&end=86400000&limit=1000"
            ),
            (.candles(pair("BTC-USDT"), .hours4, from: nil, to: nil), "kline?category=spot&symbol=BTCUSDT&interval=240&limit=1000"),
            (.depth(pair("BTC-USDT"), levels: 500), "orderbook?category=spot&symbol=BTCUSDT&limit=200"),
            (.tickers(nil), "tickers?category=spot"), (.tickers(pair("BTC-USDT")), "tickers?category=spot&symbol=BTCUSDT"),
            (.trades(pair("BTC-USDT")), "recent-trade?category=spot&symbol=BTCUSDT&limit=60"),
            (.markets, "instruments-info?category=spot"), (.time, "time"),
        ] as [(VenueQuestion, String)])
    func requests(question: VenueQuestion, path: String) {
        #expect(Bybit.request(question, baseURL: "http://x")?.url == "http://x/v5/market/\(path)")
    }

    @Test(
        "refusals come with status 200, and all wrong parameters under one code",
        arguments: [
            (10006, "Too many visits!", VenueError.Code.rateLimited), (10018, "Exceeded the IP Rate Limit.", .rateLimited),
            (10016, "Internal server error", .down), (10000, "Server Timeout", .down), (10001, "Not supported symbols", .unknownSymbol),
            (10001, "Invalid period!", .rejected), (10002, "The request time exceeds the time window range.", .rejected),
        ])
    func refusals(code: Int, words: String, expected: VenueError.Code) {
        let refusal = Bybit.refusal(Response(#"{"retCode":\#(code),"retMsg":"\#(words)","result":{}}"#))
        #expect(refusal == VenueRefusal(expected, message: "status 200: \(words)"))
    }

    @Test("a limit says until when; who is shut out waits ten minutes")
    func waits() {
        var response = Response(
            #"{"retCode":10006,"retMsg":"Too many visits!"}"#, [Header("x-bapi-limit-reset-timestamp", "1700000001500")])
        response.receivedAt = Date(timeIntervalSince1970: 1_700_000_000)
        #expect(Bybit.refusal(response)?.retryAfter == .milliseconds(1500))
        for end in ["-9223372036854775808", "-1", "0", "soon"] {
            response.headers = [Header("x-bapi-limit-reset-timestamp", end)]
            #expect(Bybit.refusal(response) == VenueRefusal(.rateLimited, message: "status 200: Too many visits!"), "\(end)")
        }
        response.headers = [Header("x-bapi-limit-reset-timestamp", "9223372036854775807")]
        #expect(Bybit.refusal(response)?.retryAfter == .seconds(1 << 31))
        #expect(Bybit.refusal(Response("403, access too frequent", status: 403))?.retryAfter == .seconds(600))
        #expect(Bybit.refusal(Response("<html>your country</html>", status: 403))?.code == .denied)
    }

    @Test("markets and time")
    func markets() throws {
        let list =
            #"{"category":"spot","list":[{"symbol":"BTCUSDT","baseCoin":"BTC","quoteCoin":"USDT","innovation":"0","status":"Trading","#
            + #""lotSizeFilter":{"basePrecision":"0.000001","quotePrecision":"0.0000001"},"priceFilter":{"tickSize":"0.01"}}]}"#
        #expect(
            try Bybit.markets(body(list)).values == [
                Listing(pair: pair("BTC-USDT"), symbol: "BTCUSDT", isTrading: true, tickSize: number("0.01"), lotSize: number("0.000001"))
            ])
        #expect(try Bybit.time(body(#"{"timeSecond":"1688639403","timeNano":"1688639403423213947"}"#)) == 1_688_639_403_423)
    }

    @Test("recorded answers", Sample.present)
    func recorded() throws {
        let candles = try Bybit.candles(Sample.body("bybit/kline_spot_1m_btcusdt_20260830.json"), of: pair("BTC-USDT"), interval: .minute)
        let checked = CandleCheck(interval: .minute, asOf: 1_788_081_204_000).check(candles.rows)
        #expect(checked.closed.map(\.position) == [4, 3, 2, 1] && checked.open == 1 && candles.rejected.isEmpty)
        let linear = try Bybit.tickers(Sample.body("bybit/tickers_linear_btcusdt_20260909.json"), of: nil).values
        #expect(linear.map(\.last) == [number("78468.5")] && linear.first?.open == number("79098"))
        #expect(try Bybit.tickers(Sample.body("bybit/docs_tickers_spot.json"), of: nil).values.map(\.pair) == [pair("BTC-USDT")])
        let book = try Bybit.depth(Sample.body("bybit/docs_orderbook.json"), of: pair("BTC-USDT"))
        #expect(book.sequence == 243_781 && book.bids == [DepthLevel(price: number("62710.2"), size: number("5.52"))])
        #expect(try Bybit.trades(Sample.body("bybit/docs_recent_trade.json")).values.map(\.id) == ["2100000000007764263"])
    }

    @Test("agrees with ccxt", Sample.present)
    func oracle() throws {
        let book = try Oracle("bybit_orderbook")
        try book.expectDepth(Bybit.depth(book.body, of: pair("BTC-USDT")))
        let ticker = try Oracle("bybit_ticker")
        try ticker.expectTicker(Bybit.tickers(ticker.body, of: nil).values.first)
        let trades = try Oracle("bybit_trades")
        try trades.expectTrades(Bybit.trades(trades.body).values)
    }
}
