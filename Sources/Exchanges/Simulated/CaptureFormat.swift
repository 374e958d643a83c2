/// The feeds that can be replayed, with the names of their venues.
enum CaptureFormat: String, CaseIterable {
    case coinbase = "Coinbase"
    case okx = "OKX"
    case kraken = "Kraken"

    /// That of a message which tells of a book or of trades: no other feed's look like it. Nil for all else: an object with an event or
    /// a type might be anybody's.
    init?(recognizing json: ArraySlice<UInt8>) {
        guard let format = Self.allCases.first(where: { (try? $0.decode(json).product) != nil }) else { return nil }
        self = format
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
