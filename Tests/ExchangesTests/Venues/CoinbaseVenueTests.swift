import Curl
import Market
import TestSupport
import Testing

@testable import Exchanges

@Suite("Coinbase as a venue")
struct CoinbaseVenueTests {
    @Test("low and high stand before open and close, and the noise of binary numbers is kept")
    func candles() throws {
        let body = Array("[[1700000100,10,12.5,11,10.5,4.727521520000001],[1700000040,9,11,9.5,11,0.1,\"new\"]]".utf8)
        let parsed = try Coinbase.candles(body, of: pair("BTC-USD"), interval: .minute)
        #expect(parsed.rows.map(\.position) == [1, 0])
        #expect(
            parsed.values.last
                == Candle(
                    openTime: 1_700_000_100_000, open: number("11"), high: number("12.5"), low: number("10"), close: number("10.5"),
                    volume: number("4.727521520000001")))
    }

    @Test("the maker's side becomes the taker's, microseconds are kept")
    func trades() throws {
        let row = #"{"trade_id":7,"side":"buy","size":"0.5","price":"100.00000000","time":"2024-02-29T23:59:59.1234567Z"}"#
        let trade = PublicTrade(id: "7", time: 1_709_251_199_123_456, price: number("100"), size: number("0.5"), taker: .sell)
        #expect(try Coinbase.trades(Array("[\(row)]".utf8)).values == [trade])
        let bad = try Coinbase.trades(Array("[\(row),\(row.replacing("buy", with: "up")),\(row.replacing("Z", with: "+01:00"))]".utf8))
        #expect(bad.values.count == 1 && bad.rejected.map(\.position) == [1, 2])
    }

    @Test("a whole range or none is asked for")
    func requests() {
        let pair = pair("BTC-USD")
        func url(_ question: VenueQuestion) -> String? { Coinbase.request(question, baseURL: "http://x")?.url }
        #expect(
            url(.candles(pair, .minute, from: 60_000, to: 120_000)) == "http://x/products/BTC-USD/candles?granularity=60&start=60&end=120")
        #expect(
            url(.candles(pair, .minute, from: 60_000, to: nil)) == "http://x/products/BTC-USD/candles?granularity=60&start=60&end=18000")
        #expect(url(.candles(pair, .minute, from: nil, to: nil)) == "http://x/products/BTC-USD/candles?granularity=60")
        #expect(url(.depth(pair, levels: 50)) == "http://x/products/BTC-USD/book?level=2")
        #expect(url(.depth(pair, levels: 1)) == "http://x/products/BTC-USD/book?level=1")
        #expect(url(.tickers(pair)) == "http://x/products/BTC-USD/ticker" && url(.tickers(nil)) == nil)
        #expect(url(.trades(pair)) == "http://x/products/BTC-USD/trades?limit=1000")
        #expect(url(.markets) == "http://x/products" && url(.time) == "http://x/time")
    }

    @Test("404 is an unknown product")
    func refusals() {
        let refusal = Coinbase.refusal(Response(#"{"message":"NotFound"}"#, status: 404))
        #expect(refusal == VenueRefusal(.unknownSymbol, message: "status 404: NotFound"))
        #expect(Coinbase.refusal(Response("<html>", status: 404))?.code == .denied, "not the API's words")
        #expect(Coinbase.refusal(Response(#"{"message":"Public rate limit exceeded"}"#, status: 429))?.code == .rateLimited)
        #expect(Coinbase.refusal(Response(#"{"message":"granularity too small"}"#, status: 400))?.code == .rejected)
    }

    @Test("recorded answers", Sample.present)
    func recorded() throws {
        let counts = ["candles_1h_btcusd_20260902": 5, "candles_1m_btcusd_20180201.first10": 10, "candles_1m_btcusd_20260619.first2": 2]
        for (file, count) in counts {
            let parsed = try Coinbase.candles(Sample.body("coinbase/\(file).json"), of: pair("BTC-USD"), interval: .minute)
            #expect(parsed.values.count == count && parsed.rejected.isEmpty)
            let checked = CandleCheck(interval: .minute, asOf: 2_000_000_000_000).check(parsed.rows)
            #expect(checked.closed.map(\.position) == (0..<count).reversed(), "newest first, each of them sound")
        }
        let book = try Coinbase.depth(Sample.body("coinbase/book_level2_btcusd_20260902.trimmed30.json"), of: pair("BTC-USD"))
        #expect(book.bids.count == 30 && book.asks.count == 30)
        #expect(book.bids.first == DepthLevel(price: number("77588.84"), size: number("0.02001939"), orders: 3))
        let best = try Coinbase.depth(Sample.body("coinbase/book_level1_btcusd_20260619.json"), of: pair("BTC-USD"))
        #expect(best.sequence == 130_929_351_062 && best.time == 1_781_887_411_844)
        let ticker = try Coinbase.tickers(Sample.body("coinbase/ticker_btcusd_20260619.json"), of: pair("BTC-USD")).values
        #expect(
            ticker == [
                Ticker(
                    pair: pair("BTC-USD"), time: 1_781_887_413_016, last: number("63212.97"), bid: number("63212.97"),
                    ask: number("63212.98"), volume: number("4916.94797396"))
            ])
        let stats = try Coinbase.tickers(Sample.body("coinbase/stats_btcusd_20260619.json"), of: pair("BTC-USD")).values
        #expect(
            stats == [
                Ticker(
                    pair: pair("BTC-USD"), last: number("63212.41"), high: number("63351.3"), low: number("62159.76"),
                    open: number("62605.56"), volume: number("4918.33722403"))
            ])
        let trades = try Coinbase.trades(Sample.body("coinbase/trades_btcusd_20260619.json")).values
        #expect(trades.map(\.id) == ["1040406589", "1040406590"] && trades.map(\.taker) == [.buy, .sell])
        #expect(try Coinbase.time(Sample.body("coinbase/time_20260619.json")) == 1_781_887_413_188)
    }

    @Test("recorded markets of 2021 and of 2026", Sample.present)
    func recordedMarkets() throws {
        let old = try Coinbase.markets(Sample.body("coinbase/products_20210417.json"))
        #expect(old.values.count > 100 && old.rejected.isEmpty)
        #expect(old.values.allSatisfy { Coinbase.pair(of: $0.symbol) == $0.pair && $0.tickSize != nil && $0.lotSize != nil })
        let new = try Coinbase.markets(Sample.body("coinbase/product_btcusd_20260619.json")).values
        let listing = Listing(
            pair: pair("BTC-USD"), symbol: "BTC-USD", isTrading: true, tickSize: number("0.01"), lotSize: number("0.00000001"))
        #expect(new == [listing])
    }

    @Test("agrees with ccxt", Sample.present)
    func oracle() throws {
        let candles = try Oracle("coinbase_ohlcv")
        try candles.expectCandles(Coinbase.candles(candles.body, of: pair("BTC-USD"), interval: .hour).values)
        let ticker = try Oracle("coinbase_ticker")
        try ticker.expectTicker(Coinbase.tickers(ticker.body, of: pair("BTC-USDT")).values.first)
        let trades = try Oracle("coinbase_trades")
        try trades.expectTrades(Coinbase.trades(trades.body).values)
    }
}
