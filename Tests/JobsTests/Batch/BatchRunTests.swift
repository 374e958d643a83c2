import Jobs
import Postgres
import Runtime
import Synchronization
import TestSupport
import Testing
import Warehouse

/// A job that does what the test says.
private struct ScriptedJob: BatchJob {
    var name = "sweep"
    let body: @Sendable (JobContext) throws -> JobCounts

    func run(_ context: JobContext) throws -> JobCounts { try body(context) }
}

private struct Broken: Error, CustomStringConvertible { let description = "the broom broke" }

@Suite struct BatchRunTests {
    private let database: TestDatabase
    private let stop = Stop()

    init() throws { database = try TestPostgres.database() }

    private func connect() throws -> Connection { try database.connect(as: "test_worker") }

    private func run(_ body: @escaping @Sendable (JobContext) throws -> JobCounts) throws -> BatchRun.Ending {
        try BatchRun(log: .silent, stop: stop) { [database] () throws(PostgresError) in
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

    @Test("a job that is switched off ends at once; switched on again, it runs")
    func disabled() throws {
        try database.connect().execute("INSERT INTO crypto_gaf.jobs (name, enabled) VALUES ('sweep', false)")
        #expect(try run { _ in [:] } == .disabled)
        #expect(try runs() == [])
        try database.connect().execute("UPDATE crypto_gaf.jobs SET enabled = true WHERE name = 'sweep'")
        #expect(try run { _ in [:] } == .succeeded([:]))
    }

    @Test("a run that was killed is called dead by the next one, of the same job only")
    func died() throws {
        try connect().execute("INSERT INTO crypto_gaf.job_runs (job) VALUES ('sweep'), ('mop')")
        _ = try run { _ in [:] }
        #expect(try runs() == ["died {} - true", "succeeded {} - true"])
        #expect(try connect().query("SELECT outcome FROM crypto_gaf.job_runs WHERE job = 'mop'").one().text(0) == "running")
    }

    @Test("a run whose connection breaks is recorded as failed over another one")
    func lostConnection() throws {
        #expect(throws: PostgresError.self) {
            try run { context in
                // Its own server process.
                try context.connection.execute("SELECT pg_terminate_backend(pg_backend_pid())")
                return [:]
            }
        }
        let recorded = try runs()
        #expect(recorded.count == 1 && recorded.first?.hasPrefix("failed {} postgres") == true, "\(recorded)")
    }

    @Test("a database of another schema is refused")
    func schema() throws {
        try database.connect().execute("DELETE FROM crypto_gaf.migrations WHERE number = \(Schema.version)")
        #expect(throws: SchemaError.self) { try run { _ in [:] } }
    }
}
