/// A decimal number as it came over the wire: exact, and cheap to read, to compare and to write out again. No arithmetic: that is
/// `Decimal`'s, or in analysis `Double`'s.
///
/// `significand · 10^-scale`, normalised: no zero at the end of a fraction, so equal numbers are equal values.
public struct WireDecimal: Hashable, Sendable, CustomStringConvertible {
    public let significand: Int128
    /// Digits after the point.
    public let scale: Int

    /// Significant digits; venues send up to 30.
    public static let digitsLimit = 38
    /// Digits after the point.
    public static let scaleLimit = 40

    /// Normalises; nil if more digits are left than a value holds.
    public init?(significand: Int128, scale: Int) {
        var (significand, scale) = (significand, scale)
        guard significand != 0 else {
            self.significand = 0
            self.scale = 0
            return
        }
        while scale > 0, significand % 10 == 0 { (significand, scale) = (significand / 10, scale - 1) }
        while scale < 0 {
            let (product, overflow) = significand.multipliedReportingOverflow(by: 10)
            guard !overflow else { return nil }
            (significand, scale) = (product, scale + 1)
        }
        guard scale <= Self.scaleLimit else { return nil }
        self.significand = significand
        self.scale = scale
    }

    /// The exact value of `-?digits(.digits)?([eE][+-]?digits)?`, the grammar of a JSON number (RFC 8259, section 6), from its bytes.
    ///
    /// Nil for anything else, and for what needs more than `digitsLimit` digits. Linear, without allocation.
    public init?(utf8 text: some Collection<UInt8>) {
        var scanner = WireDecimalScanner()
        guard let (significand, scale) = scanner.scan(text) else { return nil }
        self.init(significand: significand, scale: scale)
    }

    public init?(_ text: some StringProtocol) { self.init(utf8: text.utf8) }

    public var isNegative: Bool { significand < 0 }
    public var isZero: Bool { significand == 0 }

    /// `-?digits(.digits)?`, no exponent; Postgres' `numeric` reads it.
    public var description: String {
        let digits = String(significand.magnitude)
        let sign = isNegative ? "-" : ""
        guard scale > 0 else { return sign + digits }
        let padded = String(repeating: "0", count: max(0, scale + 1 - digits.utf8.count)) + digits
        return "\(sign)\(padded.dropLast(scale)).\(padded.suffix(scale))"
    }
}

extension WireDecimal: Comparable {
    public static func < (a: WireDecimal, b: WireDecimal) -> Bool {
        if a.scale == b.scale { return a.significand < b.significand }
        if a.isNegative != b.isNegative || a.isZero || b.isZero { return a.significand.signum() < b.significand.signum() }
        // The smaller scale is raised to the greater; what does not fit is the greater magnitude.
        let (low, high) = a.scale < b.scale ? (a, b) : (b, a)
        var raised = low.significand
        for _ in low.scale..<high.scale {
            let (product, overflow) = raised.multipliedReportingOverflow(by: 10)
            guard !overflow else { return (a.scale < b.scale) == a.isNegative }
            raised = product
        }
        return a.scale < b.scale ? raised < b.significand : a.significand < raised
    }
}

/// One pass over the bytes of a number.
private struct WireDecimalScanner {
    private var significand: Int128 = 0
    private var digits = 0
    private var fraction = 0
    /// Zeros at the end that count only if another digit follows.
    private var pendingZeros = 0

    mutating func scan(_ text: some Collection<UInt8>) -> (Int128, Int)? {
        var index = text.startIndex
        var negative = false
        if index != text.endIndex, text[index] == UInt8(ascii: "-") {
            negative = true
            text.formIndex(after: &index)
        }
        let startsWithZero = index != text.endIndex && text[index] == UInt8(ascii: "0")
        guard let whole = number(text, &index, isFraction: false), whole == 1 || !startsWithZero else { return nil }
        if index != text.endIndex, text[index] == UInt8(ascii: ".") {
            text.formIndex(after: &index)
            guard number(text, &index, isFraction: true) != nil else { return nil }
        }
        var exponent = 0
        if index != text.endIndex, text[index] | 0x20 == UInt8(ascii: "e") {
            text.formIndex(after: &index)
            guard let value = writtenExponent(text, &index) else { return nil }
            exponent = value
        }
        guard index == text.endIndex else { return nil }
        return (negative ? -significand : significand, fraction - pendingZeros - exponent)
    }

    /// How many digits stood there; nil for none, or too many.
    private mutating func number<Text: Collection<UInt8>>(_ text: Text, _ index: inout Text.Index, isFraction: Bool) -> Int? {
        var count = 0
        while index != text.endIndex {
            let digit = text[index] &- UInt8(ascii: "0")
            guard digit < 10 else { break }
            guard append(digit, isFraction: isFraction) else { return nil }
            count += 1
            text.formIndex(after: &index)
        }
        return count > 0 ? count : nil
    }

    private mutating func append(_ digit: UInt8, isFraction: Bool) -> Bool {
        if isFraction { fraction += 1 }
        if digit == 0 {
            if significand != 0 || isFraction { pendingZeros += 1 }
            return fraction <= 400
        }
        if significand != 0 {
            digits += pendingZeros + 1
            guard digits <= WireDecimal.digitsLimit else { return false }
            for _ in 0..<pendingZeros { significand *= 10 }
        } else {
            digits = 1
        }
        pendingZeros = 0
        significand = significand * 10 + Int128(digit)
        return true
    }

    private func writtenExponent<Text: Collection<UInt8>>(_ text: Text, _ index: inout Text.Index) -> Int? {
        var negative = false
        if index != text.endIndex, text[index] == UInt8(ascii: "-") || text[index] == UInt8(ascii: "+") {
            negative = text[index] == UInt8(ascii: "-")
            text.formIndex(after: &index)
        }
        var (value, count) = (0, 0)
        while index != text.endIndex {
            let digit = text[index] &- UInt8(ascii: "0")
            guard digit < 10, count < 3 else { return nil }
            value = value * 10 + Int(digit)
            count += 1
            text.formIndex(after: &index)
        }
        return count > 0 ? (negative ? -value : value) : nil
    }
}
