import FoundationEssentials

extension Decimal {
    /// Quotients keep this many significant digits; sums and products of what a venue sends are exact.
    static let quotientDigits = 28

    /// `self / divisor`, rounded half up to `quotientDigits` significant digits.
    ///
    /// Foundation gives 38 or 39 digits, the last ones cut off; fewer leave later sums room to be exact.
    func divided(by divisor: Decimal) -> Decimal {
        let quotient = self / divisor
        guard quotient.isFinite, let digits = UInt128(quotient.significand.magnitude.description) else { return quotient }
        var excess = 0
        var scale: UInt128 = 1
        while digits / scale >= Self.quotientLimit {
            scale *= 10
            excess += 1
        }
        guard excess > 0, let rounded = Decimal(string: String((digits + scale / 2) / scale)) else { return quotient }
        return Decimal(sign: quotient.sign, exponent: quotient.exponent + excess, significand: rounded)
    }

    private static let quotientLimit: UInt128 = (0..<quotientDigits).reduce(1) { power, _ in power * 10 }

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
