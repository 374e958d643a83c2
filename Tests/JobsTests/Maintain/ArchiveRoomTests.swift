import Jobs
import Lake
import Postgres
import TestSupport
import Testing
import Warehouse

/// An archive that is to hold no more than so many bytes, on a disk that can hold no more.
@Suite struct ArchiveRoomTests {
    private let fixture: LifeCycleFixture

    init() throws { fixture = try LifeCycleFixture() }

    private func retention(archiveBytes: Int) -> Retention {
        var retention = Retention()
        retention.archiveBytes = archiveBytes
        return retention
    }

    /// A run in which the archive's disk has no more room than the bound; before it a dry run, which is to say the same.
    private func maintain(_ retention: Retention) throws -> JobCounts {
        let said = try fixture.maintain(retention, dryRun: true)
        let disk = try FullStore(fixture.archive, capacity: retention.archiveBytes ?? .max)
        let done = try fixture.maintain(retention, archive: disk)
        let names = ["objects_archived", "bytes_archived", "objects_expired", "bytes_expired", "objects_unplaced"]
        #expect(names.map { said[$0] } == names.map { done[$0] })
        #expect(disk.bytes <= disk.capacity && done["objects_failed"] == nil)
        return done
    }

    private func archiveHolds(_ names: [String]) throws -> Bool {
        let rows = try fixture.rows().filter { $0.contains("archive") }
        return try fixture.names(fixture.archive) == names && rows == names.map { "\($0) archive" } && fixture.lost() == []
    }

    @Test("it never holds more, not in the midst of a run either: the oldest go before more come, and a dry run says so")
    func bound() throws {
        for n in 0..<5 { try fixture.add("a-\(n)", days: 20 - Double(n)) }
        try fixture.maintain()
        for n in 0..<3 { try fixture.add("b-\(n)", days: 10 - Double(n)) }
        let counts = try maintain(retention(archiveBytes: 550))
        #expect(counts["objects_archived"] == 3 && counts["objects_expired"] == 3)
        #expect(try archiveHolds(["a-3", "a-4", "b-0", "b-1", "b-2"]))
        #expect(try maintain(retention(archiveBytes: 550))["objects_expired"] == 0)
    }

    @Test("of more than it can hold at all the newest are there in the end, and what would only go again does not come first")
    func more() throws {
        for n in 0..<10 { try fixture.add("a-\(n)", days: 25) }
        try fixture.maintain()
        for n in 100..<400 { try fixture.add("b-\(n)", days: 20 - Double(n) / 100) }
        let counts = try maintain(retention(archiveBytes: 5000))
        // Of the first page of 256 the newest 50 came, of which the 44 of the second page took the place.
        #expect(counts["objects_archived"] == 94 && counts["objects_expired"] == 260)
        #expect(try archiveHolds((350..<400).map { "b-\($0)" }))
        #expect(try fixture.names(fixture.live) == [])
    }

    @Test("what comes late and is older than all that is there goes itself; so does what is larger than the bound, and nothing for it")
    func older() throws {
        for n in 0..<3 { try fixture.add("a-\(n)", days: 10) }
        try fixture.maintain()
        try fixture.add("b-older", days: 20)
        try fixture.add("c-large", days: 8, bytes: 301)
        let counts = try maintain(retention(archiveBytes: 300))
        #expect(counts["objects_archived"] == 0 && counts["objects_expired"] == 2 && counts["bytes_expired"] == 401)
        #expect(try archiveHolds(["a-0", "a-1", "a-2"]) && fixture.names(fixture.live) == [])
    }

    @Test("with a bound of nothing the lake's old objects go for good")
    func nothing() throws {
        try fixture.add("a", days: 6)
        try fixture.add("b", days: 8)
        #expect(try maintain(retention(archiveBytes: 0))["objects_expired"] == 1)
        #expect(try archiveHolds([]) && fixture.names(fixture.live) == ["a"])
    }

    @Test("where what is there is to be transformed again, and so has to stay, what would come stays in the lake")
    func unplaced() throws {
        for n in 0..<3 { try fixture.add("a-\(n)", days: 10) }
        try fixture.maintain()
        try fixture.worker.execute("UPDATE crypto_gaf.raw_objects SET due = true")
        for n in 0..<3 { try fixture.add("b-\(n)", days: 9 - Double(n) / 10) }
        let counts = try maintain(retention(archiveBytes: 400))
        #expect(counts["objects_archived"] == 1 && counts["objects_unplaced"] == 2 && counts["objects_expired"] == 0)
        #expect(try fixture.names(fixture.live) == ["b-1", "b-2"] && archiveHolds(["a-0", "a-1", "a-2", "b-0"]))
    }

    @Test("for what the lake has lost nothing goes")
    func lost() throws {
        for n in 0..<3 { try fixture.add("a-\(n)", days: 10) }
        try fixture.maintain()
        for n in 0..<3 { try fixture.live.remove(try fixture.add("b-\(n)", days: 9)) }
        let disk = try FullStore(fixture.archive, capacity: 300)
        let counts = try fixture.maintain(retention(archiveBytes: 300), archive: disk)
        #expect(counts["objects_missing"] == 3 && counts["objects_expired"] == 0)
        #expect(try fixture.names(fixture.archive) == ["a-0", "a-1", "a-2"])
    }

    @Test("what was carried over by hand takes its place, and the oldest go for it")
    func carried() throws {
        for n in 0..<3 { try fixture.add("a-\(n)", days: 10 - Double(n) / 10) }
        try fixture.maintain()
        let key = try fixture.add("b", days: 9)
        try fixture.archive.put(key, fixture.live.get(key))
        try fixture.live.remove(key)
        let counts = try fixture.maintain(retention(archiveBytes: 300))
        #expect(counts["objects_archived"] == 1 && counts["objects_expired"] == 1)
        #expect(try archiveHolds(["a-1", "a-2", "b"]))
    }
}

/// A store on a disk with room for so many bytes.
private final class FullStore: ObjectStore {
    private let store: any ObjectStore
    let capacity: Int
    private(set) var bytes = 0

    init(_ store: any ObjectStore, capacity: Int) throws(LakeError) {
        self.store = store
        self.capacity = capacity
        for key in try store.allKeys() { bytes += try store.get(key).count }
    }

    func put(_ key: String, _ object: [UInt8]) throws(LakeError) {
        guard bytes + object.count <= capacity else { throw LakeError(.full, key, "no room is left") }
        try store.put(key, object)
        bytes += object.count
    }

    func remove(_ key: String) throws(LakeError) {
        let size = try store.get(key).count
        try store.remove(key)
        bytes -= size
    }

    func get(_ key: String) throws(LakeError) -> [UInt8] { try store.get(key) }

    func list(prefix: String, after: String?, limit: Int) throws(LakeError) -> ObjectPage {
        try store.list(prefix: prefix, after: after, limit: limit)
    }

    func putAll(_ objects: [(key: String, bytes: [UInt8])]) -> [(key: String, result: Result<Void, LakeError>)] {
        objects.map { object in (object.key, Result { () throws(LakeError) in try put(object.key, object.bytes) }) }
    }

    func getAll<E: Error>(_ keys: [String], _ body: (String, Result<[UInt8], LakeError>) throws(E) -> Void) throws(E) {
        try store.getAll(keys, body)
    }

    func removeAll(_ keys: [String]) -> [(key: String, result: Result<Void, LakeError>)] {
        keys.map { key in (key, Result { () throws(LakeError) in try remove(key) }) }
    }
}
