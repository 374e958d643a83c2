import Foundation

struct HTTPAnswer {
    var status = 0
    /// By names in lower case.
    var headers: [String: String] = [:]
    var body: [UInt8] = []

    var text: String { String(decoding: body, as: UTF8.self) }
}

/// One connection to 127.0.0.1 that sends bytes as they are, so that tests can send what no library would.
final class HTTPClient {
    struct Failure: Error { let what: String }

    private let descriptor: Int32
    private var pending: [UInt8] = []

    init(port: Int) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        let code = withUnsafeBytes(of: &address) {
            connect(descriptor, $0.baseAddress!.assumingMemoryBound(to: sockaddr.self), socklen_t($0.count))
        }
        guard code == 0 else {
            close(descriptor)
            throw Failure(what: "connect: \(String(cString: strerror(errno)))")
        }
        var patience = timeval(tv_sec: 30, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
    }

    deinit { close(descriptor) }

    func ask(_ target: String, _ headers: [String: String] = [:], method: String = "GET") throws -> HTTPAnswer {
        let fields = headers.map { "\($0.key): \($0.value)\r\n" }.joined()
        send(Array("\(method) \(target) HTTP/1.1\r\nHost: test\r\n\(fields)\r\n".utf8))
        return try answer(hasBody: method != "HEAD")
    }

    func send(_ bytes: [UInt8]) {
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes { Foundation.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            guard count > 0 else { return }
            sent += count
        }
    }

    /// Throws when the connection ends before the answer does.
    func answer(hasBody: Bool = true) throws -> HTTPAnswer {
        var answer = HTTPAnswer()
        let head = try read(until: Array("\r\n\r\n".utf8))
        let lines = String(decoding: head, as: UTF8.self).components(separatedBy: "\r\n")
        answer.status = Int(lines[0].split(separator: " ").dropFirst().first ?? "") ?? 0
        for line in lines.dropFirst() where !line.isEmpty {
            let parts = line.split(separator: ":", maxSplits: 1)
            answer.headers[parts[0].lowercased()] = parts[1].trimmingCharacters(in: .whitespaces)
        }
        guard hasBody, answer.status != 304, answer.status != 204 else { return answer }
        if answer.headers["transfer-encoding"] == "chunked" {
            while true {
                let size = Int(String(decoding: try read(until: [13, 10]).dropLast(2), as: UTF8.self), radix: 16) ?? 0
                answer.body += try read(count: size)
                _ = try read(count: 2)
                if size == 0 { return answer }
            }
        }
        answer.body = try read(count: Int(answer.headers["content-length"] ?? "") ?? 0)
        return answer
    }

    private func read(until mark: [UInt8]) throws -> [UInt8] {
        while true {
            if let start = pending.firstRange(of: mark) {
                defer { pending.removeFirst(start.upperBound) }
                return Array(pending[..<start.upperBound])
            }
            try fill()
        }
    }

    private func read(count: Int) throws -> [UInt8] {
        while pending.count < count { try fill() }
        defer { pending.removeFirst(count) }
        return Array(pending[..<count])
    }

    private func fill() throws {
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        let count = recv(descriptor, &buffer, buffer.count, 0)
        guard count > 0 else { throw Failure(what: "the connection ended after \(pending.count) bytes") }
        pending += buffer[..<count]
    }
}
