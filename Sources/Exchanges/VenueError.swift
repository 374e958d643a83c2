public import Curl

/// Why a venue gave nothing that can be used.
public struct VenueError: Error, Equatable, CustomStringConvertible {
    public enum Code: Equatable, Sendable {
        /// No complete HTTP answer.
        case unreachable(TransferError.Code)
        /// 5xx: the venue's own fault.
        case down
        /// 429, 418: asked too often.
        case rateLimited
        /// The venue does not know the product.
        case unknownSymbol
        /// Any other status: the request is not what the venue wants.
        case rejected
        /// Not JSON, or not of the agreed shape, or numbers that cannot be.
        case malformed
        /// Its clock is too far from ours for its word on what is closed.
        case wrongClock
        /// A bid at or above an ask.
        case crossed
        /// No asks or no bids.
        case emptySide
    }

    public let code: Code
    public let venue: String
    public let symbol: String
    public let url: String
    public let message: String
    /// How long the venue asks to be left alone.
    public let retryAfter: Duration?

    public init(_ code: Code, venue: String, symbol: String, url: String, message: String, retryAfter: Duration? = nil) {
        self.code = code
        self.venue = venue
        self.symbol = symbol
        self.url = url
        self.message = message
        self.retryAfter = retryAfter
    }

    public init(_ error: TransferError, venue: String, symbol: String) {
        self.init(.unreachable(error.code), venue: venue, symbol: symbol, url: error.url, message: error.message)
    }

    /// The same question may be answered soon. Of the others somebody must change something first, so ask rarely.
    public var isRetryable: Bool {
        switch code {
        case .unreachable(.invalidRequest), .unreachable(.insecure), .unreachable(.tooManyRedirects), .unknownSymbol, .rejected: false
        case .unreachable, .down, .rateLimited, .malformed, .wrongClock, .crossed, .emptySide: true
        }
    }

    public var description: String { "\(venue) \(symbol): \(message) (\(url))" }
}
