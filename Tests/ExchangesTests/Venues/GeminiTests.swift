import Curl
import Market
import TestSupport
import Testing

@testable import Exchanges

@Suite("Gemini")
struct GeminiTests {
    @Test(
        "a name without a separator is a pair, a derivative's is none",
        arguments: [
            ("btcusd", "BTC-USD"), ("BTCUSD", "BTC-USD"), ("ethgusd", "ETH-GUSD"), ("usdcusd", "USDC-USD"), ("btcgusdperp", nil),
            ("paxgusd", "PAXG-USD"), ("usdgusd", "USDG-USD"), ("moodengusd", "MOODENG-USD"), ("foogusd", nil),
        ])
    func names(symbol: String, text: String?) { #expect(Gemini.pair(of: symbol) == text.map(pair)) }

    @Test("candles come newest first, in milliseconds")
    func candles() throws {
        let body = "[[1700000100000,11,12,10,11.5,0],[1700000040000,10,12,9,11,3.5]]"
        let parsed = try Gemini.candles(Array(body.utf8), of: pair("BTC-USD"), interval: .minute)
        #expect(
            parsed.values.first
                == Candle(
                    openTime: 1_700_000_040_000, open: number("10"), high: number("12"), low: number("9"), close: number("11"),
                    volume: number("3.5")))
        #expect(parsed.rows.map(\.position) == [1, 0])
    }

    @Test(
        "questions become requests",
        arguments: [
            (.candles(pair("BTC-USD"), .minute, from: 60_000, to: 120_000), "v2/candles/btcusd/1m"),
            (.candles(pair("BTC-USD"), .hours6, from: nil, to: nil), "v2/candles/btcusd/6hr"),
            (.candles(pair("BTC-USD"), .day, from: nil, to: nil), "v2/candles/btcusd/1day"),
            (.depth(pair("BTC-USD"), levels: 20), "v1/book/btcusd?limit_bids=20&limit_asks=20"),
            (.depth(pair("BTC-USD"), levels: 0), "v1/book/btcusd?limit_bids=1&limit_asks=1"), (.tickers(nil), "v1/pricefeed"),
            (.tickers(pair("BTC-USD")), "v1/pubticker/btcusd"), (.trades(pair("BTC-USD")), "v1/trades/btcusd?limit_trades=500"),
            (.markets, "v1/symbols"), (.time, nil),
        ] as [(VenueQuestion, String?)])
    func requests(question: VenueQuestion, path: String?) {
        #expect(Gemini.request(question, baseURL: "http://x")?.url == path.map { "http://x/\($0)" })
    }

    @Test(
        "refusals have a reason, whatever the status",
        arguments: [
            ("RateLimit", 429, VenueError.Code.rateLimited), ("InvalidSymbol", 400, .unknownSymbol), ("Maintenance", 503, .down),
            ("System", 200, .down), ("MissingOrderField", 400, .rejected), ("Unheard", 200, .rejected),
        ])
    func refusals(reason: String, status: Int, expected: VenueError.Code) {
        let refusal = Gemini.refusal(Response(#"{"result":"error","reason":"\#(reason)","message":"words"}"#, status: status))
        #expect(refusal == VenueRefusal(expected, message: "status \(status): words"))
        #expect(Gemini.refusal(Response(#"{"bids":[],"asks":[]}"#)) == nil && Gemini.refusal(Response("[]")) == nil)
    }

    @Test("all tickers say their pair and a price; the one asked for says neither pair nor 24 hours' prices")
    func tickers() throws {
        let all = #"[{"pair":"BTCUSD","price":"9500.00","percentChange24h":"5.23"},{"pair":"BTCGUSDPERP","price":"1"},{"price":"1"}]"#
        let parsed = try Gemini.tickers(Array(all.utf8), of: nil)
        #expect(parsed.values == [Ticker(pair: pair("BTC-USD"), last: number("9500"))])
        #expect(parsed.rejected.map(\.reason) == ["byte 13: pair is missing"])
        let one = #"{"ask":"3","bid":"2","last":"2.5","volume":{"ETH":"7","EUR":"17","timestamp":1565587800000}}"#
        #expect(
            try Gemini.tickers(Array(one.utf8), of: pair("ETH-EUR")).values == [
                Ticker(
                    pair: pair("ETH-EUR"), time: 1_565_587_800_000, last: number("2.5"), bid: number("2"), ask: number("3"),
                    volume: number("7"), quoteVolume: number("17"))
            ])
    }

    @Test("what two quotes end, before them assets that nobody knows, is set aside, and is what it was asked for as")
    func ambiguous() throws {
        let all = #"[{"pair":"PAXGUSD","price":"4000"},{"pair":"FOOGUSD","price":"1"}]"#
        let parsed = try Gemini.tickers(Array(all.utf8), of: nil)
        #expect(parsed.values.map(\.pair) == [pair("PAXG-USD")])
        #expect(parsed.rejected.map(\.position) == [1] && parsed.rejected.first?.reason.contains("may be FOO-GUSD or FOOG-USD") == true)
        let markets = try Gemini.markets(Array(#"["foogusd","usdgusd"]"#.utf8))
        #expect(markets.values.map(\.pair) == [pair("USDG-USD")] && markets.rejected.count == 1)
        let one = Array(#"{"symbol":"FOOGUSD","close":"1","bid":"1","ask":"2"}"#.utf8)
        #expect(try Gemini.tickers(one, of: pair("FOOG-USD")).values.map(\.pair) == [pair("FOOG-USD")])
    }

    @Test("markets are names, or one with its steps; a name of a derivative is passed over, what is no name set aside")
    func markets() throws {
        let parsed = try Gemini.markets(Array(#"["btcusd","btcgusdperp",7]"#.utf8))
        #expect(parsed.values == [Listing(pair: pair("BTC-USD"), symbol: "btcusd", isTrading: true)])
        #expect(parsed.rejected.map(\.position) == [2])
    }

    @Test("recorded answers", Sample.present)
    func recorded() throws {
        let book = try Gemini.depth(Sample.body("gemini/book_btcusd_201908.json"), of: pair("BTC-USD"))
        #expect(book.bids.count == 50 && book.asks.count == 50 && book.rejected.isEmpty && book.time == nil)
        #expect(book.asks.first == DepthLevel(price: number("11385.22"), size: number("5.34093158")))
        #expect(book.bids[0].price < book.asks[0].price && book.bids[1].price < book.bids[0].price)
        let trades = try Gemini.trades(Sample.body("gemini/trades_btcusd_201908.json"))
        #expect(trades.values.count == 50 && trades.rejected.isEmpty)
        #expect(
            trades.values.last
                == PublicTrade(
                    id: "7756154092", time: 1_565_662_735_226_000, price: number("11410.49"), size: number("0.03"), taker: .sell))
        #expect(
            try Gemini.markets(Sample.body("gemini/symbol_details_btcusd.json")).values == [
                Listing(pair: pair("BTC-USD"), symbol: "BTCUSD", isTrading: true, tickSize: number("0.01"), lotSize: number("0.00000001"))
            ])
        let refusal = Gemini.refusal(Response(status: 400, body: try Sample.body("gemini/pubticker_bad_symbol.error.json")))
        #expect(refusal?.code == .unknownSymbol)
    }

    @Test("recorded tickers of both versions; thirty decimals of a volume are kept", Sample.present)
    func recordedTickers() throws {
        let first = try Gemini.tickers(Sample.body("gemini/pubticker_btcusd_201908.json"), of: pair("BTC-USD")).values
        #expect(
            first == [
                Ticker(
                    pair: pair("BTC-USD"), time: 1_565_587_800_000, last: number("11381.47"), bid: number("11381.5"),
                    ask: number("11388.08"), volume: number("915.6534281291"),
                    quoteVolume: number("10394749.066094351423000000000000000095"))
            ])
        let second = try Gemini.tickers(Sample.body("gemini/v2_ticker_btcusd.json"), of: pair("BTC-USD")).values
        #expect(
            second == [
                Ticker(
                    pair: pair("BTC-USD"), last: number("9662.94"), bid: number("9662.94"), ask: number("9663.28"), high: number("11000"),
                    low: number("9210"), open: number("10148.67"))
            ])
    }
}
