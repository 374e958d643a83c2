internal import CFastCGI
import Glibc
import Runtime
import Synchronization

/// The connections of a server that no worker holds: those that are to come, and those that nginx keeps for later requests.
///
/// libfcgi gives each connection a thread for as long as it is open, so that one which nginx keeps but does not use would keep
/// that thread from all others. Here it waits in epoll(7), and a worker takes it when its next request arrives.
final class Connections: Sendable {
    private let listening: ListeningSocket
    private let stop: Int32
    private let epoll: Int32
    private let parked = Mutex<Set<Int32>>([])

    /// - Parameter stop: becomes readable when the server is to end.
    init(_ listening: ListeningSocket, stop: Int32) {
        self.listening = listening
        self.stop = stop
        epoll = epoll_create1(Int32(EPOLL_CLOEXEC))
        guard epoll >= 0 else { SystemLimit.reached("no file descriptors left") }
        control(EPOLL_CTL_ADD, listening.descriptor, EPOLLIN.rawValue | EPOLLRDHUP.rawValue)
        control(EPOLL_CTL_ADD, stop, EPOLLIN.rawValue | EPOLLONESHOT.rawValue)
    }

    deinit {
        for descriptor in parked.withLock({ $0 }) { close(descriptor) }
        close(epoll)
    }

    /// Waits for a connection with data in it; from here on it is the caller's. Nil: the server ends, and nothing waits any more.
    ///
    /// - Throws: what keeps connections from being accepted. Others may give back what is missing.
    func next() throws(AcceptError) -> Int32? {
        var ending = false
        // Whoever was woken for the end wakes the next one.
        defer { if ending { control(EPOLL_CTL_MOD, stop, EPOLLIN.rawValue | EPOLLONESHOT.rawValue) } }
        while true {
            var event = epoll_event()
            let count = epoll_wait(epoll, &event, 1, ending ? 0 : -1)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return nil }
            switch event.data.fd {
            case stop: ending = true
            case listening.descriptor:
                let isShut = event.events & (EPOLLRDHUP.rawValue | EPOLLHUP.rawValue) != 0
                try acceptAll(lastOnes: isShut)
            case let descriptor:
                parked.withLock { _ = $0.remove(descriptor) }
                return descriptor
            }
        }
    }

    /// Takes a connection back that may bring another request.
    func park(_ descriptor: Int32) {
        parked.withLock { _ = $0.insert(descriptor) }
        // Told of once, and not again until it is parked again: so one worker at a time has it.
        let events = EPOLLIN.rawValue | EPOLLONESHOT.rawValue
        if !control(EPOLL_CTL_MOD, descriptor, events) { control(EPOLL_CTL_ADD, descriptor, events) }
    }

    /// Parks what has arrived: behind the connections that are ready already, so that nobody is served before his turn, and
    /// somebody who connects and says nothing keeps no worker.
    ///
    /// - Parameter lastOnes: nothing joins the queue any more.
    private func acceptAll(lastOnes: Bool) throws(AcceptError) {
        while true {
            let descriptor = accept(listening.descriptor, nil, nil)
            if descriptor >= 0 {
                listening.prepare(descriptor)
                park(descriptor)
                continue
            }
            switch errno {
            case EINTR, ECONNABORTED: continue
            case EAGAIN, EINVAL:
                if lastOnes { control(EPOLL_CTL_DEL, listening.descriptor, 0) }
                return
            default: throw AcceptError(number: errno)
            }
        }
    }

    @discardableResult
    private func control(_ operation: Int32, _ descriptor: Int32, _ events: UInt32) -> Bool {
        var event = epoll_event()
        event.events = events
        event.data.fd = descriptor
        return epoll_ctl(epoll, operation, descriptor, &event) == 0
    }
}

/// `accept(2)` failed for want of descriptors or memory.
struct AcceptError: Error, CustomStringConvertible {
    let number: Int32

    var description: String { String(cString: strerror(number)) }
}
