/// Durations counted in whole milliseconds up to ten seconds; takes the same memory however many there are.
struct LatencyHistogram {
    private static let limit = 10_000
    private var counts: [Int] = []
    private(set) var count = 0
    private(set) var maximum: Duration = .zero

    mutating func add(_ duration: Duration) {
        let millisecond = min(max(Int(duration / .milliseconds(1)), 0), Self.limit)
        if counts.count <= millisecond { counts += [Int](repeating: 0, count: millisecond + 1 - counts.count) }
        counts[millisecond] += 1
        count += 1
        maximum = max(maximum, duration)
    }

    mutating func add(_ other: LatencyHistogram) {
        if counts.count < other.counts.count { counts += [Int](repeating: 0, count: other.counts.count - counts.count) }
        for (index, count) in other.counts.enumerated() { counts[index] += count }
        count += other.count
        maximum = max(maximum, other.maximum)
    }

    /// The milliseconds that the given share of all durations did not pass, rounded up; 0 if there are none.
    func milliseconds(atShare share: Double) -> Int {
        var left = Int((Double(count) * share).rounded(.up))
        for (millisecond, count) in counts.enumerated() {
            left -= count
            if left <= 0 { return self.count == 0 ? 0 : millisecond + 1 }
        }
        return 0
    }
}
