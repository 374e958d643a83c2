import Foundation
import Jobs
import Lake
import Market
import Postgres
import Runtime
import TestSupport
import Testing
import Warehouse

@Suite("Transform, when things die") struct TransformCrashTests {
    private static let kills = Soak.count(200)

    /// Overlapping candles in several versions, books, and objects that are no good.
    private func fill(_ fixture: TransformFixture, objects: Int) throws {
        for number in 0..<objects {
            let start = number * 30
            try fixture.put(
                .minutes(start..<start + 60, version: number % 3, receivedAt: 50_000 + Double(number)), isRecorded: number % 9 != 0)
            guard number % 10 == 0 else { continue }
            try fixture.put(.klines("<html>", receivedAt: 50_000.5 + Double(number)))
            try fixture.put(.klines("[null,\(RawObject.row(start))]", receivedAt: 50_000.7 + Double(number)))
            try fixture.put(
                .answer(
                    #"{"bids":[["9.5","2"]],"asks":[["\#(number + 10)","1"]]}"#, symbol: "BTC-USDT", channel: "depth",
                    receivedAt: 50_000 + Double(number)))
        }
    }

    @Test("killed at random points and started again, it ends with the tables of a run that nobody disturbed")
    func killed() throws {
        let fixture = try TransformFixture()
        try fill(fixture, objects: 120)
        try fixture.transform()
        let expected = try fixture.digest()
        var (killed, random) = (0, SystemRandomNumberGenerator())
        while killed < Self.kills {
            try fixture.forget()
            // Each commits a little, so that a kill meets it halfway.
            try fixture.slowDown(by: 0.002)
            while try fixture.due() > 0 {
                let program = try Program.start(["job", "transform", "--jobs", "2"], environment: fixture.environment)
                let isKilled = killed < Self.kills && Int.random(in: 0..<4, using: &random) > 0
                if isKilled {
                    usleep(.random(in: 0...400_000))
                    program.signal(SIGKILL)
                }
                let status = program.wait()
                #expect(status == 0 || (isKilled && status == 128 + SIGKILL), "\(program.output)")
                if status != 0 { killed += 1 }
                #expect(try fixture.halves() == 0)
            }
            try fixture.slowDown(by: nil)
            #expect(try fixture.digest() == expected)
        }
    }

    @Test("two at once, of two workers each, end with the same tables, and no object is loaded twice")
    func together() throws {
        let fixture = try TransformFixture()
        try fill(fixture, objects: 150)
        let expected = try fixture.transform()["objects"]
        let digest = try fixture.digest()
        for _ in 0..<Soak.count(30) {
            try fixture.forget()
            let runs = (0..<2).map { _ in fixture.transforming(workers: 2) }
            let counts = try runs.map { try $0.value() }
            #expect(counts.map { $0["objects"] ?? 0 }.reduce(0, +) == expected)
            #expect(try fixture.digest() == digest)
        }
    }

    @Test("a replay beside transform over the same backlog ends with the same tables, and neither ever stands in the other's way for good")
    func besideReplay() throws {
        let fixture = try TransformFixture()
        try fill(fixture, objects: 150)
        try fixture.transform()
        let digest = try fixture.digest()
        for _ in 0..<Soak.count(30) {
            try fixture.forget()
            // Time for the two to meet within a transaction.
            try fixture.slowDown(by: 0.002)
            let running = fixture.transforming(workers: 2)
            try fixture.replay()
            _ = try running.value()
            try fixture.slowDown(by: nil)
            #expect(try fixture.digest() == digest && fixture.due() == 0)
        }
        for name in ["transform", "replay"] {
            #expect(fixture.log.count("\(name).conflict") == 0 && fixture.log.count("\(name).postgres_away") == 0)
        }
    }

    /// Kills Postgres again and again while somebody loads, and starts it again; each time the tables are those of a run that nobody
    /// disturbed.
    ///
    /// - Parameters:
    ///   - name: in the log, of who loads.
    ///   - begin: begins to load everything on another thread; answers what waits for the end of that.
    private func killPostgres(
        under name: String, slowedBy seconds: Double, each fact: FactTable? = nil, objects: Int = 60, times: Int = Soak.count(20),
        settings: [String: String] = [:], when isTime: (TransformFixture) -> Bool = { $0.isLoading },
        _ begin: (TransformFixture) throws -> () throws -> Void
    ) throws {
        let cluster = try PostgresCluster(settings: settings)
        let fixture = try TransformFixture(cluster)
        try fill(fixture, objects: objects)
        try fixture.transform()
        let expected = try fixture.digest()
        for _ in 0..<times {
            try fixture.forget()
            try fixture.slowDown(by: seconds, each: fact)
            let end = try begin(fixture)
            #expect(eventually { isTime(fixture) })
            cluster.kill9()
            try cluster.start()
            try fixture.connection.reset()
            try fixture.slowDown(by: nil)
            try end()
            #expect(try fixture.due() == 0)
            #expect(try fixture.digest() == expected)
        }
        #expect(fixture.log.count("\(name).postgres_away") > 0 && fixture.log.count("\(name).postgres_back") > 0)
    }

    @Test("Postgres killed in mid-COPY and started again: it goes on, and the tables are whole")
    func postgresKilled() throws {
        // Each candle, so that a kill meets the COPY itself.
        try killPostgres(under: "transform", slowedBy: 0.0003, each: .klines) { fixture in
            try fixture.skipListing()
            let running = fixture.transforming()
            return { _ = try running.value() }
        }
    }

    @Test("a Postgres that stays away is the run's error when patience is over")
    func away() throws {
        let cluster = try PostgresCluster()
        let fixture = try TransformFixture(cluster)
        try fill(fixture, objects: 60)
        try fixture.skipListing()
        try fixture.slowDown(by: 0.05)
        let running = fixture.transforming(patience: .milliseconds(300))
        #expect(eventually { fixture.isLoading })
        cluster.stop()
        let failure = #expect(throws: JobFailure.self) { try running.value() }
        #expect(failure?.description.hasPrefix("postgres") == true, "\(String(describing: failure))")
        #expect(fixture.log.count("transform.postgres_away") > 0 && fixture.log.count("transform.postgres_back") == 0)
    }

    /// Begins a replay; what waits for its end holds it against what it listed.
    private func replaying(_ fixture: TransformFixture) -> () throws -> Void {
        let (lake, database, log) = (fixture.lake, fixture.database, fixture.log)
        let running = Background {
            var listed = 0
            let counts = try TransformFixture.replay(nil, lake, database, log) { listed = $0.listed }
            return (counts, listed)
        }
        return {
            let (counts, listed) = try running.value()
            #expect(counts["objects"] == listed && counts["lost"] == nil)
        }
    }

    @Test("a replay whose Postgres is killed in its midst loads all the same everything that it listed")
    func replayed() throws { try killPostgres(under: "replay", slowedBy: 0.01, replaying) }

    @Test("what a replay has committed outlives Postgres, however late that writes what nobody waits for")
    func replayCommitted() throws {
        try killPostgres(
            under: "replay", slowedBy: 0.002, objects: 300, times: 3, settings: ["wal_writer_delay": "10s"],
            when: { (try? $0.count("SELECT count(*) FROM crypto_gaf.processed_files")) ?? 0 > 0 }, replaying)
    }
}

extension TransformFixture {
    /// Makes every object's log entry take so long, or every row of a table of facts; nil: no longer.
    func slowDown(by seconds: Double?, each fact: FactTable? = nil) throws {
        try connection.run(script: "DROP FUNCTION IF EXISTS public.dawdle CASCADE")
        guard let seconds else { return }
        try connection.run(
            script: """
                CREATE FUNCTION public.dawdle() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                    PERFORM pg_sleep(\(seconds)); RETURN NEW;
                END $$;
                CREATE TRIGGER dawdle BEFORE INSERT ON crypto_gaf.\(fact?.rawValue ?? "processed_files") FOR EACH ROW EXECUTE FUNCTION public.dawdle();
                """)
    }

    /// Objects whose log entry does not agree with what is due.
    func halves() throws -> Int {
        try count(
            """
            SELECT count(*) FROM crypto_gaf.raw_objects r FULL JOIN crypto_gaf.processed_files p USING (object_key)
            WHERE r.object_key IS NULL OR r.due IS DISTINCT FROM (p.object_key IS NULL)
            """)
    }

    /// Whether somebody is in the midst of a transaction that loads.
    var isLoading: Bool {
        let found = try? count(
            """
            SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state = 'active' AND pid <> pg_backend_pid()
                AND (query LIKE 'COPY%' OR query LIKE '%INSERT INTO crypto_gaf.fact%' OR query LIKE '%INSERT INTO crypto_gaf.processed%')
            """)
        return found.map { $0 > 0 } ?? false
    }
}
