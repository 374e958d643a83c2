public import Lake
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
        /// Pairs of threads: of each, one reads the next objects while Postgres loads those of the other.
        public var workers: Int
        /// List the whole lake first for objects that nobody recorded, however recently that was done.
        public var discovers: Bool
        /// How long a Postgres that is away is waited for.
        public var patience: Duration

        public init(lake: LakeLocation, workers: Int = 1, discovers: Bool = false, patience: Duration = .seconds(60)) {
            self.lake = lake
            self.workers = workers
            self.discovers = discovers
            self.patience = patience
        }
    }

    public let name = "transform"
    private let options: Options

    public init(_ options: Options) { self.options = options }

    public func run(_ context: JobContext) throws -> JobCounts {
        let (source, tally) = (DueObjects(), TransformTally())
        let work = TransformWork(
            name: name, live: options.lake, archive: nil, source: source, tally: tally, log: context.log, stop: context.stop,
            patience: options.patience, connect: context.connect)
        try resumeChannels(context, tally)
        try warnOfUnknown(context)
        // What is found is loaded while the search goes on.
        let workers = options.workers
        let outcome = Outcome()
        let thread = Thread(stackBytes: 4 << 20) { outcome.set(Result { try work.run(pairs: workers) }) }
        let found = Result {
            try LakeDiscovery(lake: options.lake, log: context.log, stop: context.stop, now: context.now)
                .run(context.connection, always: options.discovers)
        }
        source.close()
        thread.join()
        do {
            tally.add("discovered", try found.get())
            try outcome.get()
        } catch {
            throw JobFailure("\(error)", counts: tally.value)
        }
        return tally.value
    }

    /// Nothing of a stopped channel loads until its first stopped object can be read again.
    private func resumeChannels(_ context: JobContext, _ tally: TransformTally) throws {
        let channels = StoppedChannels(context.connection)
        let stopped = try channels.all()
        guard !stopped.isEmpty else { return }
        let store = try options.lake.open(log: context.log, stop: context.stop)
        for stop in stopped {
            let fields: Log.Fields = [
                "exchange": .text(stop.channel.exchange), "channel": .text(stop.channel.channel), "object": .text(stop.objectKey),
                "reason": .text(stop.reason),
            ]
            if try isStillOfOtherShape(stop.objectKey, store) {
                tally.add("channels_still_stopped")
                context.log.error("transform.channel_still_stopped", fields)
            } else {
                try channels.resume(stop.channel)
                context.log.info("transform.channel_resumed", fields)
            }
        }
    }

    /// One that is gone or damaged by now holds up nobody: it gets its outcome.
    private func isStillOfOtherShape(_ key: String, _ store: any ObjectStore) throws -> Bool {
        do {
            _ = try ObjectContent(RawObject(decoding: try store.get(key), key: key))
        } catch let error as LakeError where error.isOfStore {
            throw error
        } catch {
            return (error as? ObjectFault)?.kind == .changedShape
        }
        return false
    }

    /// They wait for a program that knows their venue.
    private func warnOfUnknown(_ context: JobContext) throws {
        let unknown = try RawObjectRepository(context.connection).channelsDue(ObjectContent.channels).filter { !ObjectContent.isKnown($0) }
        guard !unknown.isEmpty else { return }
        let names = unknown.map(\.description).joined(separator: ", ")
        context.log.warning("transform.unknown_venue", ["channels": .text(names), "note": "their objects are left alone"])
    }
}
