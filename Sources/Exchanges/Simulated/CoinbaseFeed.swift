import FoundationEssentials
import Market

/// Coinbase Exchange's websocket feed: the channels `level2` and `matches`.
///
/// ```
/// {"type":"snapshot","product_id":"SKL-USD","asks":[["0.7916","5.1"],…],"bids":[…]}
/// {"type":"l2update","product_id":"SKL-USD","changes":[["sell","0.7916","0.0"]],"time":"…"}
/// {"type":"match","product_id":"SKL-USD","side":"sell","size":"450","price":"0.791","sequence":201390075,"trade_id":…}
/// ```
/// `side` of a match is the maker's. `last_match` is history, `ticker` repeats what matches tell: both are `other`.
enum CoinbaseFeed {
    /// - Throws: `DecodingError` or `FeedFault` for what is not JSON or not such a message.
    static func decode(_ json: ArraySlice<UInt8>) throws -> FeedMessage {
        try JSONDecoder().decode(Message.self, from: Data(json)).feed
    }

    private struct Message: Decodable {
        let feed: FeedMessage

        enum CodingKeys: String, CodingKey {
            case type, asks, bids, changes, side, price, size, sequence
            case product = "product_id"
        }

        init(from decoder: any Decoder) throws {
            let fields = try decoder.container(keyedBy: CodingKeys.self)
            switch try fields.decode(String.self, forKey: .type) {
            case "snapshot":
                feed = .snapshot(
                    BookLevels(
                        product: try fields.decode(String.self, forKey: .product), asks: try Self.levels(fields, .asks),
                        bids: try Self.levels(fields, .bids)))
            case "l2update":
                feed = .update(try Self.changes(fields))
            case "match":
                feed = .trades(product: try fields.decode(String.self, forKey: .product), [try Self.trade(fields)])
            default:
                feed = .other
            }
        }

        private typealias Fields = KeyedDecodingContainer<CodingKeys>

        private static func levels(_ fields: Fields, _ key: CodingKeys) throws -> [WireLevel] {
            try fields.decode([[String]].self, forKey: key).map { level in
                // Full depth feeds add an order id, others a count; the first two are always price and size.
                guard level.count >= 2 else { throw FeedFault("a level without price and size") }
                return try WireLevel(price: level[0], size: level[1], keepsText: false)
            }
        }

        private static func changes(_ fields: Fields) throws -> BookLevels {
            var levels = BookLevels(product: try fields.decode(String.self, forKey: .product))
            for change in try fields.decode([[String]].self, forKey: .changes) {
                guard change.count == 3 else { throw FeedFault("a change is not [side, price, size]") }
                let level = try WireLevel(price: change[1], size: change[2], keepsText: false)
                switch try side(change[0]) {
                case .ask: levels.asks.append(level)
                case .bid: levels.bids.append(level)
                }
            }
            return levels
        }

        private static func trade(_ fields: Fields) throws -> FeedTrade {
            try FeedTrade(
                sequence: fields.decode(Int64.self, forKey: .sequence), price: fields.decode(String.self, forKey: .price),
                size: fields.decode(String.self, forKey: .size), taker: TakerSide(maker: side(fields.decode(String.self, forKey: .side))))
        }

        private static func side(_ text: String) throws -> OrderBook.Side {
            switch text {
            case "buy": .bid
            case "sell": .ask
            default: throw FeedFault("a side is buy or sell")
            }
        }
    }
}
