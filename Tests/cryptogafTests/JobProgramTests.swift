import Foundation
import Jobs
import Market
import Postgres
import TestSupport
import Testing
import Warehouse

@testable import cryptogaf

/// `cryptogaf job NAME` as cron meets it: beside another run of it, and switched off.
@Suite struct JobProgramTests {
    private static let names = JobCommand.entries.map(\.name)
    private let database: TestDatabase
    private let lake: String

    init() throws {
        database = try TestPostgres.database()
        lake = try Free.directory()
    }

    private func environment(_ more: [String: String] = [:]) -> [String: String] {
        database.environment(as: "test_worker").merging(["LAKE_URL": "file://\(lake)"]) { $1 }.merging(more) { $1 }
    }

    private func runs() throws -> [String] {
        try database.connect().query("SELECT job || ' ' || outcome FROM crypto_gaf.job_runs ORDER BY run_id").map { try $0.text(0) }
    }

    @Test("a second run of a job that is under way says so, ends with 0 and leaves the first alone")
    func overlapping() throws {
        defer { try? FileManager.default.removeItem(atPath: lake) }
        let venue = try ScriptedServer { _ in .silence(60) }
        _ = try TrackedSymbolRepository(database.connect()).track("binance", .init("BTC-USDT"), TrackingChanges())
        let environment = environment(["BINANCE_URL": venue.url, "HTTP_TIMEOUT": "60"])
        let first = try Program.start(["job", "ingest-klines"], environment: environment)
        #expect(eventually { !venue.requests.isEmpty }, "\(first.output)")
        let second = try Program.run(["job", "ingest-klines"], environment: environment)
        #expect(second.status == 0)
        #expect(
            second.errors.split(separator: "\n").count == 1 && second.errors.contains(#""event":"job.overlapped","job":"ingest-klines""#))
        #expect(first.isRunning && venue.requests.count == 1)
        #expect(try runs() == ["ingest-klines running"])
        first.signal(SIGKILL)
        _ = first.wait()
    }

    @Test("every job, asked for while its lock is held, ends with 0 and one line", arguments: names)
    func locked(name: String) throws {
        defer { try? FileManager.default.removeItem(atPath: lake) }
        let holder = try database.connect()
        #expect(try AdvisoryLock(.job, name).tryAcquire(on: holder))
        let run = try Program.run(["job", name], environment: environment())
        #expect(run.status == 0, "\(run.errors)")
        #expect(run.errors.split(separator: "\n").count == 1 && run.errors.contains("\"event\":\"job.overlapped\",\"job\":\"\(name)\""))
        #expect(try runs() == [])
    }

    @Test("every job that is switched off ends with 0 and one line", arguments: names)
    func disabled(name: String) throws {
        defer { try? FileManager.default.removeItem(atPath: lake) }
        try database.connect().execute("INSERT INTO crypto_gaf.jobs (name, enabled) VALUES (\(name), false)")
        let run = try Program.run(["job", name], environment: environment())
        #expect(run.status == 0, "\(run.errors)")
        #expect(run.errors.split(separator: "\n").count == 1 && run.errors.contains("\"event\":\"job.disabled\",\"job\":\"\(name)\""))
        #expect(try runs() == [])
    }

    @Test("a switch under a name that no job has is warned of by the job that runs")
    func unknownSwitch() throws {
        defer { try? FileManager.default.removeItem(atPath: lake) }
        let known = Self.names + ["calculate", "backfill binance:BTC-USDT 1m"]
        for name in known + ["transfrom"] {
            try database.connect().execute("INSERT INTO crypto_gaf.jobs (name, enabled) VALUES (\(name), true)")
        }
        let run = try Program.run(["job", "aggregate"], environment: environment())
        #expect(run.status == 0, "\(run.errors)")
        let warned = run.errors.split(separator: "\n").filter { $0.contains("job.unknown_switch") }
        #expect(warned.count == 1 && warned[0].contains(#""name":"transfrom""#), "\(run.errors)")
    }

    @Test(
        "every job's lock, its row in job_runs and its file in cronjobs/ bear the name by which it is called",
        arguments: names)
    func oneName(name: String) throws {
        let entry = try #require(JobCommand.entries.first { $0.name == name })
        let configuration = try Configuration(environment: environment(), requires: [.postgres, .lake]) { _ in nil }
        #expect(try entry.make(Arguments([], accepting: entry.options), configuration).name == name)
        let file = try String(contentsOfFile: "\(Repository.root)/cronjobs/\(name).yaml", encoding: .utf8)
        #expect(file.components(separatedBy: "\n").contains("name: \(name)"))
    }
}
