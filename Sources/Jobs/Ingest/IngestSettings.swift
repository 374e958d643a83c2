public import Lake
import Runtime
import Warehouse

/// Where and how answers are fetched; the same for every job that does.
public struct IngestSettings: Sendable {
    public var venues: [VenueSite]
    public var lake: LakeLocation
    /// For one answer.
    public var timeout: Duration
    /// For a whole pass.
    public var patience: Duration
    /// After how many days `maintain` drops candles; nil: it is not known here.
    public var factDays: Int?

    public init(venues: [VenueSite], lake: LakeLocation, timeout: Duration, patience: Duration, factDays: Int? = nil) {
        self.venues = venues
        self.lake = lake
        self.timeout = timeout
        self.patience = patience
        self.factDays = factDays
    }

    func site(_ name: String) -> VenueSite? { venues.first { $0.name == name } }
}

extension IngestSettings {
    /// Objects may be in the hands of another `transform`.
    private static let loadPatience: Duration = .seconds(60)

    /// Loads objects that are in the lake now, with whatever else is due, and waits until somebody has. What belongs to a
    /// stopped channel is not waited for.
    ///
    /// - Parameter tells: whether the log is told if nothing is loaded.
    /// - Returns: false if `transform` is switched off: the objects are due, for when it is on again.
    @discardableResult
    func load(_ keys: [String], _ context: JobContext, tells: Bool = true) throws -> Bool {
        let objects = RawObjectRepository(context.connection)
        let deadline = ContinuousClock.now + Self.loadPatience
        var wait = Backoff(first: .milliseconds(100), limit: .seconds(2))
        var options = TransformJob.Options(lake: lake)
        repeat {
            guard try isLoading(context, tells: tells) else { return false }
            guard !keys.isEmpty else { return true }
            _ = try TransformJob(options).run(context)
            // What stands still has been told once.
            options.tellsStandstills = false
            let left = try objects.unprocessed(keys)
            if try left == 0 || left == StoppedChannels(context.connection).waiting(keys) { break }
        } while ContinuousClock.now < deadline && context.stop.sleep(for: wait.next())
        return true
    }

    /// Whether objects of the lake are loaded at all, which they are not while `transform` is switched off.
    ///
    /// - Parameter tells: whether the log is told if they are not.
    func isLoading(_ context: JobContext, tells: Bool = true) throws -> Bool {
        if try JobRepository(context.connection).isEnabled(TransformJob.jobName) { return true }
        if tells {
            context.log.warning(
                "ingest.not_loaded", ["reason": "transform is switched off in crypto_gaf.jobs; what came is all in the lake"])
        }
        return false
    }

    /// A venue that this program does not know is told of and left aside.
    func tracked(_ context: JobContext) throws -> [(symbol: TrackedSymbol, site: VenueSite)] {
        let symbols = try TrackedSymbolRepository(context.connection).list()
        let unknown = Set(symbols.map(\.exchange).filter { site($0) == nil })
        for venue in unknown.sorted() { context.log.warning("ingest.unknown_venue", ["venue": .text(venue)]) }
        return symbols.compactMap { symbol in site(symbol.exchange).map { (symbol, $0) } }
    }
}
