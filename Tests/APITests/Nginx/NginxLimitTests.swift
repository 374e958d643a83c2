import Foundation
import Postgres
import TestSupport
import Testing

/// What nginx does to those who want too much, and what their pages may read of it.
@Suite(.enabled(if: NginxStack.isPresent, "skipped: no nginx"))
struct NginxLimitTests {
    /// An address that no test has: so nobody here is exempt.
    private static let nobody = ["UNLIMITED": "192.0.2.0/24 0;"]

    @Test("an address that asks too often gets a 429 problem that says when to come back; another kind of question is not spared")
    func rate() throws {
        let stack = try NginxStack(settings: Self.nobody.merging(["CLIENT_RATE": "1"]) { $1 })
        let client = try HTTPClient(port: stack.page)
        let answers = try (0..<450).map { try client.ask($0 % 2 == 0 ? "/healthz" : "/") }
        // A page that opens asks for 400 things at once.
        #expect(answers[..<390].allSatisfy { $0.status == 200 })
        let refused = try #require(answers.first { $0.status != 200 })
        #expect(refused.status == 429)
        #expect(refused.headers["content-type"] == "application/problem+json")
        #expect(refused.headers["retry-after"] == "1")
        #expect(refused.text.contains("\"status\":429"))
    }

    @Test("an address that holds too many connections gets a 429 on the next")
    func connections() throws {
        let stack = try NginxStack(settings: Self.nobody.merging(["CLIENT_CONNECTIONS": "2"]) { $1 })
        // A connection counts from its request's head on.
        let waiting = try (0..<2).map { _ in
            let client = try HTTPClient(port: stack.page)
            client.send(Array("POST /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n".utf8))
            return client
        }
        #expect(try eventually { try stack.get("/healthz").status == 429 })
        for client in waiting { client.send(Array("0123456789".utf8)) }
        for client in waiting { #expect(try client.answer().status == 405) }
        #expect(try eventually { try stack.get("/healthz").status == 200 })
    }

    @Test("this machine's own programs are not limited, unless the configuration says so")
    func exempt() throws {
        let stack = try NginxStack(settings: ["CLIENT_RATE": "1"])
        let client = try HTTPClient(port: stack.page)
        for _ in 0..<450 { #expect(try client.ask("/healthz").status == 200) }
    }

    @Test("clients that fetch nothing of a huge answer keep no handler from the others")
    func slowClients() throws {
        let stack = try NginxStack()
        let text = Data(count: 4_500_000).base64EncodedString()
        try stack.connect().execute(
            """
            INSERT INTO crypto_gaf.gafs (product, size, orderbook_image, buy_image, sell_image, midpoint_images)
            VALUES ('HUGE', 2000, \(text), \(text), \(text), ARRAY[\(text), \(text)])
            """)
        // More than there are handlers.
        let slow = try (0..<6).map { _ in
            let client = try HTTPClient(port: stack.page)
            client.send(Array("GET /api/gaf/image?product=HUGE HTTP/1.1\r\nHost: x\r\n\r\n".utf8))
            return client
        }
        for _ in 0..<8 { #expect(try stack.get("/readyz").status == 200) }
        for client in slow { #expect(try client.answer().body.count > 24_000_000) }
    }

    @Test("pages of other origins may read nginx's own errors as they may read the handlers'")
    func crossOrigin() throws {
        func origin(_ stack: NginxStack, _ target: String, from origin: String?) throws -> String? {
            let answer = try stack.get(target, origin.map { ["Origin": $0] } ?? [:], port: stack.old)
            #expect((answer.headers["access-control-expose-headers"] != nil) == (answer.headers["access-control-allow-origin"] != nil))
            return answer.headers["access-control-allow-origin"]
        }
        let long = "/api/gaf/image?product=" + String(repeating: "a", count: 9000)
        let open = try NginxStack()
        for target in [long, "/nowhere", "/api/gaf/image?product=none", "/api/gaf/products"] {
            #expect(try origin(open, target, from: nil) == "*", "\(target.prefix(30))")
        }
        let listed = try NginxStack(settings: ["ALLOW_ORIGIN": "https://a.example, https://charts.example"])
        for known in ["https://a.example", "https://charts.example"] { #expect(try origin(listed, "/nowhere", from: known) == known) }
        for other in ["https://b.example", "https://charts.example.evil", "https://charts", "null", nil] {
            #expect(try origin(listed, "/nowhere", from: other) == nil)
        }
        let closed = try NginxStack(settings: ["ALLOW_ORIGIN": ""])
        #expect(try origin(closed, "/nowhere", from: "https://a.example") == nil)
    }
}
