import FoundationEssentials
import Runtime
import Warehouse

/// Raw objects on their way from the lake to the archive and out of it, in steps after each of which a crash costs nothing:
///
/// 1. the object is in the archive, and was read back from there;
/// 2. the table says that it is there, and that it may be left over in the lake;
/// 3. the lake has it no longer;
/// 4. the table knows that.
///
/// What was left between 2 and 4 is taken up by the next run. A copy that was left between 1 and 2 is the next run's as well, or goes
/// with the object: what expires straight from the lake is removed from both places. What is not yet transformed is never touched, nor
/// what somebody puts back meanwhile: from 3 to 4 the table's rows are held. Between reading an object and 1 room is made for it, if the
/// archive is bounded.
struct RawArchiving {
    let table: RawRetention
    let copying: RawCopying
    let moving: RawMoving
    /// An object from before then that is nowhere to be found is given up: its row says that it has expired.
    let giveUpBefore: Date
    let log: Log
    let stop: Stop

    /// Held in memory at most, but for one object more.
    static let batchBytes = 16 << 20

    /// Takes the oldest out of the archive: those from before `cutoff`, and as many more as it holds bytes too many.
    func expire(before cutoff: Date, _ room: inout ArchiveRoom) throws {
        while !stop.isRequested {
            let objects = try room.oldest.next(before: cutoff)
            if objects.isEmpty { break }
            room.noteGone(try moving.move(objects, from: .archive, to: .expired))
        }
        _ = try makeRoom(for: [], &room)
    }

    /// Moves the oldest from the lake to the archive: those from before `cutoff`, and as many more as the lake holds bytes too many. What
    /// finds no room there goes for good.
    func archive(before cutoff: Date, bound: Int?, _ room: inout ArchiveRoom, _ faults: inout ArchivingFaults) throws {
        // In a dry run nothing leaves, so what would have is taken off the sum by hand.
        let excess = try bound.map { try table.volume(in: .live).bytes - $0 } ?? .min
        var (objects, gone) = (OldestObjects(table, in: .live), 0)
        func pass(before cutoff: Date, bytes: () -> Int) throws {
            while !stop.isRequested, bytes() > 0 {
                let page = try objects.next(before: cutoff, bytes: bytes())
                if page.isEmpty { return }
                for batch in batches(page) where !stop.isRequested { gone += try archive(batch, &room, &faults).volume.bytes }
            }
        }
        try pass(before: cutoff) { .max }
        try pass(before: .distantFuture) { excess > gone ? excess - gone : 0 }
        // For what was carried over by hand, and takes its place only now.
        _ = try makeRoom(for: [], &room)
    }

    /// What becomes of objects that come out of the lake.
    private typealias Placed = (fitting: [SettledObject], gone: [SettledObject], unplaced: [SettledObject])

    /// Has the oldest of all go for good, those that come among them, until the rest of these fits in. If what is there has to stay, the
    /// youngest that come are not placed, and stay too.
    ///
    /// - Parameter coming: the oldest first.
    private func makeRoom(for coming: [SettledObject], _ room: inout ArchiveRoom) throws -> Placed {
        // For what never fits nothing else has to go.
        var placed: Placed = ([], try pass(coming.filter { !room.canHold($0) }, &room), [])
        var rest = coming.filter(room.canHold)[...]
        while !stop.isRequested, room.excess(with: rest) > 0 {
            let (archived, count) = try room.takeOldest(with: rest)
            if archived.isEmpty, count == 0 { break }
            room.noteGone(try moving.move(archived, from: .archive, to: .expired))
            placed.gone += try pass(Array(rest.prefix(count)), &room)
            rest = rest.dropFirst(count)
        }
        while room.excess(with: rest) > 0, let object = rest.popLast() { placed.unplaced.append(object) }
        placed.fitting = Array(rest)
        return placed
    }

    /// Has objects of the lake go for good; answers which did.
    private func pass(_ objects: [SettledObject], _ room: inout ArchiveRoom) throws -> [SettledObject] {
        let passed = try moving.move(objects, from: .live, to: .expired)
        room.notePassed(passed)
        return passed
    }

    private func batches(_ objects: [SettledObject]) -> [[SettledObject]] {
        var batches: [[SettledObject]] = []
        var bytes = Self.batchBytes
        for object in objects {
            if bytes + object.bytes > Self.batchBytes {
                batches.append([])
                bytes = 0
            }
            batches[batches.count - 1].append(object)
            bytes += object.bytes
        }
        return batches
    }

    /// Answers which of them left the lake.
    private func archive(
        _ batch: [SettledObject], _ room: inout ArchiveRoom, _ faults: inout ArchivingFaults
    ) throws -> [SettledObject] {
        let found = moving.isDryRun ? nil : try copying.read(batch, &faults)
        let placed = try makeRoom(for: batch.filter { found == nil || found?.bytes[$0.key] != nil }, &room)
        if !stop.isRequested { for object in placed.unplaced { faults.note(.unplaced, object.key, log) } }
        guard let found else {
            room.noteArchived(placed.fitting, isThere: false)
            return placed.gone + placed.fitting
        }
        let copied = try copying.copy(placed.fitting, found, batch, &faults)
        try moving.giveUp(batch.filter { copied.absent.contains($0.key) && $0.keptSince < giveUpBefore })
        let archived = Set(copied.archived)
        let moved = try moving.move(batch.filter { archived.contains($0.key) }, from: .live, to: .archive)
        room.noteArchived(moved, isThere: true)
        return placed.gone + moved
    }
}
