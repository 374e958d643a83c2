import Glibc

/// One GET over FastCGI, as nginx would send it: asks a server whether it answers.
///
/// Source: the FastCGI specification 1.0, section 3.
public struct Inquiry: Sendable {
    /// What the server said.
    public struct Answer: Equatable, Sendable {
        /// The HTTP status.
        public let status: Int
        /// Without the head.
        public let body: String
    }

    private let endpoint: Endpoint
    private let patience: Duration
    /// A server that says more is not one of ours.
    private static let limit = 1 << 20
    /// Bytes of a path with its query: a name or a value of so many has its length in one byte.
    public static let pathLimit = 127

    /// - Parameter patience: for connection and answer together.
    public init(_ endpoint: Endpoint, patience: Duration = .seconds(3)) {
        self.endpoint = endpoint
        self.patience = patience
    }

    /// Throws when the path is longer than `pathLimit`, when nobody listens, when no whole answer comes in time, and when it is no answer to
    /// a FastCGI request.
    public func get(_ path: String) throws(InquiryError) -> Answer {
        guard path.utf8.count <= Self.pathLimit else { throw failed("a path has at most \(Self.pathLimit) bytes") }
        let deadline = ContinuousClock.now + patience
        let descriptor = try connected(until: deadline)
        defer { close(descriptor) }
        try send(Self.request(path), over: descriptor, until: deadline)
        return try answer(in: output(of: descriptor, until: deadline))
    }

    // MARK: - Records

    private static func request(_ path: String) -> [UInt8] {
        let pairs = [("REQUEST_METHOD", "GET"), ("REQUEST_URI", path), ("REQUEST_ID", "probe")]
        let parameters = pairs.flatMap { [UInt8($0.utf8.count), UInt8($1.utf8.count)] + Array($0.utf8) + Array($1.utf8) }
        // Begin as a responder that closes the connection, the parameters and their end, no body.
        return record(1, [0, 1, 0, 0, 0, 0, 0, 0]) + record(4, parameters) + record(4, []) + record(5, [])
    }

    private static func record(_ type: UInt8, _ content: [UInt8]) -> [UInt8] {
        [1, type, 0, 1, UInt8(content.count >> 8), UInt8(content.count & 0xff), 0, 0] + content
    }

    /// What the server wrote to its standard output.
    private func output(of descriptor: Int32, until deadline: ContinuousClock.Instant) throws(InquiryError) -> [UInt8] {
        var output: [UInt8] = []
        while output.count < Self.limit {
            let head = try read(8, from: descriptor, until: deadline)
            guard head[0] == 1 else { throw failed("it does not speak FastCGI") }
            let content = try read(Int(head[4]) << 8 | Int(head[5]), from: descriptor, until: deadline)
            _ = try read(Int(head[6]), from: descriptor, until: deadline)
            switch head[1] {
            case 3: return output
            case 6: output += content
            default: continue
            }
        }
        throw failed("the answer is longer than \(Self.limit) bytes")
    }

    private func answer(in output: [UInt8]) throws(InquiryError) -> Answer {
        let text = String(decoding: output, as: UTF8.self)
        let parts = text.split(separator: "\r\n\r\n", maxSplits: 1, omittingEmptySubsequences: false)
        let status = parts[0].split(separator: "\r\n").first { $0.hasPrefix("Status: ") }
        guard parts.count == 2, let status, let code = Int(status.dropFirst(8).prefix(3)) else {
            throw failed("the answer has no status")
        }
        return Answer(status: code, body: String(parts[1]))
    }

    // MARK: - The socket

    private func connected(until deadline: ContinuousClock.Instant) throws(InquiryError) -> Int32 {
        let opened: (descriptor: Int32, address: SocketAddress)
        do { opened = try endpoint.socket() } catch { throw failed(error.reason) }
        let descriptor = opened.descriptor
        let code = opened.address.with { connect(descriptor, $0, $1) }
        do throws(InquiryError) {
            guard code != 0 else { return descriptor }
            guard errno == EINPROGRESS else { throw failed(String(cString: strerror(errno))) }
            try wait(for: POLLOUT, descriptor, until: deadline)
            var number: Int32 = 0
            var length = socklen_t(MemoryLayout<Int32>.size)
            getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &number, &length)
            guard number == 0 else { throw failed(String(cString: strerror(number))) }
            return descriptor
        } catch {
            close(descriptor)
            throw error
        }
    }

    private func send(_ bytes: [UInt8], over descriptor: Int32, until deadline: ContinuousClock.Instant) throws(InquiryError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            try wait(for: POLLOUT, descriptor, until: deadline)
            let count = rest.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            if count < 0, errno == EAGAIN || errno == EINTR { continue }
            guard count > 0 else { throw failed(String(cString: strerror(errno))) }
            rest = rest.dropFirst(count)
        }
    }

    private func read(_ count: Int, from descriptor: Int32, until deadline: ContinuousClock.Instant) throws(InquiryError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        var filled = 0
        while filled < count {
            try wait(for: POLLIN, descriptor, until: deadline)
            let got = bytes[filled...].withUnsafeMutableBytes { Glibc.read(descriptor, $0.baseAddress, $0.count) }
            if got < 0, errno == EAGAIN || errno == EINTR { continue }
            guard got > 0 else { throw failed("the connection ended before the answer did") }
            filled += got
        }
        return bytes
    }

    private func wait(for events: Int32, _ descriptor: Int32, until deadline: ContinuousClock.Instant) throws(InquiryError) {
        while true {
            let left = ContinuousClock.now.duration(to: deadline) / .milliseconds(1)
            guard left > 0 else { throw failed("no answer in \(patience)") }
            var poller = pollfd(fd: descriptor, events: Int16(events), revents: 0)
            if poll(&poller, 1, Int32(min(left.rounded(.up), 3_600_000))) > 0 { return }
        }
    }

    private func failed(_ reason: String) -> InquiryError { InquiryError(endpoint: "\(endpoint)", reason: reason) }
}

/// A server that did not answer.
public struct InquiryError: Error, Equatable, CustomStringConvertible {
    /// Where nobody answered well: a path, or `HOST:PORT`.
    public let endpoint: String
    /// What is in the way, in the system's words or ours.
    public let reason: String

    public var description: String { "\(endpoint): \(reason)" }
}
