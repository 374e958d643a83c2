import Curl
import Foundation
import Market
import TestSupport
import Testing

@testable import Exchanges

@Suite("Gate")
struct GateTests {
    @Test("quote volume and close stand first, open after low; the last column says what is closed")
    func candles() throws {
        let body =
            #"[["1700000040","38.5","11","12","9","10","3.5","true"],["1700000100","11","11.5","12","10","11","1","false"],"#
            + #"["1700000160","11","11.5","12","10","11","1"],["1700000220","11","11.5","12","10","11","1","maybe"]]"#
        let parsed = try Gate.candles(Array(body.utf8), of: pair("BTC-USDT"), interval: .minute)
        #expect(
            parsed.values.first
                == Candle(
                    openTime: 1_700_000_040_000, open: number("10"), high: number("12"), low: number("9"), close: number("11"),
                    volume: number("3.5"), quoteVolume: number("38.5"), isClosed: true))
        #expect(parsed.values.map(\.isClosed) == [true, false, nil] && parsed.rejected.map(\.position) == [3])
    }

    @Test(
        "questions become requests: a range or a limit, never both",
        arguments: [
            (
                .candles(pair("BTC-USDT"), .minute, from: 60_000, to: 120_000),
                "candlesticks?currency_pair=BTC_USDT&interval=1m&from=60&to=120"
            ),
            (
                .candles(pair("BTC-USDT"), .minute, from: 60_000, to: nil),
                "candlesticks?currency_pair=BTC_USDT&interval=1m&from=60&to=60000"
            ),
            (.candles(pair("BTC-USDT"), .minute, from: nil, to: nil), "candlesticks?currency_pair=BTC_USDT&interval=1m&limit=1000"),
            (.depth(pair("BTC-USDT"), levels: 20), "order_book?currency_pair=BTC_USDT&limit=20&with_id=true"), (.tickers(nil), "tickers"),
            (.tickers(pair("BTC-USDT")), "tickers?currency_pair=BTC_USDT"),
            (.trades(pair("BTC-USDT")), "trades?currency_pair=BTC_USDT&limit=1000"),
            (.markets, "currency_pairs"), (.time, "time"),
        ] as [(VenueQuestion, String)])
    func requests(question: VenueQuestion, path: String) {
        #expect(Gate.request(question, baseURL: "http://x")?.url == "http://x/api/v4/spot/\(path)")
    }

    @Test(
        "refusals have a label",
        arguments: [
            ("TOO_MANY_REQUESTS", 429, VenueError.Code.rateLimited), ("INVALID_CURRENCY_PAIR", 400, .unknownSymbol),
            ("INVALID_PARAM_VALUE", 400, .rejected), ("SERVER_ERROR", 500, .down), ("TOO_BUSY", 400, .down),
        ])
    func refusals(label: String, status: Int, expected: VenueError.Code) {
        var response = Response(
            #"{"label":"\#(label)","message":"words"}"#, status: status, [Header("x-gate-ratelimit-reset-timestamp", "1700000003")])
        response.receivedAt = Date(timeIntervalSince1970: 1_700_000_000)
        let refusal = Gate.refusal(response)
        #expect(refusal?.code == expected && refusal?.message == "status \(status): \(label): words")
        #expect(expected != .rateLimited || refusal?.retryAfter == .seconds(3))
    }

    @Test("a limit's end that cannot be is no reason to wait", arguments: ["-9223372036854775808", "-1", "0", "soon", ""])
    func noWait(end: String) {
        let response = Response(#"{"label":"TOO_FAST","message":"words"}"#, status: 429, [Header("x-gate-ratelimit-reset-timestamp", end)])
        #expect(Gate.refusal(response) == VenueRefusal(.rateLimited, message: "status 429: TOO_FAST: words"))
    }

    @Test("a limit that never ends is bounded")
    func longWait() {
        let response = Response("{}", status: 429, [Header("x-gate-ratelimit-reset-timestamp", "9223372036854775807")])
        let limited = Response(
            #"{"label":"TOO_FAST","message":"words"}"#, status: 429, response.headers)
        #expect(Gate.refusal(limited)?.retryAfter == .seconds(1 << 31))
    }

    @Test("trades, markets and time")
    func others() throws {
        let trade =
            #"[{"id":"7","create_time":"1548000000","create_time_ms":"1548000000123.456","side":"buy","amount":"0.15","price":"0.03"}]"#
        #expect(
            try Gate.trades(Array(trade.utf8)).values == [
                PublicTrade(id: "7", time: 1_548_000_000_123_456, price: number("0.03"), size: number("0.15"), taker: .buy)
            ])
        let market =
            #"[{"id":"ETH_USDT","base":"ETH","quote":"USDT","fee":"0.2","precision":2,"amount_precision":4,"trade_status":"tradable"}]"#
        #expect(
            try Gate.markets(Array(market.utf8)).values == [
                Listing(pair: pair("ETH-USDT"), symbol: "ETH_USDT", isTrading: true, tickSize: number("0.01"), lotSize: number("0.0001"))
            ])
        #expect(try Gate.time(Array(#"{"server_time":1597026383085}"#.utf8)) == 1_597_026_383_085)
    }

    @Test("recorded answers", Sample.present)
    func recorded() throws {
        let candles = try Gate.candles(Sample.body("gateio/candlesticks_1h_20260902.json"), of: pair("BTC-USDT"), interval: .hour)
        let checked = CandleCheck(interval: .hour, asOf: 1_788_316_000_000).check(candles.rows)
        #expect(checked.closed.map(\.position) == [0, 1, 2] && checked.open == 1 && candles.rejected.isEmpty)
        let books =
            [
                ("order_book_spot_20260902.trimmed5", nil, 1_788_332_490_406), ("order_book_with_id_btc_usdc_20210422", 13_035_634, nil),
                ("order_book_with_id_ink_usdt_20210422", 2_509_482, nil),
                ("order_book_with_id_btcusdt_202509.trimmed5", 27_596_272_445, 1_759_104_757_919),
            ] as [(String, Int64?, Int64?)]
        for (file, sequence, time) in books {
            let book = try Gate.depth(Sample.body("gateio/\(file).json"), of: pair("BTC-USDT"))
            #expect(book.sequence == sequence && book.time == time && !book.bids.isEmpty && !book.asks.isEmpty, "\(file)")
        }
        #expect(
            try Gate.tickers(Sample.body("gateio/tickers_two_pairs_202306.json"), of: nil).values.map(\.pair) == [
                pair("BTC-USDT"), pair("ETH-USDT"),
            ])
        let example = try Gate.tickers(Sample.body("gateio/docs_tickers.json"), of: nil).values.first
        #expect(example?.quoteVolume == number("1602221.66468375534639404191"))
    }

    @Test("agrees with ccxt", Sample.present)
    func oracle() throws {
        let candles = try Oracle("gateio_ohlcv")
        try candles.expectCandles(Gate.candles(candles.body, of: pair("BTC-USDT"), interval: .hour).values)
        let ticker = try Oracle("gateio_ticker")
        // ccxt calculates the open from the change in percent.
        try ticker.expectTicker(Gate.tickers(ticker.body, of: nil).values.first, lacking: ["open"])
    }

    @Test(
        "recorded refusals", Sample.present,
        arguments: [
            ("gateio_400_invalid_currency", 400, VenueError.Code.unknownSymbol), ("gateio_401_invalid_signature", 401, .denied),
            ("gateio_500_server_error", 500, .down), ("gateio_too_fast", 400, .rateLimited),
        ])
    func recordedRefusals(name: String, status: Int, code: VenueError.Code) throws {
        #expect(Gate.refusal(Response(status: status, body: try Sample.body("errors/\(name).body.json")))?.code == code)
    }
}
