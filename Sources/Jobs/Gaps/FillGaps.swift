import FoundationEssentials
import Market
import Runtime
import Warehouse

/// Accounts for every candle of every tracked market since it is tracked: it is there, the venue has none, or it is lost with a reason.
public struct FillGaps: BatchJob {
    public let name = "fill-gaps"
    private let settings: IngestSettings
    private let pages: Int
    private let isDryRun: Bool

    /// The youngest candles are those that ingest and transform have in hand.
    private static let grace: Int64 = 5 * 60_000

    /// Pages unless somebody says otherwise.
    public static let pages = 1000

    /// - Parameters:
    ///   - pages: answers of one series in one run.
    ///   - isDryRun: only count what is missing.
    public init(_ settings: IngestSettings, pages: Int = Self.pages, isDryRun: Bool = false) {
        self.settings = settings
        self.isDryRun = isDryRun
        self.pages = pages
    }

    public func run(_ context: JobContext) throws -> JobCounts {
        let kept = try GapRepository(context.connection).klinesKeptFrom()
        let now = Int64(context.now().timeIntervalSince1970 * 1000)
        let expected = try settings.tracked(context).filter(\.symbol.klines).flatMap { symbol, site in
            symbol.intervals.compactMap { interval -> ExpectedCandles? in
                let first = symbol.since(interval)
                let since = Int64((max(first, kept ?? first).timeIntervalSince1970 * 1000).rounded())
                let low = interval.open(at: since + interval.milliseconds - 1)
                let high = interval.open(at: now - Self.grace)
                return low < high ? ExpectedCandles(KlineSeries(site.name, symbol.pair, interval), low..<high) : nil
            }
        }
        let fill = GapFill(settings: settings, context: context, pages: pages)
        if isDryRun { return try fill.outlook(expected) }
        let counts = try fill.run(expected)
        let targets = counts["targets"] ?? 0
        if targets > 0, counts["failed"] == targets, !context.stop.isRequested {
            throw JobFailure("none of \(targets) series with gaps could be fetched; crypto_gaf.missing_klines says why", counts: counts)
        }
        return counts
    }
}
