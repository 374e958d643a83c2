import Exchanges
public import FoundationEssentials
public import Lake
public import Market
public import Postgres
public import Runtime
import Warehouse

/// Rebuilds the tables of facts from the lake alone: what lies there, and in its archive, is loaded whether or not it was before, into
/// the same tables. What is there from the same object and differs is put right, since another version of the program may have read the
/// object in another way; newer versions stay. A replay that was ended is simply begun again.
public struct Replay: Sendable {
    /// Which objects.
    public struct Choice: Sendable {
        /// Days (UTC) on which the answers came, both included.
        public var from: Date
        public var to: Date
        public var exchange: String?
        /// Nil: all. Of what came for all markets at once only this one is loaded.
        public var symbol: Pair?

        public init(from: Date, to: Date, exchange: String? = nil, symbol: Pair? = nil) {
            self.from = from
            self.to = to
            self.exchange = exchange
            self.symbol = symbol
        }

        var walks: [LakeWalk] {
            let days = RawObjectKey.day(of: from)...RawObjectKey.day(of: max(from, to))
            guard let exchange else { return [LakeWalk(days: days)] }
            guard let symbol else { return [LakeWalk(prefix: RawObjectKey.prefix(exchange), days: days)] }
            return [
                RawObjectKey.prefix(exchange, symbol.description),
                RawObjectKey.prefix(exchange, RawObject.allSymbols, Self.shared.rawValue),
            ].map { LakeWalk(prefix: $0, days: days) }
        }

        /// The channel of which one answer may be about all markets.
        private static let shared = Channel.tickers

        func includes(_ place: RawObjectKey) -> Bool {
            guard let symbol else { return true }
            return place.symbol == symbol.description || (place.symbol == RawObject.allSymbols && place.lakeChannel.channel == Self.shared)
        }

        /// The same, as the database is asked for it.
        func replayed(in locations: [RawLocation]) -> ReplayedObjects.Choice {
            func midnight(_ date: Date) -> Date {
                Date(timeIntervalSince1970: (date.timeIntervalSince1970 / 86_400).rounded(.down) * 86_400)
            }
            return ReplayedObjects.Choice(
                times: midnight(from)..<midnight(max(from, to)).addingTimeInterval(86_400),
                locations: locations,
                exchanges: exchange.map { [$0] } ?? Venues.all.map { $0.name }, channels: Channel.allCases,
                symbol: symbol?.description, shared: (RawObject.allSymbols, Self.shared))
        }
    }

    /// How far it has come.
    public struct Progress: Sendable {
        /// Found in the lake so far; it is listed while the first are loaded.
        public let listed: Int
        public let counts: JobCounts
    }

    private let choice: Choice
    private let live: LakeLocation
    private let archive: LakeLocation?
    private let workers: Int
    private let patience: Duration

    /// Of all workers, each with a connection to Postgres.
    public var threads: Int { TransformWork.threadsInPair * workers }

    public init(_ choice: Choice, live: LakeLocation, archive: LakeLocation?, workers: Int = 1, patience: Duration = .seconds(60)) {
        self.choice = choice
        self.live = live
        self.archive = archive
        self.workers = workers
        self.patience = patience
    }

    /// Calls `progress` about every half second on the calling thread. Throws a `LakeError` if there is no lake; an archive must be there
    /// as soon as an object is on record as lying in it. Objects in a shape that nobody can read are told in the log and
    /// counted as `other_shape`; those that the database says are there, and that are not, as `lost`.
    public func run(
        log: Log, stop: Stop, connect: @escaping @Sendable () throws(PostgresError) -> Connection, progress: (Progress) -> Void
    ) throws -> JobCounts {
        var counts = try pass(log, stop, connect, progress)
        guard let removed = counts["rows_removed"], !stop.isRequested else { return counts }
        // What they had taken the place of may be in an object that was loaded before they went.
        log.info("replay.again", ["rows_removed": .integer(removed)])
        let again = try pass(log, stop, connect, progress)
        for name in ["rows_inserted", "rows_updated", "rows_removed"] { counts[name, default: 0] += again[name] ?? 0 }
        // It has the last word on what is there.
        for name in ["lost", "corrupt"] { counts[name] = again[name] }
        return counts
    }

    private func pass(
        _ log: Log, _ stop: Stop, _ connect: @escaping @Sendable () throws(PostgresError) -> Connection, _ progress: (Progress) -> Void
    ) throws -> JobCounts {
        let (source, tally) = (ListedObjects(choice, in: locations), TransformTally())
        let work = TransformWork(
            name: "replay", live: live, archive: archive, source: source, tally: tally, log: log, stop: stop, patience: patience,
            connect: connect)
        if let archive, !archive.isBegun {
            // One inside of the lake cannot be away by itself.
            log.log(
                archive.url.hasPrefix(live.url) ? .info : .warning, "replay.no_archive",
                fields: [("archive", .text(archive.url)), ("note", "nothing was put there yet, or its disk is not mounted")])
        }
        let (outcome, ended) = (Outcome(), Stop())
        let workers = workers
        let thread = Thread(stackBytes: 4 << 20) {
            outcome.set(Result { try work.run(pairs: workers) })
            ended.request()
        }
        while ended.sleep(for: .milliseconds(500)) { progress(Progress(listed: source.listed, counts: tally.value)) }
        thread.join()
        progress(Progress(listed: source.listed, counts: tally.value))
        try outcome.get()
        if !stop.isRequested { tally.add("lost", try tellLost(source, log, ReplayedObjects(connect()))) }
        return tally.value
    }

    /// That are looked through, in that order.
    private var locations: [RawLocation] { archive == nil ? [.live] : [.live, .archive] }

    /// Names in the log; the count tells of all.
    private static let names = 100

    private func tellLost(_ source: ListedObjects, _ log: Log, _ objects: ReplayedObjects) throws(PostgresError) -> Int {
        guard let since = source.since else { return 0 }
        let (count, keys) = try objects.missed(
            choice.replayed(in: locations), since: since, except: source.unlogged, names: Self.names)
        for key in keys {
            log.error("replay.object_lost", ["object": .text(key), "error": "raw_objects says that it is there; no listing shows it"])
        }
        return count
    }
}
