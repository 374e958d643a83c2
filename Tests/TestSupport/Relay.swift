import Foundation
import Synchronization

/// Stands on a port of 127.0.0.1 before a server on another one, and passes on what both sides say. Its connections end with it.
public final class Relay: Sendable {
    public let port: Int
    private let listener: Int32
    private let state = State()

    private final class State: Sendable {
        let isHolding = Mutex(false)

        /// Whether it did hold.
        func release() -> Bool {
            isHolding.withLock { isHolding in
                defer { isHolding = false }
                return isHolding
            }
        }
    }

    /// A client, and what was opened for it.
    private struct Pair {
        let client: Int32
        let server: Connected
    }

    public init(to server: Int) throws {
        (listener, port) = try listenOnLoopback()
        Thread.detachNewThread { [listener, state] in Self.serve(listener, server, state) }
    }

    deinit { shutdown(listener, Int32(SHUT_RDWR)) }

    /// From now on keeps back what the server says, until a client comes: what that one asks never reaches the server.
    public func holdUntilNextConnection() { state.isHolding.withLock { $0 = true } }

    private static func serve(_ listener: Int32, _ server: Int, _ state: State) {
        var pairs: [Pair] = []
        var unheard: [Int32] = []
        while true {
            let isHolding = state.isHolding.withLock { $0 }
            let said = ready([listener] + pairs.flatMap { isHolding ? [$0.client] : [$0.client, $0.server.descriptor] })
            if said.contains(listener) {
                let client = accept(listener, nil, nil)
                guard client >= 0 else { break }
                if !state.release(), let connected = try? Connected(port: server) {
                    pairs.append(Pair(client: client, server: connected))
                } else {
                    unheard.append(client)
                }
            }
            // A hold may have begun since.
            let passed = state.isHolding.withLock { $0 } ? [] : said
            pairs.removeAll { pair in
                let (client, server) = (pair.client, pair.server.descriptor)
                let isOver = said.contains(client) && !move(client, server) || passed.contains(server) && !move(server, client)
                if isOver { close(client) }
                return isOver
            }
        }
        for descriptor in pairs.map(\.client) + unheard + [listener] { close(descriptor) }
    }

    /// Those that have something to say, or have closed; waits for the first.
    private static func ready(_ descriptors: [Int32]) -> Set<Int32> {
        var polled = descriptors.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        while poll(&polled, nfds_t(polled.count), -1) < 0 {}
        return Set(polled.filter { $0.revents != 0 }.map(\.fd))
    }

    /// False when the one has closed or the other takes nothing any more.
    private static func move(_ from: Int32, _ to: Int32) -> Bool {
        var bytes = [UInt8](repeating: 0, count: 64 << 10)
        let count = recv(from, &bytes, bytes.count, 0)
        return count > 0 && send(to, bytes, count, Int32(MSG_NOSIGNAL)) == count
    }
}
