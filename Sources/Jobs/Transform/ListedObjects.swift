import FoundationEssentials
import Lake
import Market
import Postgres
import Synchronization
import Warehouse

/// What lies in the lake and in its archive, whatever the database knows of it, for `replay`.
final class ListedObjects: ObjectSource {
    /// Where objects that are loaded together wait.
    private struct Place: Hashable {
        let channel: LakeChannel
        let location: RawLocation
    }

    private struct State {
        /// That are left, the current one first.
        var walks: [(walk: LakeWalk, location: RawLocation)]
        /// What was listed and has not been taken yet, or was given back.
        var pending: [Place: [String]] = [:]
        /// Keys that were given back for the archive: it is not to bring them a second time.
        var archived: Set<String> = []
        /// How often an object was not where it was thought to be.
        var moves: [String: Int] = [:]
        var listed = 0
        var sizes = GroupSizes()
        /// What was read and is not in the ingestion log.
        var unlogged: [String] = []
        /// By the server's clock.
        var since: Date?
    }

    private let state: Mutex<State>
    private let choice: Replay.Choice
    private static let groupLimit = 64
    /// Into the archive, out of it as a file is loaded again, and back: whoever follows for longer would hardly find it.
    private static let moveLimit = 3

    init(_ choice: Replay.Choice, in locations: [RawLocation]) {
        self.choice = choice
        state = Mutex(State(walks: locations.flatMap { location in choice.walks.map { ($0, location) } }))
    }

    var isOpen: Bool { false }
    var isReplay: Bool { true }
    var pair: Pair? { choice.symbol }
    func soundAnswer(of channel: LakeChannel) -> SoundAnswer? { nil }
    var listed: Int { state.withLock { $0.listed } }

    /// When the listing began; nil: it has not.
    var since: Date? { state.withLock { $0.since } }
    var unlogged: [String] { state.withLock { $0.unlogged } }

    /// Whoever comes next lists, and the others wait for it.
    func next(_ connection: Connection, _ stores: LakeStores) throws -> ObjectGroup? {
        try state.withLock { state in
            if state.since == nil { state.since = try ReplayedObjects(connection).now() }
            while true {
                if let group = Self.take(&state) { return group }
                guard let (walk, location) = state.walks.first else { return nil }
                // An archive that nothing went to yet was not begun.
                let isThere = try location == .live || stores.isBegun(location) || RawObjectRepository(connection).hasAny(in: location)
                if walk.isAtEnd || !isThere { state.walks.removeFirst() } else { try list(&state, stores.store(location)) }
            }
        }
    }

    /// A whole group, or any where no more are to come. As a rule no more than a batch holds: a lane that finds nothing ends, and whatever
    /// of a group is given back after that is left to the others.
    private static func take(_ state: inout State) -> ObjectGroup? {
        let (walked, sizes) = (state.walks.first?.location, state.sizes)
        func limit(_ place: Place) -> Int { min(sizes.limit(of: place.channel), groupLimit) }
        let ready = state.pending.first { $0.value.count >= limit($0.key) || $0.key.location != walked }
        guard let (place, keys) = ready, let table = place.channel.channel?.table else { return nil }
        let limit = limit(place)
        state.pending[place] = keys.count > limit ? Array(keys[limit...]) : nil
        return ObjectGroup(channel: place.channel, table: table, keys: Array(keys.prefix(limit)), location: place.location)
    }

    private func list(_ state: inout State, _ store: any ObjectStore) throws(LakeError) {
        let location = state.walks[0].location
        for (key, place) in try state.walks[0].walk.next(store) where choice.includes(place) && ObjectContent.isKnown(place.lakeChannel) {
            if location == .archive, state.archived.contains(key) { continue }
            state.pending[Place(channel: place.lakeChannel, location: location), default: []].append(key)
            state.listed += 1
        }
    }

    func again(_ group: ObjectGroup, _ connection: Connection) -> ObjectGroup { group }

    func giveBack(_ group: ObjectGroup) {
        guard !group.keys.isEmpty else { return }
        let place = Place(channel: group.channel, location: group.location)
        state.withLock { state in
            let pending = Set(group.location == .archive ? state.pending[place] ?? [] : [])
            state.pending[place, default: []].insert(contentsOf: group.keys.filter { !pending.contains($0) }, at: 0)
            if group.location == .archive { state.archived.formUnion(group.keys) }
        }
    }

    @Sendable func follows(_ key: String) -> Bool {
        state.withLock { state in
            state.moves[key, default: 0] += 1
            return state.moves[key, default: 0] <= Self.moveLimit
        }
    }

    func note(_ batch: TransformBatch) {
        state.withLock { state in
            state.sizes.note(batch)
            state.unlogged += batch.otherShapes.map(\.objectKey) + batch.parts
        }
    }
}
