/// A decimal number as it came over the wire: exact, and cheap to read, to compare and to write out again. No arithmetic: that is
/// `Decimal`'s, or in analysis `Double`'s.
///
/// `significand · 10^-scale`, normalised: no zero at the end of a fraction, so equal numbers are equal values.
public struct WireDecimal: Hashable, Sendable, CustomStringConvertible {
    // In words, since an `Int128` stands at multiples of 16 bytes: a candle of nine numbers would take half as much again.
    private let low: UInt64
    private let high: Int64
    private let places: UInt8

    public var significand: Int128 { Int128(high) << 64 | Int128(low) }
    /// Digits after the point.
    public var scale: Int { Int(places) }

    /// Significant digits; venues send up to 30.
    public static let digitsLimit = 38
    /// Digits after the point.
    public static let scaleLimit = 40

    public static let zero = WireDecimal(normalised: 0, scale: 0)

    /// Normalises; nil if more digits are left than a value holds.
    public init?(significand: Int128, scale: Int) {
        var (significand, scale) = (significand, scale)
        guard significand != 0 else {
            self = .zero
            return
        }
        // An Int128 has at most 39 digits, so this ends before long whatever the scale.
        while scale > 0, significand % 10 == 0 { (significand, scale) = (significand / 10, scale - 1) }
        while scale < 0 {
            let (product, overflow) = significand.multipliedReportingOverflow(by: 10)
            guard !overflow else { return nil }
            (significand, scale) = (product, scale + 1)
        }
        guard scale <= Self.scaleLimit, significand.magnitude < Self.significandLimit else { return nil }
        self.init(normalised: significand, scale: scale)
    }

    /// 10^`digitsLimit`.
    private static let significandLimit: UInt128 = 100_000_000_000_000_000_000_000_000_000_000_000_000

    /// The scale is within its limit.
    init(normalised significand: Int128, scale: Int) {
        low = UInt64(truncatingIfNeeded: significand)
        high = Int64(truncatingIfNeeded: significand >> 64)
        places = UInt8(scale)
    }

    /// The exact value of `-?digits(.digits)?([eE][+-]?digits)?`, the grammar of a JSON number (RFC 8259, section 6).
    ///
    /// Nil for anything else, and for what needs more than `digitsLimit` digits.
    public init?(_ text: some StringProtocol) {
        var copy = String(text)
        let value = copy.withUTF8 { bytes in
            var offset = 0
            let value = WireDecimal(scanning: bytes, from: &offset)
            return offset == bytes.count ? value : nil
        }
        guard let value else { return nil }
        self = value
    }

    public var isNegative: Bool { high < 0 }
    public var isZero: Bool { low == 0 && high == 0 }
    public var isPositive: Bool { !isNegative && !isZero }

    /// `-?digits(.digits)?`, no exponent; Postgres' `numeric` reads it.
    public var description: String {
        let digits = String(significand.magnitude)
        let sign = isNegative ? "-" : ""
        guard scale > 0 else { return sign + digits }
        let padded = String(repeating: "0", count: max(0, scale + 1 - digits.utf8.count)) + digits
        return "\(sign)\(padded.dropLast(scale)).\(padded.suffix(scale))"
    }

    /// How many units of `10^-places` it holds; what is finer is cut off. Nil: too many for the type.
    public func units(places: Int) -> Int64? {
        var (value, rest) = (significand, places - scale)
        while rest < 0, value != 0 { (value, rest) = (value / 10, rest + 1) }
        while rest > 0, value != 0 {
            guard value.magnitude < 1 << 100 else { return nil }
            (value, rest) = (value * 10, rest - 1)
        }
        return Int64(exactly: value)
    }
}

extension WireDecimal: Comparable {
    public static func < (a: WireDecimal, b: WireDecimal) -> Bool {
        if a.scale == b.scale { return a.significand < b.significand }
        if a.significand.signum() != b.significand.signum() { return a.significand < b.significand }
        // The smaller scale is raised to the greater; what does not fit is the greater magnitude.
        let (low, high) = a.scale < b.scale ? (a, b) : (b, a)
        guard let raised = low.raised(by: high.scale - low.scale) else { return (a.scale < b.scale) == a.isNegative }
        return a.scale < b.scale ? raised < b.significand : a.significand < raised
    }

    /// The significand times 10^`count`; nil: too large.
    func raised(by count: Int) -> Int128? {
        if count < 19, let small = Int64(exactly: significand) {
            // Prices: one multiplication of two words instead of one for each place.
            var power: Int64 = 1
            for _ in 0..<count { power &*= 10 }
            let (high, low) = small.multipliedFullWidth(by: power)
            return Int128(high) << 64 | Int128(low)
        }
        var raised = significand
        for _ in 0..<count {
            let (product, overflow) = raised.multipliedReportingOverflow(by: 10)
            guard !overflow else { return nil }
            raised = product
        }
        return raised
    }
}
