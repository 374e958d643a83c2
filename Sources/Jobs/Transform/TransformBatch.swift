import Lake
import Market
import Postgres
import Warehouse

/// Objects of one channel, read and ready to be loaded in one transaction.
struct TransformBatch: Sendable {
    /// With the objects that were looked at so far.
    private(set) var group: ObjectGroup
    /// Of what was read, in that order.
    private(set) var outcomes: [ObjectOutcome] = []
    /// Objects of JSON in another shape than the venue's documentation promises; they are left alone.
    private(set) var otherShapes: [StoppedChannel] = []
    /// Gone since a replay listed them: the archive may have them by now, or of the archive's the lake again.
    private(set) var moved: [String] = []
    /// Objects of which only one market is loaded: for the ingestion log nothing has become of them.
    private(set) var parts: Set<String> = []
    /// Of the objects, if `raw_objects` may not know them.
    private(set) var records: [RawObjectRecord] = []
    private var facts: FactBatch
    /// That were to be read.
    private let objectCount: Int
    /// Beside the outcomes; nil where nothing is to be loaded.
    private var hashes: [Int64?] = []
    private let isReplay: Bool
    private let follows: @Sendable (_ key: String) -> Bool
    private let pair: Pair?
    private let sound: SoundAnswer?

    /// What bounds memory, and the time that a transaction is open.
    static let rowLimit = 16_384
    static let byteLimit = 16 << 20

    init(_ group: ObjectGroup, _ source: any ObjectSource) {
        self.group = group
        self.group.keys = []
        objectCount = group.keys.count
        facts = FactBatch(group.table, exchange: group.channel.exchange)
        isReplay = source.isReplay
        follows = source.follows
        pair = source.pair
        sound = source.soundAnswer(of: group.channel)
    }

    var isFull: Bool { facts.rowCount >= Self.rowLimit || facts.byteCount >= Self.byteLimit }
    var rowCount: Int { facts.rowCount }
    /// False: the rest of the channel has to wait.
    var goesOn: Bool { isReplay || otherShapes.isEmpty }

    /// Reads an object as the lake has it. Throws what is the store's fault and not the object's.
    mutating func add(_ key: String, _ stored: Result<[UInt8], LakeError>) throws(LakeError) {
        guard goesOn else { return }
        group.keys.append(key)
        do throws(LakeError) {
            let bytes = try stored.get()
            guard let origin = RawObjectKey(key)?.origin else { throw LakeError(.corrupt, key, "its key tells no time and no hash") }
            let object = try RawObject(decoding: bytes, key: key)
            if isReplay { records.append(RawObjectRecord(object, key: key, stored: bytes)) }
            read(object, key, origin)
        } catch {
            if error.isOfStore { throw error }
            if error.code == .missing, follows(key) { return moved.append(group.keys.removeLast()) }
            set(ObjectOutcome(key: key, error.code == .missing ? .lost : .corrupt, error: error.message))
        }
    }

    private mutating func read(_ object: RawObject, _ key: String, _ origin: FactOrigin) {
        do throws(ObjectFault) {
            var content = try ObjectContent(object)
            if let pair, object.symbol == RawObject.allSymbols {
                content = content.part(pair)
                parts.insert(key)
            }
            switch content.rows {
            case .candles(let candles, let interval): facts.add(candles, symbol: object.symbol, interval: interval, origin: origin)
            case .depth(let depth): facts.add(depth, symbol: object.symbol, origin: origin)
            case .tickers(let tickers): facts.add(tickers, origin: origin)
            }
            // The others are probably like the first.
            if outcomes.isEmpty { facts.reserveCapacity(min(facts.rowCount * objectCount, Self.rowLimit + facts.rowCount)) }
            let counts = LoadCounts(duplicate: content.duplicates)
            set(ObjectOutcome(key: key, .loaded, rowsRead: content.rowsRead, counts: counts, rejected: content.rejected), origin.hash)
        } catch {
            switch error.kind {
            case .refused: set(ObjectOutcome(key: key, .refused, error: error.reason))
            case .unreadable: set(ObjectOutcome(key: key, .unreadable, error: error.reason))
            case .changedShape:
                if let sound, sound.origin > origin {
                    let reason = "\(error.reason); of another shape, unlike \(sound.key), which came later"
                    set(ObjectOutcome(key: key, .unreadable, error: reason))
                } else {
                    otherShapes.append(StoppedChannel(group.channel, objectKey: key, reason: error.reason))
                }
            }
        }
    }

    private mutating func set(_ outcome: ObjectOutcome, _ hash: Int64? = nil) {
        outcomes.append(outcome)
        hashes.append(hash)
    }

    /// Loads everything, inside of the caller's transaction; answers what became of each object.
    func load(_ load: FactLoad, _ connection: Connection) throws(PostgresError) -> [ObjectOutcome] {
        let counts = try load.load(facts)
        var finished = outcomes
        for (index, hash) in hashes.enumerated() {
            guard let found = hash.flatMap({ counts[$0] }) else { continue }
            finished[index].counts.inserted = found.inserted
            finished[index].counts.updated = found.updated
            finished[index].counts.duplicate += found.duplicate
            finished[index].counts.removed = found.removed
        }
        try IngestionLog(connection).record(finished.filter { !parts.contains($0.key) })
        return finished
    }
}
