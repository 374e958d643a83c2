import Lake
import Postgres
import Runtime
import Warehouse

/// An object was to be given up that stands in nobody's way.
public struct StandingError: Error, CustomStringConvertible {
    public let description: String

    init(_ description: String) { self.description = description }
}

/// Channels of which nothing loads since an object has another shape, and the ways out of that: the object can be read again, a newer answer
/// of the channel has the expected shape, or somebody gives the object up.
struct ChannelStops {
    let work: TransformWork
    let source: DueObjects
    let context: JobContext
    let database: LastingConnection

    /// Newest answers that are looked at; those of other markets may have the other shape too.
    private static let looks = 16

    /// Gives up objects that stopped their channels: they become unreadable. Throws a `StandingError` if one did not.
    func skip(_ keys: [String]) throws {
        guard !keys.isEmpty else { return }
        let stopped = Dictionary(try StoppedChannels(context.connection).all().map { ($0.objectKey, $0) }) { first, _ in first }
        for key in keys {
            guard let stop = stopped[key] else {
                throw StandingError("\(key) has stopped no channel; crypto_gaf.stopped_channels tells which have")
            }
            let outcome = ObjectOutcome(key: key, .unreadable, error: "\(stop.reason); of another shape, and given up by an operator")
            try context.connection.transaction {
                try RawObjectRepository(context.connection).lock([key])
                try IngestionLog(context.connection).record([outcome])
                try StoppedChannels(context.connection).resume(stop.channel)
            }
            work.tally.add([outcome])
            context.log.warning("\(work.name).object_skipped", fields(stop))
        }
    }

    /// Lets go on what can; answers how many channels that are. A Postgres that is away is waited for.
    ///
    /// - Parameter tells: of the others.
    func resume(tells: Bool) throws -> Int {
        let stopped = try database.run { try StoppedChannels($0).all() }
        guard !stopped.isEmpty else { return 0 }
        let store = try work.live.open(log: context.log, stop: context.stop)
        var resumed = 0
        for stop in stopped {
            if try database.run({ try resume(stop, store, $0) }) { resumed += 1 } else if tells { tell(stop) }
        }
        return resumed
    }

    /// False: it stays as it is.
    private func resume(_ stop: StoppedChannel, _ store: any ObjectStore, _ connection: Connection) throws -> Bool {
        if try isStillOfOtherShape(stop.objectKey, store, connection) {
            guard let sound = try soundAnswer(after: stop, store, connection) else { return false }
            source.note(sound, of: stop.channel)
        }
        try StoppedChannels(connection).resume(stop.channel)
        context.log.info("\(work.name).channel_resumed", fields(stop))
        return true
    }

    private func tell(_ stop: StoppedChannel) {
        work.tally.add("channels_still_stopped")
        context.log.error("\(work.name).channel_still_stopped", fields(stop))
    }

    private func fields(_ stop: StoppedChannel) -> Log.Fields {
        [
            "exchange": .text(stop.channel.exchange), "channel": .text(stop.channel.name), "object": .text(stop.objectKey),
            "reason": .text(stop.reason),
        ]
    }

    /// One that is gone or damaged by now holds up nobody: it gets its outcome.
    private func isStillOfOtherShape(_ key: String, _ store: any ObjectStore, _ connection: Connection) throws -> Bool {
        var store = store
        if let location = try RawObjectRepository(connection).location(of: key), location != .live {
            // Whoever knows the archive will see.
            guard let archive = work.archive else { return true }
            store = try archive.open(log: context.log, stop: context.stop)
        }
        do {
            _ = try ObjectContent(RawObject(decoding: try store.get(key), key: key))
        } catch let error as LakeError where error.isOfStore {
            throw error
        } catch {
            return (error as? ObjectFault)?.kind == .changedShape
        }
        return false
    }

    /// Only a venue's own answer proves what shape its answers have, and only one that holds something.
    private func soundAnswer(after stop: StoppedChannel, _ store: any ObjectStore, _ connection: Connection) throws -> SoundAnswer? {
        let keys = try RawObjectRepository(connection).newest(of: stop.channel, after: stop.objectKey, limit: Self.looks)
        for key in keys {
            do {
                let object = try RawObject(decoding: try store.get(key), key: key)
                guard object.source == nil, try ObjectContent(object).rowsRead > 0, let origin = RawObjectKey(key)?.origin else { continue }
                return SoundAnswer(key: key, origin: origin)
            } catch let error as LakeError where error.isOfStore {
                throw error
            } catch {
                continue
            }
        }
        return nil
    }
}
