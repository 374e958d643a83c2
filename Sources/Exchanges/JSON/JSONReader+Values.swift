import FoundationEssentials
import Market

extension JSONReader {
    mutating func string() throws(JSONError) -> String {
        let (range, isPlain) = try quoted()
        return isPlain ? String(decoding: bytes[range], as: UTF8.self) : try unescaped(range)
    }

    /// A number, or a string that holds one: venues send both. Exact to the last digit.
    mutating func decimal() throws(JSONError) -> Decimal {
        let start = offset
        let range = peek == UInt8(ascii: "\"") ? try quoted().range : token()
        do {
            return try Decimal(strict: String(decoding: bytes[range], as: UTF8.self), allowingExponent: true)
        } catch {
            offset = start
            throw self.error("\(error)")
        }
    }

    /// As `decimal`, for what is passed on and not calculated with.
    mutating func number() throws(JSONError) -> WireDecimal {
        skipBlanks()
        var index = offset
        let isQuoted = index < bytes.count && bytes[index] == UInt8(ascii: "\"")
        if isQuoted { index += 1 }
        let start = index
        guard let value = WireDecimal(scanning: bytes, from: &index), isQuoted ? isQuote(index) : isSeparator(index) else {
            let hasDigits = start < bytes.count && bytes[start] &- 0x30 < 10
            throw error("expected a number" + (hasDigits ? " of at most \(WireDecimal.digitsLimit) digits" : ""))
        }
        offset = isQuoted ? index + 1 : index
        return value
    }

    /// Nil for `null` and `""`.
    mutating func optionalNumber() throws(JSONError) -> WireDecimal? { acceptNothing() ? nil : try number() }

    /// A number without fraction and exponent.
    mutating func integer() throws(JSONError) -> Int64 {
        skipBlanks()
        var index = offset
        guard let value = digits(at: &index), isSeparator(index) else { throw error("expected a whole number") }
        offset = index
        return value
    }

    /// As `integer`, or a string that holds one.
    mutating func whole() throws(JSONError) -> Int64 {
        guard peek == UInt8(ascii: "\"") else { return try integer() }
        var index = offset + 1
        guard let value = digits(at: &index), isQuote(index) else { throw error("expected a whole number") }
        offset = index + 1
        return value
    }

    mutating func optionalWhole() throws(JSONError) -> Int64? { acceptNothing() ? nil : try whole() }

    /// The text of a string or of a number: what venues use for ids.
    mutating func identifier() throws(JSONError) -> String {
        guard peek != UInt8(ascii: "\"") else { return try string() }
        let start = offset
        let range = token()
        guard isNumber(range) else {
            offset = start
            throw error("expected a string or a number")
        }
        return String(decoding: bytes[range], as: UTF8.self)
    }

    /// The text of a string; of any other value its JSON.
    mutating func text() throws(JSONError) -> String {
        guard peek != UInt8(ascii: "\"") else { return try string() }
        let start = offset
        try skip()
        return String(decoding: bytes[start..<offset], as: UTF8.self)
    }

    /// `true`, `false`, or a string that holds one of them.
    mutating func flag() throws(JSONError) -> Bool {
        let start = offset
        switch try word() {
        case "true": return true
        case "false": return false
        default:
            offset = start
            throw error("expected true or false")
        }
    }

    /// The text of a string, or `true`, `false`, `null`.
    mutating func word() throws(JSONError) -> String {
        guard peek != UInt8(ascii: "\"") else { return try string() }
        let start = offset
        let range = token()
        guard isWord(range) else {
            offset = start
            throw error("expected a word")
        }
        return String(decoding: bytes[range], as: UTF8.self)
    }

    /// A venue's number of a trade or a change: whole, from 0 up to 2⁵³, beyond which JSON numbers are not exact (RFC 8259, section 6).
    mutating func sequence() throws(JSONError) -> Int64 {
        let start = offset
        let value = try integer()
        guard (0...1 << 53).contains(value) else {
            offset = start
            throw error("\(value) is no sequence number")
        }
        return value
    }

    /// Passes over `null` or `""`, if one of them is next.
    private mutating func acceptNothing() -> Bool {
        switch peek {
        case UInt8(ascii: "\"") where isQuote(offset + 1): offset += 2
        case UInt8(ascii: "n") where isWord(offset..<min(offset + 4, bytes.count)): offset += 4
        default: return false
        }
        return true
    }

    /// `-?(0|[1-9]\d*)` as far as it fits.
    private func digits(at index: inout Int) -> Int64? {
        let isNegative = index < bytes.count && bytes[index] == UInt8(ascii: "-")
        if isNegative { index += 1 }
        let start = index
        var value: UInt64 = 0
        while index < bytes.count, case let digit = bytes[index] &- 0x30, digit < 10 {
            guard index - start < 19 else { return nil }
            value = value &* 10 &+ UInt64(digit)
            index += 1
        }
        guard index > start, index - start == 1 || bytes[start] != 0x30, let signed = Int64(exactly: value) else { return nil }
        return isNegative ? (signed == 0 ? nil : -signed) : signed
    }

    private func isQuote(_ index: Int) -> Bool { index < bytes.count && bytes[index] == UInt8(ascii: "\"") }

    /// Whether a number may end there.
    private func isSeparator(_ index: Int) -> Bool {
        guard index < bytes.count else { return true }
        switch bytes[index] {
        case UInt8(ascii: ","), UInt8(ascii: "]"), UInt8(ascii: "}"), 0...0x20: return true
        default: return false
        }
    }
}
