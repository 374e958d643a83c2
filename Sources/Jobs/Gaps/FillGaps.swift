import FoundationEssentials
import Market
import Runtime
import Warehouse

/// Accounts for every candle of every tracked market since it is tracked: it is there, the venue has none, or it is lost with a reason.
public struct FillGaps: BatchJob {
    public let name = "fill-gaps"
    private let settings: IngestSettings
    private let pages: Int
    public let isDryRun: Bool

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
        let settled = context.now().milliseconds - GapFill.grace
        let fill = GapFill(settings, context, pages: pages, closedAt: settled)
        let expected = try fill.wholeDays(expected(context, before: settled))
        if isDryRun { return try fill.outlook(expected) }
        // What ingestion has put into the lake meanwhile would be missing too, and be fetched again in each run.
        guard try settings.isLoading(context) else { return ["held": expected.count] }
        let counts = try fill.run(expected)
        try context.requireReached(counts, evidence: "crypto_gaf.missing_klines says why")
        return counts
    }

    /// Of every tracked series from when on it is accounted for and its candles are kept.
    private func expected(_ context: JobContext, before end: Int64) throws -> [ExpectedCandles] {
        let kept = try GapRepository(context.connection).klinesKeptFrom() ?? .distantPast
        return try settings.tracked(context).filter(\.symbol.klines).flatMap { symbol, site in
            symbol.intervals.compactMap { interval in
                let since = max(symbol.since(interval), kept).milliseconds
                let low = interval.open(at: since + interval.milliseconds - 1)
                let high = interval.open(at: end)
                return low < high ? ExpectedCandles(KlineSeries(site.name, symbol.pair, interval), low..<high) : nil
            }
        }
    }
}
