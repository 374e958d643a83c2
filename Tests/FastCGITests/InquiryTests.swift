import FastCGI
import Glibc
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

    @Test("a server that is too slow, says nothing, or speaks another protocol is an error, and does not hold up for longer than allowed")
    func faults() throws {
        let server = try RunningServer()
        let slow = #expect(throws: InquiryError.self) { try Inquiry(server.endpoint, patience: .milliseconds(50)).get("/slow") }
        #expect(slow?.reason.hasPrefix("no answer in") == true)
        #expect(server.end())
        let silent = try ListeningSocket(.tcp(host: "127.0.0.1", port: 0))
        let error = #expect(throws: InquiryError.self) { try Inquiry(silent.endpoint, patience: .milliseconds(50)).get("/") }
        #expect(error?.reason.hasPrefix("no answer in") == true)
    }

    @Test("what answers more than a probe can want is cut off")
    func tooLong() throws {
        let server = try RunningServer()
        let error = #expect(throws: InquiryError.self) { try Inquiry(server.endpoint, patience: .seconds(20)).get("/large") }
        #expect(error?.reason.contains("longer than") == true)
        #expect(server.end())
    }
}
