import Glibc
import Synchronization

/// How many workers run, and on which kept connections they wait; what the end of a server needs to know.
final class Workers: Sendable {
    private struct State {
        var running: Int
        var kept: Set<Int32> = []
        var closing = false
    }

    private let state: Mutex<State>
    /// Posted by the last worker.
    private let allEnded: Semaphore

    init(count: Int) {
        state = Mutex(State(running: count))
        allEnded = Semaphore()
    }

    var running: Int { state.withLock { $0.running } }

    /// Called before a worker waits; false if the server ends and the connection it would wait on must not keep it.
    func waits(on kept: Int32?) -> Bool {
        guard let kept else { return true }
        return state.withLock { state in
            if !state.closing { state.kept.insert(kept) }
            return !state.closing
        }
    }

    func serves(_ kept: Int32?) {
        guard let kept else { return }
        state.withLock { _ = $0.kept.remove(kept) }
    }

    /// Frees the workers that wait for another request on a connection nginx keeps open.
    ///
    /// libfcgi may have closed such a connection in the meantime and the number may name another: then one request
    /// that was just arriving at a server that ends is refused.
    func closeKeptConnections() {
        state.withLock { state in
            state.closing = true
            for descriptor in state.kept { _ = shutdown(descriptor, Int32(SHUT_RD)) }
        }
    }

    func ended() {
        let last = state.withLock { state in
            state.running -= 1
            return state.running == 0
        }
        if last { allEnded.post() }
    }

    /// False if some still run when the time is over.
    func wait(for time: Duration) -> Bool { allEnded.wait(for: time) }
}

/// A POSIX semaphore.
///
/// The pointer is set once, and the functions that take it are safe from any thread.
private final class Semaphore: @unchecked Sendable {
    private let semaphore: UnsafeMutablePointer<sem_t>

    init() {
        semaphore = .allocate(capacity: 1)
        semaphore.initialize(to: sem_t())
        sem_init(semaphore, 0, 0)
    }

    deinit {
        sem_destroy(semaphore)
        semaphore.deallocate()
    }

    func post() { sem_post(semaphore) }

    func wait(for time: Duration) -> Bool {
        var deadline = timespec()
        clock_gettime(CLOCK_REALTIME, &deadline)
        let nanoseconds = deadline.tv_nsec + Int(time.components.attoseconds / 1_000_000_000)
        deadline.tv_sec += Int(time.components.seconds) + nanoseconds / 1_000_000_000
        deadline.tv_nsec = nanoseconds % 1_000_000_000
        while sem_timedwait(semaphore, &deadline) != 0 {
            if errno != EINTR { return false }
        }
        return true
    }
}
