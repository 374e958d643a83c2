import Lake
import Market
import Postgres
import Runtime
import Synchronization
import Warehouse

/// One thread with a connection and stores of its own: takes objects, reads them, loads them, each time in one transaction.
struct TransformLane {
    private let work: TransformWork
    private let turns: TransformWork.Turns
    private var session: (connection: Connection, load: FactLoad)?
    private var live: (any ObjectStore)?
    private var archive: (any ObjectStore)?
    private var away: (backoff: Backoff, since: ContinuousClock.Instant, isTold: Bool)?

    /// Between two looks while the source is open.
    private static let lookInterval = Duration.milliseconds(100)

    init(_ work: TransformWork, _ turns: TransformWork.Turns) {
        self.work = work
        self.turns = turns
    }

    mutating func run() throws {
        while !work.stop.isRequested {
            do {
                // Asked before looking: what was added until then is seen.
                let isOpen = work.source.isOpen
                let didWork = try takeNext()
                noteReturn()
                guard didWork || isOpen else { return }
                if !didWork { _ = work.stop.sleep(for: Self.lookInterval) }
            } catch let error as PostgresError where error.isRetryable {
                try wait(error)
            }
        }
    }

    /// False: there was nothing to do.
    private mutating func takeNext() throws -> Bool {
        let session = try connected()
        var failed: ObjectGroup?
        do {
            guard let loaded = try session.connection.transaction({ try loadNext(session, &failed) }) else { return false }
            tell(loaded)
            return true
        } catch let error as PostgresError where error.isOfData {
            guard let failed else { throw error }
            try isolate(failed, error)
            return true
        }
    }

    /// What a transaction did, to be told when it has been committed.
    private struct Loaded: Sendable {
        let batch: TransformBatch
        let outcomes: [ObjectOutcome]
        /// By this transaction.
        var stopped: [StoppedChannel] = []
    }

    private mutating func loadNext(_ session: (connection: Connection, load: FactLoad), _ failed: inout ObjectGroup?) throws -> Loaded? {
        let taken = try turns.reading.withLock { _ -> (ObjectGroup, TransformBatch)? in
            guard let group = try work.source.next(session.connection) else { return nil }
            return (group, try read(group))
        }
        guard let (group, batch) = taken else { return nil }
        failed = group
        failed?.keys = batch.outcomes.map(\.key)
        let loaded = try turns.loading.withLock { _ in try load(batch, session) }
        failed = nil
        work.source.note(objects: batch.outcomes.count, rows: batch.rowCount, of: group.channel)
        return loaded
    }
}

// MARK: - Reading

extension TransformLane {
    /// As many of the group's objects as a batch holds; at least one.
    private mutating func read(_ group: ObjectGroup) throws -> TransformBatch {
        let store = try store(group.location)
        var batch = TransformBatch(group, work.source)
        var rest = group.keys[...]
        while !rest.isEmpty, !batch.isFull, batch.goesOn {
            let piece = Array(rest.prefix(Self.piece))
            rest = rest.dropFirst(piece.count)
            try store.getAll(piece) { key, stored throws(LakeError) in try batch.add(key, stored) }
        }
        return batch
    }

    /// Objects that are asked for at once.
    private static let piece = 8

    /// What has expired may still lie in the archive.
    private mutating func store(_ location: RawLocation) throws(LakeError) -> any ObjectStore {
        let isLive = location == .live
        if let store = isLive ? live : archive { return store }
        let lake = isLive ? work.live : work.archive ?? work.live
        let store = try lake.open(log: work.log, stop: work.stop)
        if isLive { live = store } else { archive = store }
        return store
    }
}

// MARK: - Loading

extension TransformLane {
    private func load(_ batch: TransformBatch, _ session: (connection: Connection, load: FactLoad)) throws(PostgresError) -> Loaded {
        if work.source.recordsObjects {
            let objects = RawObjectRepository(session.connection)
            try objects.record(batch.records, in: batch.group.location)
            try objects.lock(batch.outcomes.map(\.key))
        }
        var loaded = Loaded(batch: batch, outcomes: try batch.load(session.load, session.connection))
        if work.source.stopsChannels {
            for stop in batch.otherShapes where try StoppedChannels(session.connection).stop(stop) { loaded.stopped.append(stop) }
        }
        return loaded
    }

    private func tell(_ loaded: Loaded) {
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
        for stop in work.source.stopsChannels ? loaded.stopped : loaded.batch.otherShapes {
            work.tally.add(work.source.stopsChannels ? "channels_stopped" : "other_shape")
            work.log.error(
                work.source.stopsChannels ? "\(work.name).channel_stopped" : "\(work.name).object_of_other_shape",
                [
                    "exchange": .text(stop.channel.exchange), "channel": .text(stop.channel.name), "object": .text(stop.objectKey),
                    "reason": .text(stop.reason),
                ])
        }
    }

    /// Something in the group cannot be stored: halves of it are tried until the object is alone.
    private mutating func isolate(_ group: ObjectGroup, _ error: PostgresError) throws {
        guard group.keys.count > 1 else { return try giveUp(group, error) }
        let middle = group.keys.count / 2
        for keys in [group.keys[..<middle], group.keys[middle...]] where !work.stop.isRequested {
            var half = group
            half.keys = Array(keys)
            do {
                let session = try connected()
                tell(try session.connection.transaction { try load(try read(try work.source.again(half, session.connection)), session) })
            } catch let error as PostgresError where error.isOfData {
                try isolate(half, error)
            }
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
        let connection = try work.connect()
        // With each connection, since a migration may be why the last one went.
        try Schema.verify(connection)
        let opened = (connection, try FactLoad(connection))
        session = opened
        return opened
    }

    private mutating func wait(_ error: PostgresError) throws {
        var (backoff, since, isTold) = away ?? (Backoff(first: .milliseconds(100), limit: .seconds(5)), .now, false)
        guard since.duration(to: .now) < work.patience else { throw error }
        let wait = backoff.next()
        away = (backoff, since, isTold || !error.isConflict)
        work.log.warning(
            "\(work.name).\(error.isConflict ? "conflict" : "postgres_away")",
            ["error": .text("\(error)"), "retry_in_seconds": .number(wait / .seconds(1))])
        _ = work.stop.sleep(for: wait)
    }

    private mutating func noteReturn() {
        guard let away else { return }
        self.away = nil
        if away.isTold { work.log.info("\(work.name).postgres_back") }
    }
}

extension PostgresError {
    /// Class "transaction rollback" and a lock that was not to be had: Postgres is there, and somebody else came first.
    fileprivate var isConflict: Bool { sqlState.map { $0.hasPrefix("40") || $0 == "55P03" } ?? false }

    /// Classes "data exception", "integrity constraint violation", "program limit exceeded", and what we refuse to send: the rows are at
    /// fault.
    fileprivate var isOfData: Bool {
        code == .value || ["22", "23", "54"].contains { sqlState?.hasPrefix($0) ?? false }
    }
}
