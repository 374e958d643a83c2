/// A market on show: the text that keys every table, and what it means to a collector.
///
/// `BTC-USD` is traded at the default venue, `kraken:BTC-USD` at the named one. The whole text is the key; nothing rewrites it.
public struct Product: Hashable, Sendable, CustomStringConvertible {
    /// The key, as the user wrote it.
    public let id: String
    /// Nil: the default venue.
    public let venue: String?
    /// What the venue calls it.
    public let symbol: String

    public static let lengthLimit = 100

    /// Throws what is wrong: empty, longer than `lengthLimit` bytes, control characters, or a part missing around the colon.
    public init(_ id: String) throws(ProductError) {
        guard !id.isEmpty else { throw ProductError(id: id, reason: "is empty") }
        guard id.utf8.count <= Self.lengthLimit else {
            throw ProductError(id: String(id.prefix(20)) + "…", reason: "is longer than \(Self.lengthLimit) bytes")
        }
        guard id.unicodeScalars.allSatisfy({ $0.value >= 0x20 && $0.value != 0x7f }) else {
            throw ProductError(id: id, reason: "holds a control character")
        }
        let parts = id.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.allSatisfy({ !$0.isEmpty }) else { throw ProductError(id: id, reason: "is neither SYMBOL nor venue:SYMBOL") }
        self.id = id
        venue = parts.count == 2 ? String(parts[0]) : nil
        symbol = String(parts[parts.count - 1])
    }

    public var description: String { id }
}

/// A product's name that cannot be one.
public struct ProductError: Error, Equatable, CustomStringConvertible {
    public let id: String
    public let reason: String

    public var description: String { "product \"\(id)\" \(reason)" }
}
