import Foundation
import Jobs
import Postgres
import TestSupport
import Testing

/// Postgres goes away under a collector that goes on.
@Suite("Collect outages", .serialized)
struct CollectOutageTests {
    let venue: ScriptedVenue
    let cluster: PostgresCluster
    let database: ConnectionOptions

    init() throws {
        venue = try ScriptedVenue()
        // A server that is killed must not forget what it confirmed.
        cluster = try PostgresCluster(settings: ["synchronous_commit": "on"])
        database = try TestPostgres.migrated(cluster)
        try CollectedRows(database).add("A", "B")
    }

    private func run(_ configure: (inout CollectOptions) -> Void = { _ in }) -> CollectRun {
        CollectRun(venue, database) {
            $0.interval = .milliseconds(50)
            configure(&$0)
        }
    }

    private func hasRows(_ count: Int, of product: String = "A") -> Bool {
        ((try? CollectedRows(database).count(product)) ?? 0) >= count
    }

    @Test("samples are kept while it is away, then polling pauses; nothing is lost, and the log says so")
    func away() throws {
        let run = run { $0.queueLimit = 40 }
        #expect(eventually { hasRows(5) })
        cluster.stop()
        #expect(eventually { run.logged("collect.paused").count == 1 })
        let asked = venue.server.requests.count
        usleep(1_000_000)
        #expect(venue.server.requests.count <= asked + 4, "a full queue asks no venue")
        try cluster.start()
        #expect(eventually { run.logged("collect.database-back").count == 1 && run.logged("collect.resumed").count == 1 })
        let rows = try CollectedRows(database)
        let before = try rows.count("A")
        #expect(before >= 20, "those of the queue were kept")
        #expect(try eventually { try rows.count("A") > before + 3 })
        try run.end()
        for product in ["A", "B"] { try rows.expectEveryTradeOnce(product) }
        #expect((1...6).contains(run.logged("collect.database-away").count), "once, and then ever more rarely")
        #expect(run.logged("collect.leading").count == 1, "it led all the time")
    }

    @Test("killed in the middle of whatever it did, again and again: every trade once, and no sample twice")
    func killed() throws {
        let run = run { $0.interval = .milliseconds(20) }
        for _ in 0..<Soak.count(50) {
            let before = (try? CollectedRows(database).count("A")) ?? 0
            #expect(eventually(within: .seconds(30)) { hasRows(before + 3) })
            usleep(.random(in: 0..<100_000))
            cluster.kill9()
            try cluster.start()
        }
        let rows = try CollectedRows(database)
        let before = try rows.count("A")
        #expect(try eventually { try rows.count("A") > before + 3 })
        try run.end()
        for product in ["A", "B"] {
            try rows.expectEveryTradeOnce(product)
            let twice = try rows.connection.query(
                "SELECT count(*) - count(DISTINCT sampled_at) FROM crypto_gaf.samples WHERE product = \(product)")
            #expect(try twice.one().int(0) == 0)
        }
        #expect(run.logged("collect.leading").count == 1)
    }

    @Test("a server that hangs is waited for")
    func frozen() throws {
        let run = run()
        #expect(eventually { hasRows(5) })
        cluster.freeze(true)
        usleep(1_500_000)
        cluster.freeze(false)
        let rows = try CollectedRows(database)
        let before = try rows.count("A")
        #expect(try eventually { try rows.count("A") > before + 20 })
        try run.end()
        for product in ["A", "B"] { try rows.expectEveryTradeOnce(product) }
        #expect(try rows.medianGap("A") < 0.1, "ticks went on meanwhile")
    }

    @Test("a stop while it is away ends in time; the trades are read again after the next start")
    func stopped() throws {
        let first = run { $0.grace = .seconds(1) }
        #expect(eventually { hasRows(5) })
        cluster.stop()
        usleep(300_000)
        let took = try ContinuousClock().measure { try first.end() }
        #expect(took < .seconds(5))
        #expect(first.logged("collect.unwritten").count == 1)
        try cluster.start()
        let second = run()
        #expect(eventually { hasRows(10) })
        try second.end()
        let rows = try CollectedRows(database)
        for product in ["A", "B"] {
            try rows.expectEveryTradeOnce(product)
            #expect(try rows.trades(product).last == venue.sequence(of: product))
        }
    }
}

@Suite("Collect and a full disk")
struct CollectFullDiskTests {
    @Test(
        "a full disk is told clearly and delays the samples until there is room; no trade is lost",
        .enabled(if: SmallDisk.isPossible, "skipped: not root"))
    func fullDisk() throws {
        let disk = try SmallDisk(megabytes: 140)
        let cluster = try disk.cluster()
        defer { cluster.stop() }
        let database = try TestPostgres.migrated(cluster)
        let rows = try CollectedRows(database)
        // A server that panics must not forget what it confirmed.
        try rows.connection.run(script: "ALTER ROLE postgres SET synchronous_commit = on")
        try rows.add("A")
        let venue = try ScriptedVenue()
        let run = CollectRun(venue, database) { ($0.interval, $0.queueLimit) = (.milliseconds(20), 50) }
        #expect(try eventually { try rows.count("A") >= 5 })
        try disk.fill()
        // Samples alone would take a while to use up the room that Postgres has set aside.
        _ = try? rows.connection.execute("CREATE TABLE junk AS SELECT repeat('x', 1000) FROM generate_series(1, 100000)")
        #expect(
            eventually(within: .seconds(30)) { run.logged("collect.database-away").contains { $0.contains("No space left on device") } })
        try disk.makeRoom()
        let after = try CollectedRows(database)
        let before = try after.count("A")
        #expect(try eventually(within: .seconds(30)) { try after.count("A") > before + 5 })
        try run.end()
        try after.expectEveryTradeOnce("A")
    }
}
