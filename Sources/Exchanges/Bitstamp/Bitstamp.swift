public import Curl
public import Market

/// Bitstamp's API v2.
///
/// Source: https://www.bitstamp.net/api/
public enum Bitstamp: Venue {
    public static let name = "bitstamp"
    public static let publicURL = "https://www.bitstamp.net"
    /// Per address: 400 in a second, and 10,000 in 10 minutes. Half of a second's at once leaves room for what comes evenly.
    ///
    /// Source: https://www.bitstamp.net/api/ ("Request limits")
    public static let offer = VenueOffer(
        intervals: [
            .minute, .minutes3, .minutes5, .minutes15, .minutes30, .hour, .hours2, .hours4, .hours6, .hours12, .day,
        ],
        candlesPerPage: 1000, rateLimit: RateLimit(10_000, in: 600, burstLimit: 200))

    public static func symbol(of pair: Pair) -> String { (pair.base + pair.quote).lowercased() }

    /// `btcusd`, or `BTC/USD` as in answers.
    public static func pairs(of symbol: String) -> [Pair] {
        let parts = symbol.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2 else { return joined.pairs(of: symbol) }
        return (try? Pair(base: parts[0], quote: parts[1])).map { [$0] } ?? []
    }

    public static func pair(of symbol: String) -> Pair? { pairs(of: symbol).only }

    private static let joined = JoinedSymbols(quotes: [
        "USDT", "USDC", "PYUSD", "RLUSD", "USD", "EUR", "GBP", "BTC", "ETH", "PAX", "EURC",
    ])

    public static func request(_ question: VenueQuestion, baseURL: String) -> Request? {
        func get(_ path: String, _ query: [(String, String)] = []) -> Request {
            Request(.get, URLText.join(baseURL, "/api/v2/" + path, query: query))
        }
        func market(_ pair: Pair) -> String { URLText.encoded(symbol(of: pair)) }
        switch question {
        case .candles(let pair, let interval, let from, let to):
            guard offer.intervals.contains(interval) else { return nil }
            let range = [from.map { ("start", "\($0 / 1000)") }, to.map { ("end", "\($0 / 1000)") }].compactMap { $0 }
            return get("ohlc/\(market(pair))/", [("step", "\(interval.seconds)"), ("limit", "\(offer.candlesPerPage)")] + range)
        // Always the whole book.
        case .depth(let pair, _): return get("order_book/\(market(pair))/")
        case .tickers(nil): return get("ticker/")
        case .tickers(let pair?): return get("ticker/\(market(pair))/")
        case .trades(let pair): return get("transactions/\(market(pair))/", [("time", "hour")])
        case .markets: return get("trading-pairs-info/")
        case .time: return nil
        }
    }

    /// `{"status":"error","reason":"…","code":"400.002"}`; 404 only for what stands in the path, which is a pair.
    public static func refusal(_ response: Response) -> VenueRefusal? {
        let body = response.isSuccess ? nil : ErrorBody(response.body, code: "code", message: "reason")
        switch (response.status, body?.code) {
        case (_, "400.002"), (_, "400.067"), (_, "400.068"): return VenueRefusal(.rateLimited, response, message: body?.message)
        case (404, _): return VenueRefusal(.unknownSymbol, response, message: body?.message)
        default: return VenueRefusal(status: response, message: body?.message)
        }
    }
}
