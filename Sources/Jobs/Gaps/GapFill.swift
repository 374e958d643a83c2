import Exchanges
import FoundationEssentials
import Market
import Postgres
import Warehouse

/// Looks for missing candles, fetches what the venues have of them, loads that, and notes of every other why it is missing.
final class GapFill {
    private let settings: IngestSettings
    private let context: JobContext
    private let pages: Int
    private let closedAt: Int64
    /// Whether something was fetched that nobody is to load.
    private var isHeld = false
    /// Of the venues that were asked so far.
    private var clocks: [String: ClockOffset] = [:]

    /// Milliseconds after its end in which a candle is no gap: ingest and transform may have it in hand, and that the venue has none
    /// means nothing, as it may tell of it later.
    static let grace: Int64 = 5 * 60_000

    /// - Parameters:
    ///   - pages: answers of one series in one run.
    ///   - closedAt: what had closed then (milliseconds since 1970 UTC) is accounted for where a day must be whole.
    init(_ settings: IngestSettings, _ context: JobContext, pages: Int, closedAt: Int64) {
        self.settings = settings
        self.context = context
        self.pages = pages
        self.closedAt = closedAt
    }

    /// After it, nothing of what is expected is unexplained, but for what was fetched while `transform` is switched off: that is counted
    /// as `held`, and of a series that was asked for then the ledger says what it said. Throws when the lake or Postgres fails.
    func run(_ expected: [ExpectedCandles]) throws -> JobCounts {
        let gaps = try survey(expected)
        let targets = targets(for: gaps)
        let pass = try IngestPass(settings, context, notesExtractions: false, clocks: clocks)
        try pass.run(targets)
        clocks = pass.knownClocks
        let isLoaded = try settings.load(pass.keys, context, tells: !isHeld)
        isHeld = isHeld || !isLoaded
        let answers = Dictionary(targets.map { ($0.series, $0.answers) }) { $1 }
        let settled = try settle(isLoaded ? gaps : gaps.filter { answers[$0.expected.series] == nil }, answers)
        return pass.counts.merging(settled) { $1 }.merging(isLoaded ? [:] : ["held": pass.keys.count]) { $1 }
    }

    /// What a run would find and ask for; nothing is asked, and nothing is written.
    func outlook(_ expected: [ExpectedCandles]) throws -> JobCounts {
        let gaps = try survey(expected)
        let now = context.now().milliseconds
        func candles(_ ranges: (SeriesGaps) -> TimeRanges) -> Int {
            gaps.reduce(0) { $0 + Int(ranges($1).length / $1.expected.series.interval.milliseconds) }
        }
        return [
            "series": gaps.count, "expected": candles { TimeRanges([$0.expected.window]) }, "missing": candles(\.missing),
            "to_ask": candles { gap in
                let series = gap.expected.series
                let oldest = settings.site(series.exchange)?.venue.offer.oldestKept(at: now, series.interval)
                return gap.wanted.subtracting(TimeRanges([.min..<(oldest ?? .min)]))
            },
        ]
    }

    /// With the whole of the first or the last day (UTC) of a window, as far as its candles had closed by then, where the ledger already
    /// accounts for more of it than the window has: otherwise what it says of the day would count less than before.
    func wholeDays(_ expected: [ExpectedCandles]) throws -> [ExpectedCandles] {
        let length = KlineInterval.day.milliseconds
        let days = expected.flatMap { expected in
            [expected.window.lowerBound, expected.window.upperBound - 1].map { (Date(milliseconds: $0 / length * length), expected.series) }
        }
        let known = try CoverageRepository(context.connection).expected(on: days)
        return expected.enumerated().map { place, expected in
            let interval = expected.series.interval
            guard interval < .day else { return expected }
            var (low, high) = (expected.window.lowerBound, expected.window.upperBound)
            for end in [2 * place, 2 * place + 1] {
                let start = days[end].0.milliseconds
                let whole = start..<max(start, min(start + length, interval.open(at: closedAt)))
                guard known[end] > whole.clamped(to: expected.window).count / Int(interval.milliseconds) else { continue }
                (low, high) = (min(low, whole.lowerBound), max(high, whole.upperBound))
            }
            return ExpectedCandles(expected.series, low..<high)
        }
    }

    private func survey(_ expected: [ExpectedCandles]) throws -> [SeriesGaps] {
        let missing = try GapRepository(context.connection).missing(expected)
        let known = try CoverageRepository(context.connection).missing(of: expected)
        return expected.indices.map { place in
            let offer = settings.site(expected[place].series.exchange)?.venue.offer
            return SeriesGaps(
                expected: expected[place], missing: missing[place], known: known[place],
                history: offer?.ignoresRange == true ? nil : offer?.candleHistory)
        }
    }

    private func targets(for gaps: [SeriesGaps]) -> [GapTarget] {
        var longest: [String: LongestAnswer] = [:]
        return gaps.compactMap { gap in
            let series = gap.expected.series
            guard let site = settings.site(series.exchange) else { return nil }
            let kind = "\(series.exchange) \(series.interval)"
            let answer = longest[kind] ?? LongestAnswer()
            longest[kind] = answer
            return GapTarget(site, series, gap.wanted, pages: pages, longest: answer)
        }.filter(\.hasQuestions)
    }

    private func settle(_ gaps: [SeriesGaps], _ answers: [KlineSeries: GapAnswers]) throws -> JobCounts {
        var counts = ["series": gaps.count, "expected": 0, "found": 0, "absent": 0, "lost": 0]
        for gap in gaps {
            let series = gap.expected.series
            let (missing, days) = try context.connection.transaction { try settle(gap, answers[series]) }
            counts["found", default: 0] += Int(gap.missing.subtracting(missing).length / series.interval.milliseconds)
            for day in days {
                counts["expected", default: 0] += day.expected
                counts["absent", default: 0] += day.absent
                counts["lost", default: 0] += day.lost
            }
        }
        return counts
    }

    /// In a transaction. Whoever settles the series as well waits for its end, so what the ledger says, and of how much of a day, is read
    /// anew: another run may have settled the series since this one looked.
    private func settle(_ gap: SeriesGaps, _ answers: GapAnswers?) throws -> (missing: TimeRanges, days: [CoveredDay]) {
        let series = gap.expected.series
        let coverage = CoverageRepository(context.connection)
        try coverage.lock(series)
        let expected = try wholeDays([gap.expected])
        let ledger = try coverage.missing(of: expected)[0]
        // Only if this run asked for the series, or another one settled it, can anything be there that was not before.
        let isAsBefore = answers == nil && expected == [gap.expected] && ledger == gap.known
        let missing = isAsBefore ? gap.missing : try GapRepository(context.connection).missing(expected)[0]
        let current = gap.over(ledger, in: expected[0])
        let stretches = current.settled(missing, after: answers ?? GapAnswers(), at: context.now())
        let days = current.days(missing, stretches)
        if let (part, changed) = current.change(to: stretches) { try coverage.replace(Array(changed), in: part) }
        try coverage.record(days, of: series)
        return (missing, days)
    }
}
