import FoundationEssentials
import Market
import Warehouse

/// What is missing of one series, and what becomes of that in a run. Pure: no venue, no database, no clock.
struct SeriesGaps {
    private(set) var expected: ExpectedCandles
    /// Before the run.
    let missing: TimeRanges
    /// What the ledger said of the window before anybody was asked, in the order of time.
    let known: [MissingStretch]
    /// The venue keeps only so many candles; nil: all, or nobody knows how many.
    let history: Int?
    /// What the ledger says when it is about to be written, in the order of time.
    private var ledger: [MissingStretch]
    /// What was looked into, and asked for.
    private let window: Range<Int64>

    init(expected: ExpectedCandles, missing: TimeRanges, known: [MissingStretch], history: Int?) {
        self.expected = expected
        self.missing = missing
        self.known = known
        self.history = history
        ledger = known
        window = expected.window
    }

    /// To be settled over what the ledger says by now, in a window that is no smaller. Outside of what was asked for its words stand, and
    /// where it has none nobody accounts for what is missing.
    func over(_ ledger: [MissingStretch], in expected: ExpectedCandles) -> SeriesGaps {
        var gaps = self
        (gaps.ledger, gaps.expected) = (ledger, expected)
        return gaps
    }

    /// One answer proves little: the next run asks again.
    private static let once = "the venue had none when it was asked"
    private static let impossible = "the venue's candle cannot be: "

    private var step: Int64 { expected.series.interval.milliseconds }

    /// What makes sense to ask for.
    var wanted: TimeRanges { missing.subtracting(TimeRanges(known.filter(\.isFinal).map(\.range))) }

    /// A word on everything that is still missing, in the order of time.
    func settled(_ missing: TimeRanges, after answers: GapAnswers, at now: Date) -> [MissingStretch] {
        var verdicts = Verdicts(on: missing.subtracting(others(of: missing)), at: now)
        verdicts.settle(ledger.filter(\.isFinal))
        let kept = history.map { "the venue keeps only the newest \($0)" } ?? "the venue tells its newest only, and they begin later"
        verdicts.settle(answers.forgotten, .lost, kept, isFinal: true)
        verdicts.settle(impossible(answers, at: now))
        verdicts.settle(answers.seen, .lost, "the venue's candle is in the lake and not loaded; see processed_files", isFinal: false)
        verdicts.settle(answers.unreadable, .lost, "the answer has rows that cannot be read", isFinal: false)
        verdicts.settle(answers.unfinished, .lost, "the venue calls the candle unfinished", isFinal: false)
        // What another run heard meanwhile was no answer from before.
        let doubted = TimeRanges(known.filter { !$0.isFinal && $0.state == .absent }.map(\.range))
        verdicts.settle(
            answers.answered.intersection(doubted), .absent, "the venue was asked again and had none", isFinal: true)
        verdicts.settle(answers.answered, .absent, Self.once, isFinal: false)
        verdicts.settle(standing(after: answers))
        verdicts.settle(verdicts.rest, .lost, answers.failure ?? "no answer tells of it yet", isFinal: false)
        return verdicts.stretches.sorted { $0.range.lowerBound < $1.range.lowerBound }
    }

    /// Where nobody answered the word of the last answer stands, and where nobody was asked whatever was said.
    private func standing(after answers: GapAnswers) -> [MissingStretch] {
        let asked = answers == GapAnswers() ? 0..<0 : window
        return ledger.filter { !$0.isFinal }.flatMap { stretch in
            if stretch.state == .absent || stretch.reason.hasPrefix(Self.impossible) { return [stretch] }
            return [.min..<asked.lowerBound, asked.upperBound..<Int64.max].map(stretch.range.clamped).filter { !$0.isEmpty }.map { range in
                var part = stretch
                part.range = range
                return part
            }
        }
    }

    /// What is missing and for somebody else to account for, if anybody does.
    private func others(of missing: TimeRanges) -> TimeRanges {
        guard window != expected.window else { return TimeRanges() }
        return missing.subtracting(TimeRanges([window])).subtracting(TimeRanges(ledger.map(\.range)))
    }

    /// For good once the ledger has the same reason from an answer before: a venue may mend its candle yet.
    private func impossible(_ answers: GapAnswers, at now: Date) -> [MissingStretch] {
        var before = known.filter { !$0.isFinal && $0.state == .lost }[...]
        return answers.impossible.sorted { $0.key < $1.key }.map { open, fault in
            while let first = before.first, first.range.upperBound <= open { before.removeFirst() }
            let reason = Self.impossible + fault
            let isFinal = before.first.map { $0.range.contains(open) && $0.reason == reason } ?? false
            return MissingStretch(open..<(open + step), .lost, reason, isFinal: isFinal, askedAt: now)
        }
    }

    /// Where the ledger must say something else than it does, and what; nil: nowhere.
    func change(to stretches: [MissingStretch]) -> (part: ExpectedCandles, stretches: ArraySlice<MissingStretch>)? {
        guard stretches != ledger else { return nil }
        let head = zip(ledger, stretches).prefix { $0 == $1 }.count
        let tail = zip(ledger.dropFirst(head).reversed(), stretches.dropFirst(head).reversed()).prefix { $0 == $1 }.count
        let changed = stretches[head..<(stretches.count - tail)]
        let low = stretches[..<head].last?.range.upperBound ?? expected.window.lowerBound
        let high = stretches[changed.endIndex...].first?.range.lowerBound ?? expected.window.upperBound
        return (ExpectedCandles(expected.series, low..<high), changed)
    }

    /// Every day of the window that should have candles.
    ///
    /// - Parameter missing: all that is.
    func days(_ missing: TimeRanges, _ stretches: [MissingStretch]) -> [CoveredDay] {
        let day = KlineInterval.day.milliseconds
        func counts(_ ranges: some Sequence<Range<Int64>>) -> [Int64: Int] {
            var counts: [Int64: Int] = [:]
            for range in ranges {
                var open = range.lowerBound
                while open < range.upperBound {
                    let start = open / day * day
                    let end = min(range.upperBound, start + day)
                    let number = (end - open + step - 1) / step
                    counts[start, default: 0] += Int(number)
                    open += number * step
                }
            }
            return counts
        }
        let gone = counts(missing.ranges)
        let others = counts(others(of: missing).ranges)
        let absent = counts(stretches.filter { $0.state == .absent }.map(\.range))
        let lost = counts(stretches.filter { $0.state == .lost }.map(\.range))
        return counts([expected.window]).sorted { $0.key < $1.key }.map { start, count in
            CoveredDay(
                day: Date(milliseconds: start), expected: count - others[start, default: 0], present: count - gone[start, default: 0],
                absent: absent[start, default: 0], lost: lost[start, default: 0])
        }
    }
}

/// Missing candles, and the word on each: the first one that is said of it. Each step is linear in what is left and what is said.
private struct Verdicts {
    private(set) var stretches: [MissingStretch] = []
    /// Without a word yet.
    private(set) var rest: TimeRanges
    private let now: Date

    init(on missing: TimeRanges, at now: Date) {
        rest = missing
        self.now = now
    }

    /// - Parameter words: in the order of time; they do not overlap.
    mutating func settle(_ words: [MissingStretch]) {
        var first = 0
        for range in rest.ranges {
            while first < words.count, words[first].range.upperBound <= range.lowerBound { first += 1 }
            while first < words.count, words[first].range.lowerBound < range.upperBound {
                var stretch = words[first]
                stretch.range = stretch.range.clamped(to: range)
                append(stretch)
                // One that reaches further is the next range's as well.
                guard words[first].range.upperBound <= range.upperBound else { break }
                first += 1
            }
        }
        rest = rest.subtracting(TimeRanges(words.map(\.range)))
    }

    mutating func settle(_ ranges: TimeRanges, _ state: MissingStretch.State, _ reason: String, isFinal: Bool) {
        settle(ranges.ranges.map { MissingStretch($0, state, reason, isFinal: isFinal, askedAt: now) })
    }

    /// What goes on where the last one ends, with the same word, is one with it.
    private mutating func append(_ stretch: MissingStretch) {
        guard let last = stretches.last, last.range.upperBound == stretch.range.lowerBound else { return stretches.append(stretch) }
        var (longer, same) = (last, stretch)
        longer.range = last.range.lowerBound..<stretch.range.upperBound
        same.range = longer.range
        if longer == same { stretches[stretches.count - 1] = longer } else { stretches.append(stretch) }
    }
}

/// What a venue answered to the questions for missing candles.
struct GapAnswers: Equatable {
    /// Openings that were asked for, and that an answer would have told of.
    var answered = TimeRanges()
    /// Openings of sound, closed candles in the answers.
    var seen = TimeRanges()
    /// Openings of candles that cannot be, and what is wrong with them.
    var impossible: [Int64: String] = [:]
    /// Answered, but with rows that cannot be read: one of these may be what was asked for.
    var unreadable = TimeRanges()
    /// Of candles that the venue itself does not call closed.
    var unfinished = TimeRanges()
    /// Asked for, but older than what the venue keeps.
    var forgotten = TimeRanges()
    /// Why the rest was not answered.
    var failure: String?
}
