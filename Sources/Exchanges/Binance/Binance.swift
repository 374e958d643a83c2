public import Curl
public import Market

/// Binance's spot API. Weights are counted per address, 6,000 in a minute.
///
/// Source: https://developers.binance.com/docs/binance-spot-api-docs/rest-api/market-data-endpoints
public enum Binance: Venue {
    public static let name = "binance"
    public static let publicURL = "https://api.binance.com"
    public static let offer = VenueOffer(
        intervals: [
            .minute, .minutes3, .minutes5, .minutes15, .minutes30, .hour, .hours2, .hours4, .hours6, .hours8, .hours12, .day, .week,
        ],
        candlesPerPage: 1000, depthLimit: 5000, rateLimit: RateLimit(6000, in: 60), weight: weight)

    public static func symbol(of pair: Pair) -> String { pair.base + pair.quote }

    public static func pair(of symbol: String) -> Pair? { joined.pair(of: symbol) }

    public static func pairs(of symbol: String) -> [Pair] { joined.pairs(of: symbol) }

    /// Those that a market is priced in, or was.
    private static let joined = JoinedSymbols(quotes: [
        "FDUSD", "USDT", "USDC", "TUSD", "BUSD", "USDP", "USDS", "USD1", "BIDR", "BKRW", "BVND", "IDRT", "AEUR", "EURI", "DOGE", "BTC",
        "ETH", "BNB", "XRP", "TRX", "SOL", "DOT", "DAI", "PAX", "VAI", "UST", "TRY", "EUR", "BRL", "GBP", "AUD", "RUB", "UAH", "ZAR", "PLN",
        "RON", "NGN", "ARS", "JPY", "MXN", "CZK", "COP",
    ])

    public static func request(_ question: VenueQuestion, baseURL: String) -> Request? {
        func get(_ path: String, _ query: [(String, String)] = [], bodyLimit: Int = 8 << 20) -> Request {
            Request(.get, URLText.join(baseURL, "/api/v3/" + path, query: query), bodyLimit: bodyLimit)
        }
        switch question {
        case .candles(let pair, let interval, let from, let to):
            guard offer.intervals.contains(interval) else { return nil }
            // Both ends are compared with the time of opening, and are part of the range.
            let range = [from.map { ("startTime", "\($0)") }, to.map { ("endTime", "\($0)") }].compactMap { $0 }
            return get(
                "klines", [("symbol", symbol(of: pair)), ("interval", interval.code)] + range + [("limit", "\(offer.candlesPerPage)")])
        // As the best level alone it costs less.
        case .depth(let pair, ...1): return get("ticker/bookTicker", [("symbol", symbol(of: pair))])
        case .depth(let pair, let levels):
            return get("depth", [("symbol", symbol(of: pair)), ("limit", "\(offer.depthLevels(levels))")])
        case .tickers(nil): return get("ticker/24hr")
        case .tickers(let pair?): return get("ticker/24hr", [("symbol", symbol(of: pair))])
        case .trades(let pair): return get("trades", [("symbol", symbol(of: pair)), ("limit", "1000")])
        // Some 3,000 symbols with their filters.
        case .markets: return get("exchangeInfo", bodyLimit: 64 << 20)
        case .time: return get("time")
        }
    }

    @Sendable private static func weight(_ question: VenueQuestion) -> Int {
        switch question {
        case .candles: 2
        case .depth(_, let levels):
            switch levels {
            case ...1: 2
            case ...100: 5
            case ...500: 25
            case ...1000: 50
            default: 250
            }
        case .tickers(let pair): pair == nil ? 80 : 2
        case .trades: 25
        case .markets: 20
        case .time: 1
        }
    }

    /// `{"code":-1121,"msg":"Invalid symbol."}`, always with a status that is not 2xx.
    ///
    /// Source: https://developers.binance.com/docs/binance-spot-api-docs/errors
    public static func refusal(_ response: Response) -> VenueRefusal? {
        guard !response.isSuccess else { return nil }
        let body = ErrorBody(response.body, code: "code", message: "msg")
        switch body.code {
        // Too many requests, too many orders, a ban.
        case "-1003", "-1015":
            return VenueRefusal(.rateLimited, response, message: body.message, retryAfter: banned(body.message, response))
        case "-1121", "-1122": return VenueRefusal(.unknownSymbol, response, message: body.message)
        // An internal error, a lost connection, an unexpected response, a timeout, an overload.
        case "-1000", "-1001", "-1006", "-1007", "-1008", "-1016": return VenueRefusal(.down, response, message: body.message)
        default: return VenueRefusal(status: response, message: body.message)
        }
    }

    /// "… IP banned until 1660090423228. …", in milliseconds.
    private static func banned(_ message: String?, _ response: Response) -> Duration? {
        guard let words = message?.split(separator: " "), let until = words.firstIndex(of: "until"), until + 1 < words.count else {
            return nil
        }
        return response.wait(until: words[until + 1].prefix { $0.isNumber }, perSecond: 1000)
    }
}
