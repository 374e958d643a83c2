import Foundation
import Market
import Runtime
import Testing

@testable import Jobs
@testable import Warehouse

@Suite("Collect ledger")
struct CollectLedgerTests {
    private func target(_ product: String, _ lastTrade: Int64?, at seconds: TimeInterval?) -> CollectTarget {
        CollectTarget(
            product: product, aggregation: 10, depth: 3, lastTrade: lastTrade,
            lastSampleAt: seconds.map { Date(timeIntervalSince1970: 1_700_000_000 + $0) })
    }

    /// `#expect` itself takes no call that mutates.
    private func check(_ isTrue: Bool, at place: SourceLocation = #_sourceLocation) { #expect(isTrue, sourceLocation: place) }

    /// Two products, each with a sample in the database and another in hand.
    private func ledger() -> CollectLedger {
        var ledger = CollectLedger()
        ledger.adopt([target("a", 1, at: 1), target("b", nil, at: nil)])
        ledger.take([sample("a", sequence: 5, at: 2.123456), sample("b", sequence: 7, at: 2.5)])
        return ledger
    }

    @Test("a COMMIT that did not take effect leaves the samples in hand")
    func notCommitted() {
        var ledger = ledger()
        check(ledger.reconcile(with: [target("a", 1, at: 1), target("b", nil, at: nil)]))
        #expect(ledger.inHand.count == 2)
    }

    @Test("a COMMIT that took effect, though its answer was lost, is not made twice")
    func committed() {
        var ledger = ledger()
        check(ledger.reconcile(with: [target("a", 5, at: 2.123456), target("b", 7, at: 2.5)]))
        #expect(ledger.inHand.isEmpty)
        check(ledger.reconcile(with: [target("a", 5, at: 2.123456), target("b", 7, at: 2.5)]))
    }

    @Test("samples of somebody else end it, also when no trade came with them")
    func foreign() {
        for found in [target("a", 6, at: 3), target("a", 1, at: 3), target("a", 5, at: 2.2)] {
            var ledger = ledger()
            check(!ledger.reconcile(with: [found, target("b", nil, at: nil)]))
        }
    }

    @Test("products that came or went do not matter")
    func otherProducts() {
        var ledger = ledger()
        check(ledger.reconcile(with: [target("a", 1, at: 1), target("new", nil, at: nil)]))
        check(!ledger.reconcile(with: [target("a", 1, at: 1), target("new", 3, at: 1)]))
    }

    @Test("what is confirmed or dropped is no longer in hand")
    func confirm() {
        var ledger = ledger()
        ledger.drop("b")
        #expect(ledger.inHand.map(\.sample.product) == ["a"])
        ledger.confirm()
        #expect(ledger.inHand.isEmpty)
        check(ledger.reconcile(with: [target("a", 5, at: 2.123456), target("b", nil, at: nil)]))
    }
}

@Suite("Collect queue")
struct CollectQueueTests {
    private let orders = CollectOrders(term: 1, revision: 1, products: [])

    @Test("samples of another term are dropped, on both sides")
    func terms() {
        let queue = CollectQueue(limit: 3)
        queue.put([sample("a", sequence: 1)], term: 1)
        #expect(queue.take(waiting: .zero).samples.isEmpty)
        queue.order(orders)
        queue.put([sample("a", sequence: 1)], term: 1)
        queue.put([sample("a", sequence: 2)], term: 2)
        #expect(queue.take(waiting: .zero).samples.map(\.sample.flow.sequence) == [1])
        queue.put([sample("a", sequence: 1)], term: 1)
        queue.order(nil)
        #expect(queue.take(waiting: .zero).samples.isEmpty)
    }

    @Test("it says when it is full, and keeps what was accepted")
    func full() {
        let queue = CollectQueue(limit: 3)
        queue.order(orders)
        queue.put([sample("a", sequence: 1), sample("b", sequence: 1)], term: 1)
        #expect(queue.hasRoom)
        queue.put([sample("a", sequence: 2), sample("b", sequence: 2)], term: 1)
        #expect(!queue.hasRoom)
        #expect(queue.take(waiting: .zero).samples.count == 4)
        #expect(queue.hasRoom)
    }

    @Test("failures take one place per product, however many they are")
    func failures() {
        let queue = CollectQueue(limit: 3)
        let date = Date(timeIntervalSince1970: 1)
        for number in 1...1000 { queue.note("down", "error \(number)", of: "a", at: date) }
        #expect(queue.take(waiting: .zero).failures == ["a": FailureNote(count: 1000, code: "down", error: "error 1000", at: date)])
        #expect(queue.take(waiting: .zero).failures.isEmpty)
    }

    @Test("taking waits for something to come, and no longer")
    func waiting() {
        let queue = CollectQueue(limit: 3)
        queue.order(orders)
        let clock = ContinuousClock()
        #expect(clock.measure { _ = queue.take(waiting: .milliseconds(100)) } >= .milliseconds(99))
        let closer = Runtime.Thread {
            usleep(100_000)
            queue.close()
        }
        let took = clock.measure { #expect(queue.take(waiting: .seconds(20)).isClosed) }
        #expect(took < .seconds(5))
        closer.join()
        #expect(queue.isFinished)
    }
}
