public import Curl
public import Market

/// Bybit's API v5, spot markets. It answers with status 200 even where it refuses.
///
/// Source: https://bybit-exchange.github.io/docs/v5/market/kline and its neighbours; https://bybit-exchange.github.io/docs/v5/rate-limit
public enum Bybit: Venue {
    public static let name = "bybit"
    public static let publicURL = "https://api.bybit.com"
    /// An address may ask 600 times in any 5 seconds, and who asks more is shut out: half of it is enough. A page of candles is 1,000 at most.
    ///
    /// Source: https://bybit-exchange.github.io/docs/v5/rate-limit ("IP Rate Limit"); https://bybit-exchange.github.io/docs/v5/market/kline
    public static let offer = VenueOffer(
        intervals: [.minute, .minutes3, .minutes5, .minutes15, .minutes30, .hour, .hours2, .hours4, .hours6, .hours12, .day],
        candlesPerPage: 1000, depthLimit: 200, rateLimit: RateLimit(300, in: 5))

    public static func symbol(of pair: Pair) -> String { pair.base + pair.quote }

    public static func pair(of symbol: String) -> Pair? { joined.pair(of: symbol) }

    public static func pairs(of symbol: String) -> [Pair] { joined.pairs(of: symbol) }

    private static let joined = JoinedSymbols(quotes: [
        "USDT", "USDC", "USDE", "USDQ", "USDR", "USD1", "RLUSD", "EUR", "BRL", "TRY", "PLN", "BTC", "ETH", "SOL", "DAI", "MNT", "USD",
    ])

    public static func request(_ question: VenueQuestion, baseURL: String) -> Request? {
        func get(_ path: String, _ query: [(String, String)] = []) -> Request {
            Request(.get, URLText.join(baseURL, "/v5/market/" + path, query: query))
        }
        let spot = ("category", "spot")
        switch question {
        case .candles(let pair, let interval, let from, let to):
            guard offer.intervals.contains(interval) else { return nil }
            let code = interval == .day ? "D" : "\(interval.seconds / 60)"
            let range = [from.map { ("start", "\($0)") }, to.map { ("end", "\($0)") }].compactMap { $0 }
            return get("kline", [spot, ("symbol", symbol(of: pair)), ("interval", code)] + range + [("limit", "\(offer.candlesPerPage)")])
        case .depth(let pair, let levels):
            return get("orderbook", [spot, ("symbol", symbol(of: pair)), ("limit", "\(offer.depthLevels(levels))")])
        case .tickers(nil): return get("tickers", [spot])
        case .tickers(let pair?): return get("tickers", [spot, ("symbol", symbol(of: pair))])
        case .trades(let pair): return get("recent-trade", [spot, ("symbol", symbol(of: pair)), ("limit", "60")])
        case .markets: return get("instruments-info", [spot])
        case .time: return get("time")
        }
    }

    /// `{"retCode":10001,"retMsg":"Not supported symbols",…}`
    ///
    /// Source: https://bybit-exchange.github.io/docs/v5/error
    public static func refusal(_ response: Response) -> VenueRefusal? {
        // Not an error of the API but of what stands before it: "403, access too frequent".
        if response.status == 403, String(decoding: response.body, as: UTF8.self).lowercased().contains("too frequent") {
            return VenueRefusal(.rateLimited, response, retryAfter: .seconds(600))
        }
        // Until the limit is counted anew; in milliseconds.
        let wait = response["x-bapi-limit-reset-timestamp"].flatMap { response.wait(until: $0, perSecond: 1000) }
        return VenueRefusal(response, code: "retCode", success: "0", message: "retMsg", wait: wait) { code, message in
            switch code {
            case "10006", "10018", "10429": .rateLimited
            case "10000", "10016", "10019": .down
            // The address is banned; the law of its country.
            case "10009", "10024": .denied
            // All that is wrong with a parameter has one code.
            case "10001" where message?.lowercased().contains("symbol") == true: .unknownSymbol
            default: nil
            }
        }
    }
}
