import Curl
import Market
import TestSupport
import Testing

@testable import Exchanges

@Suite("Coinbase Advanced")
struct CoinbaseAdvancedTests {
    @Test(
        "questions become requests",
        arguments: [
            (
                .candles(pair("BTC-USD"), .hour, from: 3_600_000, to: 7_200_000),
                "market/products/BTC-USD/candles?start=3600&end=7200&granularity=ONE_HOUR&limit=350"
            ),
            (
                .candles(pair("BTC-USD"), .minute, from: 60_000, to: nil),
                "market/products/BTC-USD/candles?start=60&end=21000&granularity=ONE_MINUTE&limit=350"
            ),
            (.candles(pair("BTC-USD"), .day, from: nil, to: nil), "market/products/BTC-USD/candles?granularity=ONE_DAY&limit=350"),
            (.depth(pair("BTC-USD"), levels: 20), "market/product_book?product_id=BTC-USD&limit=20"),
            (.tickers(nil), "market/products?product_type=SPOT"), (.tickers(pair("BTC-USD")), "market/products/BTC-USD/ticker?limit=1"),
            (.trades(pair("BTC-USD")), "market/products/BTC-USD/ticker?limit=1000"), (.markets, "market/products?product_type=SPOT"),
            (.time, "time"),
        ] as [(VenueQuestion, String)])
    func requests(question: VenueQuestion, path: String) {
        #expect(CoinbaseAdvanced.request(question, baseURL: "http://x")?.url == "http://x/api/v3/brokerage/\(path)")
    }

    @Test(
        "refusals have a word",
        arguments: [
            ("NOT_FOUND", 404, "words", VenueError.Code.unknownSymbol), ("INVALID_ARGUMENT", 400, "product_id is wrong", .unknownSymbol),
            ("INVALID_ARGUMENT", 400, "start and end argument is invalid", .rejected), ("INTERNAL", 500, "words", .down),
            ("rate_limit_exceeded", 429, "words", .rateLimited), ("unauthorized", 401, "words", .denied),
        ])
    func refusals(word: String, status: Int, message: String, expected: VenueError.Code) {
        let refusal = CoinbaseAdvanced.refusal(
            Response(#"{"error":"\#(word)","error_details":"more","message":"\#(message)"}"#, status: status))
        #expect(refusal == VenueRefusal(expected, message: "status \(status): \(message)"))
    }

    @Test("a market in which nobody has traded yet has no ticker, and a trade that cannot be read makes none")
    func tickers() throws {
        func tickers(_ trades: String) throws -> ParsedRows<Ticker> {
            try CoinbaseAdvanced.tickers(Array(#"{"trades":\#(trades),"best_bid":"1","best_ask":"2"}"#.utf8), of: pair("A-B"))
        }
        #expect(try tickers("[]").values.isEmpty && tickers("[]").rejected.isEmpty)
        let trade = #"{"trade_id":"1","product_id":"A-B","price":"1.5","time":"2026-04-07T00:28:58.5Z"}"#
        #expect(try tickers("[\(trade)]").values.first?.bid == number("1"))
        #expect(try tickers("[\(trade.replacing("price", with: "prize"))]").rejected.first?.reason.hasSuffix("price is missing") == true)
    }

    @Test("the time comes in milliseconds")
    func time() throws {
        let body = #"{"iso":"2026-04-07T00:28:58Z","epochSeconds":"1775521738","epochMillis":"1775521738544"}"#
        #expect(try CoinbaseAdvanced.time(Array(body.utf8)) == 1_775_521_738_544)
    }

    @Test("recorded candles, book and trades: objects, newest first, with the maker's side", Sample.present)
    func recorded() throws {
        let candles = try CoinbaseAdvanced.candles(
            Sample.body("coinbase_advanced/adv_candles_1h_btcusd_202404.json"), of: pair("BTC-USD"), interval: .hour)
        #expect(candles.rows.map(\.position) == [1, 0] && candles.rejected.isEmpty)
        #expect(
            candles.values.last
                == Candle(
                    openTime: 1_712_192_400_000, open: number("66312.4"), high: number("66331.99"), low: number("66055.14"),
                    close: number("66181.6"), volume: number("355.82896243")))
        let book = try CoinbaseAdvanced.depth(Sample.body("coinbase_advanced/adv_product_book_btcusd_20260407.json"), of: pair("BTC-USD"))
        #expect(book.time == 1_775_521_739_662 && book.bids.count == 5 && book.asks.count == 5)
        #expect(book.bids.first == DepthLevel(price: number("68923.66"), size: number("0.17189468")))
        let trades = try CoinbaseAdvanced.trades(Sample.body("coinbase_advanced/adv_ticker_btcusd_20260407.json")).values
        #expect(trades.map(\.id) == ["995098661", "995098662", "995098663"])
        // The last was paid at the best ask: the taker bought, and SELL is of the maker.
        #expect(trades.map(\.taker) == [.sell, .buy, .buy] && trades.last?.time == 1_775_521_738_544_778)
    }

    @Test("recorded tickers of one and of all, and the markets", Sample.present)
    func recordedProducts() throws {
        let one = try CoinbaseAdvanced.tickers(Sample.body("coinbase_advanced/adv_ticker_btcusd_20260407.json"), of: pair("BTC-USD")).values
        #expect(
            one == [
                Ticker(
                    pair: pair("BTC-USD"), time: 1_775_521_738_544, last: number("68923.67"), bid: number("68923.66"),
                    ask: number("68923.67"))
            ])
        let products = try Sample.body("coinbase_advanced/adv_products_20260407.trimmed.json")
        #expect(
            try CoinbaseAdvanced.tickers(products, of: nil).values == [
                Ticker(pair: pair("BTC-USD"), last: number("68925.98"), volume: number("11005.02587005")),
                Ticker(pair: pair("BTC-USDC"), last: number("68923.67"), volume: number("11005.02587005")),
            ])
        let listing = Listing(
            pair: pair("BTC-USD"), symbol: "BTC-USD", isTrading: true, tickSize: number("0.01"), lotSize: number("0.00000001"))
        let markets = try CoinbaseAdvanced.markets(products)
        #expect(markets.values.first == listing && markets.values.map(\.symbol) == ["BTC-USD", "BTC-USDC"])
    }
}
