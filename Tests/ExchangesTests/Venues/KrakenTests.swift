import Curl
import Foundation
import Market
import TestSupport
import Testing

@testable import Exchanges

@Suite("Kraken")
struct KrakenTests {
    @Test(
        "every form of a name is the same pair",
        arguments: [
            ("XBTUSD", "BTC-USD"), ("XXBTZUSD", "BTC-USD"), ("XBT/USD", "BTC-USD"), ("BTC/USD", "BTC-USD"), ("XETHXXBT", "ETH-BTC"),
            ("XDGUSD", "DOGE-USD"), ("XXDGXXBT", "DOGE-BTC"), ("USDTZUSD", "USDT-USD"), ("ZEURZUSD", "EUR-USD"), ("SOLUSDT", "SOL-USDT"),
            ("XBTAUSD", "BTC-AUSD"), ("ADAUSD", "ADA-USD"),
            ("1INCH/EUR", "1INCH-EUR"),
        ])
    func names(symbol: String, text: String) { #expect(Kraken.pair(of: symbol) == pair(text)) }

    @Test("an answer is taken under any of its market's keys, and an empty minute is a candle")
    func candles() throws {
        let body =
            #"{"error":[],"result":{"last":1700000040,"XXBTZUSD":[[1700000040,"10","12","9","11","10.5","3.5",4],"#
            + #"[1700000100,"11","11","11","11","0.0","0.00000000",0,"new"]]}}"#
        let parsed = try Kraken.candles(Array(body.utf8), of: pair("BTC-USD"), interval: .minute).values
        #expect(
            parsed.first
                == Candle(
                    openTime: 1_700_000_040_000, open: number("10"), high: number("12"), low: number("9"), close: number("11"),
                    volume: number("3.5"), tradeCount: 4))
        #expect(parsed.last?.volume == .zero && parsed.last?.tradeCount == 0)
    }

    @Test(
        "questions become requests",
        arguments: [
            (.candles(pair("BTC-USD"), .hour, from: 3_600_000, to: nil), "OHLC?pair=XBTUSD&interval=60&since=3599"),
            (.candles(pair("DOGE-BTC"), .day, from: nil, to: nil), "OHLC?pair=XDGXBT&interval=1440"),
            (.depth(pair("ETH-EUR"), levels: 900), "Depth?pair=ETHEUR&count=500"), (.tickers(nil), "Ticker?assetVersion=1"),
            (.tickers(pair("ETH-EUR")), "Ticker?pair=ETHEUR"), (.trades(pair("ETH-EUR")), "Trades?pair=ETHEUR&count=1000"),
            (.markets, "AssetPairs"), (.time, "Time"),
        ] as [(VenueQuestion, String)])
    func requests(question: VenueQuestion, path: String) {
        #expect(Kraken.request(question, baseURL: "http://x")?.url == "http://x/0/public/\(path)")
    }

    @Test(
        "refusals come with status 200",
        arguments: [
            ("EAPI:Rate limit exceeded", VenueError.Code.rateLimited), ("EGeneral:Too many requests", .rateLimited),
            ("EGeneral:Temporary lockout", .rateLimited), ("EService:Throttled: 1700000000", .rateLimited),
            ("EService:Unavailable", .down), ("EService:Busy", .down), ("EGeneral:Internal error", .down),
            ("EQuery:Unknown asset pair", .unknownSymbol), ("EGeneral:Invalid arguments", .rejected),
        ])
    func refusals(error: String, code: VenueError.Code) {
        #expect(Kraken.refusal(Response(#"{"error":["\#(error)"]}"#)) == VenueRefusal(code, message: "status 200: \(error)"))
        #expect(Kraken.refusal(Response(#"{"error":["WGeneral:Careful"],"result":{}}"#)) == nil)
    }

    @Test("time, and a ticker without what is only of today")
    func timeAndTicker() throws {
        #expect(try Kraken.time(Array(#"{"error":[],"result":{"unixtime":1616336594,"rfc1123":"x"}}"#.utf8)) == 1_616_336_594_000)
        let body =
            #"{"error":[],"result":{"XETHZEUR":{"a":["3","1","1.0"],"b":["2","1","1"],"c":["2.5","0.1"],"v":["5","60"],"#
            + #""l":["1.9","1.8"],"h":["4","4.1"],"o":"2.2"},"SHARES.d":{"a":[]}}}"#
        let ticker = Ticker(
            pair: pair("ETH-EUR"), last: number("2.5"), bid: number("2"), ask: number("3"), high: number("4.1"), low: number("1.8"),
            volume: number("60"))
        #expect(try Kraken.tickers(Array(body.utf8), of: nil).values == [ticker])
    }

    @Test(
        "a ticker that was asked for by name is that market's, under whatever key, and no other's",
        arguments: [
            ("BTC-AUSD", "XBTAUSD"), ("BTC-USD", "XXBTZUSD"), ("ETH-BTC", "XETHXXBT"), ("BTC-NEWCOIN", "XBTNEWCOIN"),
            ("FOOA-USD", "FOOAUSD"),
        ])
    func asked(market: String, key: String) throws {
        let body = Array(
            #"{"error":[],"result":{"\#(key)":{"a":["3"],"b":["2"],"c":["2.5"],"v":["5","6"],"l":["1","1"],"h":["4","4"]}}}"#.utf8)
        #expect(try Kraken.tickers(body, of: pair(market)).values.map(\.pair) == [pair(market)])
        let other = try Kraken.tickers(body, of: pair("SOL-EUR"))
        #expect(other.values.isEmpty && other.rejected.first?.reason.contains("not of SOLEUR, which was asked for") == true)
    }

    @Test("recorded candles: the filled minutes, and the rows of both years", Sample.present)
    func recordedCandles() throws {
        let samples = [("ohlc_1m_xbtusdt_20251110", "BTC-USDT", 721, 216), ("ohlc_1m_xbtusd_201708", "BTC-USD", 720, 17)]
        for (file, market, rows, empty) in samples {
            let parsed = try Kraken.candles(Sample.body("kraken/\(file).json"), of: pair(market), interval: .minute)
            #expect(parsed.values.count == rows && parsed.rejected.isEmpty)
            #expect(parsed.values.count { $0.tradeCount == 0 && $0.volume.isZero } == empty)
            let newest = try #require(parsed.values.last)
            let checked = CandleCheck(interval: .minute, asOf: newest.openTime + 30_000).check(parsed.rows)
            #expect(checked.closed.count == rows - 1 && checked.open == 1 && checked.rejected.isEmpty)
        }
    }

    @Test("recorded book, trades and tickers of every pair", Sample.present)
    func recorded() throws {
        let book = try Kraken.depth(Sample.body("kraken/depth_xbtusdt_20251111.json"), of: pair("BTC-USDT"))
        #expect(book.asks.count == 5 && book.asks.first == DepthLevel(price: number("105944.3"), size: number("0.136")))
        let trades = try Kraken.trades(Sample.body("kraken/trades_xbtusdt_20251110.json"))
        #expect(trades.values.count == 1000 && trades.rejected.isEmpty)
        #expect(
            trades.values.first
                == PublicTrade(
                    id: "10218208", time: 1_762_795_433_971_744, price: number("105433.6"), size: number("0.00027625"), taker: .buy))
        let all = try Kraken.tickers(Sample.body("kraken/ticker_all_assetversion1_20260624.json"), of: nil)
        // 25 of the 1,530 keys are no pair: AAVE/USD:BTNL.
        #expect(all.values.count == 1505 && all.rejected.isEmpty && Set(all.values.map(\.pair)).count == 1505)
        #expect(try Kraken.tickers(Sample.body("kraken/ticker_xbtusdt_20251111.json"), of: nil).values.map(\.pair) == [pair("BTC-USDT")])
    }

    @Test("recorded markets: all but what is no pair, each found again under every name", Sample.present)
    func recordedMarkets() throws {
        let parsed = try Kraken.markets(Sample.body("kraken/assetpairs_20210417.json"))
        // Of 304, 11 are dark pools; staked ether, ETH2.S/ETH, is no asset of ours.
        #expect(parsed.values.count == 292 && parsed.rejected.isEmpty)
        for listing in parsed.values {
            #expect(Kraken.symbol(of: listing.pair) == listing.symbol && Kraken.pair(of: listing.symbol) == listing.pair)
        }
        let answer = try JSONSerialization.jsonObject(with: Data(Sample.body("kraken/assetpairs_20210417.json"))) as? [String: Any]
        for (key, market) in try #require(answer?["result"] as? [String: [String: Any]]) {
            guard let listing = parsed.values.first(where: { $0.symbol == market["altname"] as? String }) else { continue }
            let body = Array(#"{"error":[],"result":{"\#(key)":[],"last":0}}"#.utf8)
            #expect(throws: Never.self, "\(key)") { try Kraken.candles(body, of: listing.pair, interval: .minute) }
        }
        let bitcoin = parsed.values.first { $0.pair == pair("BTC-USD") }
        #expect(bitcoin?.tickSize == number("0.1") && bitcoin?.lotSize == number("0.00000001"))
    }

    @Test("agrees with ccxt, and a recorded refusal is one", Sample.present)
    func oracle() throws {
        let ticker = try Oracle("kraken_ticker")
        // Its open is of today, not of 24 hours; its quote volume is an average times a volume.
        try ticker.expectTicker(Kraken.tickers(ticker.body, of: nil).values.first, lacking: ["open", "quoteVolume"])
        let trades = try Oracle("kraken_trades")
        try trades.expectTrades(Kraken.trades(trades.body).values)
        let refusal = Kraken.refusal(Response(status: 200, body: try Sample.body("errors/kraken_rate_limited.body.json")))
        #expect(refusal?.code == .rateLimited)
    }
}
