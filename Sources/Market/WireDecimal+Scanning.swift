extension WireDecimal {
    /// The number that stands at `offset`, which moves behind it; nil: none that a value can hold, and the offset is of no use.
    ///
    /// Linear, without allocation. The usual number takes two looks at eight bytes each; another one of at most 19 digits and without an
    /// exponent takes one pass.
    public init?(scanning bytes: UnsafeBufferPointer<UInt8>, from offset: inout Int) {
        if let (value, scale) = Self.scanUsual(bytes, from: &offset) {
            self.init(normalised: Int128(value), scale: scale)
            return
        }
        let start = offset
        var index = offset
        let isNegative = index < bytes.count && bytes[index] == UInt8(ascii: "-")
        if isNegative { index += 1 }
        let first = index
        var value: UInt64 = 0
        while index < bytes.count, case let digit = bytes[index] &- 0x30, digit < 10 {
            value = value &* 10 &+ UInt64(digit)
            index += 1
        }
        let whole = index - first
        guard whole > 0, whole == 1 || bytes[first] != 0x30 else { return nil }
        var scale = 0
        if index < bytes.count, bytes[index] == UInt8(ascii: ".") {
            let point = index
            index += 1
            while index < bytes.count, bytes[index] &- 0x30 < 10 { index += 1 }
            guard index > point + 1 else { return nil }
            var end = index
            while bytes[end - 1] == 0x30 { end -= 1 }
            scale = end - point - 1
            for place in point + 1..<point + 1 + scale { value = value &* 10 &+ UInt64(bytes[place] &- 0x30) }
        }
        let hasExponent = index < bytes.count && bytes[index] | 0x20 == UInt8(ascii: "e")
        offset = index
        if hasExponent || whole + scale > 19 {
            var scanner = LongNumber(bytes: bytes, index: start)
            guard let (significand, scale) = scanner.scan() else { return nil }
            offset = scanner.index
            self.init(significand: significand, scale: scale)
        } else {
            self.init(normalised: isNegative ? -Int128(value) : Int128(value), scale: scale)
        }
    }

    /// A number of up to seven digits before the point and eight after it, without sign and exponent. Nil: another one, or the bytes end
    /// soon; the offset stays.
    private static func scanUsual(_ bytes: UnsafeBufferPointer<UInt8>, from offset: inout Int) -> (value: UInt64, scale: Int)? {
        guard let whole = EightBytes(bytes, at: offset), 1...7 ~= whole.digits else { return nil }
        guard whole.digits == 1 || bytes[offset] != 0x30 else { return nil }
        var (value, scale, index) = (whole.number(whole.digits), 0, offset + whole.digits)
        if bytes[index] == UInt8(ascii: ".") {
            guard let fraction = EightBytes(bytes, at: index + 1), fraction.digits > 0 else { return nil }
            scale = fraction.significant
            value = value * powersOfTen[scale] + fraction.number(scale)
            index += 1 + fraction.digits
        }
        guard index < bytes.count, case let next = bytes[index], next &- 0x30 > 9, next | 0x20 != UInt8(ascii: "e") else { return nil }
        offset = index
        return (value, scale)
    }

    private static let powersOfTen: InlineArray<9, UInt64> = [1, 10, 100, 1000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000]
}

/// One pass over the bytes of a number that is too long for a word or has an exponent.
private struct LongNumber {
    let bytes: UnsafeBufferPointer<UInt8>
    var index: Int
    private var significand: Int128 = 0
    private var digits = 0
    private var fraction = 0
    /// Zeros at the end that count only if another digit follows.
    private var pendingZeros = 0

    init(bytes: UnsafeBufferPointer<UInt8>, index: Int) {
        self.bytes = bytes
        self.index = index
    }

    private var next: UInt8 { index < bytes.count ? bytes[index] : 0 }

    mutating func scan() -> (Int128, Int)? {
        let isNegative = next == UInt8(ascii: "-")
        if isNegative { index += 1 }
        guard number(isFraction: false) else { return nil }
        if next == UInt8(ascii: ".") {
            index += 1
            guard number(isFraction: true) else { return nil }
        }
        var exponent = 0
        if next | 0x20 == UInt8(ascii: "e") {
            index += 1
            guard let value = writtenExponent() else { return nil }
            exponent = value
        }
        return (isNegative ? -significand : significand, fraction - pendingZeros - exponent)
    }

    /// False: no digits, or too many.
    private mutating func number(isFraction: Bool) -> Bool {
        let start = index
        while next &- 0x30 < 10 {
            guard append(next &- 0x30, isFraction: isFraction) else { return false }
            index += 1
        }
        return index > start
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

    private mutating func writtenExponent() -> Int? {
        let isNegative = next == UInt8(ascii: "-")
        if isNegative || next == UInt8(ascii: "+") { index += 1 }
        var (value, count) = (0, 0)
        while next &- 0x30 < 10 {
            guard count < 3 else { return nil }
            value = value * 10 + Int(next &- 0x30)
            (count, index) = (count + 1, index + 1)
        }
        return count > 0 ? (isNegative ? -value : value) : nil
    }
}
