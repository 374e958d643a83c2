public import FoundationEssentials

/// What a raw object is called: `exchange/symbol/channel/yyyy/mm/dd/<ms>-<hash>.json.gz`, in UTC by when it was received.
public struct RawObjectKey: Equatable, Sendable, CustomStringConvertible {
    public let exchange: String
    /// Or `RawObject.allSymbols`.
    public let symbol: String
    public let channel: String
    /// `yyyy/mm/dd`
    public let day: String
    /// Milliseconds since 1970.
    public let receivedAt: Int64
    /// The beginning of that of the envelope, which holds the body's: two requests answered alike in one millisecond, such as by `[]`,
    /// are two objects.
    public let hash: UInt64

    init(exchange: String, symbol: String, channel: String, receivedAt: UTCMilliseconds, hash: UInt64) {
        self.exchange = exchange
        self.symbol = symbol
        self.channel = channel
        day = receivedAt.day
        self.receivedAt = Int64(receivedAt.count)
        self.hash = hash
    }

    /// Nil: something else is called so.
    public init?(_ key: String) {
        let parts = key.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 7, let name = parts.last, name.hasSuffix(Self.suffix) else { return nil }
        let numbers = name.dropLast(Self.suffix.count).split(separator: "-", omittingEmptySubsequences: false)
        guard numbers.count == 2, numbers[1].utf8.count == Self.hashDigits, let time = Int64(numbers[0]),
            let hash = UInt64(numbers[1], radix: 16)
        else { return nil }
        (exchange, symbol, channel) = (String(parts[0]), String(parts[1]), String(parts[2]))
        day = parts[3...5].joined(separator: "/")
        (receivedAt, self.hash) = (time, hash)
    }

    public var description: String {
        let digits = String(hash, radix: 16)
        return "\(series)\(day)/\(receivedAt)-\(String(repeating: "0", count: Self.hashDigits - digits.count))\(digits)\(Self.suffix)"
    }

    /// What the keys of its exchange, symbol and channel begin with, and no others.
    public var series: String { Self.prefix(exchange, symbol, channel) }

    /// What the keys of an exchange begin with, or of one symbol there, or of one channel of that.
    public static func prefix(_ exchange: String, _ symbol: String? = nil, _ channel: String? = nil) -> String {
        [exchange, symbol, channel].compactMap(\.self).map { "\($0)/" }.joined()
    }

    /// `yyyy/mm/dd` in UTC.
    public static func day(of time: Date) -> String { UTCMilliseconds(time).day }

    private static let suffix = ".json.gz"
    private static let hashDigits = 16
}
