import FoundationEssentials
import Market

/// A message of a venue's websocket feed, as far as a replay needs it.
enum FeedMessage: Equatable {
    /// The whole book, or the whole of the top that the feed shows.
    case snapshot(BookLevels)
    /// The levels that changed; size 0: gone.
    case update(BookLevels)
    case trades(product: String, [FeedTrade])
    case other

    /// In the form `BTC-USD`, whatever the wire says.
    var product: String? {
        switch self {
        case .snapshot(let levels), .update(let levels): levels.product
        case .trades(let product, _): product
        case .other: nil
        }
    }
}

/// Levels of both sides, in the order of the wire.
struct BookLevels: Equatable {
    var product: String
    var asks: [WireLevel] = []
    var bids: [WireLevel] = []
    /// The feed tells so many levels of a side, and says nothing of those that fall out; nil: it tells of all.
    var depth: Int?
    /// Of the book after these levels.
    var checksum: BookChecksum?

    subscript(side: OrderBook.Side) -> [WireLevel] { side == .ask ? asks : bids }
}

/// A price level as a feed writes it.
struct WireLevel: Equatable {
    let level: PriceLevel
    /// Nil: the feed has no checksums that need it.
    let text: LevelText?

    /// - Throws: `FeedFault`.
    init(price: String, size: String, orders: Int = 1, keepsText: Bool) throws {
        level = PriceLevel(price: try Decimal(wire: price), size: try Decimal(wire: size), orders: orders)
        text = keepsText ? LevelText(price: price, size: size) : nil
    }
}

/// Price and size with the zeros that the wire gave them.
struct LevelText: Equatable {
    let price: String
    let size: String
}

/// A trade as a feed tells it.
struct FeedTrade: Equatable {
    /// Nil: the venue does not number its trades.
    let sequence: Int64?
    let price: Decimal
    let size: Decimal
    let taker: TakerSide

    /// - Throws: `FeedFault`.
    init(sequence: Int64?, price: String, size: String, taker: TakerSide) throws {
        self.sequence = sequence
        self.price = try Decimal(wire: price)
        self.size = try Decimal(wire: size)
        self.taker = taker
        guard self.price > 0 else { throw FeedFault("a price that is not positive") }
        guard self.size > 0 else { throw FeedFault("a size that is not positive") }
        // Beyond this a JSON number is not the same everywhere, and a second pass might overflow.
        guard sequence.map({ (1..<1 << 53).contains($0) }) ?? true else { throw FeedFault("a sequence that is not between 0 and 2^53") }
    }
}

/// JSON that is no message of the venue.
struct FeedFault: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}

extension Decimal {
    fileprivate init(wire text: String) throws {
        do { try self.init(strict: text) } catch { throw FeedFault(error.description) }
    }
}
