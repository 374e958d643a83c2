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
}
