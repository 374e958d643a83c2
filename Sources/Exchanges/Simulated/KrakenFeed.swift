import FoundationEssentials
import Market

/// Kraken's websocket feed, version 1: the channels `book-N` and `trade`.
///
/// ```
/// [992,{"as":[["354.69000000","0.8","1618678133.365913"],…],"bs":[…]},"book-1000","XMR/USD"]
/// [992,{"b":[["354.15000000","5.00000000","1618678133.365913"]],"c":"2583817756"},"book-1000","XMR/USD"]
/// [1920,{"a":[["0.042990","364630.2","…"]]},{"b":[["0.042990","0.00000000","…"]],"c":"4105471083"},"book-1000","SC/EUR"]
/// [993,[["354.11000000","0.89594024","1618678142.557535","s","l",""]],"trade","XMR/USD"]
/// {"event":"heartbeat"}
/// ```
/// Between the channel's number and its name stand one or two payloads. A book keeps N levels of a side: those pushed out are not
/// told. A trade's side is the taker's, and trades have no numbers.
///
/// Source: https://docs.kraken.com/api/docs/websocket-v1/book, …/trade
enum KrakenFeed {
    /// - Throws: `DecodingError` or `FeedFault` for what is not JSON or not such a message.
    static func decode(_ json: ArraySlice<UInt8>) throws -> FeedMessage {
        try JSONDecoder().decode(Message.self, from: Data(json)).feed
    }

    /// `XBT/USD` is BTC-USD.
    static func product(pair: String) throws -> String {
        let assets = pair.split(separator: "/", omittingEmptySubsequences: false)
        guard assets.count == 2, assets.allSatisfy({ !$0.isEmpty }) else { throw FeedFault("a pair is not BASE/QUOTE") }
        return assets.map { Kraken.assets[String($0)] ?? String($0) }.joined(separator: "-")
    }

    /// This feed's name of an asset.
    static func asset(_ name: String) -> String { Kraken.ownAssets[name] ?? name }

    /// What the checksum is taken of, given the best ten levels of either side, best first: each price and size without its point
    /// and the zeros before it.
    ///
    /// Source: https://docs.kraken.com/api/docs/guides/spot-ws-book-v1
    static func checksumText(asks: [LevelText], bids: [LevelText]) -> String {
        (asks + bids).map { digits($0.price) + digits($0.size) }.joined()
    }

    private static func digits(_ text: String) -> String {
        String(decoding: text.utf8.filter { $0 != UInt8(ascii: ".") }.drop { $0 == UInt8(ascii: "0") }, as: UTF8.self)
    }

    private struct Message: Decodable {
        let feed: FeedMessage

        private enum CodingKeys: CodingKey { case event }

        init(from decoder: any Decoder) throws {
            if let fields = try? decoder.container(keyedBy: CodingKeys.self) {
                _ = try fields.decode(String.self, forKey: .event)
                feed = .other
                return
            }
            var elements = try decoder.unkeyedContainer()
            var parts: [any Decoder] = []
            while !elements.isAtEnd { parts.append(try elements.superDecoder()) }
            guard parts.count >= 4 else { throw FeedFault("an array of \(parts.count) is not [channel number, data…, channel, pair]") }
            let channel = try String(from: parts[parts.count - 2])
            let product = try KrakenFeed.product(pair: String(from: parts[parts.count - 1]))
            let payloads = parts[1..<parts.count - 2]
            if channel.hasPrefix("book") {
                guard let depth = Int(channel.dropFirst("book-".count)), depth > 0 else {
                    throw FeedFault("a book's channel is book-DEPTH")
                }
                feed = try Self.book(payloads, product: product, depth: depth)
            } else if channel == "trade" {
                feed = .trades(product: product, try payloads.flatMap { try [[String]](from: $0) }.map(Self.trade))
            } else {
                feed = .other
            }
        }

        private static func book(_ payloads: ArraySlice<any Decoder>, product: String, depth: Int) throws -> FeedMessage {
            var levels = BookLevels(product: product, depth: depth)
            var isSnapshot = false
            for payload in payloads {
                let part = try BookPart(from: payload)
                isSnapshot = isSnapshot || part.as != nil || part.bs != nil
                levels.asks += try (part.as ?? part.a ?? []).map(level)
                levels.bids += try (part.bs ?? part.b ?? []).map(level)
                if let text = part.c {
                    guard let value = UInt32(text) else { throw FeedFault("a checksum is not a number of 32 bits") }
                    levels.checksum = BookChecksum(rule: .kraken, value: Int64(value))
                }
            }
            return isSnapshot ? .snapshot(levels) : .update(levels)
        }

        private static func level(_ fields: [String]) throws -> WireLevel {
            guard fields.count >= 3 else { throw FeedFault("a level is not [price, volume, time]") }
            return try WireLevel(price: fields[0], size: fields[1], keepsText: true)
        }

        private static func trade(_ fields: [String]) throws -> FeedTrade {
            guard fields.count >= 4 else { throw FeedFault("a trade is not [price, volume, time, side, …]") }
            let taker: TakerSide
            switch fields[3] {
            case "b": taker = .buy
            case "s": taker = .sell
            default: throw FeedFault("a side is b or s")
            }
            return try FeedTrade(sequence: nil, price: fields[0], size: fields[1], taker: taker)
        }
    }

    /// `as` and `bs` in a snapshot, `a` and `b` in an update.
    private struct BookPart: Decodable {
        let `as`: [[String]]?
        let bs: [[String]]?
        let a: [[String]]?
        let b: [[String]]?
        let c: String?
    }
}
