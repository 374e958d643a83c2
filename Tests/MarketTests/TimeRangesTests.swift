import Market
import Testing

@Suite struct TimeRangesTests {
    /// The times from 0 to 63 that are inside, one by one.
    private func times(_ ranges: TimeRanges) -> Set<Int64> { Set(ranges.ranges.flatMap(Array.init)) }

    private func random(using random: inout SeededGenerator) -> TimeRanges {
        TimeRanges(
            (0..<Int.random(in: 0...6, using: &random)).map { _ in
                let low = Int64.random(in: 0..<60, using: &random)
                return low..<(low + Int64.random(in: 0...9, using: &random))
            })
    }

    @Test("ranges that overlap or touch become one, empty ones none")
    func merging() {
        #expect(TimeRanges([5..<7, 0..<3, 3..<4, 6..<9, 2..<2]).ranges == [0..<4, 5..<9])
        #expect(TimeRanges([5..<7, 0..<3]).length == 5)
    }

    @Test("union, intersection and difference are those of the single times")
    func algebra() {
        var generator = SeededGenerator(seed: 7)
        for _ in 0..<500 {
            let (a, b) = (random(using: &generator), random(using: &generator))
            #expect(times(a.union(b)) == times(a).union(times(b)))
            #expect(times(a.intersection(b)) == times(a).intersection(times(b)))
            #expect(times(a.subtracting(b)) == times(a).subtracting(times(b)))
        }
    }

    @Test("near ranges are asked for together, long ones in pieces")
    func spans() {
        #expect(TimeRanges([0..<1, 5..<6, 9..<12, 40..<41]).spans(limit: 10) == [0..<10, 10..<12, 40..<41])
        #expect(TimeRanges([0..<25]).spans(limit: 10) == [0..<10, 10..<20, 20..<25])
        #expect(TimeRanges().spans(limit: 10) == [])
    }
}
