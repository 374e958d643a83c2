import FoundationEssentials
import Postgres
import Warehouse

/// What lies in one place and may go, the oldest first. Nothing is given twice.
struct OldestObjects {
    private let table: RawRetention
    private let location: RawLocation
    private var page: ArraySlice<SettledObject> = []
    private var last: SettledObject?
    /// Nothing more from before then was there when it was last looked for.
    private var end: Date?
    /// Of a dry run: what would have come here, the oldest first.
    private var rehearsed: ArraySlice<SettledObject> = []

    /// Objects in one statement.
    private static let pageSize = 256

    init(_ table: RawRetention, in location: RawLocation) {
        self.table = table
        self.location = location
    }

    /// The oldest from before `cutoff`, as many as have so many bytes, but no more than a page; empty: there are none just now.
    mutating func next(before cutoff: Date, bytes: Int = .max) throws(PostgresError) -> [SettledObject] {
        var (objects, sum) = ([SettledObject](), 0)
        while sum < bytes, objects.count < Self.pageSize, let object = try first(before: cutoff) {
            removeFirst()
            objects.append(object)
            sum += object.bytes
        }
        return objects
    }

    mutating func first(before cutoff: Date = .distantFuture) throws(PostgresError) -> SettledObject? {
        if page.isEmpty, end.map({ $0 < cutoff }) ?? true {
            page = try table.settled(in: location, before: cutoff, after: last, limit: Self.pageSize)[...]
            last = page.last ?? last
            end = page.isEmpty ? cutoff : nil
        }
        guard let object = isRehearsedNext ? rehearsed.first : page.first, object.keptSince < cutoff else { return nil }
        return object
    }

    mutating func removeFirst() {
        if isRehearsedNext { rehearsed.removeFirst() } else { page.removeFirst() }
    }

    /// Others came here.
    mutating func noteNew() { end = nil }

    /// They would have come here.
    mutating func rehearse(_ objects: [SettledObject]) { rehearsed += objects }

    private var isRehearsedNext: Bool {
        guard let rehearsed = rehearsed.first else { return false }
        return page.first.map { rehearsed.keptSince < $0.keptSince } ?? true
    }
}

/// The archive while objects come and go: what it holds, how much of that is too much, and who is to go for that.
struct ArchiveRoom {
    /// Of what it holds.
    var oldest: OldestObjects
    /// Bytes; nil: none.
    private let bound: Int?
    private var held: Int
    private(set) var archived = ObjectVolume()
    private(set) var expired = ObjectVolume()

    /// What is asked to go at once.
    private static let limit = 256

    init(_ table: RawRetention, bound: Int?) throws(PostgresError) {
        self.bound = bound
        oldest = OldestObjects(table, in: .archive)
        held = bound == nil ? 0 : try table.volume(in: .archive).bytes
    }

    func canHold(_ object: SettledObject) -> Bool { bound.map { object.bytes <= $0 } ?? true }

    /// Bytes above the bound, were these there too.
    func excess(with coming: ArraySlice<SettledObject>) -> Int {
        bound.map { held + coming.reduce(0) { $0 + $1.bytes } - $0 } ?? 0
    }

    /// The oldest of what is there and of what comes, until the rest fits in, but not too many at once: those that are there, and how many
    /// come. Where nothing that is there may go, but something is, what comes is not to blame and does not go either.
    mutating func takeOldest(with coming: ArraySlice<SettledObject>) throws(PostgresError) -> (archived: [SettledObject], coming: Int) {
        var (archived, rest, excess, left) = ([SettledObject](), coming, excess(with: coming), held)
        while excess > 0, archived.count < Self.limit {
            let old = try oldest.first()
            if let old, rest.first.map({ old.keptSince <= $0.keptSince }) ?? true {
                oldest.removeFirst()
                archived.append(old)
                excess -= old.bytes
                left -= old.bytes
            } else if old != nil || left <= 0, let new = rest.popFirst() {
                excess -= new.bytes
            } else {
                break
            }
        }
        return (archived, coming.count - rest.count)
    }

    mutating func noteGone(_ objects: [SettledObject]) {
        held -= objects.volume.bytes
        expired += objects.volume
    }

    /// They went for good without having been here.
    mutating func notePassed(_ objects: [SettledObject]) { expired += objects.volume }

    /// - Parameter isThere: false: it is a dry run.
    mutating func noteArchived(_ objects: [SettledObject], isThere: Bool) {
        held += objects.volume.bytes
        archived += objects.volume
        if isThere { oldest.noteNew() } else if bound != nil { oldest.rehearse(objects) }
    }
}

extension [SettledObject] {
    var volume: ObjectVolume { ObjectVolume(objects: count, bytes: reduce(0) { $0 + $1.bytes }) }
}
