public import Curl
public import Market

/// The public Coinbase Exchange REST API. As a venue: questions of every kind. As a feed (`Coinbase+BookFeed`): whole order books and single
/// trades, put in buckets and sums here.
///
/// Source: https://docs.cdp.coinbase.com/api-reference/exchange-api/rest-api/products/get-product-candles and its neighbours
public struct Coinbase: Venue {
    public static let name = "coinbase"
    public static let publicURL = "https://api.exchange.coinbase.com"
    /// Of public endpoints, per address: 10 in a second, and 15 at once.
    public static let offer = VenueOffer(
        intervals: [.minute, .minutes5, .minutes15, .hour, .hours6, .day], candlesPerPage: 300,
        rateLimit: RateLimit(perSecond: 10, burst: 15))

    public static func symbol(of pair: Pair) -> String { pair.description }

    public static func pair(of symbol: String) -> Pair? { try? Pair(symbol) }

    public static func request(_ question: VenueQuestion, baseURL: String) -> Request? {
        func get(_ path: String, _ query: [(String, String)] = []) -> Request { Request(.get, URLText.join(baseURL, path, query: query)) }
        func product(_ pair: Pair) -> String { "/products/\(URLText.encoded(symbol(of: pair)))" }
        switch question {
        case .candles(let pair, let interval, let from, let to):
            guard offer.intervals.contains(interval) else { return nil }
            // One of the ends without the other is ignored.
            let range = from.map { [("start", "\($0 / 1000)"), ("end", "\((to ?? offer.lastOpening(from: $0, interval)) / 1000)")] }
            return get(product(pair) + "/candles", [("granularity", "\(interval.seconds)")] + (range ?? []))
        // There are only the best level and the whole book.
        case .depth(let pair, let levels):
            return levels > 1 ? bookRequest(symbol(of: pair), baseURL: baseURL) : get(product(pair) + "/book", [("level", "1")])
        case .tickers(nil): return nil
        case .tickers(let pair?): return get(product(pair) + "/ticker")
        case .trades(let pair): return tradesRequest(symbol(of: pair), baseURL: baseURL, limit: pageLimit)
        case .markets: return get("/products")
        case .time: return get("/time")
        }
    }

    /// `{"message":"NotFound"}`; 404 only for what stands in the path, which is a product.
    public static func refusal(_ response: Response) -> VenueRefusal? {
        guard !response.isSuccess else { return nil }
        let message = ErrorBody(response.body, code: "", message: "message").message
        if response.status == 404, message != nil { return VenueRefusal(.unknownSymbol, response, message: message) }
        return VenueRefusal(status: response, message: message)
    }

    /// Of the feed; without the path.
    public let baseURL: String

    public init(baseURL: String) { self.baseURL = baseURL }
}
