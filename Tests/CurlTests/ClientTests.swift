import Curl
import Foundation
import TestSupport
import Testing

/// Runs requests to their ends; results in the order of the requests.
func answers(_ requests: [Request], _ client: Client) throws -> [Result<Response, TransferError>] {
    let ids = try requests.map { try client.submit($0) }
    var results: [Client.ID: Result<Response, TransferError>] = [:]
    let deadline = ContinuousClock.now + .seconds(20)
    while results.count < ids.count, ContinuousClock.now < deadline {
        for completion in client.poll(until: deadline) { results[completion.id] = completion.result }
    }
    return try ids.map { try #require(results[$0]) }
}

func answer(_ request: Request, _ client: Client) throws -> Result<Response, TransferError> {
    try answers([request], client)[0]
}

extension Result where Failure == TransferError {
    var failure: TransferError? {
        guard case .failure(let error) = self else { return nil }
        return error
    }
}

@Suite("Curl client")
struct ClientTests {
    @Test("an answer comes with status, lowercase headers and body")
    func answerAsSent() throws {
        let server = try ScriptedServer { _ in .json(#"{"a":1}"#, status: 404, [("X-Source", " REPLAY "), ("CB-After", "7")]) }
        let response = try answer(Request(.get, server.url + "/book?level=2"), Client()).get()
        #expect(response.status == 404 && !response.isSuccess)
        #expect(response["x-source"] == "REPLAY" && response["cb-after"] == "7")
        #expect(String(decoding: response.body, as: UTF8.self) == #"{"a":1}"#)
        #expect(response.url == server.url + "/book?level=2")
        #expect(server.requests.map(\.target) == ["/book?level=2"])
    }

    @Test("fifty slow answers take as long as one, and the next fifty use the same connections")
    func concurrentAndKeptAlive() throws {
        let server = try ScriptedServer { request in
            ScriptedServer.Answer([.pause(0.2)] + ScriptedServer.Answer.json("\"\(request.path)\"").steps)
        }
        let client = try Client()
        let requests = (0..<50).map { Request(.get, server.url + "/\($0)") }
        for _ in 0..<2 {
            let took = try ContinuousClock().measure {
                for (index, result) in try answers(requests, client).enumerated() {
                    #expect(try result.get().body == Array("\"/\(index)\"".utf8))
                }
            }
            #expect(took < .seconds(5), "one after the other they take 10 s")
        }
        #expect(server.connectionCount <= 50)
        #expect(client.inFlight == 0)
    }

    @Test("method, headers and body arrive; a request after a POST is a plain GET again")
    func handleIsReused() throws {
        let server = try ScriptedServer { _ in .reply(204) }
        let client = try Client(userAgent: "cryptogaf/test")
        _ = try answer(Request(.post, server.url + "/a", headers: [Header("X-Key", "v")], body: Array("hello".utf8)), client).get()
        _ = try answer(Request(.put, server.url + "/b"), client).get()
        #expect(try answer(Request(.head, server.url + "/c"), client).get().status == 204)
        _ = try answer(Request(.get, server.url + "/d"), client).get()
        #expect(server.requests.map(\.method) == ["POST", "PUT", "HEAD", "GET"])
        #expect(server.requests.map { String(decoding: $0.body, as: UTF8.self) } == ["hello", "", "", ""])
        #expect(server.requests[0].headers["x-key"] == "v" && server.requests[3].headers["x-key"] == nil)
        #expect(server.requests.allSatisfy { $0.headers["user-agent"] == "cryptogaf/test" })
        #expect(server.connectionCount == 1)
    }

    @Test("a gzipped body arrives unpacked, and counts unpacked against the limit")
    func gzip() throws {
        let packed = try #require(Data(base64Encoded: gzippedZeros))
        let server = try ScriptedServer { _ in .reply(200, [("Content-Encoding", "gzip")], body: Array(packed)) }
        let client = try Client()
        let whole = try answer(Request(.get, server.url), client).get()
        #expect(whole.body == [UInt8](repeating: UInt8(ascii: "0"), count: 100_000))
        #expect(server.requests[0].headers["accept-encoding"]?.contains("gzip") == true)
        let limited = try answer(Request(.get, server.url, bodyLimit: 50_000), client)
        #expect(limited.failure?.code == .tooLarge)
    }

    @Test("redirects are answers unless allowed, and bounded then; another scheme is never followed")
    func redirects() throws {
        let server = try ScriptedServer { request in
            switch request.path {
            case "/end": .json("1")
            case "/file": .reply(302, [("Location", "file:///etc/hostname")])
            case "/loop": .reply(302, [("Location", "/loop")])
            default: .reply(302, [("Location", "/end"), ("X-First", "yes")])
            }
        }
        let client = try Client()
        #expect(try answer(Request(.get, server.url + "/start"), client).get().status == 302)
        let followed = try answer(Request(.get, server.url + "/start", redirectLimit: 2), client).get()
        #expect(followed.status == 200 && followed["x-first"] == nil)
        let loop = try answer(Request(.get, server.url + "/loop", redirectLimit: 3), client)
        #expect(loop.failure?.code == .tooManyRedirects)
        #expect(server.requests.filter { $0.path == "/loop" }.count == 4)
        let file = try answer(Request(.get, server.url + "/file", redirectLimit: 3), client)
        #expect(file.failure?.code == .invalidRequest && file.failure?.isRetryable == false)
    }

    @Test("poll returns at its deadline, and at once when the descriptor is readable")
    func wakes() throws {
        let server = try ScriptedServer { _ in .silence(3) }
        let client = try Client()
        let id = try client.submit(Request(.get, server.url))
        var ends: [Int32] = [-1, -1]
        #expect(pipe(&ends) == 0)
        defer { for end in ends { close(end) } }
        let start = ContinuousClock.now
        #expect(client.poll(until: start + .milliseconds(100), wake: ends[0]).isEmpty)
        #expect(ContinuousClock.now - start >= .milliseconds(100))
        var byte: UInt8 = 1
        #expect(write(ends[1], &byte, 1) == 1)
        #expect(client.poll(until: start + .seconds(60), wake: ends[0]).isEmpty)
        #expect(ContinuousClock.now - start < .seconds(2))
        #expect(client.inFlight == 1)
        client.cancel(id)
        #expect(client.inFlight == 0)
        #expect(client.poll(until: .now).isEmpty)
    }
}

/// 100,000 times the digit 0.
private let gzippedZeros =
    "H4sIAAAAAAACA+3BMQEAAADCoErrn84aHkABAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
    + "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAArwaFwk3FoIYBAA=="
