public import FoundationEssentials

/// An order book by price levels, kept up to date from a feed.
///
/// Each side is one array sorted with its best price *last*: most changes happen near the best price, so they move few elements,
/// and reading from the top is a walk from the end.
public struct OrderBook: Sendable {
    public enum Side: String, Sendable {
        case ask, bid
    }

    private var asks: [PriceLevel] = []
    private var bids: [PriceLevel] = []

    /// An empty book.
    public init() {}

    /// A book from a snapshot, its levels in any order; levels of size 0 are left out, a price named twice keeps its last size.
    /// - Throws: `BookError` for a price that is not positive or a size that is negative or NaN. A crossed book or an empty side is
    ///   told by `buckets`, since a feed may pass through either.
    public init(asks: some Sequence<PriceLevel>, bids: some Sequence<PriceLevel>) throws(BookError) {
        self.asks = try Self.sorted(asks, .ask)
        self.bids = try Self.sorted(bids, .bid)
    }

    /// How many price levels a side has.
    public func count(_ side: Side) -> Int { side == .ask ? asks.count : bids.count }

    /// The lowest ask, the highest bid; nil if the side is empty.
    public func best(_ side: Side) -> PriceLevel? { side == .ask ? asks.last : bids.last }

    /// A side's levels from the best price on.
    public func levels(_ side: Side) -> ReversedCollection<[PriceLevel]> { (side == .ask ? asks : bids).reversed() }

    /// Replaces one level; size 0 removes it, and removing what is not there is no fault.
    /// - Throws: `BookError`; the book is then unchanged.
    public mutating func set(_ side: Side, price: Decimal, size: Decimal, orders: Int = 1) throws(BookError) {
        let level = PriceLevel(price: price, size: size, orders: orders)
        try Self.check(level, side)
        switch side {
        case .ask: Self.set(level, in: &asks) { $0 > $1 }
        case .bid: Self.set(level, in: &bids) { $0 < $1 }
        }
    }

    /// Removes the levels of a side beyond its best `depth`.
    /// - Precondition: `depth` is not negative.
    public mutating func keepBest(_ depth: Int, _ side: Side) {
        switch side {
        case .ask: asks.removeFirst(max(0, asks.count - depth))
        case .bid: bids.removeFirst(max(0, bids.count - depth))
        }
    }

    private static func set(_ level: PriceLevel, in levels: inout [PriceLevel], precedes: (Decimal, Decimal) -> Bool) {
        var low = 0
        var high = levels.count
        while low < high {
            let middle = (low + high) / 2
            if precedes(levels[middle].price, level.price) { low = middle + 1 } else { high = middle }
        }
        let found = low < levels.count && levels[low].price == level.price
        switch (found, level.size.isZero) {
        case (true, true): levels.remove(at: low)
        case (true, false): levels[low] = level
        case (false, true): break
        case (false, false): levels.insert(level, at: low)
        }
    }

    private static func check(_ level: PriceLevel, _ side: Side) throws(BookError) {
        // Signs instead of comparisons: these are made for every level there is, and a comparison of decimals is slow.
        guard level.price.isFinite, !level.price.isSignMinus, !level.price.isZero else { throw BookError(.price(level.price, side)) }
        guard level.size.isFinite, !level.size.isSignMinus || level.size.isZero else {
            throw BookError(.size(level.size, price: level.price, side))
        }
    }

    /// Best last. A venue's snapshot is nearly always sorted already, best first.
    private static func sorted(_ given: some Sequence<PriceLevel>, _ side: Side) throws(BookError) -> [PriceLevel] {
        var levels: [PriceLevel] = []
        for level in given {
            try check(level, side)
            if !level.size.isZero { levels.append(level) }
        }
        levels.reverse()
        let precedes: (Decimal, Decimal) -> Bool = side == .ask ? { $0 > $1 } : { $0 < $1 }
        if zip(levels, levels.dropFirst()).allSatisfy({ precedes($0.price, $1.price) }) { return levels }
        var byPrice: [Decimal: PriceLevel] = [:]
        for level in levels.reversed() { byPrice[level.price] = level }
        return byPrice.values.sorted { precedes($0.price, $1.price) }
    }
}

/// An order book that cannot be used, or a level that cannot stand in one.
public struct BookError: Error, Equatable, CustomStringConvertible {
    public enum Fault: Equatable, Sendable {
        case emptySide(OrderBook.Side)
        case crossed(bid: Decimal, ask: Decimal)
        case price(Decimal, OrderBook.Side)
        case size(Decimal, price: Decimal, OrderBook.Side)
        /// A bucket width that is negative or NaN.
        case aggregation(Decimal)
        /// A number of buckets below 1.
        case depth(Int)
    }

    public let fault: Fault

    init(_ fault: Fault) { self.fault = fault }

    public var description: String {
        switch fault {
        case .emptySide(let side): "the order book has no \(side.rawValue)"
        case .crossed(let bid, let ask): "the order book is crossed: best bid \(bid) is not below best ask \(ask)"
        case .price(let price, let side): "\(side.rawValue) price \(price) is not a positive number"
        case .size(let size, let price, let side): "\(side.rawValue) size \(size) at \(price) is not a number from 0 on"
        case .aggregation(let width): "aggregation \(width) is not a number from 0 on"
        case .depth(let depth): "depth \(depth) is below 1"
        }
    }
}
