import Digest
import FoundationEssentials
import Lake
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
/// with the object: what expires is removed from both places. What is not yet transformed is never touched, nor what somebody puts back
/// meanwhile: from 3 to 4 the table's rows are held. Between reading an object and 1 room is made for it, if the archive is bounded.
struct RawArchiving {
    let table: RawRetention
    let live: any ObjectStore
    let archive: any ObjectStore
    /// An object from before then that is nowhere to be found is given up: its row says that it has expired.
    let giveUpBefore: Date
    let log: Log
    let stop: Stop
    let isDryRun: Bool

    /// Objects in one statement.
    static let page = 256
    /// Objects whose rows are held while they are removed.
    private static let heldLimit = LakeLocation.atOnce
    /// Held in memory at most, but for one object more.
    static let batchBytes = 16 << 20

    /// Removes what earlier runs left where it no longer belongs; answers how much.
    func removeLeftovers() throws -> Int {
        var (removed, after) = (0, "")
        while !stop.isRequested {
            let keys = try table.leftovers(after: after, limit: Self.page)
            guard let last = keys.last else { break }
            removed += isDryRun ? keys.count : try removeLeftovers(keys)
            after = last
        }
        return removed
    }

    /// Takes the oldest out of the archive: those from before `cutoff`, and as many more as it holds bytes too many.
    func expire(before cutoff: Date, _ room: inout ArchiveRoom) throws {
        while !stop.isRequested {
            let objects = try room.oldest.next(before: cutoff)
            if objects.isEmpty { break }
            room.noteGone(try move(objects, from: .archive, to: .expired))
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
            room.noteGone(try move(archived, from: .archive, to: .expired))
            placed.gone += try pass(Array(rest.prefix(count)), &room)
            rest = rest.dropFirst(count)
        }
        while room.excess(with: rest) > 0, let object = rest.popLast() { placed.unplaced.append(object) }
        placed.fitting = Array(rest)
        return placed
    }

    /// Has objects of the lake go for good; answers which did.
    private func pass(_ objects: [SettledObject], _ room: inout ArchiveRoom) throws -> [SettledObject] {
        let passed = try move(objects, from: .live, to: .expired)
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
}

// MARK: - One batch

extension RawArchiving {
    /// Answers which of them left the lake.
    private func archive(
        _ batch: [SettledObject], _ room: inout ArchiveRoom, _ faults: inout ArchivingFaults
    ) throws -> [SettledObject] {
        let found = isDryRun ? nil : try read(batch, &faults)
        let placed = try makeRoom(for: batch.filter { found == nil || found?.bytes[$0.key] != nil }, &room)
        if !stop.isRequested { for object in placed.unplaced { faults.note(.unplaced, object.key, log) } }
        guard let found else {
            room.noteArchived(placed.fitting, isThere: false)
            return placed.gone + placed.fitting
        }
        let copied = try copy(placed.fitting, found, batch, &faults)
        try giveUp(batch.filter { copied.absent.contains($0.key) && $0.keptSince < giveUpBefore })
        let archived = Set(copied.archived)
        let moved = try move(batch.filter { archived.contains($0.key) }, from: .live, to: .archive)
        room.noteArchived(moved, isThere: true)
        return placed.gone + moved
    }

    /// Answers which of them went, or would have.
    private func move(_ objects: [SettledObject], from old: RawLocation, to new: RawLocation) throws -> [SettledObject] {
        guard !isDryRun, !objects.isEmpty else { return objects }
        let keys = Set(try table.move(objects.map(\.key), from: old, to: new))
        let moved = objects.filter { keys.contains($0.key) }
        _ = try removeLeftovers(moved.map(\.key))
        return moved
    }

    /// What the lake has of a batch, to the last byte, and what it has not: perhaps somebody carried that over by hand.
    private typealias Found = (bytes: [String: [UInt8]], missing: [String])

    /// Throws what every object would meet.
    private func read(_ batch: [SettledObject], _ faults: inout ArchivingFaults) throws -> Found {
        let hashes = Dictionary(uniqueKeysWithValues: batch.map { ($0.key, $0.sha256) })
        var found: Found = ([:], [])
        try live.getAll(batch.map(\.key)) { key, result in
            switch result {
            case .success(let bytes) where SHA256.hash(bytes).bytes == hashes[key]: found.bytes[key] = bytes
            case .success: faults.note(.corrupt, key, log)
            case .failure(let error) where error.code == .missing: found.missing.append(key)
            case .failure(let error): try faults.note(error, key, log)
            }
        }
        return found
    }

    /// Which objects are in the archive now, to the last byte, and which are in neither place.
    private typealias Copied = (archived: [String], absent: Set<String>)

    /// Throws what every object would meet.
    private func copy(
        _ fitting: [SettledObject], _ found: Found, _ batch: [SettledObject], _ faults: inout ArchivingFaults
    ) throws -> Copied {
        var stored = found.missing
        for (key, result) in archive.putAll(fitting.compactMap { object in found.bytes[object.key].map { (object.key, $0) } }) {
            switch result {
            case .success: stored.append(key)
            case .failure(let error): try faults.note(error, key, log)
            }
        }
        let hashes = Dictionary(uniqueKeysWithValues: batch.map { ($0.key, $0.sha256) })
        var copied = try verified(stored, hashes, &faults)
        copied.absent.formIntersection(found.missing)
        return copied
    }

    private func verified(_ keys: [String], _ hashes: [String: [UInt8]], _ faults: inout ArchivingFaults) throws -> Copied {
        var copied: Copied = ([], [])
        try archive.getAll(keys) { key, result in
            switch result {
            case .success(let bytes) where SHA256.hash(bytes).bytes == hashes[key]: copied.archived.append(key)
            case .success: faults.note(.corrupt, key, log)
            case .failure(let error) where error.code == .missing:
                faults.note(.missing, key, log)
                copied.absent.insert(key)
            case .failure(let error): try faults.note(error, key, log)
            }
        }
        return copied
    }

    private func giveUp(_ objects: [SettledObject]) throws {
        guard !objects.isEmpty else { return }
        _ = try table.clearLeftovers(try table.move(objects.map(\.key), from: .live, to: .expired)) { keys, _ in keys }
    }

    /// A few at a time: who has lost Postgres, and with it the hold on the rows, finds that out before the next few.
    ///
    /// - Returns: how many went. What cannot be removed is left over.
    private func removeLeftovers(_ keys: [String]) throws -> Int {
        var (rest, removed) = (keys[...], 0)
        while !rest.isEmpty {
            removed += try removeHeld(Array(rest.prefix(Self.heldLimit)))
            rest = rest.dropFirst(Self.heldLimit)
        }
        return removed
    }

    private func removeHeld(_ keys: [String]) throws -> Int {
        var fault: LakeError?
        let removed = try table.clearLeftovers(keys) { keys, location in
            var removed: [String] = []
            for (key, result) in (location == .live ? live : archive).removeAll(keys) {
                switch result {
                case .success: removed.append(key)
                case .failure(let error) where error.isOfStore: fault = error
                case .failure(let error):
                    log.warning("maintain.left_over", ["object": .text(key), "in": .text(location.rawValue), "error": .text("\(error)")])
                }
            }
            return removed
        }
        if let fault { throw fault }
        return removed
    }
}
