import FoundationEssentials
import Glibc
import Postgres
import TestSupport
import Testing
import Warehouse

/// `probe` against `serve`, as a container's kubelet runs them.
@Suite struct ProbeProgramTests {
    @Test("health is answered on its own address while every handler is busy, and a probe of the handlers' address fails")
    func busy() throws {
        let database = try TestPostgres.database()
        let port = try Free.port()
        let (handlers, health) = ("127.0.0.1:\(port)", "127.0.0.1:\(try Free.port())")
        let serve = try Program.start(
            ["serve", "--listen", handlers, "--health", health, "--threads", "1"], environment: database.environment(as: "test_api"))
        #expect(serve.waitForOutput("serve.started"), "\(serve.output)")
        #expect(try probe(handlers).status == 0)
        #expect(try probe(health, "--path", "/readyz").status == 0)
        try withExtendedLifetime(Connected(port: port)) { client in
            // A request that never becomes whole keeps its worker for half a minute.
            client.send([1, 1, 0, 1, 0, 8, 0, 0, 0])
            let busy = try probe(handlers, "--timeout", "300ms")
            #expect(busy.status == 69 && busy.errors.contains("no answer in"), "\(busy.errors)")
            #expect(try probe(health).status == 0)
            #expect(try probe(health, "--path", "/readyz").status == 0)
            #expect(try probe(health, "--path", "/api/gaf/products").status == 69)
        }
        serve.signal(SIGTERM)
        #expect(serve.wait() == 0, "\(serve.output)")
        #expect(try probe(health).status == 69)
    }

    @Test("whether the handlers live is answered while Postgres hangs, however many ask whether it answers", .timeLimit(.minutes(2)))
    func hanging() throws {
        let (postgres, port) = (try Listener(), try Free.port())
        let hung = ["POSTGRES_HOST": "127.0.0.1", "POSTGRES_PORT": String(postgres.port), "POSTGRES_USER": "u", "POSTGRES_DB": "d"]
        let serve = try Program.start(["serve", "--listen", "127.0.0.1:0", "--health", "127.0.0.1:\(port)"], environment: hung)
        #expect(serve.waitForOutput("serve.started"), "\(serve.output)")
        // They are there before the probe is, and each would keep it waiting for as long as a connection may take.
        let asking = try (1...12).map { _ in try Connected(port: port) }
        for one in asking { one.send(Self.readiness) }
        let alive = try probe("127.0.0.1:\(port)", "--timeout", "5s")
        #expect(alive.status == 0, "\(alive.errors)")
        for one in asking { #expect(String(decoding: one.receive(), as: UTF8.self).contains("Status: 503 ")) }
        serve.signal(SIGTERM)
        #expect(serve.wait() == 0)
        withExtendedLifetime(postgres) {}
    }

    @Test("that Postgres stands still is told within seconds, to all who ask at once, on either address; and that it goes on, too")
    func frozen() throws {
        let cluster = try PostgresCluster()
        try cluster.connect().run(
            script: "CREATE SCHEMA crypto_gaf; CREATE TABLE crypto_gaf.migrations AS SELECT \(Schema.version) AS number")
        let environment = [
            "POSTGRES_HOST": cluster.directory, "POSTGRES_PORT": "\(cluster.port)", "POSTGRES_USER": "postgres", "POSTGRES_DB": "postgres",
        ]
        let (handlers, port) = ("127.0.0.1:\(try Free.port())", try Free.port())
        let serve = try Program.start(
            ["serve", "--listen", handlers, "--health", "127.0.0.1:\(port)", "--threads", "1"], environment: environment)
        #expect(serve.waitForOutput("serve.started"), "\(serve.output)")
        func ready(_ address: String) throws -> Subprocess.Result { try probe(address, "--path", "/readyz", "--timeout", "9s") }
        let addresses = ["127.0.0.1:\(port)", handlers]
        for address in addresses { #expect(try ready(address).status == 0) }
        cluster.freeze(true)
        defer { cluster.freeze(false) }
        // On a connection that was good, and then on none.
        for _ in 0..<2 {
            let asking = try (1...5).map { _ in try Connected(port: port) }
            for one in asking { one.send(Self.readiness) }
            for address in addresses {
                let answer = try ready(address)
                #expect(answer.status == 69 && answer.errors.contains("503"), "\(answer.errors)")
            }
            for one in asking { #expect(String(decoding: one.receive(), as: UTF8.self).contains("Status: 503 ")) }
        }
        cluster.freeze(false)
        for address in addresses { #expect(eventually { (try? ready(address).status) == 0 }) }
        serve.signal(SIGTERM)
        #expect(serve.wait() == 0)
    }

    /// `GET /readyz` on a connection that the server keeps.
    private static let readiness: [UInt8] = {
        func record(_ type: UInt8, _ content: [UInt8]) -> [UInt8] { [1, type, 0, 1, 0, UInt8(content.count), 0, 0] + content }
        let parameters = [("REQUEST_METHOD", "GET"), ("REQUEST_URI", "/readyz")].flatMap { name, value in
            [UInt8(name.utf8.count), UInt8(value.utf8.count)] + Array(name.utf8) + Array(value.utf8)
        }
        return record(1, [0, 1, 1, 0, 0, 0, 0, 0]) + record(4, parameters) + record(4, []) + record(5, [])
    }()

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
        arguments: [
            [], ["--connect", "x"], ["--connect", ":1", "--socket", "/x"], ["--connect", ":1", "--path", "x"], [":1"],
            ["--connect", ":1", "--path", "/" + String(repeating: "x", count: 127)],
        ])
    func refused(words: [String]) throws {
        #expect(try Program.run(["probe"] + words, environment: [:]).status == 64)
    }

    private func probe(_ address: String, _ more: String...) throws -> Subprocess.Result {
        try Program.run(["probe", "--connect", address] + more, environment: [:])
    }
}
