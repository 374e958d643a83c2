import Postgres
import Synchronization
import Warehouse

/// Objects of one channel that are to be loaded together.
struct ObjectGroup: Sendable {
    let channel: LakeChannel
    let table: FactTable
    var keys: [String]
    /// Whether they lie in the archive.
    var isArchived = false
}

/// Where the lanes get their objects from. Any thread may ask.
protocol ObjectSource: Sendable {
    /// The next objects, inside of the transaction that will load them; nil: there are none just now.
    func next(_ connection: Connection) throws -> ObjectGroup?

    /// Those of the group that may still be loaded, when its transaction was rolled back and another has begun.
    func again(_ group: ObjectGroup, _ connection: Connection) throws(PostgresError) -> ObjectGroup

    /// How many rows so many objects of a channel had: for the size of the next group.
    func note(objects: Int, rows: Int, of channel: LakeChannel)

    /// Whether more may come later.
    var isOpen: Bool { get }

    /// Whether an object of another shape stops its channel.
    var stopsChannels: Bool { get }

    /// Whether `raw_objects` may not know the objects.
    var recordsObjects: Bool { get }
}

/// What `raw_objects` says is due, oldest first, claimed by locks on its rows: they are let go when the transaction ends, whatever ends it.
final class DueObjects: ObjectSource {
    private struct State {
        /// Rows of an object, as the last group of the channel had them.
        var rows: [LakeChannel: Int] = [:]
        var isOpen = true
    }

    private let state = Mutex(State())
    private static let groupLimits = 8...1024

    var isOpen: Bool { state.withLock { $0.isOpen } }
    var stopsChannels: Bool { true }
    var recordsObjects: Bool { false }

    /// Nobody will add objects any more.
    func close() { state.withLock { $0.isOpen = false } }

    func next(_ connection: Connection) throws -> ObjectGroup? {
        let objects = RawObjectRepository(connection)
        for channel in try objects.channelsDue(ObjectContent.channels) where ObjectContent.isKnown(channel) {
            guard let table = ObjectContent.table(of: channel.channel) else { continue }
            let keys = try objects.claim(channel, limit: limit(of: channel))
            if !keys.isEmpty { return ObjectGroup(channel: channel, table: table, keys: keys) }
        }
        return nil
    }

    func again(_ group: ObjectGroup, _ connection: Connection) throws(PostgresError) -> ObjectGroup {
        var group = group
        group.keys = try RawObjectRepository(connection).claim(group.keys)
        return group
    }

    func note(objects: Int, rows: Int, of channel: LakeChannel) {
        guard objects > 0 else { return }
        state.withLock { $0.rows[channel] = max(rows / objects, 1) }
    }

    private func limit(of channel: LakeChannel) -> Int {
        let rows = state.withLock { $0.rows[channel] } ?? TransformBatch.rowLimit / 64
        return min(max(TransformBatch.rowLimit / rows, Self.groupLimits.lowerBound), Self.groupLimits.upperBound)
    }
}
