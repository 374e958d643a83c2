public import FoundationEssentials

extension OrderBook {
    /// The top of the book in buckets of equal width.
    ///
    /// Asks are anchored at the best ask rounded up to a multiple of `aggregation`, bids at the best bid rounded down. Ask bucket
    /// k = 0 … depth − 1 holds the prices above anchor + (k − 1)·aggregation up to and including anchor + k·aggregation, bids mirrored;
    /// the last bucket leaves out its outer edge. A bucket's price is its size-weighted mean, its `orders` the sum of its levels';
    /// an empty bucket stands at its centre with size 0. There are always exactly `depth` buckets.
    ///
    /// Aggregation 0 gives the best levels as they are: `depth` of them, or as many as there are.
    /// - Throws: `BookError` for an empty side, a crossed or locked book, a bad `aggregation` or `depth`.
    public func buckets(aggregation: Decimal, depth: Int) throws(BookError) -> BookSnapshot {
        guard aggregation.isFinite, aggregation >= 0 else { throw BookError(.aggregation(aggregation)) }
        guard depth >= 1 else { throw BookError(.depth(depth)) }
        guard let ask = best(.ask) else { throw BookError(.emptySide(.ask)) }
        guard let bid = best(.bid) else { throw BookError(.emptySide(.bid)) }
        guard bid.price < ask.price else { throw BookError(.crossed(bid: bid.price, ask: ask.price)) }
        let midpoint = (ask.price + bid.price) / 2
        guard aggregation > 0 else {
            return BookSnapshot(midpoint: midpoint, asks: Array(levels(.ask).prefix(depth)), bids: Array(levels(.bid).prefix(depth)))
        }
        return BookSnapshot(
            midpoint: midpoint,
            asks: Self.filled(
                levels(.ask), anchor: ask.price.roundedUp(toMultipleOf: aggregation), width: aggregation, depth: depth),
            bids: Self.filled(
                levels(.bid), anchor: bid.price.roundedDown(toMultipleOf: aggregation), width: -aggregation, depth: depth))
    }

    /// `width` is signed: it points away from the middle of the book.
    private static func filled(_ levels: some Sequence<PriceLevel>, anchor: Decimal, width: Decimal, depth: Int) -> [PriceLevel] {
        var buckets: [PriceLevel] = []
        buckets.reserveCapacity(depth)
        var mean = WeightedMean()
        var edge = anchor
        let isBeyond: (Decimal) -> Bool = width > 0 ? { $0 > edge } : { $0 < edge }
        func close() {
            buckets.append(mean.level ?? PriceLevel(price: edge - width / 2, size: 0, orders: 0))
            mean = WeightedMean()
            edge += width
        }
        for level in levels {
            while buckets.count < depth, isBeyond(level.price) { close() }
            if buckets.count == depth || (buckets.count == depth - 1 && level.price == edge) { break }
            mean.add(level)
        }
        while buckets.count < depth { close() }
        return buckets
    }
}

/// Sums up levels or trades to one: exact until the division.
struct WeightedMean {
    private var value: Decimal = 0
    private var size: Decimal = 0
    private var orders = 0
    /// The first of them, not yet in `value`: alone, it needs neither product nor division.
    private var first: PriceLevel?

    mutating func add(_ level: PriceLevel) {
        guard !level.size.isZero else { return }
        if size.isZero {
            (first, size, orders) = (level, level.size, level.orders)
            return
        }
        if let first {
            value = first.price * first.size
            self.first = nil
        }
        value += level.price * level.size
        size += level.size
        orders += level.orders
    }

    /// Nil if nothing was added, or nothing but zeros.
    var level: PriceLevel? {
        if let first { return first }
        return size.isZero ? nil : PriceLevel(price: value.divided(by: size), size: size, orders: orders)
    }
}
