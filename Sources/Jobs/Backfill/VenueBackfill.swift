import Exchanges
import FoundationEssentials
import Market
import Runtime
public import Warehouse

/// Fetches the history of one series from its venue. What is there already is not asked for, so a run that was ended goes on where it
/// stopped when it is begun again.
public struct VenueBackfill: BatchJob {
    /// How far it has come: told of pieces that are whole.
    public struct Progress: Sendable {
        /// Candles of the range looked after, found there included.
        public var done: Int64
        public var total: Int64
        /// Of this run.
        public var counts: JobCounts
    }

    public var name: String { "\(Self.namePrefix)\(series)" }
    /// Of every backfill's name, from a venue or a file: of one series there is one at a time.
    public static let namePrefix = "backfill "

    private let settings: IngestSettings
    private let series: KlineSeries
    private let range: Range<Int64>
    private let progress: @Sendable (Progress) -> Void

    /// Answers that are fetched and loaded before the next are asked for.
    private static let pages = 20

    /// - Parameter range: of openings, milliseconds since 1970 UTC; what is not closed yet is left out.
    public init(
        _ settings: IngestSettings, _ series: KlineSeries, _ range: Range<Int64>,
        progress: @escaping @Sendable (Progress) -> Void = { _ in }
    ) {
        self.settings = settings
        self.series = series
        self.range = range
        self.progress = progress
    }

    public func run(_ context: JobContext) throws -> JobCounts {
        guard let site = settings.site(series.exchange) else { throw JobFailure("there is no venue \(series.exchange)") }
        let step = series.interval.milliseconds
        let now = context.now().milliseconds
        let low = series.interval.open(at: range.lowerBound + step - 1)
        let high = min(series.interval.open(at: range.upperBound + step - 1), series.interval.open(at: now))
        guard low < high else { throw JobFailure("no candle of \(series.interval) has closed between these times") }
        settings.warnOfDropping(low, context)
        var counts: JobCounts = [:]
        // The chunk bounds them; pages that the venue cut short are asked for in more.
        let fill = GapFill(settings, context, pages: .max, closedAt: now)
        let window = try fill.wholeDays([ExpectedCandles(series, low..<high)])[0].window
        for span in Self.chunks(window, limit: Int64(Self.pages * site.venue.offer.candlesPerPage) * step) {
            let part = try fill.run([ExpectedCandles(series, span)])
            counts.merge(part) { $0 + $1 }
            counts["series"] = 1
            // Of this piece not everything may have been asked for.
            if context.stop.isRequested { return counts }
            let done = span.upperBound - window.lowerBound
            progress(Progress(done: done / step, total: (window.upperBound - window.lowerBound) / step, counts: counts))
            if part["failed", default: 0] > 0 {
                throw JobFailure(
                    "the venue did not give everything; crypto_gaf.missing_klines says why. Run it again to go on", counts: counts)
            }
            if context.stop.isRequested, span.upperBound < window.upperBound { return counts }
        }
        let before = try TrackedSymbolRepository(context.connection).accountFrom(Date(milliseconds: window.lowerBound), series)
        if let before { try tellMoreToFill(window.upperBound, before.milliseconds, now: now, context) }
        counts["lost_for_good"] = try tellLost(window, context)
        return counts
    }

    /// Between the end of the range and `before`, from when on candles were accounted for, `fill-gaps` will look for what is not there.
    private func tellMoreToFill(_ end: Int64, _ before: Int64, now: Int64, _ context: JobContext) throws {
        let (interval, gaps) = (series.interval, GapRepository(context.connection))
        let kept = try gaps.klinesKeptFrom().map { interval.open(at: $0.milliseconds + interval.milliseconds - 1) }
        let (low, high) = (max(end, kept ?? end), interval.open(at: min(before + interval.milliseconds - 1, now)))
        guard low < high else { return }
        let between = [ExpectedCandles(series, low..<high)]
        let settled = try CoverageRepository(context.connection).missing(of: between)[0].filter(\.isFinal).map(\.range)
        let missing = try gaps.missing(between)[0].subtracting(TimeRanges(settled))
        let reason =
            "every candle from --from on is accounted for now: fill-gaps will look for these; symbols track --since sets another time"
        warn("backfill.more_to_fill", missing, reason, context)
    }

    /// Of candles, unless there are none: how many, from which to which, and why.
    private func warn(
        _ event: String, _ ranges: TimeRanges, _ reason: String, _ context: JobContext, more: [(key: String, value: Log.Value)] = []
    ) {
        guard let first = ranges.ranges.first?.lowerBound, let end = ranges.ranges.last?.upperBound else { return }
        let step = series.interval.milliseconds
        let fields: [(key: String, value: Log.Value)] = [
            ("series", .text("\(series)")), ("candles", .integer(Int(ranges.length / step))),
            ("first", .text(Date(milliseconds: first).formatted(.iso8601))),
            ("last", .text(Date(milliseconds: end - step).formatted(.iso8601))), ("reason", .text(reason)),
        ]
        context.log.log(.warning, event, fields: fields + more)
    }

    /// Reasons that are told: there are hardly ever more than a few.
    private static let reasons = 20

    /// What of the range is lost, as the ledger has it: one line of the log for each reason, the one with the most candles first.
    ///
    /// - Returns: the candles that nobody asks for again.
    private func tellLost(_ window: Range<Int64>, _ context: JobContext) throws -> Int {
        let missing = try CoverageRepository(context.connection).missing(of: [ExpectedCandles(series, window)])[0].filter {
            $0.state == .lost
        }
        let lost = Dictionary(grouping: missing, by: \.reason).map { reason, stretches in
            (reason: reason, ranges: TimeRanges(stretches.map { $0.range.clamped(to: window) }), isFinal: stretches.allSatisfy(\.isFinal))
        }
        for (reason, ranges, isFinal) in lost.sorted(by: { $0.ranges.length > $1.ranges.length }).prefix(Self.reasons) {
            warn("backfill.lost", ranges, reason, context, more: [("asked_again", .flag(!isFinal))])
        }
        let final = missing.filter(\.isFinal).map { $0.range.clamped(to: window) }
        return Int(TimeRanges(final).length / series.interval.milliseconds)
    }

    private static let day = KlineInterval.day.milliseconds

    /// Cut at midnights (UTC): a day of the ledger is counted in one piece.
    private static func chunks(_ window: Range<Int64>, limit: Int64) -> [Range<Int64>] {
        var chunks: [Range<Int64>] = []
        var low = window.lowerBound
        while low < window.upperBound {
            let limit = low + limit
            let midnight = limit / day * day
            let end = limit >= window.upperBound ? window.upperBound : midnight > low ? midnight : limit
            chunks.append(low..<end)
            low = end
        }
        return chunks
    }
}

extension IngestSettings {
    /// Whoever backfills means to keep what comes.
    func warnOfDropping(_ first: Int64, _ context: JobContext) {
        guard let factDays, first < context.daysAgo(factDays).milliseconds else { return }
        context.log.warning(
            "backfill.not_kept",
            [
                "reason": .text(
                    "maintain drops months that ended more than \(factDays) days ago; FACT_DAYS says how many, and rollups of minutes stay")
            ])
    }
}
