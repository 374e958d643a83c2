import FastCGI
import Glibc
import TestSupport
import Testing

@Suite struct InquiryTests {
    @Test("an inquiry gets the status and the body of the answer, over a Unix socket and over TCP")
    func answered() throws {
        for endpoint in [nil, Endpoint.tcp(host: "127.0.0.1", port: 0)] {
            let server = try RunningServer(endpoint)
            let answer = try Inquiry(server.endpoint).get("/echo?n=1")
            #expect(answer.status == 200)
            #expect(answer.body.hasPrefix("/echo|[\"n=1\"]|probe|"))
            #expect(try Inquiry(server.endpoint).get("/nothing").status == 404)
            #expect(try Inquiry(server.endpoint).get("/fails").status == 500)
            #expect(server.end())
        }
    }

    @Test("nobody who listens is an error that names the place")
    func nobody() throws {
        let path = RunningServer.temporaryPath()
        let error = #expect(throws: InquiryError.self) { try Inquiry(.socket(path: path)).get("/") }
        #expect(error?.endpoint == path)
        let server = try RunningServer(.tcp(host: "127.0.0.1", port: 0))
        let endpoint = server.endpoint
        #expect(server.end())
        #expect(throws: InquiryError.self) { try Inquiry(endpoint).get("/") }
    }

    @Test("a server that is too slow, or says nothing, is an error when the time is over", .timeLimit(.minutes(1)))
    func silence() throws {
        let server = try RunningServer()
        let slow = #expect(throws: InquiryError.self) { try Inquiry(server.endpoint, patience: .milliseconds(50)).get("/slow") }
        #expect(slow?.reason.hasPrefix("no answer in") == true)
        #expect(server.end())
        let silent = try ListeningSocket(.tcp(host: "127.0.0.1", port: 0))
        let error = #expect(throws: InquiryError.self) { try Inquiry(silent.endpoint, patience: .milliseconds(50)).get("/") }
        #expect(error?.reason.hasPrefix("no answer in") == true)
    }

    @Test(
        "a server that speaks another protocol, gives no status or leaves in mid-answer is an error that says so",
        arguments: [
            (Array("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n".utf8), "it does not speak FastCGI"),
            (stdout("Content-Type: text/plain\r\n\r\nStatus: 200") + end, "the answer has no status"),
            (stdout("Status: fine\r\n\r\n") + end, "the answer has no status"),
            (stdout("Status: 200 OK") + end, "the answer has no status"),
            (stdout("Status: 200 OK\r\n\r\n"), "the connection ended before the answer did"),
        ])
    func faults(answer: [UInt8], reason: String) throws {
        let listener = try Listener()
        let server = Background { try listener.answerNext(answer) }
        let endpoint = Endpoint.tcp(host: "127.0.0.1", port: UInt16(listener.port))
        let error = #expect(throws: InquiryError.self) { try Inquiry(endpoint, patience: .seconds(20)).get("/") }
        #expect(error?.description == "\(endpoint): \(reason)")
        try server.value()
    }

    @Test("a path of up to 127 bytes is asked for, a longer one refused")
    func longPath() throws {
        let server = try RunningServer()
        let longest = "/echo?" + String(repeating: "n", count: Inquiry.pathLimit - 6)
        #expect(try Inquiry(server.endpoint).get(longest).status == 200)
        for count in [1, 129, 70_000] {
            let error = #expect(throws: InquiryError.self) {
                try Inquiry(server.endpoint).get(longest + String(repeating: "n", count: count))
            }
            #expect(error?.reason == "a path has at most 127 bytes")
        }
        #expect(server.end())
    }

    private static func stdout(_ text: String) -> [UInt8] { FastCGIClient.record(6, Array(text.utf8)) }
    /// The request is complete, and the application's status 0.
    private static let end = FastCGIClient.record(3, [UInt8](repeating: 0, count: 8))

    @Test("what answers more than a probe can want is cut off")
    func tooLong() throws {
        let server = try RunningServer()
        let error = #expect(throws: InquiryError.self) { try Inquiry(server.endpoint, patience: .seconds(20)).get("/large") }
        #expect(error?.reason.contains("longer than") == true)
        #expect(server.end())
    }
}
