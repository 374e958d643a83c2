public import Curl
public import Market

/// Gemini's REST API, versions 1 and 2, spot markets.
///
/// Source: https://docs.gemini.com/rest/market-data; https://docs.gemini.com/rate-limit
public enum Gemini: Venue {
    public static let name = "gemini"
    public static let publicURL = "https://api.gemini.com"
    /// Per address: 120 in a minute, and no more than one a second is what it recommends. It answers with the newest candles only and
    /// does not say how many: so many are surely among them where there are as many.
    public static let offer = VenueOffer(
        intervals: [.minute, .minutes5, .minutes15, .minutes30, .hour, .hours6, .day], candlesPerPage: 240, candleHistory: 240,
        ignoresRange: true,
        rateLimit: RateLimit(perSecond: 1, burst: 5))

    public static func symbol(of pair: Pair) -> String { (pair.base + pair.quote).lowercased() }

    /// Of `btcusdperp`, a derivative, there is none.
    public static func pair(of symbol: String) -> Pair? { joined.pair(of: symbol) }

    public static func pairs(of symbol: String) -> [Pair] { joined.pairs(of: symbol) }

    private static let joined = JoinedSymbols(quotes: [
        "RLUSD", "USDT", "USDC", "GUSD", "USD", "EUR", "GBP", "SGD", "DAI", "BTC", "ETH", "SOL", "LTC", "BCH", "FIL",
    ])

    public static func request(_ question: VenueQuestion, baseURL: String) -> Request? {
        func get(_ path: String, _ query: [(String, String)] = []) -> Request {
            Request(.get, URLText.join(baseURL, "/" + path, query: query))
        }
        func market(_ pair: Pair) -> String { URLText.encoded(symbol(of: pair)) }
        switch question {
        case .candles(let pair, let interval, _, _): return frame(interval).map { get("v2/candles/\(market(pair))/\($0)") }
        case .depth(let pair, let levels):
            // 0 would be the whole book.
            let limit = "\(max(levels, 1))"
            return get("v1/book/\(market(pair))", [("limit_bids", limit), ("limit_asks", limit)])
        case .tickers(nil): return get("v1/pricefeed")
        case .tickers(let pair?): return get("v1/pubticker/\(market(pair))")
        case .trades(let pair): return get("v1/trades/\(market(pair))", [("limit_trades", "500")])
        // Steps are told of one market at a time, `v1/symbols/details/btcusd`.
        case .markets: return get("v1/symbols")
        case .time: return nil
        }
    }

    private static func frame(_ interval: KlineInterval) -> String? {
        guard offer.intervals.contains(interval) else { return nil }
        return switch interval {
        case .hour, .hours6: interval.code + "r"
        case .day: "1day"
        default: interval.code
        }
    }

    /// `{"result":"error","reason":"InvalidSymbol","message":"Supplied value 'bla' is not a valid symbol. …"}`
    ///
    /// Source: https://docs.gemini.com/errors
    public static func refusal(_ response: Response) -> VenueRefusal? {
        VenueRefusal(response, code: "reason", success: "", message: "message") { reason, message in
            switch reason {
            case "RateLimit", "RateLimited", "TooManyRequests": .rateLimited
            case "Maintenance", "System": .down
            case "InvalidSymbol": .unknownSymbol
            // Once every reason was "Bad Request".
            default: message?.contains("is not a valid symbol") == true ? .unknownSymbol : nil
            }
        }
    }
}
