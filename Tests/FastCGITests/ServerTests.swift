import FastCGI
import Glibc
import Runtime
import Testing

@Suite struct ServerTests {
    @Test("answers with what the request held, copied out of libfcgi's memory")
    func echo() throws {
        let server = try RunningServer()
        defer { server.stop.request() }
        let answer = try FastCGIClient.get(
            server.endpoint, "/echo?a=1&b=%20", [("HTTP_IF_NONE_MATCH", "\"x\""), ("HTTP_HOST", "h"), ("OTHER", "y")])
        #expect(answer.status == "200 OK")
        #expect(answer.text == #"/echo|["a=1", "b= "]|id-1|host=h;if-none-match="x""#)
        #expect(answer.headers == ["Content-Type": "text/plain; charset=utf-8", "Content-Length": String(answer.body.count)])
        #expect(answer.isComplete)
    }

    @Test("takes the path from CGI's own parameters where there is no REQUEST_URI")
    func scriptName() throws {
        let server = try RunningServer()
        defer { server.stop.request() }
        let client = try FastCGIClient(server.endpoint)
        client.send(FastCGIClient.request([("SCRIPT_NAME", "/ec"), ("PATH_INFO", "ho"), ("QUERY_STRING", "q=2")]))
        #expect(client.answer().text.hasPrefix(#"/echo|["q=2"]"#))
    }

    @Test("a body of several pieces arrives whole")
    func large() throws {
        let server = try RunningServer()
        defer { server.stop.request() }
        let answer = try FastCGIClient.get(server.endpoint, "/large")
        #expect(answer.body.count == 3_000_003)
        #expect(answer.body == RunningServer.large + Array("end".utf8))
        #expect(answer.headers["Content-Length"] == "3000003")
    }

    @Test("HEAD and 304 send no body")
    func noBody() throws {
        let server = try RunningServer()
        defer { server.stop.request() }
        let head = try FastCGIClient.get(server.endpoint, "/large", method: "HEAD")
        #expect(head.headers["Content-Length"] == "3000003")
        #expect(head.body.isEmpty && head.isComplete)
        let unchanged = try FastCGIClient.get(server.endpoint, "/unchanged")
        #expect(unchanged.status == "304 Not Modified")
        #expect(unchanged.headers == ["ETag": "\"1\""])
    }

    @Test("reads a body within the limit, and refuses one that is longer, shorter, or not counted")
    func bodies() throws {
        let server = try RunningServer()
        defer { server.stop.request() }
        func post(_ count: Int, _ declared: String) throws -> FastCGIClient.Answer {
            let client = try FastCGIClient(server.endpoint)
            let pairs = [("REQUEST_METHOD", "POST"), ("REQUEST_URI", "/body"), ("CONTENT_LENGTH", declared)]
            client.send(FastCGIClient.request(pairs, body: [UInt8](repeating: 7, count: count)))
            return client.answer()
        }
        #expect(try post(1000, "1000").body == [UInt8](repeating: 7, count: 1000))
        #expect(try post(1001, "1001").status == "413 Content Too Large")
        #expect(try post(5, "6").status == "400 Bad Request")
        #expect(try post(5, "-1").status == "400 Bad Request")
        #expect(try post(5, "many").status == "400 Bad Request")
    }

    @Test("one line tells of a request that failed, by its id")
    func logs() throws {
        let server = try RunningServer()
        let answer = try FastCGIClient.get(server.endpoint, "/fails")
        #expect(answer.status == "500 Internal Server Error")
        #expect(!answer.text.contains("fire"))
        #expect(server.end())
        let text = server.lines.text
        #expect(text.split(separator: "\n").count == 1)
        #expect(
            text.contains(
                #""level":"error","event":"request.failed","id":"id-1","method":"GET","target":"/fails","status":500,"error":"the disk is on fire""#
            ))
    }

    @Test("parameters that are not UTF-8 are the client's mistake")
    func notUTF8() throws {
        let server = try RunningServer()
        defer { server.stop.request() }
        let client = try FastCGIClient(server.endpoint)
        let raw: [UInt8] = [11, 1] + Array("REQUEST_URI".utf8) + [0xff]
        client.send(FastCGIClient.record(1, [0, 1, 0, 0, 0, 0, 0, 0]) + FastCGIClient.record(4, raw) + FastCGIClient.record(4, []))
        client.send(FastCGIClient.record(5, []))
        #expect(client.answer().status == "400 Bad Request")
    }

    @Test("a client that leaves in mid-answer, before it, or in mid-request costs nobody else anything")
    func leaving() throws {
        let server = try RunningServer(threads: 2)
        defer { server.stop.request() }
        let whole = FastCGIClient.request([("REQUEST_METHOD", "GET"), ("REQUEST_URI", "/large")])
        for round in 0..<40 {
            let client = try FastCGIClient(server.endpoint)
            switch round % 4 {
            case 0: client.send(whole)
            case 1:
                client.send(whole)
                var some = [UInt8](repeating: 0, count: 100_000)
                _ = read(client.descriptor, &some, some.count)
            case 2: client.send(Array(whole.prefix(round)))
            default: break
            }
        }
        #expect(try FastCGIClient.get(server.endpoint, "/echo").status == "200 OK")
    }

    @Test("records that are no FastCGI end their own connection only")
    func malformed() throws {
        let server = try RunningServer(threads: 2)
        defer { server.stop.request() }
        var random = SystemRandomNumberGenerator()
        var whole = FastCGIClient.request([("REQUEST_METHOD", "GET"), ("REQUEST_URI", "/echo?x=1")], body: [1, 2, 3])
        for round in 0..<400 {
            let client = try FastCGIClient(server.endpoint)
            if round % 2 == 0 {
                client.send((0..<64).map { _ in UInt8.random(in: 0...255, using: &random) })
            } else {
                let index = whole.indices.randomElement(using: &random)!
                let before = whole[index]
                whole[index] = UInt8.random(in: 0...255, using: &random)
                client.send(whole)
                whole[index] = before
            }
        }
        #expect(try FastCGIClient.get(server.endpoint, "/echo").status == "200 OK")
    }

    @Test("connections that are kept but idle, or silent from the start, keep no worker from others")
    func idleConnections() throws {
        let server = try RunningServer(threads: 2)
        defer { server.stop.request() }
        let silent = try (0..<5).map { _ in try FastCGIClient(server.endpoint) }
        let kept = try (0..<20).map { _ in try FastCGIClient(server.endpoint) }
        for round in 0..<3 {
            for (number, client) in kept.enumerated() {
                client.send(FastCGIClient.request([("REQUEST_URI", "/echo?n=\(round)-\(number)")], keep: true))
                #expect(client.answer().text.hasPrefix("/echo|[\"n=\(round)-\(number)\"]"))
            }
        }
        #expect(try FastCGIClient.get(server.endpoint, "/echo").status == "200 OK")
        #expect(server.end(within: .seconds(5)))
        withExtendedLifetime((silent, kept)) {}
    }

    @Test("workers answer at the same time, and more clients than workers all get an answer")
    func concurrent() throws {
        let server = try RunningServer(threads: 4)
        defer { server.stop.request() }
        let endpoint = server.endpoint
        // Both are sent before either is read, so both are answered at the same time or not at all.
        let pair = try (0..<2).map { _ in try FastCGIClient(endpoint) }
        for client in pair { client.send(FastCGIClient.request([("REQUEST_METHOD", "GET"), ("REQUEST_URI", "/meet")])) }
        let answers = pair.map { $0.answer().text }
        #expect(answers == ["met", "met"])
        // Kept, since libfcgi waits up to two seconds for a peer to hang up, and these do so one after the other.
        var clients = try (0..<200).map { _ in try FastCGIClient(endpoint) }
        let request = FastCGIClient.request([("REQUEST_METHOD", "GET"), ("REQUEST_URI", "/echo")], keep: true)
        for client in clients { client.send(request) }
        while !clients.isEmpty { #expect(clients.removeFirst().answer().status == "200 OK") }
    }
}
