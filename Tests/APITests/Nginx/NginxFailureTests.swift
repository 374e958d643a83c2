import Foundation
import Postgres
import TestSupport
import Testing

@Suite(.enabled(if: NginxStack.isPresent, "skipped: no nginx"))
struct NginxFailureTests {
    @Test("connections that Postgres ends between two requests cost no request")
    func terminated() throws {
        let stack = try NginxStack()
        let connection = try stack.connect()
        for _ in 0..<5 {
            #expect(try stack.get("/api/gaf/products").status == 200)
            _ = try connection.query(
                """
                SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
                WHERE datname = current_database() AND application_name = 'cryptogaf serve'
                """)
        }
        #expect(try stack.get("/api/gaf/products").status == 200)
    }

    @Test("a Postgres that restarts between two requests costs none; while it is away they get a 503")
    func restarted() throws {
        let stack = try NginxStack(own: true)
        for _ in 0..<8 { #expect(try stack.get("/api/gaf/products").status == 200) }
        try stack.cluster.restart()
        for _ in 0..<8 { #expect(try stack.get("/api/gaf/products").status == 200) }
        stack.cluster.stop()
        for target in ["/api/gaf/products", "/readyz", "/api/gaf/image?product=x"] {
            let away = try stack.get(target)
            #expect(away.status == 503)
            #expect(away.headers["retry-after"] == "1")
            #expect(away.headers["content-type"] == "application/problem+json")
        }
        #expect(try stack.get("/healthz").status == 200)
        try stack.cluster.start()
        #expect(try stack.get("/readyz").status == 200)
    }

    @Test("handlers that have ended are a 502 problem")
    func ended() throws {
        let stack = try NginxStack()
        stack.serve.signal(SIGTERM)
        #expect(stack.serve.wait(for: .seconds(10)) == 0)
        let answer = try stack.get("/api/gaf/products")
        #expect(answer.status == 502)
        #expect(answer.headers["content-type"] == "application/problem+json")
    }

    private static let malformedRequests = Soak.count(10_000)

    @Test("malformed requests: no 5xx, no crash, no growth")
    func malformed() throws {
        let stack = try NginxStack()
        try stack.connect().execute("INSERT INTO crypto_gaf.gafs (product) VALUES ('BTC-USD')")
        var random = SystemRandomNumberGenerator()
        for _ in 0..<200 { try send(Self.malformed(&random), to: stack) }
        let before = try memory(of: stack.serve)
        for _ in 0..<Self.malformedRequests { try send(Self.malformed(&random), to: stack) }
        #expect(try memory(of: stack.serve) - before < 4096)
        #expect(stack.serve.isRunning)
        #expect(try stack.get("/api/gaf/image?product=BTC-USD").status == 200)
        // The handlers may have started after nginx: then it was asked for their health in vain.
        let failed = try stack.accessLog().filter { $0.contains(#""status":5"#) && !$0.contains("healthz") }
        #expect(failed.isEmpty, "\(failed.prefix(3))")
    }

    private func send(_ bytes: [UInt8], to stack: NginxStack) throws {
        let client = try HTTPClient(port: stack.page)
        client.send(bytes)
        // An answer, or a closed connection: which of them is nginx's to say. The log is looked at for 5xx.
        _ = try? client.answer(hasBody: !bytes.starts(with: Array("HEAD".utf8)))
    }

    /// Resident kilobytes.
    private func memory(of process: Subprocess) throws -> Int {
        let status = try String(contentsOfFile: "/proc/\(process.id)/status", encoding: .utf8)
        let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("VmRSS:") })
        return try #require(line.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? Int(line.filter(\.isNumber)))
    }

    private static func malformed(_ random: inout SystemRandomNumberGenerator) -> [UInt8] {
        func junk(_ count: Int) -> String {
            String(decoding: (0..<count).map { _ in UInt8.random(in: 0x21...0x7e, using: &random) }, as: UTF8.self)
        }
        let targets = [
            "/api/gaf/image?product=%", "/api/gaf/image?product=%ff%fe", "/api/gaf/image?product=%00", "/api/gaf/image?\(junk(200))",
            "/api/gaf/image.png?product=BTC-USD&kind=\(junk(20))", "/api/gaf/image?product=\(junk(3000))", "/api/\(junk(50))",
            "/api/gaf/image?" + String(repeating: "a=b&", count: 100), "/api/gaf/%2e%2e/image", "/\(junk(9000))", "/readyz?\(junk(10))",
        ]
        let headers = [
            "If-None-Match: \(junk(100))", "If-None-Match: \"\(junk(10))", "If-Modified-Since: \(junk(30))", "Content-Length: -1",
            "Content-Length: 99999999", "Transfer-Encoding: \(junk(5))", "Host: \(junk(30))", "\(junk(20))", "Range: bytes=\(junk(9))",
        ]
        let methods = ["GET", "HEAD", "POST", "OPTIONS", "BREW", junk(6), "get"]
        let versions = ["HTTP/1.1", "HTTP/1.0", "HTTP/9.9", "", "HTTP/1.1 x"]
        var text =
            "\(methods.randomElement(using: &random)!) \(targets.randomElement(using: &random)!) \(versions.randomElement(using: &random)!)\r\n"
        text += "Host: x\r\nConnection: close\r\n\(headers.randomElement(using: &random)!)\r\n\r\n"
        var bytes = Array(text.utf8)
        if Int.random(in: 0..<4, using: &random) == 0 {
            bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
        }
        // A request that never ends would wait for nginx's patience, and the test with it.
        if !bytes.suffix(4).elementsEqual([13, 10, 13, 10]) { bytes += [13, 10, 13, 10] }
        return bytes
    }
}
