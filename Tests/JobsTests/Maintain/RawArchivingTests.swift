import Foundation
import Jobs
import Lake
import Postgres
import Runtime
import TestSupport
import Testing
import Warehouse

@Suite struct RawArchivingTests {
    private let fixture: LifeCycleFixture

    init() throws { fixture = try LifeCycleFixture() }

    @Test("objects go to the archive after 7 days and for good after 30; what is not transformed stays, whatever its age")
    func ages() throws { try expectAges(fixture) }

    @Test("the same in S3", .enabled(if: S3Server.isPresent, "skipped: no rclone"))
    func agesInS3() throws {
        let server = try S3Server()
        try expectAges(try LifeCycleFixture(server))
        withExtendedLifetime(server) {}
    }

    private func expectAges(_ fixture: LifeCycleFixture) throws {
        try fixture.add("a-young", days: 6.9)
        try fixture.add("b-old", days: 7.1)
        try fixture.add("c-oldest", days: 31)
        try fixture.add("d-due", days: 40, due: true)
        let first = try fixture.maintain()
        #expect(try fixture.rows() == ["a-young live", "b-old archive", "c-oldest archive", "d-due live"])
        #expect(first["objects_archived"] == 2 && first["bytes_archived"] == 200 && first["objects_waiting"] == 1)
        #expect(try fixture.names(fixture.live) == ["a-young", "d-due"] && fixture.names(fixture.archive) == ["b-old", "c-oldest"])
        let second = try fixture.maintain()
        #expect(try fixture.rows() == ["a-young live", "b-old archive", "c-oldest expired", "d-due live"])
        #expect(second["objects_expired"] == 1 && second["bytes_expired"] == 100 && second["objects_archived"] == 0)
        #expect(try fixture.names(fixture.archive) == ["b-old"])
        #expect(try fixture.lost() == [])
    }

    @Test("an object that is to be transformed again is as safe as one that never was")
    func again() throws {
        let (old, oldest) = (try fixture.add("a", days: 10), try fixture.add("b", days: 40))
        try fixture.maintain()
        try fixture.add("c", days: 10)
        try fixture.worker.execute("UPDATE crypto_gaf.raw_objects SET due = true")
        try fixture.maintain()
        #expect(try fixture.rows() == ["a archive", "b archive", "c live"])
        #expect(try fixture.archive.get(old).count == 100 && fixture.archive.get(oldest).count == 100)
    }

    @Test("a dry run says what a run would do, and does none of it")
    func dryRun() throws {
        try fixture.add("a", days: 8)
        try fixture.maintain()
        for (name, days) in [("b", 9.0), ("c", 31), ("d", 1)] { try fixture.add(name, days: days) }
        try fixture.worker.execute(
            "UPDATE crypto_gaf.raw_objects SET received_at = received_at - interval '30 days', recorded_at = recorded_at - interval '30 days' WHERE location = 'archive'"
        )
        let (before, live) = (try fixture.rows(), try fixture.names(fixture.live))
        let said = try fixture.maintain(dryRun: true)
        #expect(try fixture.rows() == before && fixture.names(fixture.live) == live)
        #expect(said["dry_run"] == 1 && said["objects_archived"] == 2 && said["objects_expired"] == 1)
        let done = try fixture.maintain()
        #expect(done.filter { $0.key != "dry_run" } == said.filter { $0.key != "dry_run" })
    }

    @Test("beyond a size the oldest go first, and no more than must", arguments: [false, true])
    func size(dryRun: Bool) throws {
        for n in 0..<10 { try fixture.add("live-\(n)", days: Double(n) / 10, bytes: 100, due: n == 9) }
        var retention = Retention()
        retention.rawBytes = 750
        let said = try fixture.maintain(retention, dryRun: dryRun)
        #expect(said["objects_archived"] == 3 && said["bytes_archived"] == 300)
        guard !dryRun else { return }
        // The oldest one is due, so those after it went.
        #expect(try fixture.names(fixture.archive) == ["live-6", "live-7", "live-8"])
        retention.archiveBytes = 100
        #expect(try fixture.maintain(retention)["objects_expired"] == 2)
        #expect(try fixture.names(fixture.archive) == ["live-6"])
        #expect(try fixture.maintain(retention)["objects_archived"] == 0)
        #expect(try fixture.lost() == [])
    }

    @Test("what is lost or damaged is told and stays where it is; the others go")
    func damage() throws {
        let lost = try fixture.add("lost", days: 8)
        let damaged = try fixture.add("damaged", days: 8)
        let carried = try fixture.add("carried", days: 8)
        try fixture.add("good", days: 8)
        try fixture.live.remove(lost)
        try fixture.archive.put(carried, fixture.live.get(carried))
        try fixture.live.remove(carried)
        let path = "\(fixture.folder)/lake/\(damaged)"
        try Data("something else".utf8).write(to: URL(filePath: path))
        let counts = try fixture.maintain()
        #expect(counts["objects_missing"] == 1 && counts["objects_corrupt"] == 1 && counts["objects_archived"] == 2)
        #expect(try fixture.rows() == ["carried archive", "damaged live", "good archive", "lost live"])
        // A month later nobody looks for it any more.
        try fixture.age(days: 30)
        try fixture.maintain()
        #expect(try fixture.rows() == ["carried expired", "damaged live", "good expired", "lost expired"])
    }

    @Test("an object in the archive that is another one keeps ours in the lake")
    func conflict() throws {
        let key = try fixture.add("a", days: 8)
        try fixture.archive.put(key, [1, 2, 3])
        #expect(try fixture.maintain()["objects_failed"] == 1)
        #expect(try fixture.rows() == ["a live"] && fixture.lost() == [])
    }

    @Test(
        "with the store gone at any moment no object is lost, and the next run does the rest", arguments: FaultyStore.Faults.Moment.allCases
    )
    func crashes(moment: FaultyStore.Faults.Moment) throws {
        var fatal = 0
        while true {
            let fixture = try LifeCycleFixture()
            for n in 0..<2 { try fixture.add("expiring-\(n)", days: 20) }
            try fixture.maintain()
            try fixture.age(days: 20)
            for n in 0..<3 { try fixture.add("moving-\(n)", days: 10) }
            try fixture.add("staying", days: 1)
            try fixture.add("waiting", days: 50, due: true)
            let faults = FaultyStore.Faults(moment, at: fatal)
            let isThrough: Bool
            do {
                let counts = try fixture.maintain(
                    live: FaultyStore(fixture.live, faults), archive: FaultyStore(fixture.archive, faults))
                isThrough = faults.count <= fatal
                #expect(!isThrough || counts["objects_archived"] == 3)
            } catch is JobFailure { isThrough = false }
            #expect(try fixture.lost() == [], "\(moment) \(fatal)")
            try fixture.maintain()
            #expect(
                try fixture.rows() == [
                    "expiring-0 expired", "expiring-1 expired", "moving-0 archive", "moving-1 archive", "moving-2 archive",
                    "staying live", "waiting live",
                ], "\(moment) \(fatal)")
            #expect(try fixture.names(fixture.live) == ["staying", "waiting"], "\(moment) \(fatal)")
            #expect(try fixture.names(fixture.archive) == ["moving-0", "moving-1", "moving-2"], "\(moment) \(fatal)")
            #expect(try fixture.lost() == [])
            if isThrough { break }
            fatal += 1
        }
        // Two removed from both places; three read, written, read back and removed.
        #expect(fatal == 16)
    }

    @Test(
        "a copy that a crash has left in the archive goes with its object, at whatever moment another crash comes; not in a dry run",
        arguments: FaultyStore.Faults.Moment.allCases)
    func copyOfACrash(moment: FaultyStore.Faults.Moment) throws {
        var bounded = Retention()
        bounded.archiveBytes = 0
        // Three read, removed from the lake and removed from the archive.
        for fatal in 0...9 {
            let fixture = try LifeCycleFixture()
            for n in 0..<3 { try fixture.add("copied-\(n)", days: 10) }
            let crash = FaultyStore.Faults(.before, at: 6)
            #expect(throws: JobFailure.self) {
                try fixture.maintain(live: FaultyStore(fixture.live, crash), archive: FaultyStore(fixture.archive, crash))
            }
            let copies = ["copied-0", "copied-1", "copied-2"]
            #expect(try fixture.rows() == copies.map { "\($0) live" } && fixture.names(fixture.archive) == copies)
            #expect(try fixture.maintain(bounded, dryRun: true)["objects_expired"] == 3)
            #expect(try fixture.names(fixture.live) == copies && fixture.names(fixture.archive) == copies)

            let faults = FaultyStore.Faults(moment, at: fatal)
            let again = Result {
                try fixture.maintain(bounded, live: FaultyStore(fixture.live, faults), archive: FaultyStore(fixture.archive, faults))
            }
            #expect(try fixture.lost() == [])
            try fixture.maintain(bounded)
            #expect(try fixture.rows() == copies.map { "\($0) expired" }, "\(moment) \(fatal): \(again)")
            #expect(try fixture.names(fixture.live) == [] && fixture.names(fixture.archive) == [], "\(moment) \(fatal)")
        }
    }

    @Test("while the archive is away what expires is not off the record, and it is removed from there when it is back")
    func awayWithACopy() throws {
        let key = try fixture.add("a", days: 10)
        try fixture.archive.put(key, fixture.live.get(key))
        var bounded = Retention()
        bounded.archiveBytes = 0
        let away = FaultyStore(fixture.archive, FaultyStore.Faults(.before, at: 0))
        for _ in 0..<2 {
            #expect(throws: JobFailure.self) { try fixture.maintain(bounded, archive: away) }
            #expect(try fixture.rows() == ["a expired left in live"] && fixture.names(fixture.archive) == ["a"])
        }
        #expect(try fixture.maintain(bounded)["leftovers_removed"] == 1)
        #expect(try fixture.rows() == ["a expired"] && fixture.names(fixture.archive) == [])
    }

    @Test("the archive empties with age though the lake is gone, once nothing lies there", arguments: [true, false])
    func lakeGone(isOfFile: Bool) throws {
        let place = try LakeLocation(url: "file://\(fixture.folder)/apart")
        let job = MaintainJob(Retention(), live: fixture.lake, archive: place)
        for n in 0..<3 { try fixture.add("a-\(n)", days: 8) }
        if !isOfFile { try fixture.worker.execute("UPDATE crypto_gaf.raw_objects SET requested_at = received_at") }
        #expect(try job.run(fixture.context())["objects_archived"] == 3)
        try FileManager.default.moveItem(atPath: "\(fixture.folder)/lake", toPath: "\(fixture.folder)/aside")
        try fixture.age(days: 40)
        #expect(try job.run(fixture.context())["objects_expired"] == 3)
        #expect(try fixture.rows() == ["a-0 expired", "a-1 expired", "a-2 expired"] && fixture.names(place.open()) == [])
    }

    @Test("no store is asked to remove what it cannot have")
    func removals() throws {
        for n in 0..<2 { try fixture.add("a-\(n)", days: 10) }
        try fixture.worker.execute("UPDATE crypto_gaf.raw_objects SET requested_at = received_at")
        try fixture.maintain()
        try fixture.age(days: 40)
        let (live, archive) = (FaultyStore.Faults(.before, at: .max), FaultyStore.Faults(.before, at: .max))
        let counts = try fixture.maintain(live: FaultyStore(fixture.live, live), archive: FaultyStore(fixture.archive, archive))
        #expect(counts["objects_expired"] == 2 && live.count == 0 && archive.count == 2)
    }

    @Test("with the archive away the run fails, says so, and has done everything else")
    func away() throws {
        try fixture.add("a", days: 8)
        try fixture.worker.execute(
            "INSERT INTO crypto_gaf.job_runs (job, started_at, outcome) SELECT 'x', now() - n * interval '100 days', 'succeeded' FROM generate_series(0, 3) n"
        )
        let away = FaultyStore(fixture.archive, FaultyStore.Faults(.before, at: 0))
        do {
            try fixture.maintain(archive: away)
            Issue.record("it did not fail")
        } catch let error as JobFailure {
            #expect(error.description.contains("archiving: the store: it is gone"))
            #expect(error.counts["months_made"] == 9 && error.counts["job_runs_pruned"] == 3)
        }
        #expect(try fixture.rows() == ["a live"] && fixture.names(fixture.live) == ["a"])
    }

    @Test(
        "a run that fails for a store is recorded as one for the lake, whatever failed before it; another one is not",
        arguments: [true, false])
    func recorded(isAway: Bool) throws {
        try fixture.add("a", days: 8)
        var retention = Retention()
        // Nobody drops facts that young.
        retention.factDays = 1
        try fixture.worker.execute("SELECT crypto_gaf.ensure_month('tickers', (now() - interval '80 days')::date)")
        try fixture.database.connect().execute("REVOKE ALL ON FUNCTION crypto_gaf.ensure_month FROM PUBLIC, cryptogaf_worker")
        let options = fixture.database.options(as: "test_worker")
        let archive = isAway ? FaultyStore(fixture.archive, FaultyStore.Faults(.before, at: 0)) : fixture.archive
        let job = MaintainJob(retention, live: { [fixture] _ in fixture.live }, archive: { _ in archive })
        let run = BatchRun(log: .silent, stop: Stop()) { () throws(PostgresError) in try Connection(options) }
        #expect(throws: JobFailure.self) { try run.run(job) }
        let recorded = try fixture.worker.query("SELECT coalesce(counts->>'lake_failed', '-') || ' ' || error FROM crypto_gaf.job_runs")
            .one()
        let text = try recorded.text(0)
        #expect(text.hasPrefix(isAway ? "1 making months ahead: " : "- making months ahead: "), "\(text)")
        #expect(text.contains("; archiving: the store: it is gone") == isAway && text.contains("; dropping months: "), "\(text)")
    }

    @Test("of an archive that is not mounted nothing is called expired")
    func unmounted() throws {
        try fixture.add("a", days: 20)
        try fixture.maintain()
        try fixture.age(days: 20)
        let (archive, aside) = ("\(fixture.folder)/lake/.archive", "\(fixture.folder)/aside")
        try FileManager.default.moveItem(atPath: archive, toPath: aside)
        #expect(throws: JobFailure.self) { try fixture.maintain() }
        try FileManager.default.moveItem(atPath: aside, toPath: archive)
        try fixture.maintain()
        #expect(try fixture.rows() == ["a expired"] && fixture.names(fixture.archive) == [])
    }

    @Test("the archive is begun when nothing has gone there yet; later a folder that is none takes nothing")
    func begun() throws {
        let (place, aside) = ("\(fixture.folder)/apart", "\(fixture.folder)/aside")
        let job = try MaintainJob(Retention(), live: fixture.lake, archive: LakeLocation(url: "file://\(place)"))
        try fixture.add("a", days: 8)
        #expect(try job.run(fixture.context())["objects_archived"] == 1)
        try FileManager.default.moveItem(atPath: place, toPath: aside)
        try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: false)
        try fixture.add("b", days: 8)
        #expect(throws: JobFailure.self) { try job.run(fixture.context()) }
        #expect(try fixture.rows() == ["a archive", "b live"] && fixture.names(fixture.live) == ["b"])
        #expect(try FileManager.default.contentsOfDirectory(atPath: place) == [])
    }
}
