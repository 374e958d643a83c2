import Foundation
import Lake
import Postgres
import Runtime
import TestSupport
import Testing
import Warehouse

@testable import Jobs

/// Objects that come back into the lake while `maintain` takes them out of it, and others who want the same rows.
@Suite struct RawRaceTests {
    private let fixture: LifeCycleFixture
    private let object: RawObject
    private let key: String

    /// An object of a file that was loaded long ago.
    init() throws {
        fixture = try LifeCycleFixture()
        let time = fixture.now.addingTimeInterval(-86_400 * 20)
        object = RawObject(
            exchange: "kraken", symbol: "BTC-USD", channel: "klines", interval: "1m", url: "file:x.csv", requestedAt: time,
            receivedAt: time, status: 200, source: "csv", body: [1, 2, 3])
        key = try object.encoded().key
        try Self.load(object, fixture.lake, fixture.database)
        try fixture.settle(key)
        try fixture.worker.execute("UPDATE crypto_gaf.raw_objects SET recorded_at = received_at")
    }

    /// As `backfill --file` does.
    private static func load(_ object: RawObject, _ lake: LakeLocation, _ database: TestDatabase) throws {
        let bronze = try Bronze(lake, database.connect(as: "test_worker"), log: .silent, stop: Stop(), renews: true)
        try bronze.add(object)
        try bronze.flush()
    }

    private func state() throws -> String {
        let row = try fixture.database.connect().query("SELECT location, due, leftover_in FROM crypto_gaf.raw_objects").one()
        return "\(try row.text(0))\(try row.bool(1) ? " due" : "")\(try row.textOrNil(2).map { " left in \($0)" } ?? "")"
    }

    /// Read, written, read back and removed from the lake; removed from the lake once more and from the archive.
    @Test(
        "a file that is loaded again at any moment of its objects' way to the archive and out of it has them in the lake", arguments: 0..<6)
    func loadedAgain(moment: Int) throws {
        if moment >= 4 {
            try fixture.maintain()
            try fixture.age(days: 20)
        }
        let (object, lake, database) = (object, fixture.lake, fixture.database)
        var loading: Background<Void>?
        let faults = FaultyStore.Faults(before: moment % 4) {
            loading = Background { try Self.load(object, lake, database) }
            // Until it has ended, or waits for the row.
            let isThere = try? eventually { try database.isAnybodyWaiting() || state() == "live due" }
            #expect(isThere == true)
        }
        try fixture.maintain(live: FaultyStore(fixture.live, faults), archive: FaultyStore(fixture.archive, faults))
        try #require(loading).value()
        #expect(try state() == (moment == 3 ? "live due left in archive" : "live due"))
        #expect(try fixture.live.get(key) == object.encoded().bytes)
        try fixture.maintain()
        #expect(try state() == "live due" && fixture.live.get(key) == object.encoded().bytes)
        if moment == 3 { #expect(try fixture.archive.allKeys() == []) }
    }

    @Test("what is on record in the lake again is not removed from there, though it had been given up")
    func kept() throws {
        let table = RawRetention(fixture.worker)
        #expect(try table.move([key], from: .live, to: .archive) == [key])
        try Self.load(object, fixture.lake, fixture.database)
        var offered: [RawLocation] = []
        let removed = try table.clearLeftovers([key]) { keys, place in
            offered.append(place)
            return keys
        }
        #expect(removed == 1 && offered == [.archive])
        #expect(try state() == "live due")
    }

    @Test("a run that loses Postgres while it removes ends with the few objects in hand: what is loaded again after that is not removed")
    func disconnected() throws {
        // Older, and so removed earlier.
        for number in 0..<40 { try fixture.add("older-\(number)", days: 21) }
        let (object, lake, database) = (object, fixture.lake, fixture.database)
        // All are read, written and read back before the first one is removed.
        let faults = FaultyStore.Faults(before: 3 * 41) {
            #expect(throws: Never.self) {
                let sessions = "FROM pg_stat_activity WHERE datname = current_database() AND state = 'idle in transaction'"
                #expect(try database.connect().query(SQL(unescaped: "SELECT pg_terminate_backend(pid) \(sessions)")).count == 1)
                try Self.load(object, lake, database)
            }
        }
        #expect(throws: JobFailure.self) {
            try fixture.maintain(live: FaultyStore(fixture.live, faults), archive: FaultyStore(fixture.archive, faults))
        }
        #expect(try fixture.live.get(key) == object.encoded().bytes)
        // The next run does the rest.
        try fixture.maintain()
        let left = try fixture.worker.query(
            "SELECT object_key FROM crypto_gaf.raw_objects WHERE location = 'live' OR leftover_in IS NOT NULL")
        #expect(try left.map { try $0.text(0) } == [key] && fixture.live.allKeys() == [key])
    }

    @Test("who died between putting a file into the lake again and saying so leaves nothing there that nobody knows of")
    func unsaid() throws {
        try fixture.maintain()
        try fixture.live.put(key, object.encoded().bytes)
        try fixture.age(days: 20)
        #expect(try fixture.maintain()["objects_expired"] == 1)
        #expect(try state() == "expired" && fixture.live.allKeys() == [] && fixture.archive.allKeys() == [])
    }

    @Test("what the archive has of an object that came back into the lake goes from there, so that it never holds more than is counted")
    func back() throws {
        try fixture.maintain()
        for _ in 0..<2 {
            try Self.load(object, fixture.lake, fixture.database)
            #expect(try state() == "live due left in archive" && fixture.archive.allKeys() == [key])
        }
        // Not in an archive that is away.
        let aside = "\(fixture.folder)/aside"
        try FileManager.default.moveItem(atPath: "\(fixture.folder)/lake/.archive", toPath: aside)
        let job = MaintainJob(Retention(), live: fixture.lake, archive: fixture.lake.archive())
        #expect(throws: JobFailure.self) { try job.run(fixture.context()) }
        #expect(try state() == "live due left in archive")
        try FileManager.default.moveItem(atPath: aside, toPath: "\(fixture.folder)/lake/.archive")
        #expect(try job.run(fixture.context())["leftovers_removed"] == 1)
        #expect(try state() == "live due" && fixture.archive.allKeys() == [] && fixture.live.allKeys() == [key])
    }

    @Test("a copy that a crash left in an archive that was away when the object expired is still known of once that is back in the lake")
    func backBeforeRemoval() throws {
        try fixture.archive.put(key, object.encoded().bytes)
        var bounded = Retention()
        bounded.archiveBytes = 0
        let away = FaultyStore(fixture.archive, FaultyStore.Faults(.before, at: 0))
        #expect(throws: JobFailure.self) { try fixture.maintain(bounded, archive: away) }
        #expect(try state() == "expired left in live")
        try Self.load(object, fixture.lake, fixture.database)
        #expect(try state() == "live due left in archive")
        try fixture.maintain()
        #expect(try state() == "live due" && fixture.archive.allKeys() == [] && fixture.live.allKeys() == [key])
    }

    @Test("what is left over in the archive and was forgotten there is removed, and nothing else")
    func forgotten() throws {
        let other = try fixture.add("other", days: 20)
        try fixture.maintain()
        #expect(try RawRetention(fixture.worker).move([key], from: .archive, to: .expired) == [key])
        #expect(try fixture.maintain()["leftovers_removed"] == 1)
        #expect(throws: LakeError.self) { try fixture.archive.get(key) }
        #expect(try fixture.archive.get(other).count == 100)
        #expect(try fixture.worker.query("SELECT location FROM crypto_gaf.raw_objects WHERE leftover_in IS NULL").count == 2)
    }

    @Test(
        "whoever wants several rows takes them in the order of their keys, so that no two wait in a circle", arguments: ["move", "renew"])
    func order(by: String) throws {
        // Not in their order in the table either.
        let keys = try ["z", "a"].map { try fixture.add($0, days: 10) }
        let (first, second) = (try fixture.database.connect(), fixture.database)
        try first.run(script: "BEGIN")
        try RawObjectRepository(first).lock([keys[1]])
        let waiting = Background {
            let connection = try second.connect(as: "test_worker")
            // As they stand in the table, if nobody says otherwise: an index would have them in order by chance.
            try connection.run(script: "SET enable_indexscan = off; SET enable_bitmapscan = off; SET enable_mergejoin = off")
            if by == "move" { return try RawRetention(connection).move(keys, from: .live, to: .archive).count }
            return try connection.transaction { try RawObjectRepository(connection).renew(keys).count }
        }
        #expect(try eventually { try fixture.database.isAnybodyWaiting() })
        try first.execute("SELECT FROM crypto_gaf.raw_objects WHERE object_key = \(keys[0]) FOR UPDATE NOWAIT")
        try first.run(script: "COMMIT")
        #expect(try waiting.value() == (by == "move" ? 2 : 0))
    }
}
