import Exchanges
import Market
import Warehouse

/// Missing candles of one series, page by page.
final class GapTarget: IngestTarget {
    let site: VenueSite
    let series: KlineSeries
    private var spans: ArraySlice<Range<Int64>>
    private var asked: Range<Int64>?
    private(set) var answers = GapAnswers()

    var key: ExtractionKey { ExtractionKey(series.exchange, series.pair.description, .klines, series.interval) }

    /// - Parameter pages: so many answers at most; the rest is the next run's.
    init(_ site: VenueSite, _ series: KlineSeries, _ wanted: TimeRanges, pages: Int) {
        self.site = site
        self.series = series
        spans = wanted.spans(limit: Int64(site.venue.offer.candlesPerPage) * series.interval.milliseconds).prefix(pages)
    }

    var hasQuestions: Bool { !spans.isEmpty }

    func nextQuestion(now: Int64) -> VenueQuestion? {
        asked = spans.popFirst()
        return asked.map {
            .candles(series.pair, series.interval, from: $0.lowerBound, to: $0.upperBound - series.interval.milliseconds)
        }
    }

    func accept(_ body: [UInt8], asOf: Int64) throws(AnswerError) -> IngestedAnswer {
        let parsed = try site.venue.candles(body, interval: series.interval)
        let checked = CandleCheck(interval: series.interval, asOf: asOf).check(parsed.rows)
        guard let asked else { return IngestedAnswer() }
        let step = series.interval.milliseconds
        answers.answered = answers.answered.union(TimeRanges([asked]))
        answers.seen = answers.seen.union(TimeRanges(checked.closed.map { $0.row.openTime..<($0.row.openTime + step) }))
        if !parsed.rejected.isEmpty { answers.unreadable = answers.unreadable.union(TimeRanges([asked])) }
        let openings = Dictionary(parsed.rows.map { ($0.position, $0.row.openTime) }) { first, _ in first }
        for row in checked.rejected {
            guard let open = openings[row.position], series.interval.isOpening(open) else { continue }
            answers.impossible[row.reason, default: TimeRanges()] =
                (answers.impossible[row.reason] ?? TimeRanges()).union(TimeRanges([open..<(open + step)]))
        }
        return IngestedAnswer(records: checked.closed.count)
    }

    func fail(_ reason: String) { answers.failure = reason }
}
