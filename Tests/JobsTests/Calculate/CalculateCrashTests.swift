import Foundation
import Jobs
import Postgres
import Runtime
import TestSupport
import Testing
import Warehouse

@Suite("Calculate, when things die")
struct CalculateCrashTests {
    private static let kills = Soak.count(100)

    @Test("killed at random points, it leaves neither half a drawing nor a lock, and the next run draws the rest once")
    func killed() throws {
        let fixture = try CalculateFixture()
        let products = (0..<12).map { "P\($0)" }
        try fixture.addProducts(products, maxSize: 64, samples: 64)
        try fixture.connection.execute("UPDATE crypto_gaf.gafs SET redraw_interval = '0'")
        try fixture.auditDrawings()
        for _ in 0..<Self.kills {
            try fixture.appendSample(to: products)
            let arguments = ["calculate", "--for", "60s", "--sleep", "0.01", "--jobs", "2"]
            let program = try Program.start(arguments, environment: fixture.environment)
            let (before, _) = try fixture.drawings()
            // Into the midst of its work: once it has begun to draw, and a little later.
            while program.isRunning, try fixture.drawings().distinct == before { usleep(1000) }
            usleep(.random(in: 0...60_000))
            program.signal(SIGKILL)
            #expect(program.wait() == 128 + SIGKILL, "\(program.output)")
            #expect(try fixture.torn() == [])
            #expect(try fixture.lingeringLocks() == 0)
        }
        #expect(try fixture.job(.once).run().failed.isEmpty)
        #expect(try fixture.undrawn() == [])
        #expect(try fixture.drawings().repeated == 0)
    }

    @Test("SIGTERM finishes the product in hand and ends with 0")
    func terminated() throws {
        let fixture = try CalculateFixture()
        try fixture.addProducts((0..<6).map { "P\($0)" })
        try fixture.auditDrawings()
        try fixture.slowDown(by: 1)
        let program = try Program.start(["calculate", "--for", "60s"], environment: fixture.environment)
        #expect(fixture.waitUntilUpdating())
        program.signal(SIGTERM)
        #expect(program.wait(for: .seconds(10)) == 0, "\(program.output)")
        #expect(try fixture.drawings().distinct == 1)
        #expect(program.output.contains("calculate.finished"))
    }

    @Test("Postgres killed in mid-UPDATE: the drawing is undone, and the job goes on when the server is back")
    func postgresKilled() throws {
        // What was committed must be there after the kill.
        let cluster = try PostgresCluster(settings: ["synchronous_commit": "on"])
        let fixture = try CalculateFixture(cluster)
        try fixture.addProducts(["A", "B", "C"])
        try fixture.auditDrawings()
        try fixture.slowDown(by: 0.2)
        let stop = Stop()
        let job = fixture.job(.repeating(every: .milliseconds(20), for: .seconds(60)), stop: stop)
        let running = Background { try job.run() }
        #expect(fixture.waitUntilUpdating())
        cluster.kill9()
        try cluster.start()
        try fixture.connection.reset()
        #expect(try eventually(within: .seconds(30)) { try fixture.undrawn() == [] })
        stop.request()
        #expect(try running.value().failed.isEmpty)
        #expect(fixture.log.count("calculate.postgres_away") >= 1)
        #expect(fixture.log.count("calculate.postgres_back") == 1)
        #expect(try fixture.undrawn() == [])
        #expect(try fixture.torn() == [])
        #expect(try fixture.drawings() == (distinct: 3, repeated: 0))
    }

    @Test("a Postgres that is away is waited for, but not for ever, and then it is the run's error")
    func onceWithoutPostgres() throws {
        let cluster = try PostgresCluster()
        let fixture = try CalculateFixture(cluster)
        try fixture.addProducts(["A"])
        cluster.stop()
        let error = #expect(throws: PostgresError.self) { try fixture.job(.once, patience: .milliseconds(300)).run() }
        #expect(error?.isRetryable == true)
        let brief = CalculateJob.Schedule.repeating(every: .milliseconds(10), for: .milliseconds(300))
        #expect(throws: PostgresError.self) { try fixture.job(brief).run() }
        let job = fixture.job(.once)
        let waiting = Background { try job.run() }
        try cluster.start()
        #expect(try waiting.value().drawn == 1)
    }

    @Test("a product that breaks the connection each time keeps no other from being drawn, and is given up")
    func breaker() throws {
        let fixture = try CalculateFixture()
        try fixture.addProducts(["A", "B", "C"])
        try fixture.connection.run(
            script: """
                CREATE FUNCTION public.hang_up() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                    PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NEW;
                END $$;
                CREATE TRIGGER hang_up BEFORE UPDATE OF orderbook_image ON crypto_gaf.gafs
                    FOR EACH ROW WHEN (NEW.product = 'A') EXECUTE FUNCTION public.hang_up();
                """)
        let tally = try fixture.job(.once).run()
        #expect(tally.drawn == 2 && tally.failed == ["A"])
        #expect(try fixture.undrawn() == ["A"])
    }

    @Test("a connection that the server ends is replaced, and the product drawn")
    func connectionEnded() throws {
        let fixture = try CalculateFixture()
        try fixture.addProducts(["A", "B"])
        try fixture.slowDown(by: 0.3)
        let job = fixture.job(.once)
        let running = Background { try job.run() }
        #expect(fixture.waitUntilUpdating())
        try fixture.connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()")
        let tally = try running.value()
        #expect(tally.drawn == 2 && tally.failed.isEmpty)
        #expect(try fixture.undrawn() == [])
    }
}

extension CalculateFixture {
    /// Makes each drawing's UPDATE take so long, so that a test can meet it halfway.
    func slowDown(by seconds: Double) throws {
        try connection.run(
            script: """
                CREATE FUNCTION public.dawdle() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                    PERFORM pg_sleep(\(seconds)); RETURN NEW;
                END $$;
                CREATE TRIGGER dawdle BEFORE UPDATE OF orderbook_image ON crypto_gaf.gafs FOR EACH ROW EXECUTE FUNCTION public.dawdle();
                """)
    }

    /// False: nobody began an UPDATE within ten seconds.
    func waitUntilUpdating() -> Bool {
        eventually {
            let found = try? connection.query(
                """
                SELECT count(*) FROM pg_stat_activity
                WHERE datname = current_database() AND wait_event = 'PgSleep' AND query LIKE '%UPDATE crypto_gaf.gafs%'
                """
            ).one().int(0)
            return found ?? 0 > 0
        }
    }
}
