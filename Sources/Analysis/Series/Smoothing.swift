extension [Double] {
    /// The centred mean over the values up to `reach` before and after each, fewer at the ends. A value that is not finite is missing
    /// and left out; where all of them are, so is the mean (NaN).
    ///
    /// Each mean is summed and divided in twice the precision, so that it is the nearest double to the exact mean: eleven equal values
    /// must give that value back, or min–max scaling would make an image of the rounding noise.
    public func smoothed(reach: Int) -> [Double] {
        indices.map { index in
            let window = Swift.max(0, index - reach)...Swift.min(count - 1, index + reach)
            var sum = DoubleDouble.zero
            var known = 0
            for value in self[window] where value.isFinite {
                sum.add(value)
                known += 1
            }
            return known == 0 ? .nan : sum.divided(by: Double(known))
        }
    }
}

/// An unevaluated sum of two doubles, the second at most half a unit in the last place of the first: 106 bits of precision.
///
/// Source: T. J. Dekker, "A Floating-Point Technique for Extending the Available Precision", Numerische Mathematik 18 (1971).
struct DoubleDouble {
    private(set) var high: Double
    private(set) var low: Double

    static let zero = DoubleDouble(high: 0, low: 0)

    mutating func add(_ value: Double) {
        let sum = high + value
        let part = sum - high
        let rest = (high - (sum - part)) + (value - part) + low
        high = sum + rest
        low = rest - (high - sum)
    }

    /// The nearest double to the quotient.
    func divided(by divisor: Double) -> Double {
        let quotient = high / divisor
        let remainder = high.addingProduct(-quotient, divisor) + low
        return quotient + remainder / divisor
    }
}
