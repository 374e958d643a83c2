import Exchanges
import Market
import Warehouse

/// Missing candles of one series, page by page.
final class GapTarget: IngestTarget {
    let site: VenueSite
    let series: KlineSeries
    private let wanted: TimeRanges
    private let longest: LongestAnswer
    /// To ask for, the next one last; nil: nothing was asked yet.
    private var spans: [Range<Int64>]?
    private var asked: Range<Int64>?
    private var pagesLeft: Int
    private var notes = Notes()

    /// What the answers so far say, range by range: put in order once, when they are all there.
    private struct Notes {
        var answered: [Range<Int64>] = []
        var seen: [Range<Int64>] = []
        var impossible: [Int64: String] = [:]
        var unreadable: [Range<Int64>] = []
        var unfinished: [Range<Int64>] = []
        var forgotten: [Range<Int64>] = []
        var failure: String?
    }

    var key: ExtractionKey { ExtractionKey(series.exchange, series.pair.description, .klines, series.interval) }

    /// - Parameters:
    ///   - pages: so many answers at most; the rest is the next run's.
    ///   - longest: of all that are asked for such candles at that venue in this run.
    init(_ site: VenueSite, _ series: KlineSeries, _ wanted: TimeRanges, pages: Int, longest: LongestAnswer = LongestAnswer()) {
        self.site = site
        self.series = series
        self.wanted = wanted
        self.longest = longest
        pagesLeft = pages
    }

    var hasQuestions: Bool { !wanted.isEmpty && pagesLeft > 0 }

    /// Put together at each call.
    var answers: GapAnswers {
        let forgotten = TimeRanges(notes.forgotten)
        return GapAnswers(
            answered: TimeRanges(notes.answered).subtracting(forgotten), seen: TimeRanges(notes.seen), impossible: notes.impossible,
            unreadable: TimeRanges(notes.unreadable), unfinished: TimeRanges(notes.unfinished), forgotten: forgotten,
            failure: notes.failure)
    }

    func nextQuestion(now: Int64) -> VenueQuestion? {
        if spans == nil { spans = pages(now: now) }
        guard pagesLeft > 0 else { return nil }
        pagesLeft -= 1
        asked = spans?.popLast()
        return asked.map {
            .candles(series.pair, series.interval, from: $0.lowerBound, to: $0.upperBound - series.interval.milliseconds)
        }
    }

    /// The last one first, without what the venue no longer has.
    private func pages(now: Int64) -> [Range<Int64>] {
        let offer = site.venue.offer
        let gone = offer.oldestKept(at: now, series.interval).map { TimeRanges([.min..<$0]) } ?? TimeRanges()
        notes.forgotten += wanted.intersection(gone).ranges
        let left = wanted.subtracting(gone)
        // Whatever is asked for, one answer has all there is.
        if offer.ignoresRange, let first = left.ranges.first, let last = left.ranges.last { return [first.lowerBound..<last.upperBound] }
        return left.spans(limit: Int64(offer.candlesPerPage) * series.interval.milliseconds).reversed()
    }

    func accept(_ body: [UInt8], asOf: Int64) throws(AnswerError) -> IngestedAnswer {
        let parsed = try site.venue.candles(body, of: series.pair, interval: series.interval)
        let checked = CandleCheck(interval: series.interval, asOf: asOf).check(parsed.rows)
        guard let asked else { return IngestedAnswer() }
        let step = series.interval.milliseconds
        func openings(_ candles: [(position: Int, row: Candle)]) -> [Range<Int64>] {
            TimeRanges(candles.map { $0.row.openTime..<($0.row.openTime + step) }).ranges
        }
        noteAnswered(asked, parsed, asOf: asOf)
        notes.seen += openings(checked.closed)
        notes.unfinished += openings(parsed.rows.filter { $0.row.isClosed == false })
        if !parsed.rejected.isEmpty { notes.unreadable.append(asked) }
        noteImpossible(asked, parsed, checked)
        return IngestedAnswer(records: checked.closed.count)
    }

    private func noteImpossible(_ asked: Range<Int64>, _ parsed: ParsedRows<Candle>, _ checked: CheckedCandles) {
        guard !checked.rejected.isEmpty else { return }
        let times = Dictionary(parsed.rows.map { ($0.position, $0.row.openTime) }) { first, _ in first }
        let sound = Set(checked.closed.map(\.row.openTime))
        for row in checked.rejected {
            guard let time = times[row.position] else { continue }
            let open = series.interval.open(at: time)
            // One off the grid may be meant for either of the openings beside it.
            let openings = open == time ? [open] : [open, open + series.interval.milliseconds].filter(asked.contains)
            for opening in openings where !sound.contains(opening) { notes.impossible[opening] = row.reason }
        }
    }

    func fail(_ reason: String) { notes.failure = reason }

    /// Of what was asked for the answer has the last word on what had closed a while before, and what the venue keeps: a full answer of a
    /// venue with a short history begins where that does, and any of one that ignores the range. What an answer leaves out before its first or after its last candle may have
    /// been too much for it; that is asked for again, by itself.
    private func noteAnswered(_ asked: Range<Int64>, _ parsed: ParsedRows<Candle>, asOf: Int64) {
        let offer = site.venue.offer
        let count = parsed.rows.count + parsed.rejected.count
        let closed = series.interval.open(at: asOf - GapFill.grace)
        var told = asked.lowerBound..<max(asked.lowerBound, min(asked.upperBound, closed))
        let isFull = offer.ignoresRange ? parsed.rejected.isEmpty : offer.candleHistory != nil && count >= offer.candlesPerPage
        if isFull, let first = parsed.rows.first?.row.openTime, first > told.lowerBound {
            notes.forgotten.append(told.clamped(to: told.lowerBound..<first))
            told = told.clamped(to: first..<max(first, told.upperBound))
        }
        let openings = parsed.rows.lazy.map(\.row.openTime).filter { told.contains($0) && self.series.interval.isOpening($0) }
        if !offer.ignoresRange, longest.isReached(by: count), let first = openings.first, let last = openings.last {
            let covered = first..<(last + series.interval.milliseconds)
            spans?.append(contentsOf: [covered.upperBound..<told.upperBound, told.lowerBound..<covered.lowerBound].filter { !$0.isEmpty })
            told = covered
        }
        notes.answered.append(told)
    }
}

/// How many rows the longest answer so far had: the venue's true limit, which may be lower than what it promises, is no lower than that.
final class LongestAnswer {
    private var rows = 0

    /// Whether an answer of so many may have been cut.
    func isReached(by count: Int) -> Bool {
        defer { rows = max(rows, count) }
        return count >= rows
    }
}
