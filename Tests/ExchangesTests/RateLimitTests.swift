import Exchanges
import Testing

@Suite("Rate limits")
struct RateLimitTests {
    let start = ContinuousClock.now

    /// `#expect` itself takes no call that mutates.
    private func check(_ isTrue: Bool, at place: SourceLocation = #_sourceLocation) { #expect(isTrue, sourceLocation: place) }

    @Test("a burst at once, then one request each tenth of a second")
    func burst() {
        var budget = RateBudget(RateLimit(perSecond: 10, burst: 15), at: start)
        var taken: [Int] = []
        for millisecond in 0..<2000 where budget.take(at: start + .milliseconds(millisecond)) { taken.append(millisecond) }
        #expect(taken.count == 15 + 19)
        #expect(taken.prefix(15) == ArraySlice(0..<15))
        #expect(zip(taken.dropFirst(15), taken.dropFirst(16)).allSatisfy { (99...101).contains($1 - $0) })
    }

    @Test("the next request can be made when it was said to be possible")
    func nextRequest() {
        var budget = RateBudget(RateLimit(perSecond: 3, burst: 1), at: start)
        check(budget.nextRequest(at: start) == start)
        check(budget.take(at: start))
        var now = start
        for _ in 0..<100 {
            let next = budget.nextRequest(at: now)
            #expect(next > now && now.duration(to: next) < .milliseconds(334))
            now = next
            check(budget.take(at: now))
        }
    }

    @Test("a pause empties the bucket until its end")
    func pause() {
        var budget = RateBudget(RateLimit(perSecond: 10, burst: 15), at: start)
        budget.pause(until: start + .seconds(5))
        check(!budget.take(at: start + .seconds(4)))
        check(budget.nextRequest(at: start + .seconds(1)) == start + .seconds(5))
        check(budget.take(at: start + .seconds(5)))
        check(!budget.take(at: start + .seconds(5)))
        budget.pause(until: start)
        check(budget.take(at: start + .seconds(6)))
    }

    @Test("weights use up so many tokens, and any window holds no more than the limit")
    func weights() {
        let limit = RateLimit(6000, in: 60)
        var budget = RateBudget(limit, at: start)
        var taken: [(at: Int, weight: Int)] = []
        for millisecond in stride(from: 0, to: 180_000, by: 5) {
            let weight = millisecond % 3 == 0 ? 2 : 80
            if budget.take(weight, at: start + .milliseconds(millisecond)) { taken.append((millisecond, weight)) }
        }
        for window in stride(from: 0, to: 120_000, by: 1000) {
            let used = taken.filter { (window..<window + 60_000).contains($0.at) }.reduce(0) { $0 + $1.weight }
            #expect(used <= 6000 && used > 4500, "\(window)")
        }
    }

    @Test("a heavy request waits until there is enough for it")
    func heavy() {
        var budget = RateBudget(RateLimit(perSecond: 10, burst: 20), at: start)
        check(budget.take(15, at: start))
        check(!budget.take(15, at: start))
        let next = budget.nextRequest(15, at: start)
        #expect((.milliseconds(999)...(.milliseconds(1001))).contains(start.duration(to: next)))
        check(budget.take(15, at: next))
    }

    @Test("what is heavier than the bucket goes when that is full, and is paid for after")
    func debt() {
        var budget = RateBudget(RateLimit(perSecond: 10, burst: 5), at: start)
        check(budget.take(25, at: start))
        let next = budget.nextRequest(at: start)
        #expect((.milliseconds(2099)...(.milliseconds(2101))).contains(start.duration(to: next)))
        check(!budget.take(at: start + .seconds(2)))
        check(budget.take(at: next))
    }
}
