import FoundationEssentials
import Market

/// OKX's public websocket feed, version 5: the channels `books` and `trades`.
///
/// ```
/// {"arg":{"channel":"books","instId":"BTC-USDT"},"action":"snapshot","data":[{"asks":[["30243.5","1.44679","0","6"],…],"bids":[…],
///  "ts":"1652459225381","checksum":47640993}]}
/// {"arg":{"channel":"books","instId":"BTC-USDT"},"action":"update","data":[{"asks":[["30243.5","0","0","0"]],"bids":[],…}]}
/// {"arg":{"channel":"trades","instId":"BTC-USDT"},"data":[{"instId":"BTC-USDT","tradeId":"338476307","px":"30236","sz":"0.0002",
///  "side":"buy","ts":"1652459224818"}]}
/// ```
/// A level is price, size, a number without meaning any more, orders. Of futures and swaps, sizes are contracts. A trade's side is
/// the taker's; the first trade of a product is the last before the subscription, which nothing in it tells.
///
/// Source: https://www.okx.com/docs-v5/en/#order-book-trading-market-data-ws-order-book-channel
enum OKXFeed {
    /// - Throws: `DecodingError` or `FeedFault` for what is not JSON or not such a message.
    static func decode(_ json: ArraySlice<UInt8>) throws -> FeedMessage {
        let message = try JSONDecoder().decode(Message.self, from: Data(json))
        return try message.feed
    }

    /// What the checksum is taken of, given the best 25 levels of either side, best first: bid and ask in turn, as long as there are any.
    static func checksumText(asks: [LevelText], bids: [LevelText]) -> String {
        (0..<max(asks.count, bids.count)).flatMap { place in
            [bids, asks].flatMap { side in place < side.count ? [side[place].price, side[place].size] : [] }
        }.joined(separator: ":")
    }

    private struct Message: Decodable {
        let arg: Argument
        /// Of what is no data: `subscribe` and such.
        let event: String?
        let action: String?
        let books: [Book]
        let trades: [Trade]

        private enum CodingKeys: CodingKey { case arg, event, action, data }

        init(from decoder: any Decoder) throws {
            let fields = try decoder.container(keyedBy: CodingKeys.self)
            arg = try fields.decode(Argument.self, forKey: .arg)
            event = try fields.decodeIfPresent(String.self, forKey: .event)
            action = try fields.decodeIfPresent(String.self, forKey: .action)
            books = event == nil && arg.channel == "books" ? try fields.decode([Book].self, forKey: .data) : []
            trades = event == nil && arg.channel == "trades" ? try fields.decode([Trade].self, forKey: .data) : []
        }

        var feed: FeedMessage {
            get throws {
                guard event == nil, let product = arg.instId else { return .other }
                switch arg.channel {
                case "trades": return .trades(product: product, try trades.map { try $0.feed })
                case "books":
                    let levels = try levels(product)
                    switch action {
                    case "snapshot": return .snapshot(levels)
                    case "update": return .update(levels)
                    default: throw FeedFault("an action is snapshot or update")
                    }
                default: return .other
                }
            }
        }

        private func levels(_ product: String) throws -> BookLevels {
            BookLevels(
                product: product, asks: try books.flatMap(\.asks).map(Self.level), bids: try books.flatMap(\.bids).map(Self.level),
                checksum: books.last?.checksum.map { BookChecksum(rule: .okx, value: Int64($0)) })
        }

        private static func level(_ fields: [String]) throws -> WireLevel {
            // Far fewer than could overflow in a sum.
            guard fields.count >= 4, let orders = Int(fields[3]), (0...1_000_000_000).contains(orders) else {
                throw FeedFault("a level is not [price, size, -, orders]")
            }
            return try WireLevel(price: fields[0], size: fields[1], orders: orders, keepsText: true)
        }
    }

    private struct Argument: Decodable {
        let channel: String
        /// Absent where a channel is for all instruments.
        let instId: String?
    }

    private struct Book: Decodable {
        let asks: [[String]]
        let bids: [[String]]
        let checksum: Int32?
    }

    private struct Trade: Decodable {
        let tradeId: String
        let px: String
        let sz: String
        let side: String

        var feed: FeedTrade {
            get throws {
                guard let sequence = Int64(tradeId) else { throw FeedFault("a tradeId is not a number") }
                guard let taker = TakerSide(rawValue: side) else { throw FeedFault("a side is buy or sell") }
                return try FeedTrade(sequence: sequence, price: px, size: sz, taker: taker)
            }
        }
    }
}
