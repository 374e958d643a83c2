import FoundationEssentials
import Lake
import Postgres
import Runtime
import Warehouse

/// Raw answers on their way into the lake, and what is noted of them once they are there: an object first, its record after, so that a
/// crash leaves an object without a record, which `transform` finds, and never a record without its object.
final class Bronze {
    /// What is written together and then noted in one transaction.
    private struct Batch {
        var entries: [(object: EncodedObject, record: RawObjectRecord, updates: [ExtractionUpdate])] = []
        /// Updates without an object.
        var loose: [ExtractionUpdate] = []

        var isEmpty: Bool { entries.isEmpty && loose.isEmpty }
    }

    private let writer: LakeWriter
    /// For the calling thread.
    private let openLake: () throws(LakeError) -> any ObjectStore
    private let connection: Connection
    /// Whether objects that have been there before are to be loaded again.
    private let renews: Bool
    private var pending = Batch()
    /// In the writer's hands, in that order.
    private var underWay: [Batch] = []
    /// Of which the lake did not take an object: they stand where they stood before it.
    private var broken: Set<ExtractionKey> = []
    private(set) var objects = 0
    private(set) var bytes = 0
    /// Keys of what has been written, for who loads it at once.
    private(set) var keys: [String] = []

    /// With those under way, what is in memory at most.
    private static let entryLimit = 64
    private static let underWayLimit = 2

    init(_ location: LakeLocation, _ connection: Connection, log: Log, stop: Stop, renews: Bool = false) throws {
        // Once anything is on record, a folder that is no lake is a disk that is not mounted.
        if try RawObjectRepository(connection).isEmpty() { try location.begin() }
        writer = LakeWriter(location, log: log, stop: stop)
        openLake = { () throws(LakeError) in try location.open(log: log, stop: stop) }
        self.connection = connection
        self.renews = renews
    }

    var pendingKeys: [String] { pending.entries.map(\.object.key) }
    var isFull: Bool { pending.entries.count >= Self.entryLimit }

    /// - Parameter updates: to be noted with the object, and not without it.
    func add(_ object: RawObject, _ updates: [ExtractionUpdate] = []) throws {
        let encoded = try object.encoded()
        pending.entries.append((encoded, RawObjectRecord(object, key: encoded.key, stored: encoded.bytes), updates))
    }

    func note(_ update: ExtractionUpdate) { pending.loose.append(update) }

    /// Begins to write what is pending, and notes what has been written by now; waits only if the lake does not keep up. Throws as `flush`.
    func write() throws { try write(leaving: Self.underWayLimit) }

    /// Writes and notes what is pending. Throws the lake's error if an object could not be written; the others are noted all the same,
    /// but an extraction of which one is missing stands before it, so that the next run fetches it again.
    func flush() throws { try write(leaving: 0) }

    private func write(leaving limit: Int) throws {
        if !pending.isEmpty {
            writer.put(pending.entries.map { ($0.object.key, $0.object.bytes) })
            underWay.append(pending)
            pending = Batch()
        }
        var failure: LakeError?
        while !underWay.isEmpty, let results = writer.results(waits: underWay.count > limit || failure != nil) {
            let error = try record(underWay.removeFirst(), results)
            failure = failure ?? error
        }
        if let failure { throw failure }
    }

    private func record(_ batch: Batch, _ results: LakeWriter.Results) throws -> LakeError? {
        var written: [(record: RawObjectRecord, updates: [ExtractionUpdate])] = []
        var failure: LakeError?
        for (entry, result) in zip(batch.entries, results) {
            switch result {
            case .success: written.append((entry.record, entry.updates.filter { !broken.contains($0.key) }))
            case .failure(let error):
                failure = failure ?? error
                broken.formUnion(entry.updates.map(\.key))
            }
        }
        try connection.transaction {
            let objects = RawObjectRepository(connection)
            try objects.record(written.map(\.record))
            if renews { try putBack(objects.renew(written.map(\.record.key)), of: batch) }
            try ExtractionRepository(connection).record(written.flatMap(\.updates) + batch.loose.filter { !broken.contains($0.key) })
        }
        objects += written.count
        bytes += written.reduce(0) { $0 + $1.record.bytes }
        keys += written.map(\.record.key)
        return failure
    }

    /// What was removed since it was written is written once more, while nobody can remove it.
    private func putBack(_ keys: [String], of batch: Batch) throws(LakeError) {
        guard !keys.isEmpty else { return }
        let objects = batch.entries.map(\.object).filter { keys.contains($0.key) }
        for outcome in try openLake().putAll(objects.map { ($0.key, $0.bytes) }) { try outcome.result.get() }
    }
}
