import Curl
import Foundation
import Market
import TestSupport
import Testing

@testable import Exchanges

private let klines = """
    [[1700000040000,"10.50000000","11.00000000","10.00000000","10.25000000","3.00000000",1700000099999,"31.50000000",7,"1.00000000","10.5","0"],
     [1700000100000,"10.25","10.25","10.25","10.25","0.00000000",1700000159999,"0.00000000",0,"0.00000000","0.00000000","0"]]
    """
private let exchangeInfo = """
    {"timezone":"UTC","serverTime":1700000000000,"rateLimits":[],"symbols":[
     {"symbol":"BTCUSDT","status":"TRADING","baseAsset":"BTC","quoteAsset":"USDT","orderTypes":["LIMIT"],"filters":[
       {"filterType":"PRICE_FILTER","minPrice":"0.01000000","maxPrice":"1000000.00000000","tickSize":"0.01000000"},
       {"filterType":"LOT_SIZE","minQty":"0.00001000","maxQty":"9000.00000000","stepSize":"0.00001000"},
       {"filterType":"MARKET_LOT_SIZE","minQty":"0","maxQty":"90.0","stepSize":"0.00000000"}]},
     {"symbol":"LUNAUST","status":"BREAK","baseAsset":"LUNA","quoteAsset":"UST","filters":[]},
     {"symbol":"BROKEN","status":"TRADING","filters":null}]}
    """

private func candles(_ text: String) throws -> ParsedRows<Candle> {
    try Binance.candles(Array(text.utf8), of: pair("BTC-USDT"), interval: .minute)
}

@Suite("Binance")
struct BinanceTests {
    @Test("twelve columns become a candle, and what comes after them is ignored")
    func candleColumns() throws {
        let first = Candle(
            openTime: 1_700_000_040_000, open: number("10.5"), high: number("11"), low: number("10"), close: number("10.25"),
            volume: number("3"), quoteVolume: number("31.5"), tradeCount: 7, takerBuyVolume: number("1"),
            takerBuyQuoteVolume: number("10.5"))
        #expect(try candles(klines).values.first == first)
        #expect(try candles(klines.replacing("\"10.5\",\"0\"]", with: "\"10.5\",\"0\",{\"new\":[1]},2]")).values.first == first)
        #expect(try candles(klines).values.last?.volume == .zero)
    }

    @Test(
        "a row that cannot be read is set aside with its place and text",
        arguments: [
            ("\"10.50000000\"", "null", "expected a number"), ("\"10.50000000\"", "\"\"", "expected a number"),
            ("\"10.50000000\"", "\"1e\"", "expected a number"), ("\"10.50000000\"", "{\"a\":[]}", "expected a number"),
            ("\"10.50000000\"", "\"12345678901234567890.12345678901234567891\"", "expected a number of at most 38 digits"),
            ("1700000040000", "1700000040000.5", "expected a whole number"), (",7,\"1.00000000\",\"10.5\",\"0\"]", "]", "expected ,"),
        ])
    func badRow(good: String, bad: String, reason: String) throws {
        let parsed = try candles(klines.replacing(good, with: bad))
        #expect(parsed.rows.map(\.position) == [1])
        let rejected = try #require(parsed.rejected.first)
        #expect(rejected.position == 0 && rejected.reason.contains(reason) && rejected.text.hasPrefix("[17000000"))
    }

    @Test("tickers of all and of one symbol, without those that are no pair")
    func tickers() throws {
        let one = #"{"symbol":"ETHBTC","lastPrice":"0.05","bidPrice":"0.049","askPrice":"","volume":null,"closeTime":"1700000000001"}"#
        let ticker = Ticker(pair: pair("ETH-BTC"), time: 1_700_000_000_001, last: number("0.05"), bid: number("0.049"))
        #expect(try Binance.tickers(Array(one.utf8), of: pair("ETH-BTC")).values == [ticker])
        let all = "[\(one),\(one.replacing("ETHBTC", with: "NOPE")),\(one.replacing("lastPrice", with: "lost"))]"
        let parsed = try Binance.tickers(Array(all.utf8), of: nil)
        #expect(parsed.values == [ticker] && parsed.rejected.map(\.position) == [2])
        #expect(parsed.rejected.first?.reason.hasSuffix("lastPrice is missing") == true)
    }

    @Test(
        "a ticker that was asked for by name is that market's, however its name might be read",
        arguments: ["ADA-EUR", "BTC-AEUR", "ETH-BTC", "BTC-NEWCOIN", "FOOA-EUR"])
    func asked(market: String) throws {
        let body = Array(#"{"symbol":"\#(Binance.symbol(of: pair(market)))","lastPrice":"0.05"}"#.utf8)
        #expect(try Binance.tickers(body, of: pair(market)).values == [Ticker(pair: pair(market), last: number("0.05"))])
        let other = try Binance.tickers(body, of: pair("SOL-USDT"))
        #expect(other.values.isEmpty && other.rejected.first?.reason.contains("not of SOLUSDT, which was asked for") == true)
    }

    @Test("markets with tick and lot sizes")
    func markets() throws {
        let parsed = try Binance.markets(Array(exchangeInfo.utf8))
        #expect(
            parsed.values == [
                Listing(pair: pair("BTC-USDT"), symbol: "BTCUSDT", isTrading: true, tickSize: number("0.01"), lotSize: number("0.00001")),
                Listing(pair: pair("LUNA-UST"), symbol: "LUNAUST", isTrading: false),
            ])
        #expect(parsed.rejected.map(\.position) == [2])
        #expect(try Binance.time(Array(exchangeInfo.utf8)) == 1_700_000_000_000)
    }

    @Test("a market without its assets is set aside, and a field that all markets have lost is a changed API")
    func renamedAsset() throws {
        let renamed = Array(exchangeInfo.replacing("baseAsset", with: "base").utf8)
        #expect { try Binance.markets(renamed) } throws: { ($0 as? AnswerError)?.fault == .changedShape }
    }

    @Test(
        "questions become requests, with their weight",
        arguments: [
            (
                .candles(pair("BTC-USDT"), .hour, from: 3_600_000, to: 7_200_000), 2,
                "klines?symbol=BTCUSDT&interval=1h&startTime=3600000&endTime=7200000&limit=1000"
            ),
            (.candles(pair("BTC-USDT"), .minute, from: nil, to: nil), 2, "klines?symbol=BTCUSDT&interval=1m&limit=1000"),
            (.depth(pair("ETH-BTC"), levels: 1), 2, "ticker/bookTicker?symbol=ETHBTC"),
            (.depth(pair("ETH-BTC"), levels: 101), 25, "depth?symbol=ETHBTC&limit=101"),
            (.depth(pair("ETH-BTC"), levels: 9000), 250, "depth?symbol=ETHBTC&limit=5000"), (.tickers(nil), 80, "ticker/24hr"),
            (.tickers(pair("ETH-BTC")), 2, "ticker/24hr?symbol=ETHBTC"), (.trades(pair("ETH-BTC")), 25, "trades?symbol=ETHBTC&limit=1000"),
            (.markets, 20, "exchangeInfo"), (.time, 1, "time"),
        ] as [(VenueQuestion, Int, String)])
    func requests(question: VenueQuestion, weight: Int, path: String) {
        #expect(Binance.request(question, baseURL: "http://x")?.url == "http://x/api/v3/\(path)")
        #expect(Binance.offer.weight(question) == weight)
    }

    @Test(
        "refusals are told apart",
        arguments: [
            (400, -1121, VenueError.Code.unknownSymbol), (400, -1100, .rejected), (429, -1003, .rateLimited), (418, -1003, .rateLimited),
            (400, -1003, .rateLimited), (503, -1008, .down), (400, -1001, .down), (500, 0, .down), (451, 0, .denied), (403, 0, .denied),
        ])
    func refusals(status: Int, code: Int, expected: VenueError.Code) {
        let refusal = Binance.refusal(Response(#"{"code":\#(code),"msg":"words"}"#, status: status))
        #expect(refusal == VenueRefusal(expected, message: "status \(status): words"))
        #expect(Binance.refusal(Response(klines)) == nil)
    }

    @Test("recorded candles: every row, the venue's order, its real hole", Sample.present)
    func recordedCandles() throws {
        let counts = [
            "klines_1d_2019_end_exclusive_btcusdt": (365, KlineInterval.day), "klines_1d_2019_end_inclusive_btcusdt": (366, .day),
            "klines_1h_page1_btcusdt_202005": (1000, .hour), "klines_1m_single_btcusdt_202005": (1, .minute),
            "klines_1h_btcusdt_202301": (176, .hour), "klines_1m_unaligned_range_btcusdt_202005": (60, .minute),
            "klines_5m_limit24_btcusdt_202004": (24, .minutes5),
        ]
        for (file, (count, interval)) in counts {
            let parsed = try Binance.candles(Sample.body("binance/\(file).json"), of: pair("BTC-USDT"), interval: interval)
            #expect(parsed.values.count == count && parsed.rejected.isEmpty, "\(file)")
            let checked = CandleCheck(interval: interval, asOf: 2_000_000_000_000).check(parsed.rows)
            #expect(checked.closed.count == count && checked.rejected.isEmpty, "\(file)")
        }
        let june = try Binance.candles(Sample.body("binance/klines_1h_page2_btcusdt_202006.json"), of: pair("BTC-USDT"), interval: .hour)
            .values
        let holes = zip(june, june.dropFirst()).filter { $1.openTime - $0.openTime != 3_600_000 }
        #expect(holes.map { [$0.openTime, $1.openTime] } == [[1_593_306_000_000, 1_593_320_400_000]])
    }

    @Test("recorded books, trades and tickers", Sample.present)
    func recorded() throws {
        let book = try Binance.depth(Sample.body("binance/depth_limit1000_nknusdt_20211012.json"), of: pair("NKN-USDT"))
        #expect(book.sequence == 499_869_752 && book.bids.first == DepthLevel(price: number("0.3521"), size: number("672")))
        #expect(book.bids.count == 609 && book.asks.count == 1000)
        #expect(try Binance.depth(Sample.body("binance/depth_limit1000_runeeur_20211012.json"), of: pair("RUNE-EUR")).bids.count == 221)
        #expect(try Binance.depth(Sample.body("binance/depth_limit1000_btcusdt_undated.trimmed.json"), of: pair("BTC-USDT")).asks.count > 5)
        let best = try Binance.depth(Sample.body("binance/ticker_bookticker_btcusdt_undated.json"), of: pair("BTC-USDT"))
        #expect(best.bids == [DepthLevel(price: number("6621.55"), size: number("0.163567"))])
        #expect(best.asks == [DepthLevel(price: number("6622.1"), size: number("0.186350"))])
        let files = [
            "aggtrades_fromid_1000_btcusdt_202001": 1000, "aggtrades_window_btcusdt_202001.trimmed": 5,
            "trades_limit1000_ethbtc_202303": 1000,
            "historicaltrades_limit5_btcusdt_202105": 5,
        ]
        for (file, count) in files {
            let parsed = try Binance.trades(Sample.body("binance/\(file).json"))
            #expect(parsed.values.count == count && parsed.rejected.isEmpty, "\(file)")
        }
        let tickers = [
            "ticker_24hr_all_202410.trimmed": 6, "ticker_24hr_btcusdt_202004": 1, "ticker_24hr_ethbtc_202101": 1,
            "ticker_24hr_two_symbols_202410": 2,
        ]
        for (file, count) in tickers {
            let asked = count > 1 ? nil : pair(file.contains("ethbtc") ? "ETH-BTC" : "BTC-USDT")
            let parsed = try Binance.tickers(Sample.body("binance/\(file).json"), of: asked)
            #expect(parsed.values.count == count && parsed.rejected.isEmpty, "\(file)")
        }
        let price = try Binance.tickers(Sample.body("binance/ticker_price_btcusdt_undated.json"), of: pair("BTC-USDT")).values
        #expect(price == [Ticker(pair: pair("BTC-USDT"), last: number("6622.57"))])
        let average = try Binance.averagePrice(Sample.body("binance/avgprice_btcusdt_undated.json"))
        #expect(average == (5, number("6622.02734157")))
    }

    @Test("every recorded symbol is found again in its own text", Sample.present)
    func recordedMarkets() throws {
        let parsed = try Binance.markets(Sample.body("binance/exchangeinfo_202508.trimmed.json"))
        #expect(parsed.values.count > 20 && parsed.rejected.isEmpty)
        for listing in parsed.values {
            #expect(Binance.pair(of: listing.symbol) == listing.pair && Binance.symbol(of: listing.pair) == listing.symbol)
            #expect(listing.tickSize?.isPositive == true && listing.lotSize?.isPositive == true)
        }
        #expect(try Binance.time(Sample.body("binance/exchangeinfo_202508.trimmed.json")) == 1_754_603_741_167)
    }

    @Test("agrees with ccxt", Sample.present)
    func oracle() throws {
        let ticker = try Oracle("binance_ticker")
        try ticker.expectTicker(Binance.tickers(ticker.body, of: pair("BTC-USDT")).values.first)
        let trades = try Oracle("binance_trades")
        try trades.expectTrades(Binance.trades(trades.body).values)
    }

    @Test("recorded refusals: an unknown symbol, a limit, a ban with its end", Sample.present)
    func recordedRefusals() throws {
        func refusal(_ name: String, _ status: Int) throws -> VenueRefusal? {
            Binance.refusal(
                Response(
                    status: status, body: try Sample.body("errors/binance_\(name).body.json"),
                    receivedAt: Date(timeIntervalSince1970: 1_660_090_400)))
        }
        #expect(try refusal("400_invalid_symbol", 400)?.code == .unknownSymbol)
        let limited = try refusal("429_request_weight", 429)
        #expect(limited?.code == .rateLimited && limited?.retryAfter == nil)
        let banned = try refusal("418_ip_banned", 418)
        #expect(banned?.code == .rateLimited && banned?.retryAfter == .milliseconds(23_228))
    }
}
