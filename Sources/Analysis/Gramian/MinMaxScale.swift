/// `x·factor + offset` takes a series' least value to a range's start and its greatest to the end.
struct MinMaxScale {
    let factor: Double
    let offset: Double

    /// Below this a difference counts as none: what is left of a constant must not be blown up into an image. The reference's rule.
    static let leastRange = 10 * Double.ulpOfOne

    /// Finite values; a series without a range, or without values, goes to the range's start.
    init(_ series: [Double], to range: ClosedRange<Double>) {
        var (least, greatest) = (series.first ?? 0, series.first ?? 0)
        for value in series {
            least = value < least ? value : least
            greatest = value > greatest ? value : greatest
        }
        let difference = greatest - least
        factor = (range.upperBound - range.lowerBound) / (difference < Self.leastRange ? 1 : difference)
        offset = range.lowerBound - least * factor
    }

    func callAsFunction(_ value: Double) -> Double { value * factor + offset }
}
