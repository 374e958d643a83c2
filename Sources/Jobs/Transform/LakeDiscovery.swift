import Digest
import FoundationEssentials
import Lake
import Market
import Postgres
import Runtime
import Warehouse

/// Looks in the lake for objects that nobody recorded, since whoever put them there died before; or since the database is new.
struct LakeDiscovery {
    let lake: LakeLocation
    let log: Log
    let stop: Stop
    let now: @Sendable () -> Date

    /// Between two listings of the last two days, and of the whole lake, which may hold millions of objects.
    static let recentInterval: TimeInterval = 3600
    static let wholeInterval: TimeInterval = 86_400

    /// Lists what is due to be listed; answers how many objects were found. A Postgres that is away is waited for.
    func run(_ database: LastingConnection, always: Bool) throws -> Int {
        guard let extent = try database.run({ try due(LakeListings($0), always: always) }) else { return 0 }
        // Until something was put there it was not begun, and was not listed. Later its disk is not mounted, and the listing says so.
        guard try lake.isBegun || database.run({ try RawObjectRepository($0).hasAny(in: .live) }) else { return 0 }
        return try list(extent, database)
    }

    private func due(_ listings: LakeListings, always: Bool) throws -> LakeListings.Extent? {
        if try always || isDue(listings.last(.whole), Self.wholeInterval) { return .whole }
        return try isDue(listings.last(.recent), Self.recentInterval) ? .recent : nil
    }

    private func isDue(_ last: Date?, _ interval: TimeInterval) -> Bool {
        last.map { now().timeIntervalSince($0) >= interval || $0 > now() } ?? true
    }

    private func list(_ extent: LakeListings.Extent, _ database: LastingConnection) throws -> Int {
        let started = now()
        let days = extent == .whole ? nil : RawObjectKey.day(of: started.addingTimeInterval(-86_400))...RawObjectKey.day(of: started)
        let store = try lake.open(log: log, stop: stop)
        var walk = LakeWalk(days: days)
        var found = 0
        while !walk.isAtEnd, !stop.isRequested {
            let listed = try walk.next(store)
            found += try database.run { try record(listed, store, $0) }
        }
        guard !stop.isRequested else { return found }
        try database.run { connection in
            let listings = LakeListings(connection)
            try listings.record(.recent, at: started)
            if extent == .whole { try listings.record(.whole, at: started) }
        }
        if found > 0 { log.info("transform.discovered", ["objects": .integer(found), "extent": .text(extent.rawValue)]) }
        return found
    }

    private func record(
        _ listed: [(key: String, place: RawObjectKey)], _ store: any ObjectStore, _ connection: Connection
    ) throws -> Int {
        let objects = RawObjectRepository(connection)
        let unknown = try objects.unrecorded(listed.map(\.key))
        let places = Dictionary(uniqueKeysWithValues: listed.map { ($0.key, $0.place) })
        var records: [RawObjectRecord] = []
        try store.getAll(unknown) { key, stored throws(LakeError) in
            do throws(LakeError) {
                guard let place = places[key] else { return }
                records.append(Self.record(try stored.get(), key, place))
            } catch {
                // It may have gone since it was listed.
                guard error.code == .missing else { throw error }
            }
        }
        try objects.record(records)
        return records.count
    }

    /// One that is damaged is recorded as well: `transform` says so, once.
    private static func record(_ stored: [UInt8], _ key: String, _ place: RawObjectKey) -> RawObjectRecord {
        if let object = try? RawObject(decoding: stored, key: key) { return RawObjectRecord(object, key: key, stored: stored) }
        return RawObjectRecord(
            key: key, exchange: place.exchange, symbol: place.symbol, channel: place.channel, intervalCode: "",
            receivedAt: Date(milliseconds: Int64(place.receivedAt)), bytes: stored.count,
            sha256: SHA256.hash(stored).bytes)
    }
}
