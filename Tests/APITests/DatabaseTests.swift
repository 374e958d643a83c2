import API
import HTTP
import Postgres
import TestSupport
import Testing
import Warehouse

@Suite struct DatabaseTests {
    @Test("a connection that was dropped between two requests fails neither")
    func dropped() throws {
        let served = try Served()
        try served.draw("BTC-USD")
        #expect(try served.get("/api/gaf/image?product=BTC-USD").status == .ok)
        let ended = try served.connection.query(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = current_database() AND usename = 'test_api'")
        #expect(ended.count == 1)
        #expect(try served.get("/api/gaf/image?product=BTC-USD").status == .ok)
    }

    @Test("while Postgres is away every read is a 503 that says when to come back; after its return all is well")
    func away() throws {
        let cluster = try PostgresCluster()
        // The checkpoint, since the test's server would lose its last commits when killed.
        try Connection(cluster.options()).run(
            script: "CREATE SCHEMA crypto_gaf; CREATE TABLE crypto_gaf.migrations AS SELECT \(Schema.version) AS number")
        try Connection(cluster.options()).run(script: "CHECKPOINT")
        let database = Database(cluster.options())
        let router = ServedRoutes.router(crossOrigin: .any)
        func get(_ target: String) throws -> Response { router.respond(to: try Request(.get, target), with: database) }
        #expect(try get("/readyz").status == .ok)
        cluster.kill9()
        for target in ["/readyz", "/api/gaf/image?product=x", "/api/gaf/products", "/metrics"] {
            let response = try get(target)
            #expect(response.status == .serviceUnavailable)
            #expect(response.headers["Retry-After"] == "1")
            #expect(response.headers["Content-Type"] == "application/problem+json")
        }
        #expect(try get("/healthz").status == .ok)
        try cluster.start()
        #expect(try get("/readyz").status == .ok)
        try cluster.restart()
        #expect(try get("/readyz").status == .ok)
    }

    @Test("a read bears the id of its request where that is asked for, and only there", arguments: [true, false])
    func traced(isTraced: Bool) throws {
        let served = try Served()
        try served.draw("BTC-USD")
        let worker = Database(served.database.options(as: "test_api"), tracesRequests: isTraced)
        for id in ["4d2f", "93ab"] {
            let answer = served.router.respond(to: try Request(.get, "/api/gaf/image?product=BTC-USD", id: id), with: worker)
            #expect(answer.status == .ok)
            let name = try served.connection.query(
                "SELECT application_name FROM pg_stat_activity WHERE datname = current_database() AND usename = 'test_api'"
            ).one().text(0)
            #expect(name.hasSuffix(" \(id)") == isTraced, "\(name)")
        }
    }

    @Test("the API's user can read what is served, and nothing else")
    func leastPrivilege() throws {
        let served = try Served()
        try served.draw("BTC-USD")
        let connection = try served.database.connect(as: "test_api")
        let statements = [
            "UPDATE crypto_gaf.gafs SET size = 1", "DELETE FROM crypto_gaf.samples", "SELECT ask_prices FROM crypto_gaf.samples",
        ]
        for statement in statements {
            let error = #expect(throws: PostgresError.self) { try connection.execute(SQL(unescaped: statement)) }
            #expect(error?.sqlState == "42501", "\(statement)")
        }
    }
}
