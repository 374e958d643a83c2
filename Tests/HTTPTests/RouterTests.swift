import HTTP
import Testing

@Suite struct RouterTests {
    private static func router(_ crossOrigin: CrossOrigin = .none) -> Router<String> {
        var router = Router<String>(crossOrigin: crossOrigin)
        router.get("/a") { _, context in .text("a \(context)") }
        router.on(.post, "/a") { _, _ in Response(.noContent) }
        router.get("/data/{symbol}") { request, _ in .text(request.capture("symbol")) }
        router.get("/data/all") { _, _ in .text("fixed") }
        router.get("/data/{symbol}/{side}") { request, _ in .text("\(request.capture("symbol")) \(request.capture("side"))") }
        router.get("/fails") { _, _ in throw Surprise() }
        router.get("/away") { _, _ in throw Problem.unavailable("the database is away", retryAfter: 2, cause: Surprise()) }
        return router
    }

    private struct Surprise: Error, CustomStringConvertible { var description: String { "secret detail" } }

    private func answer(_ method: HTTP.Method, _ target: String, _ headers: Headers = [:], _ crossOrigin: CrossOrigin = .none) throws
        -> Response
    {
        Self.router(crossOrigin).respond(to: try Request(method, target, headers: headers, id: "r1"), with: "context")
    }

    private func text(_ response: Response) -> String { String(decoding: response.body.contents, as: UTF8.self) }

    @Test(
        "finds the route, fixed before captured, and decodes each segment for itself",
        arguments: [
            ("/a", "a context"), ("/a?x=1", "a context"), ("/%61", "a context"), ("/data/BTC-USD", "BTC-USD"), ("/data/all", "fixed"),
            ("/data/BTC%2FUSDT", "BTC/USDT"), ("/data/BTC/buy", "BTC buy"), ("/data/a+b", "a+b"),
        ])
    func finds(target: String, body: String) throws {
        #expect(text(try answer(.get, target)) == body)
    }

    @Test("what no route has is a 404 problem", arguments: ["/", "/b", "/a/", "/data/", "/data//buy", "/a%2F", "//a"])
    func missing(target: String) throws {
        let response = try answer(.get, target)
        #expect(response.status == .notFound)
        #expect(response.headers["content-type"] == "application/problem+json")
    }

    @Test("another method is a 405 that lists the right ones")
    func wrongMethod() throws {
        let response = try answer(Method(rawValue: "DELETE"), "/a")
        #expect(response.status == .methodNotAllowed)
        #expect(response.headers["Allow"] == "GET, HEAD, OPTIONS, POST")
        #expect(
            text(response)
                == #"{"type":"about:blank","title":"Method Not Allowed","status":405,"detail":"/a accepts GET, HEAD, OPTIONS, POST","request":"r1"}"#
                + "\n")
    }

    @Test("HEAD runs the GET handler and OPTIONS lists the methods")
    func headAndOptions() throws {
        #expect(text(try answer(.head, "/a")) == "a context")
        let options = try answer(.options, "/data/x")
        #expect(options.status == .noContent)
        #expect(options.headers["Allow"] == "GET, HEAD, OPTIONS")
    }

    @Test("an unexpected error is a 500 that tells the log and not the client")
    func unexpected() throws {
        let response = try answer(.get, "/fails")
        #expect(response.status == .internalServerError)
        #expect(!text(response).contains("secret"))
        #expect("\(try #require(response.failure))" == "secret detail")
    }

    @Test("an error that has a response gives it, with its headers")
    func responding() throws {
        let response = try answer(.get, "/away")
        #expect(response.status == .serviceUnavailable)
        #expect(response.headers["Retry-After"] == "2")
        #expect(text(response).contains(#""detail":"the database is away""#))
        #expect(response.failure is Surprise)
    }

    @Test("pages of any origin may read, if so configured, problems too")
    func anyOrigin() throws {
        #expect(try answer(.get, "/a", [:], .any).headers["Access-Control-Allow-Origin"] == "*")
        #expect(try answer(.get, "/nowhere", [:], .any).headers["Access-Control-Allow-Origin"] == "*")
        #expect(try answer(.get, "/a").headers["Access-Control-Allow-Origin"] == nil)
    }

    @Test("listed origins are told apart, and caches are warned")
    func listedOrigins() throws {
        let listed = CrossOrigin("https://a.example, https://b.example")
        let good = try answer(.get, "/a", ["Origin": "https://b.example"], listed)
        #expect(good.headers["Access-Control-Allow-Origin"] == "https://b.example")
        #expect(good.headers["Vary"] == "Origin")
        let bad = try answer(.get, "/a", ["Origin": "https://c.example"], listed)
        #expect(bad.headers["Access-Control-Allow-Origin"] == nil)
        #expect(bad.headers["Vary"] == "Origin")
        #expect(CrossOrigin("") == .none)
        #expect(CrossOrigin("*") == .any)
    }

    @Test("a preflight is answered with methods and headers")
    func preflight() throws {
        let asked: Headers = ["Origin": "https://a.example", "Access-Control-Request-Method": "GET"]
        let response = try answer(.options, "/a", asked, .any)
        #expect(response.status == .noContent)
        #expect(response.headers["Access-Control-Allow-Methods"] == "GET, HEAD, OPTIONS, POST")
        #expect(response.headers["Access-Control-Allow-Headers"] == "If-None-Match, If-Modified-Since, Cache-Control")
        #expect(response.headers["Access-Control-Allow-Origin"] == "*")
    }

    @Test("lists its routes")
    func routes() {
        #expect(
            Self.router().routes.map { "\($0.method) \($0.path)" }
                == [
                    "GET /a", "POST /a", "GET /data/{symbol}", "GET /data/all", "GET /data/{symbol}/{side}", "GET /fails", "GET /away",
                ])
    }

    @Test(
        "a target that cannot be one is refused",
        arguments: [
            ("", 400), ("a", 400), ("*", 400), ("/%", 400), ("/%ff", 400), ("/a%00", 400), ("/" + String(repeating: "a", count: 1024), 414),
        ])
    func targets(target: String, status: Int) throws {
        let problem = #expect(throws: Problem.self) { try Request(.get, target) }
        #expect(problem?.code.status.code == status)
    }
}
