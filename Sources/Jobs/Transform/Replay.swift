public import FoundationEssentials
public import Lake
public import Market
public import Postgres
public import Runtime

/// Rebuilds the tables of facts from the lake alone: what lies there, and in its archive, is loaded whether or not it was before, into
/// the same tables. What is there already in the same version stays; a replay that was ended is simply begun again.
public struct Replay: Sendable {
    /// Which objects.
    public struct Choice: Sendable {
        /// Days (UTC) on which the answers came, both included.
        public var from: Date
        public var to: Date
        public var exchange: String?
        /// Nil: all, and what came for all at once.
        public var symbol: Pair?

        public init(from: Date, to: Date, exchange: String? = nil, symbol: Pair? = nil) {
            self.from = from
            self.to = to
            self.exchange = exchange
            self.symbol = symbol
        }

        var walk: LakeWalk {
            let prefix = exchange.map { exchange in symbol.map { "\(exchange)/\($0)/" } ?? "\(exchange)/" } ?? ""
            return LakeWalk(prefix: prefix, days: from.lakeDay...max(from, to).lakeDay)
        }

        func includes(_ place: RawObjectPlace) -> Bool { symbol.map { $0.description == place.symbol } ?? true }
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

    public init(_ choice: Choice, live: LakeLocation, archive: LakeLocation?, workers: Int = 1, patience: Duration = .seconds(60)) {
        self.choice = choice
        self.live = live
        self.archive = archive
        self.workers = workers
        self.patience = patience
    }

    /// Calls `progress` about every half second on the calling thread. Objects in a shape that nobody can read are told in the log and
    /// counted as `other_shape`.
    public func run(
        log: Log, stop: Stop, connect: @escaping @Sendable () throws(PostgresError) -> Connection, progress: (Progress) -> Void
    ) throws -> JobCounts {
        let (source, tally) = (ListedObjects(live: live, archive: archive, choice: choice), TransformTally())
        let work = TransformWork(
            name: "replay", live: live, archive: archive, source: source, tally: tally, log: log, stop: stop, patience: patience,
            connect: connect)
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
        return tally.value
    }
}
