import Lake
import Market
import Postgres
import Runtime
import Warehouse

/// One thread with a connection and stores of its own: takes objects, reads them, loads them, each time in one transaction.
struct TransformLane {
    private let work: TransformWork
    private let stores: LakeStores
    private var session: (connection: Connection, load: FactLoad)?
    private var absence: PostgresAbsence

    /// Between two looks while the source is open.
    private static let lookInterval = Duration.milliseconds(100)

    init(_ work: TransformWork) {
        self.work = work
        stores = LakeStores(work)
        absence = PostgresAbsence(work)
    }

    mutating func run() throws {
        while !work.stop.isRequested {
            do {
                // Asked before looking: what was added until then is seen.
                let isOpen = work.source.isOpen
                let didWork = try takeNext()
                absence.end()
                guard didWork || isOpen else { return }
                if !didWork { _ = work.stop.sleep(for: Self.lookInterval) }
            } catch let error as PostgresError where error.isRetryable {
                try absence.wait(after: error)
            } catch let error as LakeError where error.code == .unavailable && work.stop.isRequested {
                // It was waited for, and is waited for no longer.
                return
            }
        }
    }

    /// False: there was nothing to do.
    private mutating func takeNext() throws -> Bool {
        let session = try connected()
        var taken: ObjectGroup?
        do {
            guard let loaded = try session.connection.transaction({ try loadNext(session, &taken) }) else { return false }
            tell(loaded)
            return true
        } catch let error as PostgresError {
            guard let taken else { throw error }
            guard error.isOfData else {
                work.source.giveBack(taken)
                throw error
            }
            try isolate(taken)
            return true
        }
    }

    /// What a transaction did, to be told when it has been committed.
    private struct Loaded: Sendable {
        let batch: TransformBatch
        let outcomes: [ObjectOutcome]
        /// Channels that this transaction stopped; of a replay the objects that might have.
        var stopped: [StoppedChannel] = []
    }

    private func loadNext(_ session: (connection: Connection, load: FactLoad), _ taken: inout ObjectGroup?) throws -> Loaded? {
        guard let group = try work.source.next(session.connection, stores) else { return nil }
        let batch = try read(group)
        taken = batch.group
        return try load(batch, session)
    }
}

// MARK: - Reading

extension TransformLane {
    /// As many of the group's objects as a batch holds; at least one.
    private func read(_ group: ObjectGroup) throws -> TransformBatch {
        let store = try stores.store(group.location)
        var batch = TransformBatch(group, work.source)
        var rest = group
        while !rest.keys.isEmpty, !batch.isFull, batch.goesOn {
            let piece = Array(rest.keys.prefix(Self.piece))
            rest.keys.removeFirst(piece.count)
            try store.getAll(piece) { key, stored throws(LakeError) in try batch.add(key, stored) }
        }
        work.source.giveBack(rest)
        rest.keys = batch.moved
        rest.location = group.location == .live ? .archive : .live
        work.source.giveBack(rest)
        return batch
    }

    /// Objects that are asked for at once.
    private static let piece = 8
}

// MARK: - Loading

extension TransformLane {
    private func load(_ batch: TransformBatch, _ session: (connection: Connection, load: FactLoad)) throws(PostgresError) -> Loaded {
        let isReplay = work.source.isReplay
        if isReplay {
            let objects = RawObjectRepository(session.connection)
            try objects.record(batch.records, in: batch.group.location)
            try objects.lock(batch.outcomes.map(\.key))
        }
        var loaded = Loaded(batch: batch, outcomes: try batch.load(session.load, session.connection))
        for stop in batch.otherShapes {
            let isNew = isReplay ? true : try StoppedChannels(session.connection).stop(stop)
            if isNew { loaded.stopped.append(stop) }
        }
        return loaded
    }

    private func tell(_ loaded: Loaded) {
        work.source.note(loaded.batch)
        work.tally.add(loaded.outcomes)
        for outcome in loaded.outcomes where outcome.kind != .loaded {
            work.log.warning(
                "\(work.name).object_\(outcome.kind.rawValue)", ["object": .text(outcome.key), "error": .text(outcome.error ?? "")])
        }
        let rejected = loaded.outcomes.flatMap { outcome in outcome.rejected.map { (outcome.key, $0) } }
        if let (key, row) = rejected.first {
            work.log.warning(
                "\(work.name).rows_rejected",
                [
                    "channel": .text("\(loaded.batch.group.channel)"), "rows": .integer(rejected.count), "object": .text(key),
                    "position": .integer(row.position), "reason": .text(row.reason),
                ])
        }
        let (count, event) = work.source.isReplay ? ("other_shape", "object_of_other_shape") : ("channels_stopped", "channel_stopped")
        for stop in loaded.stopped {
            work.tally.add(count)
            work.log.error(
                "\(work.name).\(event)",
                [
                    "exchange": .text(stop.channel.exchange), "channel": .text(stop.channel.name), "object": .text(stop.objectKey),
                    "reason": .text(stop.reason),
                ])
        }
    }

    /// Something in the group cannot be stored: halves of it are tried until the object is alone.
    private mutating func isolate(_ group: ObjectGroup) throws {
        var untried = group.halves
        do {
            while let half = untried.first, !work.stop.isRequested {
                do {
                    let session = try connected()
                    tell(
                        try session.connection.transaction { try load(try read(try work.source.again(half, session.connection)), session) })
                    untried.removeFirst()
                } catch let error as PostgresError where error.isOfData {
                    if half.keys.count == 1 { try giveUp(half, error) }
                    untried.replaceSubrange(..<1, with: half.keys.count == 1 ? [] : half.halves)
                }
            }
        } catch {
            untried.forEach(work.source.giveBack)
            throw error
        }
    }

    private mutating func giveUp(_ group: ObjectGroup, _ error: PostgresError) throws {
        let session = try connected()
        let outcomes = try session.connection.transaction {
            let outcomes = try work.source.again(group, session.connection).keys.map { key in
                ObjectOutcome(key: key, .unreadable, error: "it cannot be stored: \(error)")
            }
            try IngestionLog(session.connection).record(outcomes)
            return outcomes
        }
        tell(Loaded(batch: TransformBatch(group, work.source), outcomes: outcomes))
    }
}

// MARK: - Postgres

extension TransformLane {
    private mutating func connected() throws -> (connection: Connection, load: FactLoad) {
        if let session, !session.connection.isBroken, !session.connection.isInTransaction { return session }
        session = nil
        let connection = try work.connected()
        let opened = (connection, try FactLoad(connection, repairs: work.source.isReplay))
        session = opened
        return opened
    }
}

extension PostgresError {
    /// Classes "data exception", "integrity constraint violation", "program limit exceeded", and what we refuse to send: the rows are at
    /// fault.
    fileprivate var isOfData: Bool {
        code == .value || ["22", "23", "54"].contains { sqlState?.hasPrefix($0) ?? false }
    }
}
