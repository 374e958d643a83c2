import Jobs
import Lake
import Postgres
import Runtime
import Synchronization
import TestSupport
import Testing
import Warehouse

/// A job that does what the test says.
private struct ScriptedJob: BatchJob {
    var name = "sweep"
    var isDryRun = false
    let body: @Sendable (JobContext) throws -> JobCounts

    func run(_ context: JobContext) throws -> JobCounts { try body(context) }
}

/// Connections that do not end with those who use them. One thread at a time.
private final class Kept: @unchecked Sendable {
    private var connections: [Connection] = []
    var count: Int { connections.count }

    func add(_ connection: Connection) -> Connection {
        connections.append(connection)
        return connection
    }
}

private struct Broken: Error, CustomStringConvertible { let description = "the broom broke" }

@Suite struct BatchRunTests {
    private let database: TestDatabase
    private let stop = Stop()

    init() throws { database = try TestPostgres.database() }

    private func connect() throws -> Connection { try database.connect(as: "test_worker") }

    private func run(log: Log = .silent, _ body: @escaping @Sendable (JobContext) throws -> JobCounts) throws -> BatchRun.Ending {
        try BatchRun(log: log, stop: stop) { [database] () throws(PostgresError) in
            try Connection(database.options(as: "test_worker"))
        }.run(ScriptedJob(body: body))
    }

    /// Outcome, counts, error and whether it has an end, oldest first.
    private func runs() throws -> [String] {
        try connect().query(
            """
            SELECT outcome || ' ' || counts || ' ' || coalesce(error, '-') || ' ' || (finished_at >= started_at)::text
            FROM crypto_gaf.job_runs WHERE job = 'sweep' ORDER BY run_id
            """
        ).map { try $0.text(0) }
    }

    @Test("a run is recorded with what it counted")
    func succeeds() throws {
        #expect(try run { _ in ["rows": 3, "files": 1] } == .succeeded(["rows": 3, "files": 1]))
        #expect(try runs() == [#"succeeded {"rows": 3, "files": 1} - true"#])
    }

    @Test("a failure is recorded before it ends the program, with what was counted until then")
    func fails() throws {
        #expect(throws: Broken.self) { try run { _ in throw Broken() } }
        #expect(throws: JobFailure.self) { try run { _ in throw JobFailure("nothing answered", counts: ["failed": 7]) } }
        #expect(try runs() == ["failed {} the broom broke true", #"failed {"failed": 7} nothing answered true"#])
    }

    @Test("a failure for the lake is recorded as such, one for an object of it is not")
    func failsForTheLake() throws {
        let away = LakeError(.unavailable, "s3://lake", "it does not answer")
        #expect(throws: LakeError.self) { try run { _ in throw away } }
        #expect(throws: JobFailure.self) { try run { _ in throw JobFailure("not all", counts: ["objects": 2], cause: away) } }
        let damaged = LakeError(.corrupt, "a/key", "other bytes")
        #expect(throws: JobFailure.self) { try run { _ in throw JobFailure("not all", cause: damaged) } }
        #expect(
            try runs() == [
                #"failed {"lake_failed": 1} s3://lake: it does not answer true"#, #"failed {"objects": 2, "lake_failed": 1} not all true"#,
                "failed {} not all true",
            ])
    }

    @Test("a stop is an outcome of its own")
    func stopped() throws {
        let stop = stop
        let ending = try run { _ in
            stop.request()
            return ["rows": 1]
        }
        #expect(ending == .stopped(["rows": 1]))
        #expect(try runs() == [#"stopped {"rows": 1} - true"#])
    }

    @Test("a run that meets another ends at once and leaves no entry")
    func overlap() throws {
        let inner = Mutex<BatchRun.Ending?>(nil)
        _ = try run { [self] _ in
            let ending = try run { _ in ["rows": 9] }
            inner.withLock { $0 = ending }
            return [:]
        }
        #expect(inner.withLock { $0 } == .overlapped)
        #expect(try runs() == ["succeeded {} - true"])
        #expect(try run { _ in [:] } == .succeeded([:]), "the lock went with the run")
    }

    @Test("the next run may begin as soon as one has ended, however late the server notices that its connection has")
    func successive() throws {
        let kept = Kept()
        let options = database.options(as: "test_worker")
        let run = BatchRun(log: .silent, stop: stop) { () throws(PostgresError) in try kept.add(Connection(options)) }
        let failing = ScriptedJob { _ in throw Broken() }
        #expect(throws: Broken.self) { try run.run(failing) }
        #expect(try run.run(ScriptedJob { _ in [:] }) == .succeeded([:]))
        #expect(try run.run(ScriptedJob { _ in [:] }) == .succeeded([:]))
        #expect(kept.count == 3)
    }

    @Test("a dry run is no entry: who waits for the work is not served by it")
    func rehearsed() throws {
        let options = database.options(as: "test_worker")
        let run = BatchRun(log: .silent, stop: stop) { () throws(PostgresError) in try Connection(options) }
        #expect(try run.run(ScriptedJob(isDryRun: true) { _ in ["rows": 3] }) == .succeeded(["rows": 3]))
        #expect(throws: Broken.self) { try run.run(ScriptedJob(isDryRun: true) { _ in throw Broken() }) }
        #expect(try runs() == [])
    }

    @Test("a job that is switched off ends at once; switched on again, it runs")
    func disabled() throws {
        try database.connect().execute("INSERT INTO crypto_gaf.jobs (name, enabled) VALUES ('sweep', false)")
        #expect(try run { _ in [:] } == .disabled)
        #expect(try runs() == [])
        try database.connect().execute("UPDATE crypto_gaf.jobs SET enabled = true WHERE name = 'sweep'")
        #expect(try run { _ in [:] } == .succeeded([:]))
    }

    @Test("a name in crypto_gaf.jobs that no job has is told of by every job that runs, or would; names of jobs are not")
    func unknownSwitch() throws {
        try connect().execute("INSERT INTO crypto_gaf.jobs (name, enabled) VALUES ('swep', false), ('mop', true)")
        let lines = LogLines()
        let options = database.options(as: "test_worker")
        let run = BatchRun(
            log: lines.log, stop: stop, isJob: { ["sweep", "mop"].contains($0) },
            connect: { () throws(PostgresError) in try Connection(options) })
        #expect(try run.run(ScriptedJob { _ in [:] }) == .succeeded([:]))
        #expect(lines.count("job.unknown_switch") == 1 && lines.count("job.unknown_switch", #""name":"swep""#) == 1)
        try connect().execute("INSERT INTO crypto_gaf.jobs (name, enabled) VALUES ('sweep', false)")
        #expect(try run.run(ScriptedJob { _ in [:] }) == .disabled)
        #expect(lines.count("job.unknown_switch") == 2)
    }

    @Test("a run that was killed is called dead by the next one, of the same job only")
    func died() throws {
        try connect().execute("INSERT INTO crypto_gaf.job_runs (job) VALUES ('sweep'), ('mop')")
        _ = try run { _ in [:] }
        #expect(try runs() == ["died {} - true", "succeeded {} - true"])
        #expect(try connect().query("SELECT outcome FROM crypto_gaf.job_runs WHERE job = 'mop'").one().text(0) == "running")
    }

    @Test("work that was done is recorded as done, over another connection if that of the lock broke; the log says that the lock was lost")
    func lostConnection() throws {
        let lines = LogLines()
        let ending = try run(log: lines.log) { context in
            // Its own server process.
            _ = try? context.connection.execute("SELECT pg_terminate_backend(pg_backend_pid())")
            return ["rows": 3]
        }
        #expect(ending == .succeeded(["rows": 3]))
        #expect(try runs() == [#"succeeded {"rows": 3} - true"#])
        #expect(lines.count("job.lock_lost") == 1)
    }

    @Test("a job that connected anew in mid-run lost its lock all the same")
    func reconnected() throws {
        let lines = LogLines()
        _ = try run(log: lines.log) { context in
            _ = try? context.connection.execute("SELECT pg_terminate_backend(pg_backend_pid())")
            try context.connection.reset()
            return [:]
        }
        #expect(try runs() == ["succeeded {} - true"])
        #expect(lines.count("job.lock_lost") == 1)
        _ = try run(log: lines.log) { _ in [:] }
        #expect(lines.count("job.lock_lost") == 1, "a run whose connection held says nothing")
    }

    @Test("a job that fails since its connection broke is recorded as failed over another one")
    func failedConnection() throws {
        #expect(throws: PostgresError.self) {
            try run { context in
                try context.connection.execute("SELECT pg_terminate_backend(pg_backend_pid())")
                return [:]
            }
        }
        let recorded = try runs()
        #expect(recorded.count == 1 && recorded.first?.hasPrefix("failed {} postgres") == true, "\(recorded)")
    }

    @Test("a server that restarts in mid-run is waited for, and the run is recorded with what it did", arguments: [true, false])
    func restart(succeeds: Bool) throws {
        let cluster = try PostgresCluster()
        let options = try TestPostgres.migrated(cluster)
        let lines = LogLines()
        let started = Mutex<Background<Void>?>(nil)
        let job = ScriptedJob { _ in
            cluster.kill9()
            // It is not there yet when the job ends.
            started.withLock { $0 = Background { try cluster.start() } }
            if !succeeds { throw JobFailure("nothing answered", counts: ["rows": 2]) }
            return ["rows": 3]
        }
        let run = BatchRun(log: lines.log, stop: stop) { () throws(PostgresError) in try Connection(options) }
        if succeeds {
            #expect(try run.run(job) == .succeeded(["rows": 3]))
        } else {
            #expect(throws: JobFailure.self) { try run.run(job) }
        }
        try started.withLock { $0.take() }?.value()
        let told = try Connection(options).query("SELECT outcome || ' ' || counts FROM crypto_gaf.job_runs").map { try $0.text(0) }
        #expect(told == [succeeds ? #"succeeded {"rows": 3}"# : #"failed {"rows": 2}"#])
        #expect(lines.count("job.lock_lost") == 1)
    }

    @Test("a database of another schema is refused")
    func schema() throws {
        try database.connect().execute("DELETE FROM crypto_gaf.migrations WHERE number = \(Schema.version)")
        #expect(throws: SchemaError.self) { try run { _ in [:] } }
    }
}
