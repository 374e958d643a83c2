import FoundationEssentials

extension Decimal {
    /// What Foundation can hold without rounding.
    private static let digitLimit = 38

    /// Nil unless `text` is `-?digits[.digits]` with at most 38 significant digits: Foundation itself takes "1.2abc" and "1,5",
    /// and rounds what is too long.
    init?(strict text: String) {
        var (significant, digits, points) = (0, 0, 0)
        for (i, byte) in text.utf8.enumerated() {
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"):
                digits += 1
                if significant > 0 || byte != UInt8(ascii: "0") { significant += 1 }
            case UInt8(ascii: ".") where digits > 0: points += 1
            case UInt8(ascii: "-") where i == 0: continue
            default: return nil
            }
        }
        guard digits > 0, points <= 1, text.utf8.last != UInt8(ascii: "."), significant <= Self.digitLimit else { return nil }
        self.init(string: text)
    }
}
