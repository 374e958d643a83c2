import Foundation
import Postgres
import TestSupport
import Testing

@Suite(.enabled(if: NginxStack.isPresent, "skipped: no nginx"))
struct NginxTests {
    private static let image = "/api/gaf/image.png?product=BTC-USD&kind=buy"

    /// Five images of 3 MB in all, as base64.
    private func draw(_ stack: NginxStack, bytes: Int = 60_000) throws {
        let text = Data((0..<bytes).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }).base64EncodedString()
        try stack.connect().execute(
            """
            INSERT INTO crypto_gaf.gafs (product, size, midpoint, orderbook_image, buy_image, sell_image, midpoint_images)
            VALUES ('BTC-USD', 600, 97163.505, \(text), \(text), \(text), ARRAY[\(text), \(text)])
            """)
    }

    @Test("page, API, old port: each where it was, without nginx's version, with a request id and safe headers")
    func ports() throws {
        let stack = try NginxStack()
        for (target, port, type) in [
            ("/", stack.page, "text/html; charset=utf-8"), ("/api/gaf/products", stack.page, "application/json"),
            ("/api/gaf/products", stack.old, "application/json"), ("/healthz/", stack.old, "application/json"),
            ("/metrics", stack.page, "text/plain; version=0.0.4; charset=utf-8"), ("/readyz", stack.page, "application/json"),
            ("/api/openapi.json", stack.old, "application/json"),
        ] {
            let answer = try stack.get(target, port: port)
            #expect(answer.status == 200, "\(target)")
            #expect(answer.headers["content-type"] == type)
            #expect(answer.headers["server"] == "nginx")
            #expect(answer.headers["x-content-type-options"] == "nosniff")
            #expect(answer.headers["content-security-policy"]?.hasPrefix("default-src 'none'") == true)
            #expect(answer.headers["x-request-id"]?.count == 32)
        }
    }

    @Test("nginx's own errors are problems, without a banner")
    func problems() throws {
        let stack = try NginxStack()
        let long = String(repeating: "a", count: 9000)
        for (method, target, status) in [
            ("GET", "/nowhere", 404), ("GET", "/.git/config", 404), ("POST", "/", 405), ("PUT", "/index.html", 405), ("TRACE", "/", 405),
            ("GET", "/\(long)", 414), ("GET", "/api/gaf/image?product=\(long)", 414), ("GET", "/%", 400),
            ("GET", "/api/gaf/image?product=\(long.prefix(5000))", 414),
        ] {
            let answer = try stack.get(target, method: method)
            #expect(answer.status == status, "\(method) \(target.prefix(40))")
            #expect(answer.headers["content-type"] == "application/problem+json")
            #expect(answer.text.contains("\"status\":\(status)"))
            #expect(!answer.text.contains("nginx"))
            #expect(answer.headers["cache-control"] == "no-store")
            if status == 405 { #expect(answer.headers["allow"]?.contains("GET") == true) }
        }
    }

    @Test("a body that is too long, headers that are too long, and a venue that does not run")
    func otherProblems() throws {
        let stack = try NginxStack()
        #expect(try stack.get("/api/gaf/products", ["Content-Length": "70000"], method: "POST").status == 413)
        #expect(try stack.get("/healthz", ["X": String(repeating: "a", count: 9000)]).status == 400)
        let away = try stack.get("/api/orderBook/interval", port: stack.venue)
        #expect(away.status == 502)
        #expect(away.headers["content-type"] == "application/problem+json")
        #expect(away.headers["retry-after"] == "1")
    }

    @Test("JSON and text are compressed on request, PNG never; a weakened ETag still holds")
    func compression() throws {
        let stack = try NginxStack()
        try draw(stack)
        let accepts = ["Accept-Encoding": "gzip"]
        for target in ["/api/gaf/image?product=BTC-USD", "/metrics", "/api/openapi.json", "/"] {
            let answer = try stack.get(target, accepts)
            #expect(answer.headers["content-encoding"] == "gzip", "\(target)")
            #expect(answer.headers["vary"]?.contains("Accept-Encoding") == true)
            #expect(try stack.get(target).headers["content-encoding"] == nil)
        }
        let json = try stack.get("/api/gaf/image?product=BTC-USD", accepts)
        let weak = try #require(json.headers["etag"])
        #expect(weak.hasPrefix("W/\""))
        #expect(try stack.get("/api/gaf/image?product=BTC-USD", accepts.merging(["If-None-Match": weak]) { $1 }).status == 304)
        let png = try stack.get(Self.image, accepts)
        #expect(png.headers["content-encoding"] == nil)
        #expect(png.headers["etag"]?.hasPrefix("\"") == true)
        #expect(png.body.count == 60_000)
    }

    @Test("304, HEAD, 405 and CORS come through")
    func methods() throws {
        let stack = try NginxStack()
        try draw(stack)
        let get = try stack.get(Self.image)
        let tag = try #require(get.headers["etag"])
        let unchanged = try stack.get(Self.image, ["If-None-Match": tag])
        #expect(unchanged.status == 304 && unchanged.headers["etag"] == tag)
        let head = try stack.get(Self.image, method: "HEAD")
        #expect(head.status == 200 && head.headers["content-length"] == "60000" && head.headers["etag"] == tag)
        let post = try stack.get(Self.image, ["Content-Length": "0"], method: "POST")
        #expect(post.status == 405 && post.headers["allow"] == "GET, HEAD, OPTIONS")
        #expect(get.headers["access-control-allow-origin"] == "*")
        let preflight = try stack.get(
            Self.image, ["Origin": "https://old.example", "Access-Control-Request-Method": "GET"], method: "OPTIONS", port: stack.old)
        #expect(preflight.status == 204 && preflight.headers["access-control-allow-origin"] == "*")
    }

    @Test("one connection carries many requests, and a 3 MB answer comes whole and never over the disk")
    func keptConnection() throws {
        let stack = try NginxStack()
        try draw(stack, bytes: 560_000)
        let client = try HTTPClient(port: stack.page)
        for _ in 0..<3 {
            let answer = try client.ask("/api/gaf/image?product=BTC-USD")
            #expect(answer.status == 200)
            #expect(answer.body.count > 2_900_000)
            #expect(!stack.nginxOutput.contains("temporary file"), "a warning of nginx when it buffers on the disk")
            #expect(try JSONSerialization.jsonObject(with: Data(answer.body)) is [String: Any])
        }
    }

    @Test("the request's id is in nginx's log, in the handlers' log and in the problem")
    func requestID() throws {
        let stack = try NginxStack()
        try draw(stack)
        try stack.connect().execute("UPDATE crypto_gaf.gafs SET buy_image = '!'")
        let answer = try stack.get(Self.image)
        #expect(answer.status == 500)
        let id = try #require(answer.headers["x-request-id"])
        #expect(answer.text.contains(#""request":"\#(id)""#))
        #expect(stack.serve.waitForOutput(#""event":"request.failed","id":"\#(id)""#))
        let line = try #require(try stack.accessLog().first { $0.contains(id) })
        let object = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
        #expect(object["status"] as? Int == 500 && object["target"] as? String == Self.image && object["method"] as? String == "GET")
    }

    @Test("the API's reference is served from disk")
    func docs() throws {
        let stack = try NginxStack()
        let moved = try stack.get("/api/docs")
        #expect(moved.status == 308 && moved.headers["location"] == "/api/docs/")
        for port in [stack.page, stack.old] {
            let page = try stack.get("/api/docs/", port: port)
            #expect(page.status == 200 && page.text.contains("reference.js"))
            #expect(page.headers["content-security-policy"]?.contains("script-src 'self'") == true)
            #expect(try stack.get("/api/docs/reference.js", port: port).status == 200)
            #expect(try stack.get("/api/docs/ui/swagger-ui.css", port: port).text == "/* style */")
        }
        #expect(try stack.get("/api/docs/../../etc/passwd").status == 404)
    }

    @Test("files of the page are asked for again, and answered by 304")
    func staticFiles() throws {
        let stack = try NginxStack()
        let page = try stack.get("/")
        #expect(page.headers["cache-control"] == "no-cache")
        let tag = try #require(page.headers["etag"])
        #expect(try stack.get("/", ["If-None-Match": tag]).status == 304)
    }
}
