public import Curl
public import Market

/// A venue's public REST API: requests out, answers in. Pure: no I/O and no clock, so the same parser reads an answer from the wire
/// and, years later, from the lake.
public protocol Venue: Sendable {
    /// As in tables, keys of the lake and `venue:SYMBOL`; lower case.
    static var name: String { get }
    /// Where it answers to the public, without a path.
    static var publicURL: String { get }
    static var offer: VenueOffer { get }

    /// The venue's own name of a pair.
    static func symbol(of pair: Pair) -> String
    /// Nil: not a name of a pair of spot assets, or of one among several and nobody can tell which.
    static func pair(of symbol: String) -> Pair?
    /// All pairs that a name may mean: several where it has no separator, and two quotes end it.
    static func pairs(of symbol: String) -> [Pair]
    /// Other pairs that are the same market, so that answers about this one may name one of them.
    static func aliases(of pair: Pair) -> [Pair]

    /// Nil: the venue does not answer such a question.
    static func request(_ question: VenueQuestion, baseURL: String) -> Request?

    /// Why an answer holds no data, whatever its HTTP status; nil: it is to be parsed.
    static func refusal(_ response: Response) -> VenueRefusal?

    /// Oldest first, whatever the venue's order. A row that cannot be read is set aside; an answer of another shape throws. Whether a
    /// candle makes sense is not asked here (see `CandleCheck`).
    /// - Parameter pair: what was asked for. An answer that names another market throws `otherMarket`; most name none.
    static func candles(_ body: [UInt8], of pair: Pair, interval: KlineInterval) throws(AnswerError) -> ParsedRows<Candle>
    /// - Parameter pair: as of `candles`.
    static func depth(_ body: [UInt8], of pair: Pair) throws(AnswerError) -> Depth
    /// - Parameter pair: what was asked for; the answer is of that, and a row that says it is of another is set aside. Nil: all.
    static func tickers(_ body: [UInt8], of pair: Pair?) throws(AnswerError) -> ParsedRows<Ticker>
    /// Oldest first.
    static func trades(_ body: [UInt8]) throws(AnswerError) -> ParsedRows<PublicTrade>
    static func markets(_ body: [UInt8]) throws(AnswerError) -> ParsedRows<Listing>
    /// The venue's clock, milliseconds since 1970 UTC.
    static func time(_ body: [UInt8]) throws(AnswerError) -> Int64
}

extension Venue {
    /// Whether it tells all tickers in one answer.
    public static var hasAllTickers: Bool { request(.tickers(nil), baseURL: publicURL) != nil }

    /// Of a venue whose names have a separator.
    public static func pairs(of symbol: String) -> [Pair] { pair(of: symbol).map { [$0] } ?? [] }

    public static func aliases(of pair: Pair) -> [Pair] { [] }

    /// Whether an answer about all markets, in which they have such names, tells of this one.
    public static func isPlain(_ pair: Pair) -> Bool { self.pair(of: symbol(of: pair)) == pair }

    /// Of a venue that is never asked for its time.
    public static func time(_ body: [UInt8]) throws(AnswerError) -> Int64 {
        try answer(body) { reader throws(JSONError) -> Int64 in throw reader.error("\(name) tells no time") }
    }
}

/// What can be asked of a venue.
public enum VenueQuestion: Equatable, Sendable {
    /// Candles that open in `from...to`, milliseconds since 1970 UTC, both on the grid, no more than a page of them. `to` nil: a page from
    /// `from` on, or up to now if that comes first; so is the newest one asked for, which some venues answer from elsewhere. Both nil: the
    /// newest. What has opened earlier or later may come with them.
    case candles(Pair, KlineInterval, from: Int64?, to: Int64?)
    /// At least so many levels a side, if the book has them and the venue tells them.
    case depth(Pair, levels: Int)
    /// Nil: all markets in one answer.
    case tickers(Pair?)
    /// The newest.
    case trades(Pair)
    case markets
    case time
}

/// What a venue has, and how often it may be asked.
public struct VenueOffer: Sendable {
    public var intervals: [KlineInterval]
    /// Candles in one answer.
    public var candlesPerPage: Int
    /// Only the newest so many can be had; nil: all of history.
    public var candleHistory: Int?
    /// It answers with its newest candles, whatever the range, and does not say how many: a page and the history are the least of it, and
    /// only an answer shows where the rest begins.
    public var ignoresRange: Bool
    /// Levels of a side in one answer; nil: as many as anybody asks for, or always the whole book.
    public var depthLimit: Int?
    /// Tokens, where a question costs `weight` of them.
    public var rateLimit: RateLimit
    /// What a question costs; 1 where the venue counts requests.
    public var weight: @Sendable (VenueQuestion) -> Int

    /// What opened before that is not to be had any more when the venue's clock shows `now`, and there is no use in asking for it; nil:
    /// nobody can say that before an answer.
    public func oldestKept(at now: Int64, _ interval: KlineInterval) -> Int64? {
        ignoresRange ? nil : oldestOpening(at: now, interval)
    }

    /// What opened before that may not be had any more when the venue's clock shows `now`; nil: all of history is.
    public func oldestOpening(at now: Int64, _ interval: KlineInterval) -> Int64? {
        candleHistory.map { interval.open(at: now) - Int64($0) * interval.milliseconds }
    }

    /// The end of a page that begins at `from`.
    public func lastOpening(from: Int64, _ interval: KlineInterval) -> Int64 { from + Int64(candlesPerPage - 1) * interval.milliseconds }

    /// So many levels can be asked for instead.
    func depthLevels(_ wanted: Int) -> Int { min(max(wanted, 1), depthLimit ?? .max) }

    public init(
        intervals: [KlineInterval], candlesPerPage: Int, candleHistory: Int? = nil, ignoresRange: Bool = false, depthLimit: Int? = nil,
        rateLimit: RateLimit,
        weight: @escaping @Sendable (VenueQuestion) -> Int = { _ in 1 }
    ) {
        self.intervals = intervals
        self.candlesPerPage = candlesPerPage
        self.candleHistory = candleHistory
        self.ignoresRange = ignoresRange
        self.depthLimit = depthLimit
        self.rateLimit = rateLimit
        self.weight = weight
    }
}

/// A venue said no.
public struct VenueRefusal: Equatable, Sendable {
    public var code: VenueError.Code
    /// The venue's own words, cut to a length that fits a message.
    public var message: String
    /// How long it asks to be left alone.
    public var retryAfter: Duration?

    public init(_ code: VenueError.Code, message: String, retryAfter: Duration? = nil) {
        self.code = code
        self.message = message
        self.retryAfter = retryAfter
    }
}

/// Rows of an answer, those that could be read and those that could not.
public struct ParsedRows<Row: Sendable>: Sendable {
    /// With their place in the venue's answer, from 0.
    public var rows: [(position: Int, row: Row)]
    public var rejected: [RejectedRow]

    public init(rows: [(position: Int, row: Row)] = [], rejected: [RejectedRow] = []) {
        self.rows = rows
        self.rejected = rejected
    }
}

/// An answer that as a whole is not what the venue's documentation promises.
public struct AnswerError: Error, Equatable, CustomStringConvertible {
    public enum Fault: Equatable, Sendable {
        /// Not JSON at all: half a body, an HTML page. The next answer may be sound.
        case unreadable
        /// JSON of another shape: the venue has changed its API, and nothing more of the channel can be read.
        case changedShape
        /// It names another market than the one asked for: a cache or a proxy has mixed up answers. The next one may be sound.
        case otherMarket
    }

    public let fault: Fault
    /// What was expected, and where it stood.
    public let reason: String

    public init(_ fault: Fault, _ reason: String) {
        self.fault = fault
        self.reason = reason
    }

    public var description: String { reason }
}
