import Foundation
import TestSupport

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

    private let connection: Connected
    private var pending: [UInt8] = []

    init(port: Int) throws { connection = try Connected(port: port) }

    func ask(_ target: String, _ headers: [String: String] = [:], method: String = "GET") throws -> HTTPAnswer {
        let fields = headers.map { "\($0.key): \($0.value)\r\n" }.joined()
        send(Array("\(method) \(target) HTTP/1.1\r\nHost: test\r\n\(fields)\r\n".utf8))
        return try answer(hasBody: method != "HEAD")
    }

    func send(_ bytes: [UInt8]) { connection.send(bytes) }

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
        let bytes = connection.receive()
        guard !bytes.isEmpty else { throw Failure(what: "the connection ended after \(pending.count) bytes") }
        pending += bytes
    }
}
