import Glibc
import Synchronization

/// How many workers of a server still run.
final class Workers: Sendable {
    private let count: Mutex<Int>
    /// Posted by the last worker.
    private let allEnded = Semaphore()

    init(count: Int) { self.count = Mutex(count) }

    var running: Int { count.withLock { $0 } }

    func ended() {
        let last = count.withLock { count in
            count -= 1
            return count == 0
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
