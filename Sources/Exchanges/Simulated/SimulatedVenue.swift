public import FoundationEssentials
public import Market

/// A market that is not live, as the local venue's routes ask it: a replayed capture or a synthetic one.
///
/// Any number of threads may ask at once.
public protocol SimulatedVenue: Sendable {
    var source: SimulatedSource { get }
    /// In the order they are shown.
    var products: [SimulatedProduct] { get }

    /// The order book of this instant in buckets; in a stepped replay, of the product's next instant.
    func interval(product: String, aggregation: Decimal, depth: Int) throws(SimulatedVenueError) -> BookInterval

    /// The market orders after `since` up to this instant; in a stepped replay, up to the product's last `interval`.
    /// Without `since`: no orders, and the current sequence.
    func marketOrders(product: String, since: Int64?) throws(SimulatedVenueError) -> MarketOrders
}

/// What stands behind a simulated market; the raw value is the label that every page shows.
public enum SimulatedSource: String, Sendable {
    case replay = "REPLAY"
    case synthetic = "SYNTHETIC"
}

/// A product of a simulated market.
public struct SimulatedProduct: Equatable, Sendable {
    /// What the venue calls it: `BTC-USD`.
    public let symbol: String
    /// A bucket width that suits its price and spread, in the quote currency.
    public let aggregation: Decimal

    public init(symbol: String, aggregation: Decimal) {
        self.symbol = symbol
        self.aggregation = aggregation
    }
}

/// An order book in buckets, and when it stood so.
public struct BookInterval: Equatable, Sendable {
    /// On the venue's own clock: of a replay, when it was recorded.
    public let date: Date
    /// Of the newest trade; 0 before the first.
    public let sequence: Int64
    public let book: BookSnapshot

    public init(date: Date, sequence: Int64, book: BookSnapshot) {
        self.date = date
        self.sequence = sequence
        self.book = book
    }
}

/// The market orders since some sequence.
public struct MarketOrders: Equatable, Sendable {
    public let flow: TakerFlow
    /// The newest trade that was asked for and is no longer kept; nil if `flow` lacks nothing.
    public let missingThrough: Int64?

    public init(flow: TakerFlow, missingThrough: Int64?) {
        self.flow = flow
        self.missingThrough = missingThrough
    }

    init(_ tape: TradeTape, since: Int64?) {
        guard let since else {
            flow = TakerFlow(sequence: tape.sequence, buy: .none, sell: .none)
            missingThrough = nil
            return
        }
        let (flow, isComplete) = tape.flow(since: since)
        self.flow = flow
        missingThrough = isComplete ? nil : tape.droppedSequence
    }
}

/// Why a simulated market has no answer.
public struct SimulatedVenueError: Error, Equatable, CustomStringConvertible {
    public enum Reason: Equatable, Sendable {
        case unknownProduct
        /// The book has not begun yet; ask again.
        case noBook
        /// The replay is over and does not loop.
        case ended
        /// The book of this instant cannot be put in buckets.
        case book(BookError)
        /// The capture cannot be read any more.
        case unreadable(CaptureError)
    }

    public let product: String
    public let reason: Reason

    public init(product: String, _ reason: Reason) {
        self.product = product
        self.reason = reason
    }

    public var description: String {
        switch reason {
        case .unknownProduct: "the venue has no product \"\(product)\""
        case .noBook: "\(product) has no order book yet"
        case .ended: "the capture has ended; start the exchange with --loop to begin again"
        case .book(let error): "\(product): \(error)"
        case .unreadable(let error): "\(product): \(error)"
        }
    }
}
