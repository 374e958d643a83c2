public import Curl
public import Market

/// KuCoin's spot API. It answers with status 200 even where it refuses.
///
/// Source: https://www.kucoin.com/docs-new/rest/spot-trading/market-data/get-klines and its neighbours;
/// https://www.kucoin.com/docs-new/rate-limit
public enum KuCoin: Venue {
    public static let name = "kucoin"
    public static let publicURL = "https://api.kucoin.com"
    /// The public pool of an address: a weight of 2,000 in 30 seconds, which begin with the first question. Each question's page tells its
    /// weight. Its weeks do not open on Monday.
    public static let offer = VenueOffer(
        intervals: [
            .minute, .minutes3, .minutes5, .minutes15, .minutes30, .hour, .hours2, .hours4, .hours6, .hours8, .hours12, .day,
        ],
        candlesPerPage: 1500, depthLimit: 100, rateLimit: RateLimit(2000, in: 30), weight: weight)

    public static func symbol(of pair: Pair) -> String { pair.description }

    public static func pair(of symbol: String) -> Pair? { try? Pair(symbol) }

    public static func request(_ question: VenueQuestion, baseURL: String) -> Request? {
        func get(_ path: String, _ query: [(String, String)] = []) -> Request {
            Request(.get, URLText.join(baseURL, "/api/" + path, query: query))
        }
        func market(_ pair: Pair) -> (String, String) { ("symbol", symbol(of: pair)) }
        switch question {
        case .candles(let pair, let interval, let from, let to):
            guard let type = type(interval) else { return nil }
            // The end is not part of the range.
            let range = [from.map { ("startAt", "\($0 / 1000)") }, to.map { ("endAt", "\($0 / 1000 + 1)") }].compactMap { $0 }
            return get("v1/market/candles", [market(pair), ("type", type)] + range)
        // Deeper books than the second are not public.
        case .depth(let pair, let levels):
            return get("v1/market/orderbook/level2_\(levels <= 20 ? 20 : offer.depthLevels(.max))", [market(pair)])
        case .tickers(nil): return get("v1/market/allTickers")
        case .tickers(let pair?): return get("v1/market/stats", [market(pair)])
        case .trades(let pair): return get("v1/market/histories", [market(pair)])
        case .markets: return get("v2/symbols")
        case .time: return get("v1/timestamp")
        }
    }

    private static func type(_ interval: KlineInterval) -> String? {
        switch interval {
        case .minute, .minutes3, .minutes5, .minutes15, .minutes30: "\(interval.seconds / 60)min"
        case .hour, .hours2, .hours4, .hours6, .hours8, .hours12: "\(interval.seconds / 3600)hour"
        case .day: "1day"
        case .days3, .week: nil
        }
    }

    @Sendable private static func weight(_ question: VenueQuestion) -> Int {
        switch question {
        case .candles, .trades, .time: 3
        case .depth(_, let levels): levels <= 20 ? 2 : 4
        case .tickers: 15
        case .markets: 4
        }
    }

    /// `{"code":"429000","msg":"Too many requests in a short period of time, please retry later"}`
    ///
    /// Source: https://www.kucoin.com/docs-new/error-code
    public static func refusal(_ response: Response) -> VenueRefusal? {
        // Until the limit is counted anew; in milliseconds from now.
        let wait = response["gw-ratelimit-reset"].flatMap { Int64($0) }.map { Duration.milliseconds(max($0, 0)) }
        return VenueRefusal(response, code: "code", success: "200000", message: "msg", wait: wait) { code, message in
            switch code {
            case "429000", "1015", "200002": .rateLimited
            case "900001", "400500": .unknownSymbol
            case "500000", "230005": .down
            // Not from this country.
            case "400302": .denied
            // All that is wrong with a parameter has one code.
            case "400100" where ["symbol", "pair"].contains { message?.lowercased().contains($0) == true }: .unknownSymbol
            default: nil
            }
        }
    }
}
