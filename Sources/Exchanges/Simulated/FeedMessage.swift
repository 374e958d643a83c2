import FoundationEssentials
import Market

/// A message of Coinbase's websocket feed, as far as a replay needs it.
///
/// ```
/// {"type":"snapshot","product_id":"SKL-USD","asks":[["0.7916","5.1"],…],"bids":[…]}
/// {"type":"l2update","product_id":"SKL-USD","changes":[["sell","0.7916","0.0"]],"time":"…"}
/// {"type":"match","product_id":"SKL-USD","side":"sell","size":"450","price":"0.791","sequence":201390075,"trade_id":…}
/// ```
/// `side` of a match is the maker's. `last_match` is history, `ticker` repeats what matches tell: both are `other`.
enum FeedMessage: Equatable {
    struct Change: Equatable {
        let side: OrderBook.Side
        let price: Decimal
        let size: Decimal
    }

    case snapshot(product: String, asks: [PriceLevel], bids: [PriceLevel])
    case update(product: String, [Change])
    case match(product: String, Trade)
    case other

    var product: String? {
        switch self {
        case .snapshot(let product, _, _), .update(let product, _), .match(let product, _): product
        case .other: nil
        }
    }

    /// - Throws: `DecodingError` for what is not JSON or not such a message.
    static func decode(_ json: ArraySlice<UInt8>) throws -> FeedMessage {
        try JSONDecoder().decode(FeedMessage.self, from: Data(json))
    }
}

extension FeedMessage: Decodable {
    fileprivate enum CodingKeys: String, CodingKey {
        case type, asks, bids, changes, side, price, size, sequence
        case product = "product_id"
    }

    init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        switch try fields.decode(String.self, forKey: .type) {
        case "snapshot":
            self = .snapshot(
                product: try fields.decode(String.self, forKey: .product), asks: try fields.levels(.asks), bids: try fields.levels(.bids))
        case "l2update":
            self = .update(product: try fields.decode(String.self, forKey: .product), try fields.changes())
        case "match":
            self = .match(product: try fields.decode(String.self, forKey: .product), try fields.trade())
        default:
            self = .other
        }
    }
}

extension KeyedDecodingContainer<FeedMessage.CodingKeys> {
    fileprivate func levels(_ key: Key) throws -> [PriceLevel] {
        try decode([[String]].self, forKey: key).map { level in
            // Full depth feeds add an order id, others a count; the first two are always price and size.
            guard level.count >= 2 else { throw wrong(key, "a level without price and size") }
            return PriceLevel(price: try decimal(level[0], key), size: try decimal(level[1], key), orders: 1)
        }
    }

    fileprivate func changes() throws -> [FeedMessage.Change] {
        try decode([[String]].self, forKey: .changes).map { change in
            guard change.count == 3 else { throw wrong(.changes, "a change is not [side, price, size]") }
            return FeedMessage.Change(
                side: try side(change[0], .changes), price: try decimal(change[1], .changes), size: try decimal(change[2], .changes))
        }
    }

    fileprivate func trade() throws -> Trade {
        let price = try decimal(decode(String.self, forKey: .price), .price)
        let size = try decimal(decode(String.self, forKey: .size), .size)
        guard price > 0 else { throw wrong(.price, "a price that is not positive") }
        guard size > 0 else { throw wrong(.size, "a size that is not positive") }
        let sequence = try decode(Int64.self, forKey: .sequence)
        // Beyond this a JSON number is not the same everywhere, and a second pass might overflow.
        guard (1..<1 << 53).contains(sequence) else { throw wrong(.sequence, "a sequence that is not between 0 and 2^53") }
        return Trade(
            sequence: sequence, price: price, size: size,
            taker: TakerSide(maker: try side(decode(String.self, forKey: .side), .side)))
    }

    private func side(_ text: String, _ key: Key) throws -> OrderBook.Side {
        switch text {
        case "buy": .bid
        case "sell": .ask
        default: throw wrong(key, "a side is buy or sell")
        }
    }

    private func decimal(_ text: String, _ key: Key) throws -> Decimal {
        do { return try Decimal(strict: text) } catch { throw wrong(key, error.description) }
    }

    private func wrong(_ key: Key, _ what: String) -> DecodingError {
        .dataCorruptedError(forKey: key, in: self, debugDescription: what)
    }
}
