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
/// What was left between 2 and 4 is taken up by the next run. What is not yet transformed is never touched, nor what somebody puts back
/// meanwhile: from 3 to 4 the table's rows are held.
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
    /// Objects whose rows are held while they are removed: as many as a server of S3 is asked to remove at once.
    private static let heldLimit = 32
    /// Held in memory at most, but for one object more.
    static let batchBytes = 16 << 20

    /// Removes what earlier runs left where it no longer belongs; answers how much.
    func removeLeftovers() throws -> Int {
        var removed = 0
        for location in [RawLocation.live, .archive] {
            var after = ""
            while !stop.isRequested {
                let keys = try table.leftovers(in: location, after: after, limit: Self.page)
                guard let last = keys.last else { break }
                removed += isDryRun ? keys.count : try remove(keys, from: location)
                after = last
            }
        }
        return removed
    }

    /// Takes the oldest out of the archive: those from before `cutoff`, and as many more as it holds bytes too many.
    func expire(before cutoff: Date, bound: Int?) throws -> ObjectVolume {
        try pass(.archive, before: cutoff, bound: bound) { objects in
            isDryRun ? objects : try move(objects, from: .archive, to: .expired)
        }
    }

    /// Moves the oldest from the lake to the archive, likewise.
    func archive(before cutoff: Date, bound: Int?, faults: inout ArchivingFaults) throws -> ObjectVolume {
        var found = faults
        defer { faults = found }
        return try pass(.live, before: cutoff, bound: bound) { objects in
            guard !isDryRun else { return objects }
            var moved: [SettledObject] = []
            for batch in batches(objects) where !stop.isRequested { moved += try archive(batch, &found) }
            return moved
        }
    }

    /// By age first, then by size. `body` answers which of the objects went.
    private func pass(
        _ location: RawLocation, before cutoff: Date, bound: Int?, _ body: ([SettledObject]) throws -> [SettledObject]
    ) throws -> ObjectVolume {
        var gone = ObjectVolume()
        var last: SettledObject?
        func pages(before cutoff: Date, while isMore: () -> Bool, pick: ([SettledObject]) -> [SettledObject]) throws {
            while !stop.isRequested, isMore() {
                let objects = pick(try table.settled(in: location, before: cutoff, after: last, limit: Self.page))
                guard let final = objects.last else { return }
                last = final
                gone += try body(objects).volume
            }
        }
        // In a dry run nothing leaves, so what would have is taken off the sum by hand.
        let excess = try bound.map { try table.volume(in: location).bytes - $0 }
        try pages(before: cutoff, while: { true }, pick: { $0 })
        if let excess {
            try pages(before: .distantFuture, while: { gone.bytes < excess }, pick: { $0.first(bytes: excess - gone.bytes) })
        }
        return gone
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
    private func archive(_ batch: [SettledObject], _ faults: inout ArchivingFaults) throws -> [SettledObject] {
        let copied = try copy(batch, &faults)
        try giveUp(batch.filter { copied.absent.contains($0.key) && $0.keptSince < giveUpBefore })
        let archived = Set(copied.archived)
        return try move(batch.filter { archived.contains($0.key) }, from: .live, to: .archive)
    }

    /// Answers which of them went.
    private func move(_ objects: [SettledObject], from old: RawLocation, to new: RawLocation) throws -> [SettledObject] {
        let keys = Set(try table.move(objects.map(\.key), from: old, to: new))
        let moved = objects.filter { keys.contains($0.key) }
        _ = try remove(moved.map(\.key), from: old)
        return moved
    }

    /// Which objects are in the archive now, to the last byte, and which are in neither place.
    private typealias Copied = (archived: [String], absent: Set<String>)

    /// Throws what every object would meet.
    private func copy(_ batch: [SettledObject], _ faults: inout ArchivingFaults) throws -> Copied {
        let hashes = Dictionary(uniqueKeysWithValues: batch.map { ($0.key, $0.sha256) })
        var objects: [(key: String, bytes: [UInt8])] = []
        // Not in the lake: perhaps somebody carried them over by hand.
        var missing: Set<String> = []
        try live.getAll(batch.map(\.key)) { key, result in
            switch result {
            case .success(let bytes) where SHA256.hash(bytes).bytes == hashes[key]: objects.append((key, bytes))
            case .success: faults.note(.corrupt, key, log)
            case .failure(let error) where error.code == .missing: missing.insert(key)
            case .failure(let error): try faults.note(error, key, log)
            }
        }
        var stored = Array(missing)
        for (key, result) in archive.putAll(objects) {
            switch result {
            case .success: stored.append(key)
            case .failure(let error): try faults.note(error, key, log)
            }
        }
        var copied = try verified(stored, hashes, &faults)
        copied.absent.formIntersection(missing)
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
        _ = try table.clearLeftovers(try table.move(objects.map(\.key), from: .live, to: .expired), in: .live) { $0 }
    }

    /// A few at a time: who has lost Postgres, and with it the hold on the rows, finds that out before the next few.
    ///
    /// - Returns: how many went. What cannot be removed is left over.
    private func remove(_ keys: [String], from location: RawLocation) throws -> Int {
        var (rest, removed) = (keys[...], 0)
        while !rest.isEmpty {
            removed += try removeHeld(Array(rest.prefix(Self.heldLimit)), from: location)
            rest = rest.dropFirst(Self.heldLimit)
        }
        return removed
    }

    private func removeHeld(_ keys: [String], from location: RawLocation) throws -> Int {
        var fault: LakeError?
        let removed = try table.clearLeftovers(keys, in: location) { keys in
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

/// Objects that could not be archived, and stay where the table says.
struct ArchivingFaults {
    enum Kind: String {
        /// Neither in the lake nor in the archive.
        case missing
        /// The bytes are not those that were recorded.
        case corrupt
        /// A fault of this one object; the next run tries again.
        case failed
    }

    private(set) var counts: [Kind: Int] = [:]
    /// A lake that lost a million objects need not be told a million times.
    private static let told = 10

    /// Throws what every other object would meet as well.
    mutating func note(_ error: LakeError, _ key: String, _ log: Log) throws(LakeError) {
        guard !error.isOfStore else { throw error }
        note(.failed, key, log, error)
    }

    mutating func note(_ kind: Kind, _ key: String, _ log: Log, _ error: LakeError? = nil) {
        counts[kind, default: 0] += 1
        guard counts[kind, default: 0] <= Self.told else { return }
        log.warning("maintain.not_archived", ["object": .text(key), "fault": .text(kind.rawValue), "error": .text(error?.message ?? "")])
    }
}

extension [SettledObject] {
    var volume: ObjectVolume { ObjectVolume(objects: count, bytes: reduce(0) { $0 + $1.bytes }) }

    /// The fewest from the beginning that have so many bytes.
    func first(bytes: Int) -> [SettledObject] {
        var sum = 0
        return Array(
            prefix { object in
                defer { sum += object.bytes }
                return sum < bytes
            })
    }
}
