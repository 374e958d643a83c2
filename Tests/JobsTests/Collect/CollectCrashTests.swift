import Foundation
import Postgres
import TestSupport
import Testing
import Warehouse

/// The real program, killed; the venue lives in this process and knows every trade.
@Suite("Collect crashes", .serialized)
struct CollectCrashTests {
    let venue: ScriptedVenue
    let database: TestDatabase
    let rows: CollectedRows

    init() throws {
        venue = try ScriptedVenue()
        database = try TestPostgres.database()
        rows = try CollectedRows(database.options())
    }

    private func start(_ arguments: String..., environment: [String: String] = [:]) throws -> Subprocess {
        let settings = ["COINBASE_URL": venue.server.url, "SLEEP_INTERVAL": "0.02", "HTTP_TIMEOUT": "1", "LOG_FORMAT": "json"]
        return try Program.start(
            ["collect"] + arguments,
            environment: database.environment(as: "test_worker").merging(settings) { $1 }.merging(environment) { $1 })
    }

    @Test("killed at any moment and started again, it counts every trade once")
    func killed() throws {
        try rows.add("A", "B", "C")
        for _ in 0..<Soak.count(100) {
            let program = try start()
            let before = try rows.count("A")
            #expect(try eventually { try rows.count("A") > before }, "\(program.output)")
            usleep(.random(in: 0..<200_000))
            program.signal(SIGKILL)
            #expect(program.wait() == 128 + SIGKILL)
        }
        let last = try start("--once")
        #expect(last.wait() == 0, "\(last.output)")
        for product in ["A", "B", "C"] {
            try rows.expectEveryTradeOnce(product)
            #expect(try rows.trades(product).last == venue.sequence(of: product))
        }
        // A killed client's server process takes a moment to notice.
        #expect(try eventually { try heldLocks() == 0 })
    }

    @Test("the second one waits, and takes over when the first is killed")
    func takesOver() throws {
        try rows.add("A", "B")
        var leader = try start()
        #expect(leader.waitForOutput("collect.leading"))
        for _ in 0..<Soak.count(50) {
            let second = try start()
            #expect(second.waitForOutput("collect.waiting"), "\(second.output)")
            let before = try rows.count("A")
            #expect(try eventually { try rows.count("A") > before + 3 })
            #expect(!second.output.contains("collect.leading"))
            leader.signal(SIGKILL)
            let start = ContinuousClock.now
            #expect(second.waitForOutput("collect.leading"))
            #expect(ContinuousClock.now - start < .seconds(5))
            let after = try rows.count("A")
            #expect(try eventually { try rows.count("A") > after })
            leader = second
        }
        leader.signal(SIGTERM)
        #expect(leader.wait(for: .seconds(10)) == 0, "\(leader.output)")
        for product in ["A", "B"] { try rows.expectEveryTradeOnce(product) }
        #expect(try eventually { try heldLocks() == 0 })
    }

    @Test("a leader that lost its connection to another collector steps back, and drops what it had not written")
    func superseded() throws {
        try rows.add("A")
        let first = try start()
        let second = try start()
        let programs = [first, second]
        #expect(try eventually { try rows.count("A") > 2 && programs.contains { $0.output.contains("collect.waiting") } })
        for _ in 0..<Soak.count(60) {
            let before = try rows.count("A")
            try rows.connection.execute(
                """
                SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted AND classid = 2
                AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
                """)
            #expect(try eventually { try rows.count("A") > before + 3 })
        }
        for program in programs {
            program.signal(SIGINT)
            #expect(program.wait(for: .seconds(10)) == 0, "\(program.output)")
        }
        try rows.expectEveryTradeOnce("A")
    }

    @Test("a schema that is not the program's ends it with one line that says what to do")
    func schema() throws {
        try rows.connection.execute("UPDATE crypto_gaf.migrations SET number = 9999 WHERE number = \(Schema.version)")
        let newer = try start()
        #expect(newer.wait() == 78, "\(newer.output)")
        #expect(newer.waitForOutput("use the newer cryptogaf"), "\(newer.output)")
        try rows.connection.execute("DROP SCHEMA crypto_gaf CASCADE")
        let none = try start()
        #expect(none.wait() == 78)
        #expect(none.waitForOutput("run cryptogaf migrate"), "\(none.output)")
    }

    @Test("a server or a database that is not there yet is waited for, but not by a single tick")
    func absent() throws {
        for missing in [["POSTGRES_DB": "no_such_database"], ["POSTGRES_PORT": String(try Free.port())]] {
            let waiting = try start(environment: missing)
            #expect(waiting.waitForOutput("collect.database-away"))
            waiting.signal(SIGTERM)
            #expect(waiting.wait(for: .seconds(5)) == 0, "\(waiting.output)")
            let once = try start("--once", environment: missing)
            #expect(once.wait() == 69, "\(once.output)")
        }
    }

    private func heldLocks() throws -> Int {
        try rows.connection.query(
            """
            SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND classid = 2
            AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
            """
        ).one().int(0)
    }
}
