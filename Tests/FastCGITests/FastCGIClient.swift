import FastCGI
import Glibc

/// The web server's side of the protocol, as far as tests need it: one request per connection, records byte by byte.
/// Source: the FastCGI specification 1.0, section 3.
final class FastCGIClient {
    struct Answer {
        var status = ""
        var headers: [String: String] = [:]
        var body: [UInt8] = []
        /// Whether the end-of-request record came.
        var isComplete = false

        var text: String { String(decoding: body, as: UTF8.self) }
    }

    let descriptor: Int32

    init(_ endpoint: Endpoint) throws {
        switch endpoint {
        case .socket(let path, _):
            descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
            var address = sockaddr_un()
            address.sun_family = sa_family_t(AF_UNIX)
            withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
            try FastCGIClient.connect(descriptor, &address)
        case .tcp(let host, let port):
            descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = port.bigEndian
            inet_pton(AF_INET, host, &address.sin_addr)
            try FastCGIClient.connect(descriptor, &address)
        }
        // A server that never answers fails the test; it does not hang it.
        var patience = timeval(tv_sec: 20, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
    }

    deinit { close(descriptor) }

    struct ConnectError: Error { let number: Int32 }

    private static func connect<Address>(_ descriptor: Int32, _ address: inout Address) throws {
        let code = withUnsafeBytes(of: &address) {
            Glibc.connect(descriptor, $0.baseAddress!.assumingMemoryBound(to: sockaddr.self), socklen_t($0.count))
        }
        guard code == 0 else { throw ConnectError(number: errno) }
    }

    static func record(_ type: UInt8, _ content: [UInt8], id: UInt8 = 1) -> [UInt8] {
        [1, type, 0, id, UInt8(content.count >> 8), UInt8(content.count & 0xff), 0, 0] + content
    }

    static func parameters(_ pairs: [(String, String)]) -> [UInt8] {
        pairs.flatMap { name, value in length(name) + length(value) + Array(name.utf8) + Array(value.utf8) }
    }

    private static func length(_ text: String) -> [UInt8] {
        let count = text.utf8.count
        return count < 128
            ? [UInt8(count)] : [UInt8(count >> 24) | 0x80, UInt8(count >> 16 & 0xff), UInt8(count >> 8 & 0xff), UInt8(count & 0xff)]
    }

    static func request(_ pairs: [(String, String)], body: [UInt8] = [], keep: Bool = false) -> [UInt8] {
        var bytes = record(1, [0, 1, keep ? 1 : 0, 0, 0, 0, 0, 0]) + record(4, parameters(pairs)) + record(4, [])
        if !body.isEmpty { bytes += record(5, body) }
        return bytes + record(5, [])
    }

    func send(_ bytes: [UInt8]) {
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            guard count > 0 else { return }
            sent += count
        }
    }

    private func read(_ count: Int) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: count)
        var filled = 0
        while filled < count {
            let got = bytes[filled...].withUnsafeMutableBytes { Glibc.read(descriptor, $0.baseAddress, $0.count) }
            guard got > 0 else { return nil }
            filled += got
        }
        return bytes
    }

    /// Reads up to the end of the request, or of the connection.
    func answer() -> Answer {
        var output: [UInt8] = []
        var answer = Answer()
        while !answer.isComplete, let head = read(8), let content = read(Int(head[4]) << 8 | Int(head[5])), read(Int(head[6])) != nil {
            if head[1] == 6 { output += content }
            answer.isComplete = head[1] == 3
        }
        guard let end = output.indices.first(where: { output[$0...].starts(with: [13, 10, 13, 10]) }) else { return answer }
        for line in String(decoding: output[..<end], as: UTF8.self).split(separator: "\r\n") {
            let parts = line.split(separator: ":", maxSplits: 1)
            let value = parts[1].drop { $0 == " " }
            if parts[0] == "Status" { answer.status = String(value) } else { answer.headers[String(parts[0])] = String(value) }
        }
        answer.body = Array(output[(end + 4)...])
        return answer
    }

    static func get(_ endpoint: Endpoint, _ target: String, _ extra: [(String, String)] = [], method: String = "GET") throws -> Answer {
        let client = try FastCGIClient(endpoint)
        client.send(request([("REQUEST_METHOD", method), ("REQUEST_URI", target), ("REQUEST_ID", "id-1")] + extra))
        return client.answer()
    }
}
