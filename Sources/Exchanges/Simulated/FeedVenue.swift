/// The venues whose feeds can be replayed.
enum FeedVenue: String, CaseIterable {
    case coinbase = "Coinbase"
    case okx = "OKX"
    case kraken = "Kraken"

    /// The venue whose parser takes this message; no message is taken by two.
    init?(recognizing json: ArraySlice<UInt8>) {
        // Kraken's last: it takes any object with an event, and OKX has such too.
        guard let venue = Self.allCases.first(where: { (try? $0.decode(json)) != nil }) else { return nil }
        self = venue
    }

    /// - Throws: `DecodingError` or `FeedFault`.
    func decode(_ json: ArraySlice<UInt8>) throws -> FeedMessage {
        switch self {
        case .coinbase: try CoinbaseFeed.decode(json)
        case .okx: try OKXFeed.decode(json)
        case .kraken: try KrakenFeed.decode(json)
        }
    }

    /// Stands in every snapshot.
    var snapshotMark: [UInt8] {
        switch self {
        case .coinbase, .okx: Array("snapshot".utf8)
        case .kraken: Array("\"as\"".utf8)
        }
    }

    /// Stands in every message of a product.
    func mark(of product: String) -> [UInt8] {
        switch self {
        case .coinbase, .okx: Array("\"\(product)\"".utf8)
        // Not the slash after the base, which JSON may write in two ways.
        case .kraken: Array("\"\(KrakenFeed.asset(String(product.prefix { $0 != "-" })))".utf8)
        }
    }
}
