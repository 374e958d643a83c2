extension Duration {
    private static let units: [(suffix: String, seconds: Double)] = [("ms", 0.001), ("s", 1), ("m", 60), ("h", 3600), ("d", 86400)]

    /// Seconds, or a number with a unit: `0.5`, `250ms`, `75s`, `5m`, `1h`, `1d`. Nil for anything else, negative or longer than a year.
    init?(text: String) {
        let unit = Self.units.first { text.hasSuffix($0.suffix) }
        let number = unit.map { text.dropLast($0.suffix.count) } ?? text[...]
        let plain = number.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) || $0 == UInt8(ascii: ".") }
        guard plain, let value = Double(number) else { return nil }
        let seconds = value * (unit?.seconds ?? 1)
        guard seconds <= 366 * 86400 else { return nil }
        // Whole nanoseconds: 0.25 s must not become 249999999.99….
        self = .nanoseconds(Int64((seconds * 1e9).rounded()))
    }

    /// The shortest of the forms that `init(text:)` reads.
    var text: String {
        let (seconds, attoseconds) = components
        guard attoseconds == 0 else { return "\(Double(seconds) + Double(attoseconds) / 1e18)s" }
        guard seconds > 0, seconds % 60 == 0 else { return "\(seconds)s" }
        return seconds % 3600 == 0 ? "\(seconds / 3600)h" : "\(seconds / 60)m"
    }
}
