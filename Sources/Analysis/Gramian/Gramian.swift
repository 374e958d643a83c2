/// Gramian angular fields: a series as an image, by the cosines of sums or the sines of differences of its values' angles.
///
/// Source: Z. Wang, T. Oates, "Encoding Time Series as Images for Visual Inspection and Classification Using Tiled Convolutional
/// Neural Networks", AAAI workshops 2015. The arithmetic is that of pyts 0.14 to the last bit, in the same order of operations.
public enum Gramian {
    public enum Method: String, Sendable, CaseIterable {
        /// `cos(a + b)`: symmetric.
        case summation
        /// `sin(a − b)`: antisymmetric, zero on the diagonal.
        case difference
    }

    /// A square matrix of values in [−1, 1], row by row.
    public struct Field: Equatable, Sendable {
        public let size: Int
        /// `size × size`; row and column 0 belong to the series' first value.
        public let values: [Double]

        public subscript(row: Int, column: Int) -> Double { values[row * size + column] }
    }

    /// The field of a series.
    ///
    /// - Parameters:
    ///   - series: finite values.
    ///   - imageSize: rows and columns, 1 … `series.count`; fewer than the series has are means of segments of it. Nil: the series' count.
    ///   - sampleRange: what the (averaged) series is scaled to, within [−1, 1]; nil takes it as it is, which then must lie there.
    ///   - overlapping: segments of one length that may overlap, instead of disjoint ones of about one length.
    public static func field(
        of series: [Double], imageSize: Int? = nil, method: Method = .summation, sampleRange: ClosedRange<Double>? = -1...1,
        overlapping: Bool = false
    ) throws(GramianError) -> Field {
        guard series.allSatisfy(\.isFinite) else { throw .notFinite }
        let size = imageSize ?? series.count
        guard size >= 1, size <= series.count else { throw .imageSize(size, count: series.count) }
        let averages = PiecewiseAggregate(size: size, overlapping: overlapping).means(of: series)
        let angles = try AngularSeries(averages, sampleRange: sampleRange)
        return Field(size: size, values: angles.field(method))
    }
}

/// A field that cannot be made.
public enum GramianError: Error, Equatable, CustomStringConvertible {
    case notFinite
    case imageSize(Int, count: Int)
    case sampleRange(ClosedRange<Double>)
    case outOfRange

    public var description: String {
        switch self {
        case .notFinite: "the series holds a value that is not finite"
        case .imageSize(let size, let count): "the image size must be between 1 and the series' count, \(count) (got \(size))"
        case .sampleRange(let range): "the sample range must rise within -1 … 1 (got \(range.lowerBound) … \(range.upperBound))"
        case .outOfRange: "without a sample range, all values must lie between -1 and 1"
        }
    }
}
