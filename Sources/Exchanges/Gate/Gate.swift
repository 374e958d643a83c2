public import Curl
public import Market

/// Gate's API v4, spot markets.
///
/// Source: https://www.gate.com/docs/developers/apiv4/en/#spot
public enum Gate: Venue {
    public static let name = "gateio"
    public static let publicURL = "https://api.gateio.ws"
    /// 200 in 10 seconds for each path and address. Of each interval only the newest 10,000 candles can be had, and a page that begins
    /// before them is refused: some of them are left alone, for they may be too old when the question arrives.
    public static let offer = VenueOffer(
        intervals: [.minute, .minutes5, .minutes15, .minutes30, .hour, .hours4, .hours8, .day], candlesPerPage: 1000,
        candleHistory: 9990, depthLimit: 1000, rateLimit: RateLimit(200, in: 10))

    public static func symbol(of pair: Pair) -> String { "\(pair.base)_\(pair.quote)" }

    public static func pair(of symbol: String) -> Pair? {
        let parts = symbol.split(separator: "_", omittingEmptySubsequences: false)
        return parts.count == 2 ? try? Pair(base: parts[0], quote: parts[1]) : nil
    }

    public static func request(_ question: VenueQuestion, baseURL: String) -> Request? {
        func get(_ path: String, _ query: [(String, String)] = []) -> Request {
            Request(.get, URLText.join(baseURL, "/api/v4/spot/" + path, query: query))
        }
        func market(_ pair: Pair) -> (String, String) { ("currency_pair", symbol(of: pair)) }
        switch question {
        case .candles(let pair, let interval, let from, let to):
            guard offer.intervals.contains(interval) else { return nil }
            // A limit and a range exclude each other; both ends are part of the range, and one that is longer than a page is refused.
            let end = to ?? from.map { offer.lastOpening(from: $0, interval) }
            let range = [from.map { ("from", "\($0 / 1000)") }, end.map { ("to", "\($0 / 1000)") }].compactMap { $0 }
            let bounds = range.isEmpty ? [("limit", "\(offer.candlesPerPage)")] : range
            return get("candlesticks", [market(pair), ("interval", interval.code)] + bounds)
        case .depth(let pair, let levels):
            return get("order_book", [market(pair), ("limit", "\(offer.depthLevels(levels))"), ("with_id", "true")])
        case .tickers(nil): return get("tickers")
        case .tickers(let pair?): return get("tickers", [market(pair)])
        case .trades(let pair): return get("trades", [market(pair), ("limit", "1000")])
        case .markets: return get("currency_pairs")
        case .time: return get("time")
        }
    }

    /// `{"label":"INVALID_CURRENCY_PAIR","message":"Invalid currency pair BLA_USDT"}`, with a status that is not 2xx.
    ///
    /// Source: https://www.gate.com/docs/developers/apiv4/en/#error-handling
    public static func refusal(_ response: Response) -> VenueRefusal? {
        guard !response.isSuccess else { return nil }
        let body = ErrorBody(response.body, code: "label", message: "message")
        let message = [body.code, body.message].compactMap { $0 }.joined(separator: ": ")
        func refusal(_ code: VenueError.Code) -> VenueRefusal {
            // Until the limit is counted anew; in seconds.
            let wait = response["x-gate-ratelimit-reset-timestamp"].flatMap { response.wait(until: $0, perSecond: 1) }
            return VenueRefusal(code, response, message: message, retryAfter: wait)
        }
        switch body.code {
        case "TOO_MANY_REQUESTS", "TOO_FAST": return refusal(.rateLimited)
        case "INVALID_CURRENCY_PAIR", "INVALID_CURRENCY": return refusal(.unknownSymbol)
        case "SERVER_ERROR", "INTERNAL", "TOO_BUSY": return refusal(.down)
        default: return VenueRefusal(status: response, message: message.isEmpty ? nil : message)
        }
    }
}
