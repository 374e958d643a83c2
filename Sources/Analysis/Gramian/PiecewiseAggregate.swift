/// Piecewise aggregate approximation: a series as the means of `size` segments.
///
/// Source: E. Keogh, K. Chakrabarti, M. Pazzani, S. Mehrotra, "Dimensionality Reduction for Fast Similarity Search in Large Time Series
/// Databases", Knowledge and Information Systems 3 (2001). Segments are cut as pyts cuts them.
struct PiecewiseAggregate {
    let size: Int
    let overlapping: Bool

    /// `size` means; the series itself where no segment holds more than one value.
    func means(of series: [Double]) -> [Double] {
        guard size < series.count else { return series }
        return segments(count: series.count).map { segment in
            var sum = 0.0
            for value in series[segment] { sum += value }
            return sum / Double(segment.count)
        }
    }

    /// Disjoint: cut at the multiples of `count / size`, rounded down. Overlapping: all as long as the longest of those, each moved
    /// towards the start by its share of what they are too long together.
    func segments(count: Int) -> [Range<Int>] {
        guard overlapping else {
            let bounds = evenlySpaced(through: count, steps: size)
            return zip(bounds, bounds.dropFirst()).map { $0..<$1 }
        }
        let length = (count + size - 1) / size
        let overlaps = evenlySpaced(through: size * length - count, steps: size - 1)
        return overlaps.enumerated().map { index, overlap in
            let start = index * length - overlap
            return start..<start + length
        }
    }

    /// 0 … `end` in `steps` equal steps, each rounded down after binary multiplication, as numpy's `linspace` does.
    private func evenlySpaced(through end: Int, steps: Int) -> [Int] {
        guard steps > 0 else { return [0] }
        let step = Double(end) / Double(steps)
        return (0..<steps).map { Int(Double($0) * step) } + [end]
    }
}
