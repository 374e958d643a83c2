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

    /// - Parameter patience: for connection and answer together.
    public init(_ endpoint: Endpoint, patience: Duration = .seconds(3)) {
        self.endpoint = endpoint
        self.patience = patience
    }

    /// Throws when nobody listens, when no whole answer comes in time, and when it is no answer to a FastCGI request.
    public func get(_ path: String) throws(InquiryError) -> Answer {
        let deadline = ContinuousClock.now + patience
        let descriptor = try connected(until: deadline)
        defer { close(descriptor) }
        try send(Self.request(path), over: descriptor, until: deadline)
        return try Self.answer(in: output(of: descriptor, until: deadline), from: endpoint)
    }

    // MARK: - Records

    private static func request(_ path: String) -> [UInt8] {
        let pairs = [("REQUEST_METHOD", "GET"), ("REQUEST_URI", path), ("REQUEST_ID", "probe")]
        // A name or value of up to 127 bytes has its length in one.
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
            let content = try read(Int(head[4]) << 8 | Int(head[5]), from: descriptor, until: deadline)
            _ = try read(Int(head[6]), from: descriptor, until: deadline)
            switch head[1] {
            case 3: return output
            case 6: output += content
            default: continue
            }
        }
        throw InquiryError(endpoint: "\(endpoint)", reason: "the answer is longer than \(Self.limit) bytes")
    }

    private static func answer(in output: [UInt8], from endpoint: Endpoint) throws(InquiryError) -> Answer {
        let text = String(decoding: output, as: UTF8.self)
        let parts = text.split(separator: "\r\n\r\n", maxSplits: 1, omittingEmptySubsequences: false)
        let status = parts[0].split(separator: "\r\n").first { $0.hasPrefix("Status: ") }
        guard parts.count == 2, let status, let code = Int(status.dropFirst(8).prefix(3)) else {
            throw InquiryError(endpoint: "\(endpoint)", reason: "the answer has no status")
        }
        return Answer(status: code, body: String(parts[1]))
    }

    // MARK: - The socket

    private func connected(until deadline: ContinuousClock.Instant) throws(InquiryError) -> Int32 {
        switch endpoint {
        case .socket(let path, _):
            var address = sockaddr_un()
            address.sun_family = sa_family_t(AF_UNIX)
            guard path.utf8.count < MemoryLayout.size(ofValue: address.sun_path) else { throw failed("the path is too long") }
            withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
            return try connected(AF_UNIX, &address, until: deadline)
        case .tcp(let host, let port):
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = port.bigEndian
            guard inet_pton(AF_INET, host, &address.sin_addr) == 1 else { throw failed("\(host) is not an IPv4 address") }
            return try connected(AF_INET, &address, until: deadline)
        }
    }

    private func connected<Address>(
        _ family: Int32, _ address: inout Address, until deadline: ContinuousClock.Instant
    ) throws(InquiryError) -> Int32 {
        let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
        let descriptor = socket(family, kind, 0)
        guard descriptor >= 0 else { throw failed(String(cString: strerror(errno))) }
        let code = withUnsafeBytes(of: &address) {
            connect(descriptor, $0.baseAddress!.assumingMemoryBound(to: sockaddr.self), socklen_t($0.count))
        }
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
    public let endpoint: String
    public let reason: String

    public var description: String { "\(endpoint): \(reason)" }
}
