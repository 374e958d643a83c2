import Foundation
import Glibc
import Synchronization

/// An HTTP/1.1 server on loopback that answers as a test tells it, faults included. One thread per connection.
public final class ScriptedServer: Sendable {
    public struct Request: Sendable {
        public var method: String
        /// As sent: path and query, still encoded.
        public var target: String
        public var path: String
        /// Decoded; of a repeated name the last.
        public var query: [String: String]
        /// Names lowercase.
        public var headers: [String: String]
        public var body: [UInt8]
        /// Which connection it came on, counted from 0.
        public var connection: Int
    }

    public typealias Handler = @Sendable (Request) -> Answer

    private struct State {
        var handler: Handler
        var requests: [Request] = []
        var connections: [Int32] = []
        var accepted = 0
        var isStopped = false
    }

    public let port: Int
    private let listener: Int32
    private let state: Mutex<State>

    public init(_ handler: @escaping Handler) throws {
        state = Mutex(State(handler: handler))
        (listener, port) = try listenOnLoopback()
        // Weakly, so that the server ends with its last owner: its deinit makes `accept` fail.
        Thread.detachNewThread { [weak self, listener] in
            while true {
                let connection = accept(listener, nil, nil)
                guard connection >= 0 else { break }
                self?.begin(connection)
            }
            close(listener)
        }
    }

    deinit { stop() }

    public var url: String { "http://127.0.0.1:\(port)" }
    public var requests: [Request] { state.withLock { $0.requests } }
    public var connectionCount: Int { state.withLock { $0.accepted } }

    public func answer(_ handler: @escaping Handler) { state.withLock { $0.handler = handler } }

    /// Closes everything, as a server does that dies.
    public func stop() {
        state.withLock { state in
            guard !state.isStopped else { return }
            state.isStopped = true
            shutdown(listener, Int32(SHUT_RDWR))
            // Under the lock, as every close is: a number closed meanwhile may be somebody else's connection already.
            for connection in state.connections { shutdown(connection, Int32(SHUT_RDWR)) }
            state.connections = []
        }
    }

    private func begin(_ connection: Int32) {
        var on: Int32 = 1
        setsockopt(connection, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
        let number = state.withLock { state in
            state.connections.append(connection)
            state.accepted += 1
            return state.accepted - 1
        }
        Thread.detachNewThread { self.serve(connection, number) }
    }

    private func serve(_ connection: Int32, _ number: Int) {
        var reader = RequestReader(connection: connection, number: number)
        while let request = reader.next() {
            let handler = state.withLock { state in
                state.requests.append(request)
                return state.handler
            }
            guard handler(request).send(to: connection, isHead: request.method == "HEAD") else { break }
        }
        state.withLock { state in
            state.connections.removeAll { $0 == connection }
            close(connection)
        }
    }
}

/// Cuts one connection's bytes into requests.
private struct RequestReader {
    let connection: Int32
    let number: Int
    private var buffer: [UInt8] = []

    init(connection: Int32, number: Int) {
        self.connection = connection
        self.number = number
    }

    mutating func next() -> ScriptedServer.Request? {
        let end = Array("\r\n\r\n".utf8)
        while true {
            if let range = buffer.firstRange(of: end) {
                let head = String(decoding: buffer[..<range.lowerBound], as: UTF8.self)
                buffer.removeSubrange(..<range.upperBound)
                return request(head)
            }
            guard read() else { return nil }
        }
    }

    private mutating func read() -> Bool {
        var chunk = [UInt8](repeating: 0, count: 64 << 10)
        let count = recv(connection, &chunk, chunk.count, 0)
        if count > 0 { buffer += chunk[..<count] }
        return count > 0
    }

    private mutating func request(_ head: String) -> ScriptedServer.Request? {
        let lines = head.components(separatedBy: "\r\n")
        let words = lines[0].split(separator: " ")
        guard words.count == 3, let parts = URLComponents(string: String(words[1])) else { return nil }
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
            guard let colon = line.firstIndex(of: ":") else { continue }
            headers[line[..<colon].lowercased()] = line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
        }
        let length = headers["content-length"].flatMap { Int($0) } ?? 0
        while buffer.count < length { guard read() else { return nil } }
        defer { buffer.removeFirst(length) }
        let query = Dictionary((parts.queryItems ?? []).map { ($0.name, $0.value ?? "") }) { $1 }
        return ScriptedServer.Request(
            method: String(words[0]), target: String(words[1]), path: parts.path, query: query, headers: headers,
            body: Array(buffer[..<length]), connection: number)
    }
}
