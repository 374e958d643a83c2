import Curl
import FoundationEssentials

/// Source: https://docs.cdp.coinbase.com/exchange/reference/exchangerestapi_getproductbook and …/exchangerestapi_getproducttrades
extension Coinbase: BookFeed {
    public var venue: String { Self.name }
    /// Of public endpoints, per address.
    public var rateLimit: RateLimit? { Self.offer.rateLimit }

    public func reading(_ query: BookQuery) -> any Conversation<BookReading> { CoinbaseReading(query, baseURL: baseURL) }

    /// Some 44,000 levels have been seen, 1.6 MB.
    static let bookBodyLimit = 24 << 20
    static let tradesBodyLimit = 2 << 20
    static let firstPage = 100
    static let pageLimit = 1000
    /// Then the rest is a gap: a product must not eat the whole rate limit.
    static let pagesLimit = 10

    static func bookRequest(_ symbol: String, baseURL: String) -> Request {
        let path = "/products/\(URLText.encoded(symbol))/book"
        return Request(.get, URLText.join(baseURL, path, query: [("level", "2")]), bodyLimit: bookBodyLimit)
    }

    /// Newest first; with `after` only trades before that id.
    static func tradesRequest(_ symbol: String, baseURL: String, limit: Int, after: String? = nil) -> Request {
        let path = "/products/\(URLText.encoded(symbol))/trades"
        let pairs = [("limit", "\(limit)")] + (after.map { [("after", $0)] } ?? [])
        return Request(.get, URLText.join(baseURL, path, query: pairs), bodyLimit: tradesBodyLimit)
    }
}
