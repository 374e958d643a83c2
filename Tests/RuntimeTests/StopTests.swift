import Runtime
import Testing

@Suite struct StopTests {
    @Test("a request wakes a sleeper at once")
    func wakes() {
        let stop = Stop()
        let began = ContinuousClock.now
        Thread.detach { stop.request() }
        #expect(stop.sleep(for: .seconds(30)) == false)
        #expect(ContinuousClock.now - began < .seconds(10))
        #expect(stop.isRequested)
    }

    @Test("an undisturbed sleep lasts at least its time")
    func lasts() {
        let began = ContinuousClock.now
        #expect(Stop().sleep(for: .milliseconds(20)))
        #expect(ContinuousClock.now - began >= .milliseconds(20))
    }
}

@Suite struct BackoffTests {
    @Test("waits double up to the limit, spread over their upper half")
    func doubles() {
        var backoff = Backoff(first: .milliseconds(100), limit: .seconds(1))
        let steps: [Duration] = [100, 200, 400, 800, 1000, 1000].map { .milliseconds($0) }
        for step in steps {
            let wait = backoff.next()
            #expect(wait >= step / 2 && wait <= step)
        }
        backoff.reset()
        #expect(backoff.next() <= .milliseconds(100))
    }

    @Test("a long outage does not overflow")
    func bounded() {
        var backoff = Backoff(first: .milliseconds(1), limit: .seconds(30))
        for _ in 0..<1000 { #expect(backoff.next() <= .seconds(30)) }
    }
}
