import Jobs
import Postgres
import Runtime
import TestSupport
import Testing
import Warehouse

/// Postgres has no room left under a collector and a calculator that go on.
@Suite(.enabled(if: SmallDisk.isPossible, "skipped: not root"))
struct FullDiskTests {
    @Test("both say that the disk is full, and go on when there is room: no trade is lost, no image is torn", .timeLimit(.minutes(3)))
    func recovery() throws {
        let disk = try SmallDisk(megabytes: 160)
        let cluster = try disk.cluster()
        defer { cluster.stop() }
        let fixture = try CalculateFixture(cluster)
        // Images of 128 × 128 fill the disk; the collector's samples are of another product.
        try fixture.addProducts(["DRAWN"], maxSize: 128, samples: 128)
        let venue = try ScriptedVenue()
        let rows = try CollectedRows(cluster.options())
        try rows.add("A")
        let collector = CollectRun(venue, cluster.options()) { $0.interval = .milliseconds(20) }
        #expect(try eventually { try rows.count("A") > 5 })

        try disk.fill()
        #expect(eventually(within: .seconds(60)) { collector.logged("collect.database-away").contains { $0.contains("No space left") } })
        _ = try? fixture.job(.once, patience: .seconds(1)).run()
        #expect(fixture.log.first("calculate.failed")?.contains("No space left") == true)

        try disk.makeRoom()
        #expect(eventually(within: .seconds(60)) { collector.logged("collect.database-back").count >= 1 })
        let before = try rows.count("A")
        #expect(try eventually { try rows.count("A") > before + 5 })
        try collector.end()
        try rows.expectEveryTradeOnce("A")
        #expect(try fixture.job(.once).run().failed.isEmpty)
        #expect(try fixture.undrawn() == [])
        #expect(try fixture.torn() == [])
    }
}
