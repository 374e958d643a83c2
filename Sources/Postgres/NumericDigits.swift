/// The usual magnitude, in digits of base 10,000 that are aligned at the decimal point, without zeros at the end.
struct ShortNumeric {
    /// Three decimals more still fit a word, whose five digits fit two.
    static var limit: UInt64 { .max / 1000 }

    /// In 16 bits each, the first in the highest.
    let leading: UInt128
    let count: Int
    /// The power of 10,000 of the most significant.
    let weight: Int

    init(_ magnitude: UInt64, scale: Int) {
        var (rest, packed, count, groups) = (magnitude * Self.powers[-scale & 3], UInt128(0), 0, 0)
        while rest != 0 {
            let (quotient, digit) = rest.quotientAndRemainder(dividingBy: 10_000)
            if count > 0 || digit != 0 {
                // The most significant comes last and so to the front.
                packed = packed >> 16 | UInt128(digit) << 112
                count += 1
            }
            (rest, groups) = (quotient, groups + 1)
        }
        leading = packed
        self.count = count
        weight = groups == 0 ? 0 : groups - 1 - (scale + 3) / 4
    }

    private static let powers: InlineArray<4, UInt64> = [1, 10, 100, 1000]
}

/// For what does not fit a word: a magnitude in digits of base 10,000 that are aligned at the decimal point, the least first, without
/// zeros at that end.
struct NumericDigits {
    /// 38 decimal digits, cut at the point, take 11 at most.
    private var digits = SIMD16<Int16>(repeating: 0)
    private(set) var count = 0
    /// The power of 10,000 of the most significant.
    private(set) var weight = 0

    init(_ magnitude: UInt128, scale: Int) {
        let fraction = (scale + 3) / 4
        var (rest, groups) = (magnitude, 0)
        // The last digit before the point's grid may hold fewer decimals than four; then zeros fill it.
        let missing = fraction * 4 - scale
        if missing > 0 {
            let (quotient, remainder) = rest.quotientAndRemainder(dividingBy: Self.power(4 - missing))
            add(Int16(remainder) * Int16(Self.power(missing)))
            (rest, groups) = (quotient, 1)
        }
        while rest != 0 {
            let (quotient, remainder) = rest.quotientAndRemainder(dividingBy: 10_000)
            add(Int16(remainder))
            (rest, groups) = (quotient, groups + 1)
        }
        weight = groups - 1 - fraction
    }

    subscript(place: Int) -> Int16 { digits[place] }

    private mutating func add(_ digit: Int16) {
        guard count > 0 || digit != 0 else { return }
        digits[count] = digit
        count += 1
    }

    private static func power(_ exponent: Int) -> UInt128 {
        switch exponent {
        case 1: 10
        case 2: 100
        default: 1000
        }
    }
}
