import FoundationEssentials
import Market

/// A venue's own checksum of the top of a book.
struct BookChecksum: Equatable {
    enum Rule {
        case kraken, okx

        /// How many levels of a side it covers.
        var depth: Int {
            switch self {
            case .kraken: 10
            case .okx: 25
            }
        }
    }

    let rule: Rule
    /// As the wire has it: Kraken's without a sign, OKX's with one.
    let value: Int64

    /// The checksum of `book`, whose levels are spelled by `texts`.
    init(rule: Rule, of book: OrderBook, _ texts: LevelTexts) {
        let asks = book.levels(.ask).prefix(rule.depth).compactMap { texts[.ask, $0.price] }
        let bids = book.levels(.bid).prefix(rule.depth).compactMap { texts[.bid, $0.price] }
        switch rule {
        case .kraken: self.init(rule: rule, value: Int64(CRC32.checksum(KrakenFeed.checksumText(asks: asks, bids: bids).utf8)))
        case .okx:
            let sum = CRC32.checksum(OKXFeed.checksumText(asks: asks, bids: bids).utf8)
            self.init(rule: rule, value: Int64(Int32(bitPattern: sum)))
        }
    }

    init(rule: Rule, value: Int64) {
        self.rule = rule
        self.value = value
    }
}

/// How the wire spelled each level of a book: a `Decimal` does not know of zeros at the end of "354.10", and a checksum does.
struct LevelTexts {
    private var asks: [Decimal: LevelText] = [:]
    private var bids: [Decimal: LevelText] = [:]

    subscript(side: OrderBook.Side, price: Decimal) -> LevelText? {
        get { side == .ask ? asks[price] : bids[price] }
        set {
            switch side {
            case .ask: asks[price] = newValue
            case .bid: bids[price] = newValue
            }
        }
    }
}

/// The checksum of gzip, zlib and PNG: reflected polynomial 0xEDB88320.
enum CRC32 {
    static func checksum(_ bytes: some Sequence<UInt8>) -> UInt32 {
        ~bytes.reduce(~UInt32(0)) { sum, byte in sum >> 8 ^ table[Int(UInt8(truncatingIfNeeded: sum) ^ byte)] }
    }

    private static let table: [UInt32] = (0..<256).map { byte in
        (0..<8).reduce(UInt32(byte)) { sum, _ in sum & 1 == 0 ? sum >> 1 : sum >> 1 ^ 0xEDB8_8320 }
    }
}
