import FoundationEssentials
import Market

/// The levels of a whole book that the buckets can reach:
/// ```json
/// {"bids":[["77588.84","0.02001939",3],…],"asks":[…],"sequence":1,"auction_mode":false,"auction":null,"time":"2026-09-02T07:01:32.1Z"}
/// ```
/// Levels come best first, some 22,000 a side. Those beyond the last bucket are passed over, not converted: that is most of the work.
struct CoinbaseBook {
    private(set) var asks: [PriceLevel] = []
    private(set) var bids: [PriceLevel] = []

    init(_ reader: inout JSONReader, aggregation: Decimal, depth: Int) throws(JSONError) {
        // The anchor is the best price rounded away from the middle: one width more.
        let reach = aggregation * Decimal(depth + 1)
        try reader.object { reader, name throws(JSONError) in
            switch name {
            case "asks": asks = try reader.levels(.ask, reach: reach, atMost: aggregation == 0 ? depth : .max)
            case "bids": bids = try reader.levels(.bid, reach: reach, atMost: aggregation == 0 ? depth : .max)
            default: try reader.skip()
            }
        }
    }
}

extension JSONReader {
    fileprivate mutating func levels(_ side: OrderBook.Side, reach: Decimal, atMost limit: Int) throws(JSONError) -> [PriceLevel] {
        var levels: [PriceLevel] = []
        var isBeyond = false
        try array { reader throws(JSONError) in
            guard !isBeyond else { return try reader.skip() }
            let level = try reader.level()
            // What comes after the last bucket is not read, so a side out of order would give a wrong book, not an error.
            if let last = levels.last, side == .ask ? level.price <= last.price : level.price >= last.price {
                throw reader.error("price \(level.price) comes after \(last.price), but the best must be first")
            }
            levels.append(level)
            isBeyond = levels.count >= limit || (limit == .max && abs(level.price - levels[0].price) > reach)
        }
        return levels
    }

    /// ```json
    /// [{"trade_id":1040406590,"side":"buy","size":"0.00003219","price":"63212.97000000","time":"2026-06-19T16:43:33.739704Z"},…]
    /// ```
    /// Newest first; `side` is the maker's.
    mutating func coinbaseTrades() throws(JSONError) -> [Trade] {
        var trades: [Trade] = []
        try array { reader throws(JSONError) in trades.append(try reader.coinbaseTrade()) }
        return trades
    }

    private mutating func coinbaseTrade() throws(JSONError) -> Trade {
        var (id, price, size, maker): (Int64?, Decimal?, Decimal?, OrderBook.Side?)
        try object { reader, name throws(JSONError) in
            switch name {
            case "trade_id": id = try reader.sequence()
            case "price": price = try reader.decimal()
            case "size": size = try reader.decimal()
            case "side": maker = try reader.coinbaseSide()
            default: try reader.skip()
            }
        }
        guard let id, let price, let size, let maker, id > 0, price > 0, size > 0 else {
            throw error("a trade needs trade_id, side, and a price and a size above 0")
        }
        return Trade(sequence: id, price: price, size: size, taker: TakerSide(maker: maker))
    }

    private mutating func coinbaseSide() throws(JSONError) -> OrderBook.Side {
        switch try string() {
        case "buy": .bid
        case "sell": .ask
        default: throw error("side is neither buy nor sell")
        }
    }
}
