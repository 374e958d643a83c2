import Market
import Postgres
import Synchronization
import Warehouse

/// Objects of one channel that are to be loaded together.
struct ObjectGroup: Sendable {
    let channel: LakeChannel
    let table: FactTable
    var keys: [String]
    /// Where they lie.
    var location = RawLocation.live

    /// Both, or the one object that it is.
    var halves: [ObjectGroup] {
        let middle = keys.count / 2
        return [keys[..<middle], keys[middle...]].filter { !$0.isEmpty }.map { half in
            ObjectGroup(channel: channel, table: table, keys: Array(half), location: location)
        }
    }
}

/// An answer in the shape that its venue's documentation promises.
struct SoundAnswer: Sendable {
    let key: String
    let origin: FactOrigin
}

/// How many objects of a channel make a batch.
struct GroupSizes: Sendable {
    /// Of an object, as the channel's last batch had them.
    private var rows: [LakeChannel: Int] = [:]
    private static let limits = 8...1024

    mutating func note(_ batch: TransformBatch) {
        guard !batch.outcomes.isEmpty else { return }
        rows[batch.group.channel] = max(batch.rowCount / batch.outcomes.count, 1)
    }

    func limit(of channel: LakeChannel) -> Int {
        let rows = rows[channel] ?? TransformBatch.rowLimit / 64
        return min(max(TransformBatch.rowLimit / rows, Self.limits.lowerBound), Self.limits.upperBound)
    }
}

/// Where the lanes get their objects from. Any thread may ask.
protocol ObjectSource: Sendable {
    /// The next objects, inside of the transaction that will load them; nil: there are none just now.
    ///
    /// - Parameter stores: of the calling thread.
    func next(_ connection: Connection, _ stores: LakeStores) throws -> ObjectGroup?

    /// Those of the group that may still be loaded, when its transaction was rolled back and another has begun.
    func again(_ group: ObjectGroup, _ connection: Connection) throws(PostgresError) -> ObjectGroup

    /// What was taken and has not been loaded after all, which may be nothing: somebody is to take it again.
    func giveBack(_ group: ObjectGroup)

    /// For an object that is not where it was listed: whether it is to be looked for in the other place, where it may be by now. Each asking
    /// counts, since none is followed for ever.
    @Sendable func follows(_ key: String) -> Bool

    /// A batch was loaded.
    func note(_ batch: TransformBatch)

    /// Whether more may come later.
    var isOpen: Bool { get }

    /// Whether it is about what lies in the lake, and not about what `raw_objects` says: that may not know the objects, which are loaded
    /// whether or not they are due, and one of another shape stops nothing.
    var isReplay: Bool { get }

    /// The market that is loaded of answers about all of them; nil: all.
    var pair: Pair? { get }

    /// The newest answer of a channel that is known to have the expected shape. What is of another shape and older was an accident.
    func soundAnswer(of channel: LakeChannel) -> SoundAnswer?
}

/// What `raw_objects` says is due, by and large the oldest first, claimed by locks on its rows: they are let go when the transaction ends, whatever ends it.
final class DueObjects: ObjectSource {
    private struct State {
        var sizes = GroupSizes()
        var sound: [LakeChannel: SoundAnswer] = [:]
        var isOpen = true
    }

    private let state = Mutex(State())
    private let locations: [RawLocation]

    var isOpen: Bool { state.withLock { $0.isOpen } }
    var isReplay: Bool { false }
    var pair: Pair? { nil }

    init(in locations: [RawLocation]) { self.locations = locations }

    /// Nobody will add objects any more.
    func close() { state.withLock { $0.isOpen = false } }

    func next(_ connection: Connection, _ stores: LakeStores) throws -> ObjectGroup? {
        let objects = RawObjectRepository(connection)
        for channel in try objects.channelsDue(Channel.allCases) where ObjectContent.isKnown(channel) {
            guard let table = channel.channel?.table else { continue }
            let (keys, location) = try objects.claim(channel, limit: state.withLock { $0.sizes.limit(of: channel) }, in: locations)
            if !keys.isEmpty { return ObjectGroup(channel: channel, table: table, keys: keys, location: location) }
        }
        return nil
    }

    func again(_ group: ObjectGroup, _ connection: Connection) throws(PostgresError) -> ObjectGroup {
        var group = group
        group.keys = try RawObjectRepository(connection).claim(group.keys, in: group.location)
        return group
    }

    /// They are still due.
    func giveBack(_ group: ObjectGroup) {}

    /// What is due lies in the lake.
    @Sendable func follows(_ key: String) -> Bool { false }

    func soundAnswer(of channel: LakeChannel) -> SoundAnswer? { state.withLock { $0.sound[channel] } }

    /// Of several the newest counts.
    func note(_ sound: SoundAnswer, of channel: LakeChannel) {
        state.withLock { state in
            if let known = state.sound[channel], known.origin > sound.origin { return }
            state.sound[channel] = sound
        }
    }

    func note(_ batch: TransformBatch) { state.withLock { $0.sizes.note(batch) } }
}
