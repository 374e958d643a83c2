import Foundation
import Postgres
import TestSupport
import Testing

/// Servers that die, hang, or are full. Each test has a server of its own.
@Suite struct OutageTests {
    private func fault(_ body: () throws -> Void) -> PostgresError? {
        do {
            try body()
            return nil
        } catch { return error as? PostgresError }
    }

    @Test("a connection that was ended between two statements is noticed, and comes back")
    func terminatedBetween() throws {
        let database = try TestPostgres.database(migrated: false)
        let connection = try database.connect()
        let pid = connection.serverProcess
        try database.connect().execute("SELECT pg_terminate_backend(\(pid))")
        let error = fault { _ = try connection.query("SELECT 1") }
        #expect(error?.isConnectionLost == true && error?.isRetryable == true)
        #expect(connection.isBroken)
        #expect(try connection.reconnecting { try connection.query("SELECT 1").one().int(0) } == 1)
        #expect(connection.serverProcess != pid)
    }

    @Test("a connection that is ended in mid-statement fails that statement, and its transaction left nothing")
    func terminatedDuring() throws {
        let database = try TestPostgres.database(migrated: false)
        let (connection, other) = (try database.connect(), try database.connect())
        try connection.run(script: "CREATE TABLE t (n integer)")
        let pid = connection.serverProcess
        Thread.detachNewThread {
            usleep(300_000)
            _ = try? Connection(database.options()).execute("SELECT pg_terminate_backend(\(pid))")
        }
        let error = fault {
            try connection.transaction {
                try connection.execute("INSERT INTO t VALUES (1)")
                try connection.execute("SELECT pg_sleep(20)")
            }
        }
        #expect(error?.sqlState == "57P01" && error?.isConnectionLost == true)
        #expect(try other.query("SELECT count(*) FROM t").one().int(0) == 0)
        try connection.reset()
        #expect(try connection.execute("INSERT INTO t VALUES (2)") == 1)
    }

    @Test("a server that is killed and starts again is found again, with all that was committed")
    func killed() throws {
        let cluster = try PostgresCluster()
        let connection = try Connection(cluster.options())
        try connection.run(script: "CREATE TABLE t (n integer); INSERT INTO t VALUES (1)")
        try connection.run(script: "BEGIN; INSERT INTO t VALUES (2)")
        cluster.kill9()
        #expect(fault { _ = try connection.query("SELECT 1") }?.isConnectionLost == true)
        #expect(fault { try connection.reset() }?.isRetryable == true)
        try cluster.start()
        try connection.reset()
        #expect(try connection.query("SELECT n FROM t").map { try $0.int(0) } == [1])
    }

    @Test("a statement that takes too long is ended by the server, and the connection stays")
    func statementTimeout() throws {
        let connection = try TestPostgres.database(migrated: false).connect()
        try connection.setStatementTimeout(.milliseconds(100))
        let error = fault { try connection.execute("SELECT pg_sleep(20)") }
        #expect(error?.code == .timeout && error?.sqlState == "57014" && error?.isConnectionLost == false)
        #expect(try connection.query("SELECT 1").one().int(0) == 1)
        try connection.setStatementTimeout(nil)
        #expect(try connection.query("SELECT 1 FROM pg_sleep(0.2)").one().int(0) == 1)
    }

    @Test("a server that keeps to no limit of its own is told to stop, and the connection stays")
    func ignoredTimeout() throws {
        let connection = try TestPostgres.database(migrated: false).connect()
        try connection.setStatementTimeout(.milliseconds(100))
        try connection.run(script: "SET statement_timeout = 0")
        let start = ContinuousClock.now
        let error = fault { try connection.execute("SELECT pg_sleep(60)") }
        #expect(error?.code == .timeout && error?.isConnectionLost == false)
        #expect(ContinuousClock.now - start < .seconds(20))
        #expect(try connection.query("SELECT 1").one().int(0) == 1)
    }

    @Test("who waits only until a moment is told then, without another try, and goes on with the connection; outside the old limits hold")
    func ending() throws {
        let connection = try TestPostgres.database(migrated: false).connect()
        try connection.setStatementTimeout(nil)
        var tries = 0
        let error = fault {
            try connection.ending(by: .now + .milliseconds(100)) {
                try connection.reconnecting {
                    tries += 1
                    try connection.execute("SELECT pg_sleep(60)")
                }
            }
        }
        #expect(error?.code == .timeout && error?.isConnectionLost == false && tries == 1)
        #expect(try connection.query("SELECT 1 FROM pg_sleep(0.2)").one().int(0) == 1)
    }

    @Test(
        "a statement that ends otherwise while its cancelling is on the way takes the connection along: the next would be cancelled instead",
        arguments: ["SELECT 1", "SELECT pg_sleep(60)"])
    func lateCancel(script: String) throws {
        let database = try TestPostgres.database(migrated: false)
        let relay = try Relay(to: database.cluster.port)
        var options = database.options(overTCP: true)
        options.port = relay.port
        let connection = try Connection(options)
        // So the server itself ends what sleeps, with the SQLSTATE that a cancel has too.
        try connection.setStatementTimeout(.milliseconds(10))
        relay.holdUntilNextConnection()
        let error = fault { try connection.ending(by: .now + .milliseconds(100)) { try connection.run(script: script) } }
        #expect(error?.code == .timeout && error?.isConnectionLost == true && connection.isBroken)
        #expect(try connection.reconnecting { try connection.query("SELECT 1").one().int(0) } == 1)
    }

    @Test(
        "on a server that hangs, too, who waits only until a moment is told then, and nobody connects anew for him", .timeLimit(.minutes(2))
    )
    func endingFrozen() throws {
        let cluster = try PostgresCluster()
        let connection = try Connection(cluster.options())
        try connection.setStatementTimeout(nil)
        cluster.freeze(true)
        defer { cluster.freeze(false) }
        var tries = 0
        let error = fault {
            try connection.ending(by: .now + .milliseconds(100)) {
                try connection.reconnecting {
                    tries += 1
                    _ = try connection.query("SELECT 1")
                }
            }
        }
        #expect(error?.code == .timeout && error?.isConnectionLost == true && connection.isBroken && tries == 1)
    }

    @Test("a server that hangs does not hang us", .timeLimit(.minutes(2)))
    func frozen() throws {
        let cluster = try PostgresCluster()
        let connection = try Connection(cluster.options())
        try connection.setStatementTimeout(.milliseconds(100))
        cluster.freeze(true)
        defer { cluster.freeze(false) }
        let error = fault { _ = try connection.query("SELECT 1") }
        #expect(error?.code == .timeout && error?.isConnectionLost == true && connection.isBroken)
        var options = cluster.options(overTCP: true)
        options.connectTimeout = .seconds(2)
        #expect(fault { _ = try Connection(options) }?.code == .connection)
        cluster.freeze(false)
        try connection.reset()
        #expect(try connection.query("SELECT 1").one().int(0) == 1)
    }

    @Test(
        "a full disk is a clear error that may be tried again, and when there is room it succeeds",
        .enabled(if: SmallDisk.isPossible, "skipped: not root"))
    func fullDisk() throws {
        let disk = try SmallDisk(megabytes: 120)
        let cluster = try disk.cluster()
        defer { cluster.stop() }
        let connection = try cluster.connect()
        try connection.run(script: "CREATE TABLE t (data text); ALTER TABLE t ALTER data SET STORAGE EXTERNAL")
        try disk.fill(leaving: 8)
        let error = fault {
            for _ in 0..<200 { try connection.execute("INSERT INTO t SELECT repeat('x', 1000000)") }
        }
        #expect(error?.sqlState == "53100" && error?.isRetryable == true, "\(String(describing: error))")
        #expect(error?.message.contains("No space left on device") == true)
        try disk.makeRoom()
        #expect(try connection.reconnecting { try connection.execute("INSERT INTO t SELECT repeat('y', 1000000)") } == 1)
    }
}
