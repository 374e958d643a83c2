import Runtime
import Synchronization

/// Work on a thread of its own beside the test.
public final class Background<Value: Sendable> {
    private let outcome: Outcome
    private var thread: Thread?

    private final class Outcome: Sendable {
        let result = Mutex<Result<Value, any Error>?>(nil)
    }

    public init(_ work: @escaping @Sendable () throws -> Value) {
        let outcome = Outcome()
        self.outcome = outcome
        thread = Thread(stackBytes: 4 << 20) {
            let result = Result { try work() }
            outcome.result.withLock { $0 = result }
        }
    }

    /// Waits for the end; throws what the work threw. Call once.
    public func value() throws -> Value {
        thread.take()?.join()
        guard let result = outcome.result.withLock({ $0 }) else { throw ClusterError(message: "the work did not end") }
        return try result.get()
    }
}
