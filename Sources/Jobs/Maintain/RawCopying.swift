import Digest
import Lake
import Runtime
import Warehouse

/// The way of raw objects from the lake into the archive, to the last byte: the first step of `RawArchiving`.
struct RawCopying {
    let live: any ObjectStore
    let archive: any ObjectStore
    let log: Log

    /// What the lake has of a batch, to the last byte, and what it has not: perhaps somebody carried that over by hand.
    typealias Found = (bytes: [String: [UInt8]], missing: [String])

    /// Throws what every object would meet.
    func read(_ batch: [SettledObject], _ faults: inout ArchivingFaults) throws -> Found {
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
    typealias Copied = (archived: [String], absent: Set<String>)

    /// Throws what every object would meet.
    func copy(
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
}
