import Foundation
import Jobs
import Market
import Postgres
import Synchronization
import TestSupport
import Testing
import Warehouse

/// Runs that nobody ended, as `maintain` finds them.
@Suite struct DiedRunsTests {
    private let fixture: IngestFixture

    init() throws { fixture = try IngestFixture() }

    /// `job outcome`, and whether there is an end, oldest first.
    private func runs() throws -> [String] {
        try fixture.connect().query(
            "SELECT concat_ws(' ', job, outcome, (finished_at >= started_at)::text) FROM crypto_gaf.job_runs ORDER BY run_id"
        ).map { try $0.text(0) }
    }

    private func backfill(_ symbol: String) throws -> Subprocess {
        let asked = fixture.market.server.requests.count
        let from = Date(milliseconds: IngestFixture.minute(-30)).formatted(.iso8601)
        let program = try Program.start(
            ["backfill", "binance:\(symbol)", "--interval", "1m", "--from", from], environment: fixture.environment)
        #expect(eventually { fixture.market.server.requests.count > asked }, "\(program.output)")
        return program
    }

    @Test("a run that was killed is marked as died by maintain, which its dry run only says; one that is under way is not")
    func killed() throws {
        let isHeld = Mutex(true)
        fixture.market.fault { _ in
            _ = eventually { isHeld.withLock { !$0 } }
            return nil
        }
        // As scripts of the chart do, which have no lock.
        _ = try JobRepository(fixture.connect()).begin("restore-drill")
        let dead = try backfill("BTC-USDT")
        dead.signal(SIGKILL)
        _ = dead.wait()
        #expect(try fixture.locksAreFree())
        let alive = try backfill("ETH-USDT")
        let (old, new) = ("backfill binance:BTC-USDT 1m", "backfill binance:ETH-USDT 1m")
        #expect(try runs() == ["restore-drill running", "\(old) running", "\(new) running"])
        let rehearsal = try Program.run(["job", "maintain", "--dry-run"], environment: fixture.environment)
        #expect(rehearsal.status == 0 && rehearsal.errors.contains("\"runs_died\":1"), "\(rehearsal.errors)")
        #expect(try runs() == ["restore-drill running", "\(old) running", "\(new) running"])
        for died in [1, 0] {
            let run = try Program.run(["job", "maintain"], environment: fixture.environment)
            #expect(run.status == 0 && run.errors.contains("\"runs_died\":\(died)"), "\(run.errors)")
            #expect(run.errors.contains("\"event\":\"job.died\",\"job\":\"\(old)\",\"runs\":1") == (died == 1), "\(run.errors)")
        }
        let maintained = Array(repeating: "maintain succeeded true", count: 2)
        #expect(try runs() == ["restore-drill running", "\(old) died true", "\(new) running"] + maintained)
        isHeld.withLock { $0 = false }
        #expect(alive.wait() == 0, "\(alive.output)")
        #expect(try runs() == ["restore-drill running", "\(old) died true", "\(new) succeeded true"] + maintained)
    }

    @Test("two that mark died runs at once mark each once, and not one that ended meanwhile")
    func together() throws {
        let (first, options) = (try fixture.connect(), fixture.database.options(as: "test_worker"))
        let jobs = JobRepository(first)
        _ = try jobs.begin("sweep")
        let ending = try jobs.begin("mop")
        try first.run(script: "BEGIN")
        try jobs.finish(ending, .succeeded, counts: "{}", error: nil)
        #expect(try jobs.markDied(of: ["sweep", "mop"]) == ["sweep"])
        let second = Background { try JobRepository(Connection(options)).markDied(of: ["sweep", "mop"]) }
        let looker = try fixture.connect()
        #expect(
            try eventually {
                try looker.query(
                    "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock')"
                ).one().bool(0)
            })
        try first.run(script: "COMMIT")
        #expect(try second.value() == [])
        #expect(try runs() == ["sweep died true", "mop succeeded true"])
    }

    @Test("whose lock is held is running, whatever number its name is hashed to; a lock of another purpose says nothing")
    func held() throws {
        let (holder, jobs) = (try fixture.connect(), JobRepository(try fixture.connect()))
        let names = (0..<8).map { "sweep \($0)" }
        let signs = try holder.query("SELECT DISTINCT sign(hashtext(name)) FROM unnest(\(names)::text[]) AS name")
        #expect(signs.count == 2)
        for name in names {
            #expect(try AdvisoryLock(.job, name).tryAcquire(on: holder))
            _ = try jobs.begin(name)
            #expect(try jobs.died() == [] && jobs.markDied(of: names) == [])
            try AdvisoryLock(.job, name).release(on: holder)
            #expect(try AdvisoryLock(.ledger, name).tryAcquire(on: holder))
            #expect(try jobs.died() == [name] && jobs.markDied(of: names) == [name])
        }
    }
}
