import FoundationEssentials
import Market

/// ```json
/// {"aggregation":10,"depth":3,"date":"2026-11-20T10:00:00.000Z","sequence":7,"midpoint":"100.5",
///  "asks":[["101","2.5",3],…],"bids":[["100","1",1],…]}
/// ```
struct IntervalAnswer {
    private(set) var aggregation: Decimal?
    private var sequence: Int64?
    private var midpoint: Decimal?
    private var asks: [PriceLevel]?
    private var bids: [PriceLevel]?

    init(_ reader: inout JSONReader) throws(JSONError) {
        try reader.object { reader, name throws(JSONError) in
            switch name {
            case "aggregation": aggregation = try reader.decimal()
            case "sequence": sequence = try reader.sequence()
            case "midpoint": midpoint = try reader.decimal()
            case "asks": asks = try reader.levels()
            case "bids": bids = try reader.levels()
            default: try reader.skip()
            }
        }
    }

    /// Nil if a member is missing.
    var book: BookSnapshot? {
        guard let midpoint, let asks, let bids, sequence != nil else { return nil }
        return BookSnapshot(midpoint: midpoint, asks: asks, bids: bids)
    }
}

/// ```json
/// {"sequence":7,"buy":{"price":100.5,"size":0.25,"numOrders":2},"sell":{"price":0,"size":0,"numOrders":0}}
/// ```
struct MarketOrdersAnswer {
    private var sequence: Int64?
    private var buy: TakerVolume?
    private var sell: TakerVolume?

    init(_ reader: inout JSONReader) throws(JSONError) {
        try reader.object { reader, name throws(JSONError) in
            switch name {
            case "sequence": sequence = try reader.sequence()
            case "buy": buy = try reader.volume()
            case "sell": sell = try reader.volume()
            default: try reader.skip()
            }
        }
    }

    /// Nil if a member is missing.
    var flow: TakerFlow? {
        guard let sequence, let buy, let sell else { return nil }
        return TakerFlow(sequence: sequence, buy: buy, sell: sell)
    }
}

extension JSONReader {
    /// `[["price","size",orders],…]`
    fileprivate mutating func levels() throws(JSONError) -> [PriceLevel] {
        var levels: [PriceLevel] = []
        try array { reader throws(JSONError) in levels.append(try reader.level()) }
        return levels
    }

    /// `["price","size",orders]`
    mutating func level() throws(JSONError) -> PriceLevel {
        try begin()
        let price = try decimal()
        try comma()
        let size = try decimal()
        try comma()
        let orders = try count()
        try end()
        return PriceLevel(price: price, size: size, orders: orders)
    }

    fileprivate mutating func volume() throws(JSONError) -> TakerVolume {
        var (price, size, orders): (Decimal?, Decimal?, Int?)
        try object { reader, name throws(JSONError) in
            switch name {
            case "price": price = try reader.decimal()
            case "size": size = try reader.decimal()
            case "numOrders": orders = try reader.count()
            default: try reader.skip()
            }
        }
        guard let price, let size, let orders else { throw error("price, size or numOrders is missing") }
        return TakerVolume(price: price, size: size, orders: orders)
    }

    private mutating func count() throws(JSONError) -> Int {
        let value = try integer()
        guard (0...Int64(Int32.max)).contains(value) else { throw error("\(value) is not a count") }
        return Int(value)
    }
}
