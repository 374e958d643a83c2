public import FoundationEssentials
public import Market

/// A venue that can be collected from.
public protocol BookFeed: Sendable {
    /// As in `venue:SYMBOL`.
    var venue: String { get }
    /// What the venue allows this machine over all products; nil: as often as we like.
    var rateLimit: RateLimit? { get }

    /// The question for one reading of one product.
    func reading(_ query: BookQuery) -> any Conversation<BookReading>
}

/// What to ask of one product.
public struct BookQuery: Equatable, Sendable {
    /// What the venue calls the product.
    public var symbol: String
    /// Width of a bucket in the quote currency; 0: raw price levels.
    public var aggregation: Decimal
    /// Buckets on each side.
    public var depth: Int
    /// The last trade seen; nil: none yet, and the flow begins after the venue's newest.
    public var since: Int64?

    public init(symbol: String, aggregation: Decimal, depth: Int, since: Int64?) {
        self.symbol = symbol
        self.aggregation = aggregation
        self.depth = depth
        self.since = since
    }
}

/// What one product's venue answered: everything a sample needs.
public struct BookReading: Equatable, Sendable {
    public var book: BookSnapshot
    /// Trades after the query's `since`; its `sequence` is the next query's.
    public var flow: TakerFlow
    /// `LIVE`, `REPLAY` or `SYNTHETIC`.
    public var source: String
    /// Trades that `flow` lacks and nobody will get any more.
    public var gap: TradeGap?

    public init(book: BookSnapshot, flow: TakerFlow, source: String = "LIVE", gap: TradeGap? = nil) {
        self.book = book
        self.flow = flow
        self.source = source
        self.gap = gap
    }
}

/// Trades between two readings that the venue cannot tell of.
public struct TradeGap: Equatable, Sendable, CustomStringConvertible {
    public enum Cause: Equatable, Sendable {
        /// The venue's newest trade is older than the last one seen: it was reset, or another instance answers.
        case jumpedBack
        /// The venue lacks that many, or no longer tells them; nil: it does not say how many.
        case missing(Int64?)
        /// Another collector wrote in between, and does not say which trades it counted.
        case overtaken
    }

    public var since: Int64
    public var sequence: Int64
    public var cause: Cause

    public init(since: Int64, sequence: Int64, cause: Cause) {
        self.since = since
        self.sequence = sequence
        self.cause = cause
    }

    public var description: String {
        switch cause {
        case .jumpedBack: "the trade sequence jumped back from \(since) to \(sequence)"
        case .missing(let count): "\(count.map(String.init) ?? "some") trades between \(since) and \(sequence) are missing at the venue"
        case .overtaken: "which trades between \(since) and \(sequence) another collector has counted is not known"
        }
    }
}
