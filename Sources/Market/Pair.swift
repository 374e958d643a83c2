/// Two assets of which one is priced in the other: `BTC-USD`. The one form of a symbol inside; each venue's own stands only at its edge.
public struct Pair: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// What is bought and sold; sizes are in it.
    public let base: String
    /// What it is priced in.
    public let quote: String

    /// Assets are 1 to 20 of A–Z, 0–9 (venues list such as `1INCH`); lower case is raised.
    public init(base: some StringProtocol, quote: some StringProtocol) throws(PairError) {
        guard Self.isAsset(base), Self.isAsset(quote) else { throw PairError(text: "\(base)-\(quote)") }
        self.base = base.uppercased()
        self.quote = quote.uppercased()
    }

    /// `BASE-QUOTE`.
    public init(_ text: some StringProtocol) throws(PairError) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 2 else { throw PairError(text: String(text)) }
        try self.init(base: parts[0], quote: parts[1])
    }

    public var description: String { "\(base)-\(quote)" }

    public static func < (a: Pair, b: Pair) -> Bool { (a.base, a.quote) < (b.base, b.quote) }

    /// Before letters are raised: `ß` would become two of ours.
    private static func isAsset(_ text: some StringProtocol) -> Bool {
        (1...20).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                byte &- UInt8(ascii: "0") < 10 || (byte | 0x20) &- UInt8(ascii: "a") < 26
            }
    }
}

/// Text that names no pair of assets.
public struct PairError: Error, Equatable, CustomStringConvertible {
    public let text: String

    public init(text: String) { self.text = text.count > 60 ? text.prefix(60) + "…" : text }

    public var description: String { "\"\(text)\" is not a pair such as BTC-USD" }
}
