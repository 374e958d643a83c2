import FoundationEssentials

extension Decimal {
    /// Quotients keep this many significant digits; sums and products of what a venue sends are exact.
    static let quotientDigits = 28

    /// `self / divisor`, rounded half up to `quotientDigits` significant digits; neither may be negative.
    ///
    /// Foundation's quotient has 38 or 39 digits, the last one cut off: too long to be read back everywhere, and no room for later sums to
    /// be exact. Done in integers, since turning such a number into text and back costs ten times as much.
    func divided(by divisor: Decimal) -> Decimal {
        guard let dividend = integerSignificand, let other = divisor.integerSignificand, other != 0 else { return self / divisor }
        var shift = Self.quotientDigits - dividend.digitCount + other.digitCount
        guard (1..<Self.digitsLimit).contains(shift) else { return self / divisor }
        var quotient = dividend.scaled(by: shift, dividedBy: other)
        if quotient.digitCount > Self.quotientDigits {
            shift -= 1
            quotient = dividend.scaled(by: shift, dividedBy: other)
        }
        guard let significand = Decimal(string: String(quotient)) else { return self / divisor }
        return Decimal(sign: .plus, exponent: exponent - divisor.exponent - shift, significand: significand)
    }

    private var integerSignificand: UInt128? { UInt128(significand.description) }

    /// The greatest multiple of `step` that is not above `self`; `step` is positive.
    func roundedDown(toMultipleOf step: Decimal) -> Decimal {
        let quotient = (self / step).description
        let whole = Decimal(string: String(quotient.prefix { $0 != "." })) ?? 0
        var multiple = whole * step
        // The quotient may be cut off, and its whole part leans towards zero: never by more than one step, unless the step is
        // so small that it vanishes in 38 digits, and then no correction would end.
        if multiple > self { multiple -= step }
        if multiple + step <= self { multiple += step }
        return multiple
    }

    /// The least multiple of `step` that is not below `self`; `step` is positive.
    func roundedUp(toMultipleOf step: Decimal) -> Decimal {
        let below = roundedDown(toMultipleOf: step)
        return below == self ? below : below + step
    }
}

extension UInt128 {
    private static let powersOfTen: [UInt128] = (0..<39).map { (0..<$0).reduce(1) { power, _ in power * 10 } }

    /// 0 for 0.
    fileprivate var digitCount: Int { Self.powersOfTen.firstIndex { self < $0 } ?? Self.powersOfTen.count }

    /// `self · 10^shift / divisor`, rounded half up. The quotient must be below 2^128.
    fileprivate func scaled(by shift: Int, dividedBy divisor: UInt128) -> UInt128 {
        let (quotient, remainder) = divisor.dividingFullWidth(multipliedFullWidth(by: Self.powersOfTen[shift]))
        return remainder >= divisor - remainder ? quotient + 1 : quotient
    }
}
