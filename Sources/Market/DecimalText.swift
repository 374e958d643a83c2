public import FoundationEssentials

/// Decimal text on the wire and in requests: the grammar of a JSON number, and nothing that merely starts like one.
extension Decimal {
    /// Longest accepted text; a price of any market is far shorter.
    public static let textLengthLimit = 80
    /// A `Decimal` holds every number of so many digits.
    public static let digitsLimit = 38
    /// Of the last digit that is not 0. Narrower than a `Decimal`'s, so that no product or quotient of two such numbers overflows.
    public static let exponentRange = -40...40

    /// The exact value of `text`: `-?digits(.digits)?`, without leading zeros, blanks, `+`, `NaN` or separators.
    ///
    /// `Decimal(string:)` takes "1.2abc" for 1.2 and rounds what is too long; here both throw.
    /// - Parameter allowingExponent: also accepts `e±digits`, as a JSON number may have (1e-7).
    /// - Throws: `DecimalTextError`, also for more than `digitsLimit` significant digits and outside `exponentRange`.
    public init(strict text: some StringProtocol, allowingExponent: Bool = false) throws(DecimalTextError) {
        var reader = DecimalReader(allowingExponent: allowingExponent)
        guard text.utf8.count <= Self.textLengthLimit, reader.read(Substring(text).utf8) else { throw DecimalTextError(text) }
        let sign: FloatingPointSign = reader.isNegative && !reader.digits.isZero ? .minus : .plus
        guard let significand = reader.digits.decimal else { throw DecimalTextError(text) }
        self.init(sign: sign, exponent: reader.digits.isZero ? 0 : reader.exponent, significand: significand)
    }

    /// The exact value as `-?digits(.digits)?`: no exponent, no zeros at the end of a fraction. NaN gives `NaN`.
    public var plainText: String {
        let text = description
        guard text.utf8.contains(UInt8(ascii: ".")), text.utf8.last == UInt8(ascii: "0") else { return text }
        let trimmed = text.utf8.reversed().drop { $0 == UInt8(ascii: "0") }.drop { $0 == UInt8(ascii: ".") }
        return String(decoding: trimmed.reversed(), as: UTF8.self)
    }

    /// The nearest `Double`. `NSDecimalNumber.doubleValue` is often wrong in the last bit; the way through text is exact.
    public var nearestDouble: Double { Double(description) ?? .nan }
}

/// Text that is not a decimal number, or one too long to be held exactly.
public struct DecimalTextError: Error, Equatable, CustomStringConvertible {
    /// What was given, cut to a length that fits a message.
    public let text: String

    init(_ text: some StringProtocol) { self.text = text.count > 40 ? text.prefix(40) + "…" : String(text) }

    public var description: String {
        "\"\(text)\" is not a plain decimal number of at most \(Decimal.digitsLimit) digits, such as 0.05"
    }
}

/// One pass over the bytes of a number: checks the grammar and gathers the digits.
private struct DecimalReader {
    /// Digits without leading or trailing zeros.
    struct Digits {
        private var value: UInt128 = 0
        private(set) var significant = 0
        /// Zeros that count only if another digit follows.
        private var pendingZeros = 0

        var isZero: Bool { value == 0 }
        /// How many powers of ten `value` lacks.
        var droppedZeros: Int { pendingZeros }

        /// False: more digits than a `Decimal` holds.
        mutating func append(_ digit: UInt8) -> Bool {
            if digit == 0 {
                if value != 0 { pendingZeros += 1 }
                return true
            }
            significant += pendingZeros + 1
            guard significant <= Decimal.digitsLimit else { return false }
            for _ in 0...pendingZeros { value *= 10 }
            pendingZeros = 0
            value += UInt128(digit)
            return true
        }

        var decimal: Decimal? {
            if let small = UInt64(exactly: value) { return Decimal(small) }
            return Decimal(string: String(value))
        }
    }

    let allowingExponent: Bool
    var isNegative = false
    var digits = Digits()
    private var fractionDigits = 0
    private var writtenExponent = 0

    init(allowingExponent: Bool) { self.allowingExponent = allowingExponent }

    /// Of ten, for `digits` as an integer.
    var exponent: Int { digits.droppedZeros - fractionDigits + writtenExponent }

    /// False: not a number by the grammar, or out of range.
    mutating func read(_ text: Substring.UTF8View) -> Bool {
        var rest = text
        isNegative = rest.first == UInt8(ascii: "-")
        if isNegative { rest.removeFirst() }
        guard let first = rest.first, let whole = readDigits(&rest), whole == 1 || first != UInt8(ascii: "0") else { return false }
        if rest.first == UInt8(ascii: ".") {
            rest.removeFirst()
            guard let count = readDigits(&rest) else { return false }
            fractionDigits = count
        }
        if allowingExponent, rest.first.map({ $0 | 0x20 }) == UInt8(ascii: "e") {
            rest.removeFirst()
            guard readExponent(&rest) else { return false }
        }
        return rest.isEmpty && (digits.isZero || Decimal.exponentRange.contains(exponent))
    }

    /// How many digits stood there; nil if none did, or too many.
    private mutating func readDigits(_ rest: inout Substring.UTF8View) -> Int? {
        var count = 0
        while let byte = rest.first, byte.isDigit {
            guard digits.append(byte - UInt8(ascii: "0")) else { return nil }
            count += 1
            rest.removeFirst()
        }
        return count > 0 ? count : nil
    }

    private mutating func readExponent(_ rest: inout Substring.UTF8View) -> Bool {
        let negative = rest.first == UInt8(ascii: "-")
        if negative || rest.first == UInt8(ascii: "+") { rest.removeFirst() }
        guard (1...3).contains(rest.count), rest.allSatisfy(\.isDigit) else { return false }
        let magnitude = rest.reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) }
        writtenExponent = negative ? -magnitude : magnitude
        rest.removeFirst(rest.count)
        return true
    }
}

extension UInt8 {
    fileprivate var isDigit: Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(self) }
}
