import Curl
import Foundation
import TestSupport
import Testing

@Suite("Curl faults")
struct FaultTests {
    @Test(
        "a fault has a code that says what it was",
        arguments: [
            ("/silent", TransferError.Code.timeout), ("/reset", .broken), ("/nothing", .broken), ("/half", .broken), ("/drip", .timeout),
            ("/huge", .tooLarge), ("/endless", .tooLarge), ("/headers", .tooLarge), ("/noise", .malformed),
        ])
    func faults(path: String, code: TransferError.Code) throws {
        let server = try ScriptedServer { request in
            switch request.path {
            case "/silent": .silence(5)
            case "/reset": .reset
            case "/nothing": ScriptedServer.Answer([.close])
            case "/half": .half(#"{"midpoint":"1"}"#)
            case "/drip": .drip("0123456789", every: 0.2)
            case "/huge": ScriptedServer.Answer([.send(ScriptedServer.Answer.head(200, [("Content-Length", "52428800")])), .pause(5)])
            case "/endless": .chunked(bytes: 50 << 20)
            case "/headers": .reply(200, (0..<40).map { ("X-\($0)", String(repeating: "x", count: 4000)) })
            default: ScriptedServer.Answer([.send(Array("SSH-2.0-OpenSSH_9.2\r\n".utf8)), .close])
            }
        }
        let took = try ContinuousClock().measure {
            let result = try answer(Request(.get, server.url + path, timeout: .milliseconds(500), bodyLimit: 1 << 20), Client())
            let error = try #require(result.failure)
            #expect(error.code == code, "\(error)")
            #expect(error.isRetryable)
            #expect(error.url == server.url + path)
        }
        #expect(took < .seconds(3))
    }

    @Test("a fault of one request leaves the others alone, and the client goes on")
    func isolated() throws {
        let server = try ScriptedServer { $0.path == "/bad" ? .reset : .json("1") }
        let client = try Client()
        for _ in 0..<3 {
            let results = try answers(["/good", "/bad", "/good"].map { Request(.get, server.url + $0) }, client)
            #expect(results.map { $0.failure == nil } == [true, false, true])
        }
    }

    @Test("nobody listening is an error that names the URL without its password")
    func unconnected() throws {
        let server = try ScriptedServer { _ in .reset }
        server.stop()
        let url = "http://me:pass@127.0.0.1:\(server.port)/x?api_key=abc&product=BTC-USD"
        let error = try #require(answer(Request(.get, url), Client()).failure)
        #expect(error.code == .unconnected && error.curlCode == 7 && error.status == nil)
        #expect(error.description.contains("http://***@127.0.0.1:\(server.port)/x?api_key=***&product=BTC-USD: "))
        #expect(!error.description.contains("pass") && !error.description.contains("abc"))
    }

    @Test("only http and https, and only headers of one line")
    func unsendable() throws {
        let client = try Client()
        for url in ["file:///etc/hostname", "ftp://127.0.0.1/x", "", "http://"] {
            let error = try #require(answer(Request(.get, url), client).failure)
            #expect(error.code == .invalidRequest && !error.isRetryable, "\(url): \(error)")
        }
        #expect(throws: TransferError.self) {
            try client.submit(Request(.get, "http://127.0.0.1/", headers: [Header("X", "a\r\nHost: evil")]))
        }
    }

    @Test("memory is bounded by the limit, not by the body")
    func boundedMemory() throws {
        let server = try ScriptedServer { _ in .chunked(bytes: 50 << 20) }
        let error = try #require(answer(Request(.get, server.url, bodyLimit: 2 << 20), Client()).failure)
        #expect(error.message == "the body is longer than 2097152 bytes" && error.status == 200)
    }

    @Test("Retry-After is seconds or a date, never negative")
    func retryAfter() {
        func wait(_ text: String?) -> Duration? {
            // 1994-11-06 08:49:37 UTC
            Response(
                status: 429, headers: text.map { [Header("retry-after", $0)] } ?? [], receivedAt: Date(timeIntervalSince1970: 784_111_777)
            ).retryAfter
        }
        #expect(wait("7") == .seconds(7))
        #expect(wait("-7") == .zero)
        #expect(wait("Sun, 06 Nov 1994 08:50:00 GMT") == .seconds(23))
        #expect(wait("Sun, 06 Nov 1994 08:00:00 GMT") == .zero)
        #expect(wait("soon") == nil && wait(nil) == nil)
    }
}

@Suite("Signed requests")
struct SigningTests {
    @Test("a signed request carries its signature and the session's token, and shows no key to anybody")
    func signed() throws {
        let server = try ScriptedServer { _ in .json("1") }
        let key = try #require(
            SigningKey(accessKey: "AKID", secretKey: "hunter2", sessionToken: "token3", region: "eu-west-1", service: "s3"))
        let client = try Client()
        let request = Request(
            .put, server.url + "/b/a", headers: [Header("x-amz-content-sha256", "UNSIGNED-PAYLOAD")], body: [1], sigV4: key)
        let response = try answer(request, client).get()
        let sent = try #require(server.requests.first)
        let authorization = try #require(sent.headers["authorization"])
        #expect(authorization.hasPrefix("AWS4-HMAC-SHA256 Credential=AKID/") && authorization.contains("/eu-west-1/s3/aws4_request"))
        #expect(authorization.contains("x-amz-content-sha256") && authorization.contains("x-amz-security-token"))
        #expect(sent.headers["x-amz-security-token"] == "token3" && sent.headers["x-amz-date"] != nil)
        var shown = "\(request) \(key) \(String(reflecting: key)) \(response.url)"
        dump(request, to: &shown)
        for secret in ["AKID", "hunter2", "token3"] { #expect(!shown.contains(secret)) }
        // The handle's next request is of somebody else.
        _ = try answer(Request(.get, server.url), client).get()
        #expect(server.requests.last?.headers["authorization"] == nil && server.requests.last?.headers["x-amz-security-token"] == nil)
    }

    @Test("a region that would change what is signed is refused", arguments: ["", "eu:west", "eu west", "é"])
    func regions(region: String) {
        #expect(SigningKey(accessKey: "a", secretKey: "b", region: region, service: "s3") == nil)
    }
}

@Suite("URLs")
struct URLTextTests {
    @Test("a query is encoded byte by byte")
    func join() {
        #expect(
            URLText.join("http://h:1/", "api/orderBook", query: [("product", "a&b=c d/é"), ("since", "0")])
                == "http://h:1/api/orderBook?product=a%26b%3Dc%20d%2F%C3%A9&since=0")
        #expect(URLText.join("http://h", "/x") == "http://h/x")
    }

    @Test("what is secret is not shown")
    func redacted() {
        #expect(
            URLText.redacted("https://u:p@h/x?apiKey=1&X-Amz-Signature=2&q=3&key")
                == "https://***@h/x?apiKey=***&X-Amz-Signature=***&q=3&key")
        #expect(URLText.redacted("http://h/a@b") == "http://h/a@b")
    }
}
