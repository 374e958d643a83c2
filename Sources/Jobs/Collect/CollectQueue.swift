import Dispatch
import Exchanges
import FoundationEssentials
import Market
import Synchronization

/// A sample on its way to Postgres, and what its venue said beside it.
struct CollectedSample: Sendable {
    var sample: Sample
    var source: String
    var gap: TradeGap?
}

/// What the writer tells the reader to collect.
struct CollectOrders: Sendable {
    /// Counts the times that this process began to lead; everything read in an earlier one is void.
    var term: Int
    /// Another number with every change of `products`.
    var revision: Int
    var products: [CollectedProduct]
}

/// A product as the database has it.
struct CollectedProduct: Equatable, Sendable {
    var product: String
    var aggregation: Decimal
    var depth: Int
    /// The last trade in the database; nil: none.
    var lastTrade: Int64?
    /// As `CollectTarget` has it.
    var overtakenAt: Int64?
}

/// Failures of one product since they were last written.
struct FailureNote: Equatable, Sendable {
    var count: Int
    /// In one of a few words.
    var code: String
    var error: String
    var at: Date
}

/// Between the thread that reads venues and the one that writes to Postgres: samples one way, orders the other. Bounded.
final class CollectQueue: Sendable {
    /// What there is to write.
    struct Work: Sendable {
        var samples: [CollectedSample] = []
        var failures: [String: FailureNote] = [:]
        /// Nothing will follow.
        var isClosed = false
    }

    private struct State {
        var orders: CollectOrders?
        var work = Work()
    }

    private let limit: Int
    private let state = Mutex(State())
    private let arrival = DispatchSemaphore(value: 0)

    init(limit: Int) { self.limit = limit }

    // MARK: The reader's side

    /// Nil: somebody else leads, or nobody knows yet.
    var orders: CollectOrders? { state.withLock { $0.orders } }

    /// False: Postgres does not keep up; read no more for now.
    var hasRoom: Bool { state.withLock { $0.work.samples.count < limit } }

    /// Accepts samples of that term, and drops those of another: they do not continue what the database has.
    func put(_ samples: [CollectedSample], term: Int) {
        state.withLock { state in
            if state.orders?.term == term { state.work.samples += samples }
        }
        arrival.signal()
    }

    /// Kept per product, so that any number of failures takes no more room.
    func note(_ code: String, _ error: String, of product: String, at date: Date) {
        state.withLock { state in
            let count = state.work.failures[product]?.count ?? 0
            state.work.failures[product] = FailureNote(count: count + 1, code: code, error: error, at: date)
        }
    }

    func close() {
        state.withLock { $0.work.isClosed = true }
        arrival.signal()
    }

    // MARK: The writer's side

    var isClosed: Bool { state.withLock { $0.work.isClosed } }

    /// Closed and taken empty.
    var isFinished: Bool { state.withLock { $0.work.isClosed && $0.work.samples.isEmpty } }

    /// Waits until something comes, at most that long, and takes all there is.
    func take(waiting limit: Duration) -> Work {
        let isEmpty = state.withLock { $0.work.samples.isEmpty && !$0.work.isClosed }
        if isEmpty { _ = arrival.wait(timeout: .now() + .milliseconds(Int(limit / .milliseconds(1)))) }
        return state.withLock { state in
            defer { state.work = Work(isClosed: state.work.isClosed) }
            return state.work
        }
    }

    /// Nil ends the term: what was read in it and not taken yet is dropped.
    func order(_ orders: CollectOrders?) {
        state.withLock { state in
            if orders?.term != state.orders?.term { state.work.samples = [] }
            state.orders = orders
        }
    }
}
