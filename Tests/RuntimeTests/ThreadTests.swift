import Runtime
import Synchronization
import Testing

@Suite struct ThreadTests {
    private struct Odd: Error, Equatable { let number: Int }

    @Test("what runs at once runs at once, and each result stands at its number, errors too")
    func concurrently() {
        let arrived = Mutex(0)
        let results = Thread.concurrently(5) { index in
            arrived.withLock { $0 += 1 }
            // None goes on before all are there.
            while arrived.withLock({ $0 }) < 5 {}
            if index % 2 == 1 { throw Odd(number: index) }
            return index * 10
        }
        #expect(results.map { try? $0.get() } == [0, nil, 20, nil, 40])
        #expect(throws: Odd(number: 3)) { try results[3].get() }
    }

    @Test("of no threads there are no results")
    func none() {
        #expect(Thread.concurrently(0) { $0 }.isEmpty)
    }
}
