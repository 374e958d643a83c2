import Foundation
import Lake
import Market
import Postgres
import Runtime
import Synchronization
import TestSupport
import Testing
import Warehouse

@testable import Jobs

/// Lakes that are away, overloaded, full or read-only while jobs go on.
@Suite("Jobs whose lake fails") struct LakeFaultTests {
    @Test(
        "an S3 that goes away is waited for: when it is back everything loads, and nothing is taken for lost",
        .enabled(if: S3Server.isPresent, "skipped: no rclone"))
    func away() throws {
        let server = try S3Server()
        let fixture = try TransformFixture(lake: server.location())
        for number in 0..<40 { try fixture.put(.minutes(number * 10..<number * 10 + 10)) }
        // Lists first, so that both the listing and the objects meet it.
        server.stop()
        let running = fixture.transforming()
        #expect(eventually { fixture.log.count("lake.away") >= 2 })
        try server.start()
        let counts = try running.value()
        #expect(counts["objects"] == 40 && counts["rows_inserted"] == 400 && counts["lost"] == nil)
        #expect(try fixture.outcomes() == [String](repeating: "loaded", count: 40) && fixture.due() == 0)
        #expect(fixture.log.count("lake.back") >= 2)
    }

    @Test(
        "a stop ends the waiting for an S3 that is away, and everything stays due", .enabled(if: S3Server.isPresent, "skipped: no rclone"))
    func stopped() throws {
        let server = try S3Server()
        let fixture = try TransformFixture(lake: server.location())
        for number in 0..<3 { try fixture.put(.minutes(number * 10..<number * 10 + 10)) }
        server.stop()
        let stop = Stop()
        let running = fixture.transforming(stop: stop)
        #expect(eventually { fixture.log.count("lake.away") >= 1 })
        stop.request()
        #expect(try running.value() == [:])
        #expect(try fixture.due() == 3)
    }

    @Test("an S3 that says SlowDown is asked again, each time for what it did not give, and all objects load")
    func slowDown() throws {
        let store = BusyStore()
        let server = try ScriptedServer { store.answer($0) }
        let fixture = try TransformFixture(
            lake: LakeLocation(url: "s3://lake/p", s3: S3Access(endpoint: server.url, accessKey: "AKID", secretKey: "secret")))
        try fixture.skipListing()
        for number in 0..<20 { try fixture.put(.minutes(number * 10..<number * 10 + 10)) }
        store.refuse(2)
        let before = server.requests.count
        let counts = try fixture.transform()
        #expect(counts["objects"] == 20 && counts["rows_inserted"] == 200 && counts["lost"] == nil)
        #expect(server.requests.count - before == 60)
    }

    @Test("credentials that have expired end ingest-klines and transform with one sentence; the bucket is not asked for every object")
    func expired() throws {
        let server = try ScriptedServer { _ in
            .reply(403, body: Array("<Error><Code>ExpiredToken</Code><Message>The provided token has expired.</Message></Error>".utf8))
        }
        let fixture = try IngestFixture()
        var settings = try fixture.settings()
        settings.lake = try LakeLocation(
            url: "s3://lake/p", s3: S3Access(endpoint: server.url, accessKey: "AKID", secretKey: "the-secret", sessionToken: "the-token"))
        for number in 0..<100 { try fixture.track("C\(number)-USDT", minutes: 5) }
        func expectFailure(_ job: some BatchJob, requests: Int) throws {
            let before = server.requests.count
            #expect(throws: (any Error).self) { try fixture.run(job) }
            #expect(server.requests.count - before <= requests, "\(job.name) asked \(server.requests.count - before) times")
            let run = try fixture.connect().query("SELECT outcome, error FROM crypto_gaf.job_runs ORDER BY run_id DESC LIMIT 1").one()
            let error = try run.text(1)
            #expect(
                try run.text(0) == "failed" && error.split(separator: "have expired", omittingEmptySubsequences: false).count == 2,
                "\(error)")
            #expect(["\n", "AKID", "the-secret", "the-token"].allSatisfy { !error.contains($0) }, "\(error)")
        }
        try expectFailure(IngestKlines(settings), requests: 2)
        #expect(try fixture.recordedKeys().isEmpty && fixture.standing("C0-USDT") == nil)
        for minute in 0..<100 {
            let object = RawObject.minutes(minute..<minute + 1, receivedAt: 100_000 + Double(minute))
            let encoded = try object.encoded()
            try RawObjectRepository(fixture.connect()).record([RawObjectRecord(object, key: encoded.key, stored: encoded.bytes)])
        }
        let options = TransformJob.Options(lake: settings.lake, workers: 2)
        // Each thread for its objects, and whoever lists.
        try expectFailure(TransformJob(options), requests: options.threads + 2)
        let due = try fixture.connect().query("SELECT count(*) FROM crypto_gaf.raw_objects WHERE due").one().int(0)
        #expect(due == 100, "nothing is given up")
    }

    @Test(
        "a lake that is read-only loads, takes nothing, and says so; when it is not any more the next run does it all",
        .enabled(if: SmallDisk.isPossible, "skipped: only root can mount"))
    func readOnly() throws {
        let disk = try SmallDisk(megabytes: 4)
        let fixture = try IngestFixture()
        let settings = try fixture.settings(lake: "file://\(disk.path)/lake")
        try fixture.track("BTC-USDT", minutes: 5)
        try fixture.run(IngestKlines(settings))
        try fixture.track("ETH-USDT", minutes: 5)
        try disk.setReadOnly(true)
        #expect { try fixture.run(IngestKlines(settings)) } throws: { "\($0)".contains("it is read-only") }
        #expect(try fixture.recordedKeys().count == 1 && fixture.standing("ETH-USDT") == nil)
        let transform = TransformJob(TransformJob.Options(lake: settings.lake, archive: settings.lake.archive()))
        #expect(try fixture.run(transform)["objects"] == 1)
        try disk.setReadOnly(false)
        #expect(try fixture.run(IngestKlines(settings))["failed"] == 0)
        #expect(try fixture.standing("ETH-USDT") != nil)
        #expect(try fixture.run(transform)["lost"] == nil)
        #expect(try loadedWhole(fixture, settings.lake))
    }

    @Test(
        "a lake that fills up in the midst of a run keeps what is whole, says so, and has the rest when there is room",
        .enabled(if: SmallDisk.isPossible, "skipped: only root can mount"))
    func full() throws {
        let disk = try SmallDisk(megabytes: 4)
        let fixture = try IngestFixture()
        let settings = try fixture.settings(lake: "file://\(disk.path)/lake")
        let symbols = (0..<60).map { "C\($0)-USDT" }
        for symbol in symbols { try fixture.track(symbol, minutes: 5) }
        try disk.fill(leaving: 1)
        // Room for some thirty files.
        try Data(count: 900 << 10).write(to: URL(filePath: "\(disk.path)/more"))
        #expect { try fixture.run(IngestKlines(settings)) } throws: { "\($0)".contains("no room is left") }
        let kept = try fixture.recordedKeys()
        #expect((1..<60).contains(kept.count))
        // What came in is whole and loads; of what did not nothing lies about.
        #expect(try loadedWhole(fixture, settings.lake))
        try disk.makeRoom()
        #expect(try fixture.run(IngestKlines(settings))["failed"] == 0)
        #expect(try symbols.allSatisfy { try fixture.standing($0) != nil })
        #expect(try loadedWhole(fixture, settings.lake))
    }

    /// Whether the lake's objects are those on record, each to the last byte, and all load.
    private func loadedWhole(_ fixture: IngestFixture, _ lake: LakeLocation) throws -> Bool {
        let store = try lake.open()
        let keys = try store.allKeys()
        for key in keys { _ = try RawObject(decoding: store.get(key), key: key) }
        try fixture.run(TransformJob(TransformJob.Options(lake: lake, archive: lake.archive())))
        let unloaded = try fixture.connect().query("SELECT count(*) FROM crypto_gaf.raw_objects WHERE due").one().int(0)
        let faulty = try fixture.connect().query("SELECT count(*) FROM crypto_gaf.processed_files WHERE outcome <> 'loaded'").one().int(0)
        return try keys == fixture.recordedKeys() && unloaded == 0 && faulty == 0
    }
}

/// Objects behind S3's API that can be told to refuse.
private final class BusyStore: Sendable {
    private struct State {
        var objects: [String: [UInt8]] = [:]
        var refusals: [String: Int] = [:]
        var limit = 0
    }

    private let state = Mutex(State())

    /// Each object says `SlowDown` so many times before it is given.
    func refuse(_ times: Int) { state.withLock { $0.limit = times } }

    func answer(_ request: ScriptedServer.Request) -> ScriptedServer.Answer {
        state.withLock { state in
            state.refusals[request.path, default: 0] += state.limit > 0 ? 1 : 0
            if state.refusals[request.path, default: 0] <= state.limit, state.limit > 0 { return Self.fault(503, "SlowDown") }
            if request.method == "PUT" { state.objects[request.path] = request.body }
            return state.objects[request.path].map { .reply(200, body: $0) } ?? Self.fault(404, "NoSuchKey")
        }
    }

    private static func fault(_ status: Int, _ code: String) -> ScriptedServer.Answer {
        .reply(status, body: Array("<Error><Code>\(code)</Code><Message>words</Message></Error>".utf8))
    }
}
