import Glibc

/// `numeric` in binary format: digits of base 10,000, most significant first. Source: numeric_send in numeric.c
struct BinaryNumeric {
    private let digits: UnsafeRawBufferPointer
    private let count: Int
    /// The power of 10,000 of the first digit.
    private let weight: Int
    private let isNegative: Bool
    private let isNaN: Bool
    private let isInfinite: Bool

    init?(_ bytes: UnsafeRawBufferPointer) {
        guard bytes.count >= 8 else { return nil }
        count = Int(bytes.bigEndian(UInt16.self, at: 0))
        guard bytes.count == 8 + 2 * count else { return nil }
        weight = Int(bytes.bigEndian(Int16.self, at: 2))
        let sign = bytes.bigEndian(UInt16.self, at: 4)
        isNegative = sign == 0x4000 || sign == 0xF000
        isNaN = sign == 0xC000
        isInfinite = sign == 0xD000 || sign == 0xF000
        digits = UnsafeRawBufferPointer(rebasing: bytes[8...])
    }

    private func digit(_ i: Int) -> Int64 { i < count ? Int64(digits.bigEndian(Int16.self, at: 2 * i)) : 0 }

    /// The nearest `Double`.
    var double: Double? {
        if isNaN { return .nan }
        if isInfinite { return isNegative ? -.infinity : .infinity }
        var significand: Int64 = 0
        let exponent = 4 * (weight - count + 1)
        // Up to 2⁵³ and 10²² everything is exact in binary, so one division or multiplication rounds once, hence correctly.
        // Source: Clinger, "How to Read Floating Point Numbers Accurately", PLDI 1990
        guard count <= 4, abs(exponent) <= 22 else { return scientific(exponent) }
        for i in 0..<count { significand = significand * 10_000 + digit(i) }
        guard significand <= 1 << 53 else { return scientific(exponent) }
        let power = Self.powers[abs(exponent)]
        let magnitude = exponent < 0 ? Double(significand) / power : Double(significand) * power
        return isNegative ? -magnitude : magnitude
    }

    /// All digits and a power of ten, for C to round: several times faster than by way of `String`.
    private func scientific(_ exponent: Int) -> Double {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 4 * count + 16) { buffer in
            for i in 0..<count {
                var rest = digit(i)
                for place in stride(from: 3, through: 0, by: -1) {
                    buffer[4 * i + place] = CChar(rest % 10) + 48
                    rest /= 10
                }
            }
            var end = 4 * count
            for byte in "e\(exponent)".utf8 {
                buffer[end] = CChar(byte)
                end += 1
            }
            buffer[end] = 0
            let magnitude = strtod(buffer.baseAddress!, nil)
            return isNegative ? -magnitude : magnitude
        }
    }

    private static let powers: [Double] = (0...22).map { exponent in (0..<exponent).reduce(1) { power, _ in power * 10 } }

    /// Plain decimal notation; nil for NaN and infinity.
    var text: String? {
        guard !isNaN, !isInfinite else { return nil }
        var out = isNegative ? "-" : ""
        // Digits of the integer part come first; without one, a zero stands there.
        if weight < 0 { out += "0" } else { for i in 0...weight { out += i == 0 ? String(digit(0)) : Self.padded(digit(i)) } }
        guard count > weight + 1 else { return out }
        out += "." + String(repeating: "0000", count: max(0, -weight - 1))
        for i in max(0, weight + 1)..<count { out += Self.padded(digit(i)) }
        return out
    }

    private static func padded(_ digit: Int64) -> String {
        let text = String(digit)
        return String(repeating: "0", count: 4 - text.count) + text
    }
}
