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

    /// A venue may tell of a candle some time after it has closed: until then that it has none means nothing.
    private static let grace: Int64 = 5 * 60_000

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
        func openings(_ candles: [(position: Int, row: Candle)]) -> TimeRanges {
            TimeRanges(candles.map { $0.row.openTime..<($0.row.openTime + step) })
        }
        answers.answered = answers.answered.union(answered(asked, parsed, asOf: asOf))
        answers.seen = answers.seen.union(openings(checked.closed))
        answers.unfinished = answers.unfinished.union(openings(parsed.rows.filter { $0.row.isClosed == false }))
        if !parsed.rejected.isEmpty { answers.unreadable = answers.unreadable.union(TimeRanges([asked])) }
        let times = Dictionary(parsed.rows.map { ($0.position, $0.row.openTime) }) { first, _ in first }
        for row in checked.rejected {
            guard let open = times[row.position], series.interval.isOpening(open) else { continue }
            answers.impossible[row.reason, default: TimeRanges()] =
                (answers.impossible[row.reason] ?? TimeRanges()).union(TimeRanges([open..<(open + step)]))
        }
        return IngestedAnswer(records: checked.closed.count)
    }

    func fail(_ reason: String) { answers.failure = reason }

    /// Of what was asked for what the answer has the last word on: what had closed a while before, and what the venue keeps. A full
    /// answer of a venue with a short history begins where that does.
    private func answered(_ asked: Range<Int64>, _ parsed: ParsedRows<Candle>, asOf: Int64) -> TimeRanges {
        let offer = site.venue.offer
        let isFull = offer.candleHistory != nil && parsed.rows.count + parsed.rejected.count >= offer.candlesPerPage
        let first = isFull ? parsed.rows.first?.row.openTime : nil
        let closed = series.interval.open(at: asOf - Self.grace)
        if let first, first > asked.lowerBound {
            answers.forgotten = answers.forgotten.union(TimeRanges([asked.lowerBound..<min(first, asked.upperBound)]))
        }
        return TimeRanges([asked]).subtracting(TimeRanges([closed..<max(closed, asked.upperBound)])).subtracting(answers.forgotten)
    }
}
