import Foundation
import Jobs
import Lake
import Market
import Postgres
import TestSupport
import Testing
import Warehouse

/// Killed programs, and lakes that take nothing.
@Suite struct IngestCrashTests {
    private let fixture: IngestFixture

    init() throws { fixture = try IngestFixture() }

    private func expectFailure(_ lake: String, _ word: String) throws {
        #expect { try fixture.run(IngestKlines(fixture.settings(lake: lake))) } throws: { "\($0)".contains(word) }
        #expect(try fixture.recordedKeys() == [] && fixture.standing() == nil)
        let run = try fixture.connect().query("SELECT outcome, error FROM crypto_gaf.job_runs ORDER BY run_id DESC LIMIT 1").one()
        #expect(try run.text(0) == "failed" && run.text(1).contains(word))
        #expect(try fixture.run(IngestKlines(fixture.settings()))["objects"] == 2, "the next run does it all")
    }

    @Test("a lake that is away fails the run with its name, and nothing is recorded")
    func away() throws {
        try fixture.track("BTC-USDT", "ETH-USDT", minutes: 5)
        try expectFailure("file:///nowhere/at/all", "/nowhere/at")
    }

    @Test("a lake without room fails the run, and nothing is recorded", .enabled(if: SmallDisk.isPossible, "skipped: only root can mount"))
    func full() throws {
        try fixture.track("BTC-USDT", "ETH-USDT", minutes: 5)
        let disk = try SmallDisk(megabytes: 4)
        try disk.fill()
        try expectFailure("file://\(disk.path)/lake", "room")
    }

    /// Kills a program of ours anywhere from its start to the end of its work, which takes so many requests.
    private func kill(_ job: String, requests: Int) throws {
        try fixture.kill(["job", job], afterRequests: .random(in: 0...requests))
        #expect(try fixture.locksAreFree())
    }

    private func expectWholeLake() throws {
        // It may have been killed before it made one.
        guard FileManager.default.fileExists(atPath: "\(fixture.directory)/lake/.incoming") else {
            return #expect(try fixture.recordedKeys().isEmpty)
        }
        let keys = Set(try fixture.lakeKeys())
        #expect(Set(try fixture.recordedKeys()).isSubset(of: keys))
        #expect(try fixture.objects().count == keys.count, "every object is whole")
    }

    private func expectNoneRunning() throws {
        #expect(try fixture.connect().query("SELECT count(*) FROM crypto_gaf.job_runs WHERE outcome = 'running'").one().int(0) == 0)
    }

    @Test("after a kill at any moment no record is without its object, and the next run goes on", arguments: 0..<Soak.count(60))
    func killed(number: Int) throws {
        try fixture.track("BTC-USDT", "ETH-USDT", minutes: 6000)
        try kill("ingest-klines", requests: 14)
        try expectWholeLake()
        try fixture.run(IngestKlines(fixture.settings()))
        for symbol in ["BTC-USDT", "ETH-USDT"] {
            let standing = try #require(try fixture.standing(symbol))
            #expect(standing >= IngestFixture.minute(-2))
        }
        try expectNoneRunning()
    }

    @Test(
        "after a kill of ingest-depth or ingest-tickers at any moment no record is without its object, and all that is there can be loaded",
        arguments: 0..<Soak.count(60))
    func killedSnapshots(number: Int) throws {
        let depth = number % 2 == 0
        // Books in more than one batch of objects; so many tickers still come one by one.
        let markets = depth ? 90 : 30
        for market in 0..<markets { try fixture.track("C\(market)-USDT") }
        try kill(depth ? "ingest-depth" : "ingest-tickers", requests: 1 + markets)
        try expectWholeLake()
        let counts = try depth ? fixture.run(IngestDepth(fixture.settings())) : fixture.run(IngestTickers(fixture.settings()))
        #expect(counts["failed"] == 0 && counts["objects"] == markets)
        try expectNoneRunning()
        let lake = try LakeLocation(url: fixture.lakeURL)
        try fixture.run(TransformJob(TransformJob.Options(lake: lake, discovers: true)))
        let loaded = try fixture.connect().query(
            "SELECT object_key FROM crypto_gaf.processed_files WHERE outcome = 'loaded' ORDER BY object_key COLLATE \"C\""
        ).map { try $0.text(0) }
        #expect(try loaded == fixture.lakeKeys())
    }
}
