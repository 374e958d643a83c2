import Curl
import Market
import TestSupport
import Testing

@testable import Exchanges

@Suite("Bitstamp")
struct BitstampTests {
    @Test("a candle is an object, in any order of its members, and each of them is required")
    func candles() throws {
        let row = #"{"close":"11","high":"12","low":"9","open":"10","timestamp":"1700000040","volume":"3.5"}"#
        let body = #"{"data":{"ohlc":[\#(row),\#(row.replacing("close", with: "shut"))],"pair":"BTC/USD"}}"#
        let parsed = try Bitstamp.candles(Array(body.utf8), of: pair("BTC-USD"), interval: .minute)
        #expect(
            parsed.values == [
                Candle(
                    openTime: 1_700_000_040_000, open: number("10"), high: number("12"), low: number("9"), close: number("11"),
                    volume: number("3.5"))
            ])
        #expect(parsed.rejected.first?.reason.hasSuffix("close is missing") == true)
    }

    @Test(
        "questions become requests",
        arguments: [
            (.candles(pair("BTC-USD"), .minute, from: 60_000, to: 120_000), "ohlc/btcusd/?step=60&limit=1000&start=60&end=120"),
            (.depth(pair("BTC-USD"), levels: 20), "order_book/btcusd/"), (.tickers(nil), "ticker/"),
            (.tickers(pair("BTC-USD")), "ticker/btcusd/"), (.trades(pair("BTC-USD")), "transactions/btcusd/?time=hour"),
            (.markets, "trading-pairs-info/"), (.time, nil),
        ] as [(VenueQuestion, String?)])
    func requests(question: VenueQuestion, path: String?) {
        #expect(Bitstamp.request(question, baseURL: "http://x")?.url == path.map { "http://x/api/v2/\($0)" })
    }

    @Test("refusals: a limit has a code of its own, a pair that is not there a 404")
    func refusals() {
        let limit = Response(#"{"status":"error","reason":"Request rate limit exceeded","code":"400.002"}"#, status: 400)
        #expect(Bitstamp.refusal(limit) == VenueRefusal(.rateLimited, message: "status 400: Request rate limit exceeded"))
        #expect(Bitstamp.refusal(Response("<html>", status: 404))?.code == .unknownSymbol)
    }

    @Test("tickers of all say their pair; markets have a tick and a lot")
    func others() throws {
        let ticker =
            #"[{"timestamp":"1643640186","open":"1","high":"3","low":"2","last":"2.5","volume":"7","bid":"2.4","ask":"2.6","#
            + #""open_24":"2.2","pair":"ETH/EUR"}]"#
        #expect(
            try Bitstamp.tickers(Array(ticker.utf8), of: nil).values == [
                Ticker(
                    pair: pair("ETH-EUR"), time: 1_643_640_186_000, last: number("2.5"), bid: number("2.4"), ask: number("2.6"),
                    high: number("3"), low: number("2"), open: number("2.2"), volume: number("7"))
            ])
        let market = #"[{"name":"BTC/USD","url_symbol":"btcusd","base_decimals":8,"counter_decimals":0,"trading":"Enabled"}]"#
        #expect(
            try Bitstamp.markets(Array(market.utf8)).values == [
                Listing(pair: pair("BTC-USD"), symbol: "btcusd", isTrading: true, tickSize: number("1"), lotSize: number("0.00000001"))
            ])
    }

    @Test("recorded answers", Sample.present)
    func recorded() throws {
        for (file, count, interval) in [("ohlc_1d_limit1000_btcusd", 999, KlineInterval.day), ("ohlc_1m_limit10_btcusd", 10, .minute)] {
            let parsed = try Bitstamp.candles(Sample.body("bitstamp/\(file).json"), of: pair("BTC-USD"), interval: interval)
            let checked = CandleCheck(interval: interval, asOf: 1_600_000_000_000).check(parsed.rows)
            #expect(checked.closed.count == count && parsed.rejected.isEmpty && checked.rejected.isEmpty)
        }
        let book = try Bitstamp.depth(Sample.body("bitstamp/order_book_usdtusd_20220105.json"), of: pair("USDT-USD"))
        #expect(book.time == 1_641_343_696_000 && book.bids.first == DepthLevel(price: number("0.99948"), size: number("3105.20768")))
        let ticker = try Bitstamp.tickers(Sample.body("bitstamp/ticker_btcusd_202201_sandbox.json"), of: pair("BTC-USD")).values
        #expect(ticker.first?.last == number("2211") && ticker.first?.pair == pair("BTC-USD"))
        let trades = try Bitstamp.trades(Sample.body("bitstamp/transactions_hour_btcusd_201906.json"))
        #expect(trades.values.last?.id == "90574283" && trades.values.last?.taker == .sell && trades.rejected.isEmpty)
    }
}
