/// Stretches of time: half-open ranges that neither overlap nor touch, in their order. Operations are linear in the number of ranges.
public struct TimeRanges: Equatable, Sendable {
    public private(set) var ranges: [Range<Int64>]

    /// Of any ranges, in any order; empty ones are dropped.
    public init(_ ranges: some Sequence<Range<Int64>> = []) {
        var merged: [Range<Int64>] = []
        for range in ranges.filter({ !$0.isEmpty }).sorted(by: { $0.lowerBound < $1.lowerBound }) {
            if let last = merged.last, range.lowerBound <= last.upperBound {
                merged[merged.count - 1] = last.lowerBound..<max(last.upperBound, range.upperBound)
            } else {
                merged.append(range)
            }
        }
        self.ranges = merged
    }

    public var isEmpty: Bool { ranges.isEmpty }

    /// Time within all ranges together.
    public var length: Int64 { ranges.reduce(0) { $0 + ($1.upperBound - $1.lowerBound) } }

    public func union(_ other: TimeRanges) -> TimeRanges { TimeRanges(ranges + other.ranges) }

    public func intersection(_ other: TimeRanges) -> TimeRanges {
        var common: [Range<Int64>] = []
        var (i, j) = (0, 0)
        while i < ranges.count, j < other.ranges.count {
            let (a, b) = (ranges[i], other.ranges[j])
            let low = max(a.lowerBound, b.lowerBound)
            let high = min(a.upperBound, b.upperBound)
            if low < high { common.append(low..<high) }
            if a.upperBound < b.upperBound { i += 1 } else { j += 1 }
        }
        return TimeRanges(common)
    }

    public func subtracting(_ other: TimeRanges) -> TimeRanges {
        var rest: [Range<Int64>] = []
        var j = 0
        for range in ranges {
            var low = range.lowerBound
            while j < other.ranges.count, other.ranges[j].upperBound <= low { j += 1 }
            var k = j
            while k < other.ranges.count, other.ranges[k].lowerBound < range.upperBound {
                if low < other.ranges[k].lowerBound { rest.append(low..<other.ranges[k].lowerBound) }
                low = max(low, other.ranges[k].upperBound)
                k += 1
            }
            if low < range.upperBound { rest.append(low..<range.upperBound) }
        }
        return TimeRanges(rest)
    }

    /// Ranges of at most `limit` that hold all of these, in order: near ones go together, long ones in pieces.
    public func spans(limit: Int64) -> [Range<Int64>] {
        var spans: [Range<Int64>] = []
        for range in ranges {
            var low = range.lowerBound
            if let last = spans.last, range.lowerBound < last.lowerBound + limit {
                let end = min(range.upperBound, last.lowerBound + limit)
                spans[spans.count - 1] = last.lowerBound..<max(last.upperBound, end)
                low = end
            }
            while low < range.upperBound {
                let end = min(low + limit, range.upperBound)
                spans.append(low..<end)
                low = end
            }
        }
        return spans
    }
}
