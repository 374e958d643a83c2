public import Market

/// What one venue is asked for again and again: its candles, its books, its tickers.
public struct LakeChannel: Hashable, Sendable, Comparable, CustomStringConvertible {
    public let exchange: String
    /// A `Channel`'s, or one that only a program of another version knows.
    public let name: String

    public init(exchange: String, name: String) {
        self.exchange = exchange
        self.name = name
    }

    /// Nil: this program does not know it.
    public var channel: Channel? { Channel(rawValue: name) }

    public var description: String { "\(exchange)/\(name)" }

    public static func < (a: LakeChannel, b: LakeChannel) -> Bool { (a.exchange, a.name) < (b.exchange, b.name) }
}
