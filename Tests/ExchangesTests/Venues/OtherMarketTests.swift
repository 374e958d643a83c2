import Market
import Testing

@testable import Exchanges

/// Answers that say of which market they are. Candles and books of Coinbase, Gate, Gemini, KuCoin and OKX do not, nor do books of Bitstamp,
/// whole books of Binance and candles of Coinbase Advanced.
@Suite("An answer that names its market")
struct OtherMarketTests {
    /// Whole answers in which `NAME` is the market's.
    struct Payload: Sendable, CustomTestStringConvertible {
        let venue: any Venue.Type
        let channel: Channel
        let text: String
        /// Of BTC-USD.
        let names: [String]
        /// Of others.
        let others: [String]

        var testDescription: String { "\(venue.name) \(channel)" }

        func body(_ name: String) -> [UInt8] { Array(text.replacing("NAME", with: name).utf8) }

        /// Rows read.
        func read(_ body: [UInt8], of pair: Pair) throws(AnswerError) -> Int {
            switch channel {
            case .klines: try venue.candles(body, of: pair, interval: .minute).rows.count
            case .depth: try venue.depth(body, of: pair).bids.count
            case .tickers: 0
            }
        }
    }

    private static let krakenNames = ["XXBTZUSD", "XBTUSD", "XBT/USD", "BTC/USD"]
    private static let krakenOthers = ["XETHZUSD", "XXBTZEUR", "XBTUSDT", "ETH/USD", "XBTUSD.d"]

    static let payloads = [
        Payload(
            venue: Bybit.self, channel: .klines,
            text: #"{"retCode":0,"retMsg":"OK","result":{"category":"spot","symbol":"NAME","list":["#
                + #"["1700000040000","10","12","9","11","3.5","38.5"]]},"retExtInfo":{},"time":1700000110000}"#,
            names: ["BTCUSD"], others: ["ETHUSD", "BTCUSDT", ""]),
        Payload(
            venue: Bybit.self, channel: .klines,
            text: #"{"result":{"list":[["1700000040000","10","12","9","11","3.5","38.5"]],"symbol":"NAME"},"retCode":0}"#,
            names: ["BTCUSD"], others: ["ETHUSD"]),
        Payload(
            venue: Bybit.self, channel: .depth,
            text: #"{"retCode":0,"retMsg":"OK","result":{"s":"NAME","b":[["10","1"]],"a":[["11","2"]],"ts":1700000040000,"u":7},"time":8}"#,
            names: ["BTCUSD"], others: ["ETHUSD", "BTCUSDT"]),
        Payload(
            venue: Kraken.self, channel: .klines,
            text: #"{"error":[],"result":{"NAME":[[1700000040,"10","12","9","11","10.5","3.5",4]],"last":1700000040}}"#,
            names: krakenNames, others: krakenOthers),
        Payload(
            venue: Kraken.self, channel: .depth,
            text: #"{"error":[],"result":{"NAME":{"asks":[["11","0.1",1700000040]],"bids":[["10","0.2",1700000041]]}}}"#,
            names: krakenNames, others: krakenOthers),
        Payload(
            venue: Bitstamp.self, channel: .klines,
            text: #"{"data":{"ohlc":[{"close":"11","high":"12","low":"9","open":"10","timestamp":"1700000040","volume":"0.5"}],"#
                + #""pair":"NAME"}}"#,
            names: ["BTC/USD", #"BTC\/USD"#, "btcusd"], others: ["ETH/USD", "BTC/EUR"]),
        Payload(
            venue: CoinbaseAdvanced.self, channel: .depth,
            text: #"{"pricebook":{"product_id":"NAME","bids":[{"price":"10","size":"0.1"}],"asks":[{"price":"11","size":"0.2"}],"#
                + #""time":"2026-04-07T00:28:59.662782Z"},"last":"10.5"}"#,
            names: ["BTC-USD"], others: ["ETH-USD", "BTC-EUR"]),
        Payload(
            venue: Binance.self, channel: .depth,
            text: #"{"symbol":"NAME","bidPrice":"10","bidQty":"0.1","askPrice":"11","askQty":"0.2"}"#,
            names: ["BTCUSD"], others: ["ETHUSD", "BTCUSDT"]),
    ]

    @Test("is read under each of the names that its venue has for it", arguments: payloads)
    func names(payload: Payload) throws {
        for name in payload.names { #expect(try payload.read(payload.body(name), of: pair("BTC-USD")) == 1, "\(name)") }
    }

    @Test("is read under the name of the same market: an asset may have two, and two pairs one book; null names none")
    func aliases() throws {
        let kraken = #"{"error":[],"result":{"XXBTZUSD":[[1700000040,"10","12","9","11","10.5","3.5",4]],"last":1700000040}}"#
        #expect(try Kraken.candles(Array(kraken.utf8), of: pair("XBT-USD"), interval: .minute).rows.count == 1)
        let advanced = try #require(Self.payloads.first { $0.venue == CoinbaseAdvanced.self })
        #expect(try advanced.read(advanced.body("BTC-USD"), of: pair("BTC-USDC")) == 1)
        #expect(try advanced.read(advanced.body("BTC-USDC"), of: pair("BTC-USD")) == 1)
        #expect { try advanced.read(advanced.body("ETH-USD"), of: pair("BTC-USDC")) } throws: {
            ($0 as? AnswerError)?.fault == .otherMarket
        }
        for payload in Self.payloads where payload.venue != Kraken.self {
            let unnamed = payload.text.replacing("\"NAME\"", with: "null")
            #expect(try payload.read(Array(unnamed.utf8), of: pair("BTC-USD")) == 1, "\(payload)")
        }
    }

    @Test("is refused whole where another was asked for, and says which; that is no changed shape", arguments: payloads)
    func others(payload: Payload) {
        for name in payload.others {
            #expect("\(name)") { try payload.read(payload.body(name), of: pair("BTC-USD")) } throws: { error in
                guard let error = error as? AnswerError, error.fault == .otherMarket else { return false }
                return error.reason.contains("it is of \(name), not of ")
            }
        }
    }

    @Test("of which the end is missing is unreadable, whatever market it is of", arguments: payloads)
    func half(payload: Payload) {
        let body = payload.body(payload.others[0])
        #expect { try payload.read(Array(body.dropLast()), of: pair("BTC-USD")) } throws: { ($0 as? AnswerError)?.fault == .unreadable }
    }

    @Test(
        "is refused in every recording that has a name, and read as what it was asked for", Sample.present,
        arguments: [
            ("bybit/kline_spot_1m_btcusdt_20260830", "BTC-USDT"), ("bybit/docs_orderbook", "BTC-USDT"),
            ("kraken/ohlc_1m_xbtusd_201708", "BTC-USD"), ("kraken/ohlc_1m_xbtusdt_20251110", "BTC-USDT"),
            ("kraken/depth_xbtusdt_20251111", "BTC-USDT"), ("bitstamp/ohlc_1m_limit10_btcusd", "BTC-USD"),
            ("bitstamp/ohlc_1d_limit1000_btcusd", "BTC-USD"), ("binance/ticker_bookticker_btcusdt_undated", "BTC-USDT"),
        ])
    func recorded(file: String, market: String) throws {
        let venue = try #require(Venues.named(String(file.prefix { $0 != "/" })))
        let body = try Sample.body("\(file).json")
        let isBook = file.contains("book") || file.contains("depth")
        func read(_ pair: Pair) throws(AnswerError) -> Int {
            isBook ? try venue.depth(body, of: pair).bids.count : try venue.candles(body, of: pair, interval: .minute).rows.count
        }
        #expect(try read(pair(market)) > 0)
        #expect { try read(pair("ETH-EUR")) } throws: { ($0 as? AnswerError)?.fault == .otherMarket }
    }
}
