import Glibc
import Synchronization

/// The request to end: set once, by a signal or by the program, seen by every loop and every sleep.
///
/// A loop finishes its unit of work, sees `isRequested` and returns; a wait returns at once.
public final class Stop: Sendable {
    private let requested = Atomic(false)
    /// Becomes readable, and stays so, once the stop is requested: `poll(2)` on it wakes every sleeper.
    private let pipeRead: Int32
    private let pipeWrite: Int32

    public init() {
        var ends: [Int32] = [-1, -1]
        // Without two file descriptors the process can neither wait nor end in order.
        guard pipe(&ends) == 0 else { SystemLimit.reached("no file descriptors left") }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        (pipeRead, pipeWrite) = (ends[0], ends[1])
    }

    deinit {
        close(pipeRead)
        close(pipeWrite)
    }

    public var isRequested: Bool { requested.load(ordering: .sequentiallyConsistent) }

    /// A descriptor that becomes readable with the request; for loops that poll other descriptors as well.
    public var descriptor: Int32 { pipeRead }

    public func request() {
        guard !requested.exchange(true, ordering: .sequentiallyConsistent) else { return }
        var byte: UInt8 = 1
        _ = write(pipeWrite, &byte, 1)
    }

    /// Sleeps until the deadline of the monotonic clock; false if the stop came first.
    public func sleep(until deadline: ContinuousClock.Instant) -> Bool {
        while !isRequested {
            let left = ContinuousClock.now.duration(to: deadline)
            guard left > .zero else { return true }
            let (seconds, attoseconds) = left.components
            // Rounded up: a wait that ends early would be taken again, for nothing.
            let milliseconds = seconds > 3600 ? 3_600_000 : seconds * 1000 + attoseconds / 1_000_000_000_000_000 + 1
            var poller = pollfd(fd: pipeRead, events: Int16(POLLIN), revents: 0)
            _ = poll(&poller, 1, Int32(milliseconds))
        }
        return false
    }

    public func sleep(for duration: Duration) -> Bool { sleep(until: .now + duration) }
}

extension Stop {
    /// Turns SIGTERM and SIGINT into this request. Call once, before any other thread starts: the signals are blocked here and
    /// so in every later thread, and one thread waits for them, so that no code ever runs inside a signal handler.
    /// A later second signal ends the process at once, for a person who will not wait. Within the first second it is taken for
    /// an echo: a supervisor, or `timeout`, may signal the process and then its group.
    public func onSignals() {
        var set = sigset_t()
        sigemptyset(&set)
        sigaddset(&set, SIGTERM)
        sigaddset(&set, SIGINT)
        pthread_sigmask(SIG_BLOCK, &set, nil)
        signal(SIGPIPE, SIG_IGN)
        Thread.detach(stackBytes: 256 << 10) { [self] in
            var set = sigset_t()
            sigemptyset(&set)
            sigaddset(&set, SIGTERM)
            sigaddset(&set, SIGINT)
            var received: Int32 = 0
            var first: ContinuousClock.Instant?
            while sigwait(&set, &received) == 0 {
                if let first, first.duration(to: .now) > .seconds(1) { _exit(128 + received) }
                if first == nil { first = .now }
                request()
            }
        }
    }
}
