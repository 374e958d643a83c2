import FoundationEssentials
import Glibc
import TestSupport
import Testing

/// `probe` against `serve`, as a container's kubelet runs them.
@Suite struct ProbeProgramTests {
    @Test("health is answered on its own address while every handler is busy, and a probe of the handlers' address fails")
    func busy() throws {
        let database = try TestPostgres.database()
        let (handlers, health) = ("127.0.0.1:\(try Free.port())", "127.0.0.1:\(try Free.port())")
        let serve = try Program.start(
            ["serve", "--listen", handlers, "--health", health, "--threads", "1"], environment: database.environment(as: "test_api"))
        #expect(serve.waitForOutput("serve.started"), "\(serve.output)")
        #expect(try probe(handlers).status == 0)
        #expect(try probe(health, "--path", "/readyz").status == 0)
        // A request that never becomes whole keeps its worker for half a minute.
        let client = try Connected(port: handlers)
        client.send([1, 1, 0, 1, 0, 8, 0, 0, 0])
        let busy = try probe(handlers, "--timeout", "300ms")
        #expect(busy.status == 69 && busy.errors.contains("no answer in"), "\(busy.errors)")
        #expect(try probe(health).status == 0)
        #expect(try probe(health, "--path", "/readyz").status == 0)
        #expect(try probe(health, "--path", "/api/gaf/products").status == 69)
        client.close()
        serve.signal(SIGTERM)
        #expect(serve.wait() == 0, "\(serve.output)")
        #expect(try probe(health).status == 69)
    }

    @Test("alive is not ready: without Postgres the handlers live, and are not ready")
    func notReady() throws {
        let health = "127.0.0.1:\(try Free.port())"
        let nobody = ["POSTGRES_HOST": "127.0.0.1", "POSTGRES_PORT": String(try Free.port()), "POSTGRES_USER": "u", "POSTGRES_DB": "d"]
        let serve = try Program.start(["serve", "--listen", "127.0.0.1:0", "--health", health], environment: nobody)
        #expect(serve.waitForOutput("serve.started"), "\(serve.output)")
        #expect(try probe(health).status == 0)
        let ready = try probe(health, "--path", "/readyz", "--timeout", "20s")
        #expect(ready.status == 69 && ready.errors.contains("503"), "\(ready.errors)")
        serve.signal(SIGTERM)
        #expect(serve.wait() == 0)
    }

    @Test(
        "a probe that cannot be is refused",
        arguments: [[], ["--connect", "x"], ["--connect", ":1", "--socket", "/x"], ["--connect", ":1", "--path", "x"], [":1"]])
    func refused(words: [String]) throws {
        #expect(try Program.run(["probe"] + words, environment: [:]).status == 64)
    }

    private func probe(_ address: String, _ more: String...) throws -> Subprocess.Result {
        try Program.run(["probe", "--connect", address] + more, environment: [:])
    }

    /// A connection that sends what it likes.
    private struct Connected {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)

        init(port address: String) throws {
            var place = sockaddr_in()
            place.sin_family = sa_family_t(AF_INET)
            place.sin_port = try #require(address.split(separator: ":").last.flatMap { UInt16($0) }).bigEndian
            inet_pton(AF_INET, "127.0.0.1", &place.sin_addr)
            let code = withUnsafeBytes(of: &place) {
                Glibc.connect(descriptor, $0.baseAddress!.assumingMemoryBound(to: sockaddr.self), socklen_t($0.count))
            }
            try #require(code == 0)
        }

        func send(_ bytes: [UInt8]) { _ = bytes.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, 0) } }
        func close() { Glibc.close(descriptor) }
    }
}
