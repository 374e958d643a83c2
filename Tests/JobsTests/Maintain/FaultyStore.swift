import Lake

/// A store whose n-th operation, counted over all stores of the same `Faults`, goes wrong, before it has had its effect or after; or
/// before which something else happens.
final class FaultyStore: ObjectStore {
    final class Faults {
        enum Moment: CaseIterable { case before, after }

        let moment: Moment
        /// From 0; the operation and everything after it fails, as when the program is gone.
        let fatal: Int
        private(set) var count = 0
        private var meanwhile: (() -> Void)?

        init(_ moment: Moment, at fatal: Int) {
            self.moment = moment
            self.fatal = fatal
        }

        /// Nothing goes wrong.
        init(before place: Int, _ meanwhile: @escaping () -> Void) {
            (moment, fatal) = (.before, place)
            self.meanwhile = meanwhile
        }

        func run<R>(_ body: () throws(LakeError) -> R) throws(LakeError) -> R {
            defer { count += 1 }
            if let meanwhile {
                if count == fatal { meanwhile() }
                return try body()
            }
            let isOver = count >= fatal
            if isOver, moment == .before || count > fatal { throw Self.gone }
            let value = try body()
            if isOver { throw Self.gone }
            return value
        }

        private static let gone = LakeError(.unavailable, "the store", "it is gone")
    }

    private let store: any ObjectStore
    private let faults: Faults

    init(_ store: any ObjectStore, _ faults: Faults) {
        self.store = store
        self.faults = faults
    }

    func put(_ key: String, _ bytes: [UInt8]) throws(LakeError) { try faults.run { () throws(LakeError) in try store.put(key, bytes) } }
    func get(_ key: String) throws(LakeError) -> [UInt8] { try faults.run { () throws(LakeError) in try store.get(key) } }
    func remove(_ key: String) throws(LakeError) { try faults.run { () throws(LakeError) in try store.remove(key) } }

    func list(prefix: String, after: String?, limit: Int) throws(LakeError) -> ObjectPage {
        try store.list(prefix: prefix, after: after, limit: limit)
    }

    func putAll(_ objects: [(key: String, bytes: [UInt8])]) -> [(key: String, result: Result<Void, LakeError>)] {
        objects.map { object in (object.key, Result { () throws(LakeError) in try put(object.key, object.bytes) }) }
    }

    func getAll<E: Error>(_ keys: [String], _ body: (String, Result<[UInt8], LakeError>) throws(E) -> Void) throws(E) {
        for key in keys { try body(key, Result { () throws(LakeError) in try get(key) }) }
    }

    func removeAll(_ keys: [String]) -> [(key: String, result: Result<Void, LakeError>)] {
        keys.map { key in (key, Result { () throws(LakeError) in try remove(key) }) }
    }
}
