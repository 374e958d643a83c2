import Market

/// The book of a synthetic market is not stored: every price has its size by hashing, so a level keeps its size for some seconds and then
/// gets another, and only as much of the book is made as is looked at.
extension SyntheticMarket {
    /// Each cell of the price grid holds one level at most.
    private static let ticksPerCell = SyntheticProduct.ticksPerBucket / 5
    /// Levels end here, 400 buckets away from the middle.
    private static let cellLimit = 2_000

    /// The best levels, down to `reachTicks` away from the best prices and `depth` of them at least.
    func book(reachTicks: Int, depth: Int) throws(BookError) -> OrderBook {
        try OrderBook(
            asks: levels(.ask, from: bestAskTicks, reachTicks: reachTicks, depth: depth),
            bids: levels(.bid, from: bestBidTicks, reachTicks: reachTicks, depth: depth))
    }

    private func levels(_ side: OrderBook.Side, from best: Int, reachTicks: Int, depth: Int) -> [PriceLevel] {
        var levels = [level(best, side, distance: 0)]
        let direction = side == .ask ? 1 : -1
        let firstCell = best / Self.ticksPerCell
        let reachCells = reachTicks / Self.ticksPerCell + 1
        for distance in 1...Self.cellLimit {
            let cell = firstCell + direction * distance
            guard cell > 0, distance <= reachCells || levels.count < depth else { break }
            let mixed = SeededGenerator.mixed(product.seed ^ UInt64(cell))
            // A fifth of the cells is empty, for this while.
            guard SeededGenerator.mixed(mixed ^ epoch(mixed)) % 5 != 0 else { continue }
            levels.append(level(cell * Self.ticksPerCell + Int(mixed >> 32) % Self.ticksPerCell, side, distance: distance))
        }
        return levels
    }

    /// A number that stays for 2 to 34 seconds; each place in the book has its own times.
    private func epoch(_ place: UInt64) -> UInt64 {
        let lifetime = 20 + (place >> 40) % 320
        return (UInt64(step) + place & 0xFFFF) / lifetime
    }

    private func level(_ ticks: Int, _ side: OrderBook.Side, distance: Int) -> PriceLevel {
        let place = SeededGenerator.mixed(product.seed &+ UInt64(ticks))
        let mixed = SeededGenerator.mixed(place ^ epoch(place))
        let uniform = Double(mixed >> 11) / Double(1 << 53)
        // Few large orders among many small ones; more of both away from the middle, by coarse zones so that a small move of the
        // price leaves most levels alone; fewer where the takers push.
        let zone = distance < 4 ? 1.0 : distance < 16 ? 2 : distance < 64 ? 4 : 8
        let thinned = 1 - 0.6 * (side == .ask ? pressure : -pressure)
        let lots = (40 + 30 / (uniform + 0.02)) * zone * thinned
        return PriceLevel(price: product.price(ticks: ticks), size: product.size(lots: 1 + Int(lots)), orders: 1 + Int(mixed & 7))
    }
}
