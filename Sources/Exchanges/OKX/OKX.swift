public import Curl
public import Market

/// OKX's API v5, spot markets.
///
/// Source: https://www.okx.com/docs-v5/en/#order-book-trading-market-data
public enum OKX: Venue {
    public static let name = "okx"
    public static let publicURL = "https://www.okx.com"
    /// Each path has its own limit per address, in 2 seconds: 40 for candles and books, 20 for older candles, tickers and instruments, 10 for
    /// the time. One budget for all of them is the safe side. A page is that of older candles; the newest come 300 at once.
    ///
    /// Source: "Rate Limit" of https://www.okx.com/docs-v5/en/#order-book-trading-market-data-get-candlesticks, `-get-candlesticks-history`,
    /// `-get-order-book` and `-get-tickers`; https://www.okx.com/docs-v5/en/#public-data-rest-api-get-system-time
    public static let offer = VenueOffer(
        intervals: [.minute, .minutes3, .minutes5, .minutes15, .minutes30, .hour, .hours2, .hours4, .hours6, .hours12, .day],
        candlesPerPage: 100, depthLimit: 400, rateLimit: RateLimit(40, in: 2), weight: weight)

    public static func symbol(of pair: Pair) -> String { pair.description }

    /// `BTC-USDT-SWAP` is none.
    public static func pair(of symbol: String) -> Pair? { try? Pair(symbol) }

    public static func request(_ question: VenueQuestion, baseURL: String) -> Request? {
        func get(_ path: String, _ query: [(String, String)] = []) -> Request {
            Request(.get, URLText.join(baseURL, "/api/v5/" + path, query: query))
        }
        switch question {
        case .candles(let pair, let interval, let from, let to):
            guard let bar = bar(interval) else { return nil }
            // `before` asks for later ones and `after` for earlier ones, both without the time itself.
            let later = from.map { [("before", "\($0 - 1)")] } ?? []
            let market = [("instId", symbol(of: pair)), ("bar", bar)] + later
            guard let to else { return get("market/candles", market + [("limit", "300")]) }
            return get("market/history-candles", market + [("after", "\(to + 1)"), ("limit", "100")])
        case .depth(let pair, let levels):
            return get("market/books", [("instId", symbol(of: pair)), ("sz", "\(offer.depthLevels(levels))")])
        case .tickers(nil): return get("market/tickers", [("instType", "SPOT")])
        case .tickers(let pair?): return get("market/ticker", [("instId", symbol(of: pair))])
        case .trades(let pair): return get("market/trades", [("instId", symbol(of: pair)), ("limit", "500")])
        case .markets: return get("public/instruments", [("instType", "SPOT")])
        case .time: return get("public/time")
        }
    }

    /// From 6 hours on candles open in Hong Kong unless UTC is asked for.
    private static func bar(_ interval: KlineInterval) -> String? {
        switch interval {
        case .minute, .minutes3, .minutes5, .minutes15, .minutes30: interval.code
        case .hour, .hours2, .hours4: interval.code.uppercased()
        case .hours6, .hours12, .day: interval.code.uppercased() + "utc"
        case .hours8, .days3, .week: nil
        }
    }

    @Sendable private static func weight(_ question: VenueQuestion) -> Int {
        switch question {
        case .candles(_, _, _, to: nil), .depth, .trades: 1
        case .candles, .tickers, .markets: 2
        case .time: 4
        }
    }

    /// `{"code":"51001","msg":"Instrument ID does not exist","data":[]}`, also with status 200; a limit's code comes as a number too.
    ///
    /// Source: https://www.okx.com/docs-v5/en/#error-code
    public static func refusal(_ response: Response) -> VenueRefusal? {
        VenueRefusal(response, code: "code", success: "0", message: "msg") { code, _ in
            switch code {
            case "50011", "50061": .rateLimited
            case "50001", "50004", "50013", "50026": .down
            case "51001", "51014": .unknownSymbol
            default: nil
            }
        }
    }
}
