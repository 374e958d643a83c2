import Exchanges
import FoundationEssentials
import Market
import Postgres
import Warehouse

/// Looks for missing candles, fetches what the venues have of them, loads that, and notes of every other why it is missing.
struct GapFill {
    let settings: IngestSettings
    let context: JobContext
    /// Answers of one series.
    let pages: Int

    /// After it, nothing of what is expected is unexplained. Throws when the lake or Postgres fails.
    func run(_ expected: [ExpectedCandles]) throws -> JobCounts {
        let gaps = try survey(expected)
        let targets = gaps.compactMap { gap in
            settings.site(gap.expected.series.exchange).map { GapTarget($0, gap.expected.series, gap.wanted, pages: pages) }
        }.filter(\.hasQuestions)
        let pass = try IngestPass(settings, context, notesExtractions: false)
        try pass.run(targets)
        try settings.load(pass.keys, context)
        var counts = pass.counts
        counts.merge(try settle(gaps, targets)) { $1 }
        return counts
    }

    /// What a run would find and ask for; nothing is asked, and nothing is written.
    func outlook(_ expected: [ExpectedCandles]) throws -> JobCounts {
        let gaps = try survey(expected)
        func candles(_ ranges: (SeriesGaps) -> TimeRanges) -> Int {
            gaps.reduce(0) { $0 + Int(ranges($1).length / $1.expected.series.interval.milliseconds) }
        }
        return [
            "series": gaps.count, "expected": candles { TimeRanges([$0.expected.window]) }, "missing": candles(\.missing),
            "to_ask": candles(\.wanted),
        ]
    }

    private func survey(_ expected: [ExpectedCandles]) throws -> [SeriesGaps] {
        let missing = try GapRepository(context.connection).missing(expected)
        let known = try CoverageRepository(context.connection).missing(of: Array(Set(expected.map(\.series.exchange))))
        let now = Int64(context.now().timeIntervalSince1970 * 1000)
        return zip(expected, missing).map { expected, missing in
            let interval = expected.series.interval
            let history = settings.site(expected.series.exchange)?.venue.offer.candleHistory.map { candles in
                (from: interval.open(at: now) - Int64(candles - 1) * interval.milliseconds, candles: candles)
            }
            let stretches = (known[expected.series] ?? []).filter { $0.range.overlaps(expected.window) }
            return SeriesGaps(expected: expected, missing: missing, known: stretches, history: history)
        }
    }

    private func settle(_ gaps: [SeriesGaps], _ targets: [GapTarget]) throws -> JobCounts {
        let missing = try GapRepository(context.connection).missing(gaps.map(\.expected))
        let answers = Dictionary(targets.map { ($0.series, $0.answers) }) { $1 }
        let coverage = CoverageRepository(context.connection)
        var counts = ["series": gaps.count, "expected": 0, "found": 0, "absent": 0, "lost": 0]
        for (gap, missing) in zip(gaps, missing) {
            let stretches = gap.settled(missing, after: answers[gap.expected.series] ?? GapAnswers(), at: context.now())
            let days = gap.days(missing, stretches)
            try context.connection.transaction {
                if stretches != gap.known { try coverage.replace(stretches, in: gap.expected) }
                try coverage.record(days, of: gap.expected.series)
            }
            let step = gap.expected.series.interval.milliseconds
            counts["found", default: 0] += Int(gap.missing.subtracting(missing).length / step)
            for day in days {
                counts["expected", default: 0] += day.expected
                counts["absent", default: 0] += day.absent
                counts["lost", default: 0] += day.lost
            }
        }
        return counts
    }
}
