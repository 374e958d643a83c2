import Lake
import Market
import Postgres
import Synchronization
import Warehouse

/// What lies in the lake and in its archive, whatever the database knows of it, for `replay`.
final class ListedObjects: ObjectSource {
    private struct State {
        /// Walks that are left, the current one first.
        var walks: [(lake: LakeLocation, location: RawLocation)]
        var store: (any ObjectStore)?
        var walk: LakeWalk
        /// What has been listed and not been taken yet.
        var pending: [LakeChannel: [String]] = [:]
        var listed = 0
    }

    private let state: Mutex<State>
    private let choice: Replay.Choice
    private static let groupLimit = 64

    init(live: LakeLocation, archive: LakeLocation?, choice: Replay.Choice) {
        self.choice = choice
        let walks = [(live, RawLocation.live)] + (archive.map { [($0, .archive)] } ?? [])
        state = Mutex(State(walks: walks, walk: choice.walk))
    }

    var isOpen: Bool { false }
    var stopsChannels: Bool { false }
    var recordsObjects: Bool { true }
    func soundAnswer(of channel: LakeChannel) -> SoundAnswer? { nil }
    var listed: Int { state.withLock { $0.listed } }

    func next(_ connection: Connection) throws -> ObjectGroup? {
        try state.withLock { state in
            while let (lake, location) = state.walks.first {
                if let channel = ready(state) {
                    guard let keys = state.pending[channel], let table = channel.channel?.table else { continue }
                    state.pending[channel] = keys.count > Self.groupLimit ? Array(keys[Self.groupLimit...]) : nil
                    return ObjectGroup(channel: channel, table: table, keys: Array(keys.prefix(Self.groupLimit)), location: location)
                }
                if state.walk.isAtEnd {
                    state.walks.removeFirst()
                    (state.store, state.walk) = (nil, choice.walk)
                } else {
                    try list(&state, lake)
                }
            }
            return nil
        }
    }

    /// A channel with a whole group, or at the end of the walk with any.
    private func ready(_ state: State) -> LakeChannel? {
        state.pending.first { $0.value.count >= Self.groupLimit || state.walk.isAtEnd }?.key
    }

    private func list(_ state: inout State, _ lake: LakeLocation) throws(LakeError) {
        if state.store == nil { state.store = try lake.open() }
        guard let store = state.store else { return }
        for (key, place) in try state.walk.next(store) where choice.includes(place) && ObjectContent.isKnown(place.channel) {
            state.pending[place.channel, default: []].append(key)
            state.listed += 1
        }
    }

    func again(_ group: ObjectGroup, _ connection: Connection) -> ObjectGroup { group }

    func note(objects: Int, rows: Int, of channel: LakeChannel) {}
}
