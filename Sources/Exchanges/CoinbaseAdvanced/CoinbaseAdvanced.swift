public import Curl
public import Market

/// The public part of Coinbase's Advanced Trade API: another API than Coinbase Exchange's, of the same markets and more.
///
/// Source: https://docs.cdp.coinbase.com/api-reference/advanced-trade-api/rest-api/public/get-public-product-candles and its neighbours
public enum CoinbaseAdvanced: Venue {
    public static let name = "coinbaseadvanced"
    public static let publicURL = "https://api.coinbase.com"
    /// Of public endpoints, per address: 10 in a second.
    public static let offer = VenueOffer(
        intervals: [.minute, .minutes5, .minutes15, .minutes30, .hour, .hours2, .hours4, .hours6, .day], candlesPerPage: 350,
        rateLimit: RateLimit(10, in: 1))

    public static func symbol(of pair: Pair) -> String { pair.description }

    /// `BIT-31JAN25-CDE`, a future, is none.
    public static func pair(of symbol: String) -> Pair? { try? Pair(symbol) }

    /// What is priced in USDC is traded in the book of what is priced in USD: `"product_id":"BTC-USDC","alias":"BTC-USD"`.
    public static func aliases(of pair: Pair) -> [Pair] {
        let quotes = ["USD": "USDC", "USDC": "USD"]
        return quotes[pair.quote].flatMap { try? Pair(base: pair.base, quote: $0) }.map { [$0] } ?? []
    }

    public static func request(_ question: VenueQuestion, baseURL: String) -> Request? {
        func get(_ path: String, _ query: [(String, String)] = [], bodyLimit: Int = 8 << 20) -> Request {
            Request(.get, URLText.join(baseURL, "/api/v3/brokerage/" + path, query: query), bodyLimit: bodyLimit)
        }
        func product(_ pair: Pair) -> String { "market/products/\(URLText.encoded(symbol(of: pair)))" }
        switch question {
        case .candles(let pair, let interval, let from, let to):
            guard let granularity = granularity(interval) else { return nil }
            // A range of more than a page is refused. Without one, which the documentation does not promise, the newest come.
            let range = from.map { [("start", "\($0 / 1000)"), ("end", "\((to ?? offer.lastOpening(from: $0, interval)) / 1000)")] } ?? []
            return get(product(pair) + "/candles", range + [("granularity", granularity), ("limit", "\(offer.candlesPerPage)")])
        case .depth(let pair, let levels):
            return get("market/product_book", [("product_id", symbol(of: pair)), ("limit", "\(max(levels, 1))")])
        // Of each product some 1.5 kB.
        case .tickers(nil), .markets: return get("market/products", [("product_type", "SPOT")], bodyLimit: 32 << 20)
        case .tickers(let pair?): return get(product(pair) + "/ticker", [("limit", "1")])
        case .trades(let pair): return get(product(pair) + "/ticker", [("limit", "1000")])
        case .time: return get("time")
        }
    }

    private static func granularity(_ interval: KlineInterval) -> String? {
        switch interval {
        case .minute: "ONE_MINUTE"
        case .minutes5: "FIVE_MINUTE"
        case .minutes15: "FIFTEEN_MINUTE"
        case .minutes30: "THIRTY_MINUTE"
        case .hour: "ONE_HOUR"
        case .hours2: "TWO_HOUR"
        case .hours4: "FOUR_HOUR"
        case .hours6: "SIX_HOUR"
        case .day: "ONE_DAY"
        case .minutes3, .hours8, .hours12, .days3, .week: nil
        }
    }

    /// `{"error":"NOT_FOUND","error_details":"…","message":"…"}`; 404 only for what stands in the path, which is a product.
    public static func refusal(_ response: Response) -> VenueRefusal? {
        guard !response.isSuccess else { return nil }
        return VenueRefusal(response, code: "error", success: "", message: "message") { error, message in
            switch error {
            case "NOT_FOUND": .unknownSymbol
            case "RESOURCE_EXHAUSTED", "rate_limit_exceeded": .rateLimited
            case "INTERNAL", "UNAVAILABLE": .down
            case "INVALID_ARGUMENT" where ["product_id", "ProductID"].contains { message?.contains($0) == true }: .unknownSymbol
            default: response.status == 404 ? .unknownSymbol : nil
            }
        }
    }
}
