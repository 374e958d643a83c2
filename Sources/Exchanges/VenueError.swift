public import Curl

/// Why a venue gave nothing that can be used.
public struct VenueError: Error, Equatable, CustomStringConvertible {
    public enum Code: Equatable, Sendable {
        /// No complete HTTP answer.
        case unreachable(TransferError.Code)
        /// 5xx, 408, 425: the venue's own fault, and the same question may be answered soon.
        case down
        /// 429, 418, and 403 with a time to wait: asked too often.
        case rateLimited
        /// The venue does not know the product.
        case unknownSymbol
        /// The venue's API says that the request is not what it wants.
        case rejected
        /// A 3xx, 403, 451, or a status without a word of the venue's API: it lets us have nothing, whatever we ask.
        case denied
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
        case .unreachable(.invalidRequest), .unreachable(.insecure), .unreachable(.tooManyRedirects), .unknownSymbol, .rejected,
            .denied:
            false
        case .unreachable, .down, .rateLimited, .malformed, .wrongClock, .crossed, .emptySide: true
        }
    }

    /// The venue has answered, for good, and about this question only: any other may have an answer.
    public var isAboutQuestion: Bool { code == .unknownSymbol || code == .rejected }

    public var description: String { "\(venue) \(symbol): \(message) (\(url))" }
}
