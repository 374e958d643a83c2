import Curl
import FoundationEssentials
import Market

/// coinbase-local: order book intervals and market orders, already in buckets and sums. Our own `exchange` speaks it, too.
public struct CoinbaseLocal: BookFeed {
    public static let venue = "coinbase-local"

    /// Without the path, such as `http://127.0.0.1:4201`.
    public let baseURL: String
    public var venue: String { Self.venue }
    public var rateLimit: RateLimit? { nil }

    public init(baseURL: String) { self.baseURL = baseURL }

    public func reading(_ query: BookQuery) -> any Conversation<BookReading> { CoinbaseLocalReading(query, baseURL: baseURL) }

    static let bodyLimit = 1 << 20

    static func intervalRequest(_ query: BookQuery, baseURL: String) -> Request {
        let pairs = [("product", query.symbol), ("aggregation", query.aggregation.plainText), ("depth", "\(query.depth)")]
        return Request(.get, URLText.join(baseURL, "/api/orderBook/interval", query: pairs), bodyLimit: bodyLimit)
    }

    static func marketOrdersRequest(_ query: BookQuery, baseURL: String) -> Request {
        let pairs = [("product", query.symbol)] + (query.since.map { [("since", "\($0)")] } ?? [])
        return Request(.get, URLText.join(baseURL, "/api/orderBook/marketOrders", query: pairs), bodyLimit: bodyLimit)
    }
}
