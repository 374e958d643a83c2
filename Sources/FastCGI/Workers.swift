import Runtime
import Synchronization

/// How many workers of a server still run.
final class Workers: Sendable {
    private let count: Mutex<Int>
    /// Requested by the last worker: what is waited for is the end, and by a clock that nobody sets.
    private let allEnded = Stop()

    init(count: Int) { self.count = Mutex(count) }

    var running: Int { count.withLock { $0 } }

    func ended() {
        let last = count.withLock { count in
            count -= 1
            return count == 0
        }
        if last { allEnded.request() }
    }

    /// False if some still run when the time is over.
    func wait(for time: Duration) -> Bool { !allEnded.sleep(for: time) }
}
