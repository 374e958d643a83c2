import FoundationEssentials
import Market
import Testing

@Suite struct DateMillisecondsTests {
    @Test("a time made of milliseconds gives back the same ones, before 1970 as well")
    func bothWays() {
        var random = SeededGenerator(seed: 5)
        let times = (0..<10_000).map { _ in Int64.random(in: -10_000_000_000...10_000_000_000_000, using: &random) }
        #expect(times.filter { Date(milliseconds: $0).milliseconds != $0 } == [])
    }
}
