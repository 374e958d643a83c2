public import Lake
import Market
import Postgres
import Runtime
import Warehouse

/// `job transform`: every object of the lake that is due becomes rows of the tables of facts.
///
/// Each object is wholly inside one transaction with its row in `processed_files`: a crash leaves no half, and any number of these may
/// run at once. Which order they come in, and how often, makes no difference to the tables.
public struct TransformJob: BatchJob, Sendable {
    public struct Options: Sendable {
        public var lake: LakeLocation
        /// Nil: it is not known where, and what lies there is left alone.
        public var archive: LakeLocation?
        /// Pairs of threads: while Postgres loads what one has read, the other reads, or has its own loaded as well.
        public var workers: Int
        /// All of them, each with a connection to Postgres.
        public var threads: Int { TransformWork.threadsInPair * workers }
        /// List the whole lake first for objects that nobody recorded, however recently that was done.
        public var discovers: Bool
        /// How long a Postgres that is away is waited for.
        public var patience: Duration
        /// Objects that stopped their channels and are given up.
        public var skipped: [String]
        /// Whether the log is told of channels that are still stopped, and of those that nobody here can read.
        public var tellsStandstills = true

        public init(
            lake: LakeLocation, archive: LakeLocation? = nil, workers: Int = 1, discovers: Bool = false, patience: Duration = .seconds(60),
            skipped: [String] = []
        ) {
            self.lake = lake
            self.archive = archive
            self.workers = workers
            self.discovers = discovers
            self.patience = patience
            self.skipped = skipped
        }
    }

    static let jobName = "transform"
    public let name = jobName
    public var threads: Int? { options.threads }
    private let options: Options

    public init(_ options: Options) { self.options = options }

    public func run(_ context: JobContext) throws -> JobCounts {
        let (source, tally) = (DueObjects(in: options.archive == nil ? [.live] : RawLocation.allCases), TransformTally())
        let work = TransformWork(
            name: name, live: options.lake, archive: options.archive, source: source, tally: tally,
            log: context.log, stop: context.stop, patience: options.patience, connect: context.connect)
        let database = LastingConnection(work, context.connection)
        let stops = ChannelStops(work: work, source: source, context: context, database: database)
        try stops.skip(options.skipped)
        do {
            try load(work, source, stops, database, context)
        } catch let error where context.stop.isRequested && Self.isOfAbsence(error) {
            // It was waited for, and is waited for no longer.
            return tally.value
        } catch {
            throw JobFailure("\(error)", counts: tally.value, cause: error)
        }
        return tally.value
    }

    private func load(
        _ work: TransformWork, _ source: DueObjects, _ stops: ChannelStops, _ database: LastingConnection, _ context: JobContext
    ) throws {
        let tally = work.tally
        _ = try stops.resume(tells: options.tellsStandstills)
        if options.tellsStandstills { try warnOfUnknown(database, context.log) }
        // What is found is loaded while the search goes on.
        let workers = options.workers
        let outcome = Outcome()
        let thread = Thread(stackBytes: 4 << 20) { outcome.set(Result { try work.run(pairs: workers) }) }
        let found = Result {
            try LakeDiscovery(lake: options.lake, log: context.log, stop: context.stop, now: context.now)
                .run(database, always: options.discovers)
        }
        source.close()
        thread.join()
        tally.add("discovered", try found.get())
        try outcome.get()
        // What this run has stopped may have been an accident; each time around at least that object gets its outcome.
        var before = -1
        while tally["channels_stopped"] > 0, tally["objects"] > before, !context.stop.isRequested, try stops.resume(tells: false) > 0 {
            before = tally["objects"]
            try work.run(pairs: workers)
        }
    }

    private static func isOfAbsence(_ error: any Error) -> Bool {
        (error as? LakeError)?.code == .unavailable || (error as? PostgresError)?.isRetryable ?? false
    }

    /// They wait for a program that knows their venue.
    private func warnOfUnknown(_ database: LastingConnection, _ log: Log) throws {
        let due = try database.run { try RawObjectRepository($0).channelsDue(Channel.allCases) }
        let unknown = due.filter { !ObjectContent.isKnown($0) }
        guard !unknown.isEmpty else { return }
        let names = unknown.map(\.description).joined(separator: ", ")
        log.warning("transform.unknown_venue", ["channels": .text(names), "note": "their objects are left alone"])
    }
}
