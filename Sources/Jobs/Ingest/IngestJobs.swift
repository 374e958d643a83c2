import FoundationEssentials
import Market
import Runtime
import Warehouse

/// Fetches the closed candles of every tracked market since the last run.
public struct IngestKlines: BatchJob, Sendable {
    public let name = "ingest-klines"
    private let settings: IngestSettings
    private let pages: Int

    /// Pages unless somebody says otherwise.
    public static let pages = 10

    /// - Parameter pages: of one series in one run; the next goes on from there.
    public init(_ settings: IngestSettings, pages: Int = Self.pages) {
        self.settings = settings
        self.pages = pages
    }

    public func run(_ context: JobContext) throws -> JobCounts {
        let standings = try ExtractionRepository(context.connection).standings(.klines)
        var targets: [KlineTarget] = []
        for symbol in try settings.tracked(context) where symbol.symbol.klines {
            for interval in symbol.symbol.intervals {
                let standing = standings[ExtractionKey(symbol.site.name, symbol.symbol.pair.description, .klines, interval)]
                targets.append(
                    KlineTarget(
                        symbol.site, symbol.symbol.pair, interval, since: symbol.symbol.since.milliseconds,
                        standing: standing?.milliseconds,
                        pages: pages))
            }
        }
        let pass = try IngestPass(settings, context)
        try pass.run(targets)
        try pass.requireSuccess()
        return pass.counts.merging(["behind": targets.count(where: \.isBehind)]) { $1 }
    }
}

/// Fetches the order book of every tracked market.
public struct IngestDepth: BatchJob, Sendable {
    public let name = "ingest-depth"
    private let settings: IngestSettings

    public init(_ settings: IngestSettings) { self.settings = settings }

    public func run(_ context: JobContext) throws -> JobCounts {
        let pass = try IngestPass(settings, context)
        try pass.run(
            settings.tracked(context).filter(\.symbol.depth).map {
                SnapshotTarget.depth($0.site, $0.symbol.pair, levels: $0.symbol.depthLevels)
            })
        try pass.requireSuccess()
        return pass.counts
    }
}

/// Fetches the tickers of all tracked markets, in one answer where the venue has that.
public struct IngestTickers: BatchJob, Sendable {
    public let name = "ingest-tickers"
    private let settings: IngestSettings

    public init(_ settings: IngestSettings) { self.settings = settings }

    public func run(_ context: JobContext) throws -> JobCounts {
        let tracked = Dictionary(grouping: try settings.tracked(context).filter(\.symbol.tickers), by: \.site.name)
        let pass = try IngestPass(settings, context)
        try pass.run(tracked.values.flatMap { tracked in SnapshotTarget.tickers(tracked[0].site, tracked.map(\.symbol.pair)) })
        try pass.requireSuccess()
        return pass.counts
    }
}

extension JobContext {
    /// Throws when a pass had targets, and reached none of them. One that the venue refuses for good, as it is listed no more, was reached;
    /// one was not at a venue that denies us everything.
    func requireReached(_ counts: JobCounts, evidence: String) throws {
        guard let targets = counts["targets"], targets > 0, counts["reached"] == 0, !stop.isRequested else { return }
        throw JobFailure("none of \(targets) could be fetched; \(evidence)", counts: counts)
    }
}
