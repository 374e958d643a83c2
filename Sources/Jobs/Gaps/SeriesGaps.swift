import FoundationEssentials
import Market
import Warehouse

/// What is missing of one series, and what becomes of that in a run. Pure: no venue, no database, no clock.
struct SeriesGaps {
    let expected: ExpectedCandles
    /// Before the run.
    let missing: TimeRanges
    /// What the ledger says of the window.
    let known: [MissingStretch]
    /// Before that the venue keeps no candles; nil: it keeps all.
    let history: (from: Int64, candles: Int)?

    /// One answer proves little: the next run asks again.
    private static let once = "the venue had none when it was asked"

    private var step: Int64 { expected.series.interval.milliseconds }

    /// What makes sense to ask for.
    var wanted: TimeRanges {
        let final = TimeRanges(known.filter(\.isFinal).map(\.range))
        return missing.subtracting(final).subtracting(beyondHistory)
    }

    private var beyondHistory: TimeRanges {
        guard let history, history.from > expected.window.lowerBound else { return TimeRanges() }
        return TimeRanges([expected.window.lowerBound..<min(history.from, expected.window.upperBound)])
    }

    /// A word on everything that is still missing, in the order of time.
    func settled(_ missing: TimeRanges, after answers: GapAnswers, at now: Date) -> [MissingStretch] {
        var rest = missing
        var stretches: [MissingStretch] = []
        func settle(_ ranges: TimeRanges, _ state: MissingStretch.State, _ reason: String, isFinal: Bool, askedAt: Date? = nil) {
            stretches += rest.intersection(ranges).ranges.map {
                MissingStretch($0, state, reason, isFinal: isFinal, askedAt: askedAt ?? now)
            }
            rest = rest.subtracting(ranges)
        }
        for stretch in known where stretch.isFinal {
            settle(TimeRanges([stretch.range]), stretch.state, stretch.reason, isFinal: true, askedAt: stretch.askedAt)
        }
        if let history {
            settle(beyondHistory.union(answers.forgotten), .lost, "the venue keeps only the newest \(history.candles)", isFinal: true)
        }
        for (reason, ranges) in answers.impossible.sorted(by: { $0.key < $1.key }) {
            settle(ranges, .lost, "the venue's candle cannot be: \(reason)", isFinal: true)
        }
        settle(answers.seen, .lost, "the venue's candle is in the lake and not loaded; see processed_files", isFinal: false)
        settle(answers.unreadable, .lost, "the answer has rows that cannot be read", isFinal: false)
        settle(answers.unfinished, .lost, "the venue calls the candle unfinished", isFinal: false)
        let doubted = known.filter { $0.state == .absent && !$0.isFinal }
        let again = answers.answered.intersection(TimeRanges(doubted.map(\.range)))
        settle(again, .absent, "the venue was asked again and had none", isFinal: true)
        settle(answers.answered, .absent, Self.once, isFinal: false)
        for stretch in doubted {
            settle(TimeRanges([stretch.range]), .absent, stretch.reason, isFinal: false, askedAt: stretch.askedAt)
        }
        settle(rest, .lost, answers.failure ?? "no answer tells of it yet", isFinal: false)
        return stretches.sorted { $0.range.lowerBound < $1.range.lowerBound }
    }

    /// Every day of the window that should have candles.
    func days(_ missing: TimeRanges, _ stretches: [MissingStretch]) -> [CoveredDay] {
        let day: Int64 = 86_400_000
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
        let absent = counts(stretches.filter { $0.state == .absent }.map(\.range))
        let lost = counts(stretches.filter { $0.state == .lost }.map(\.range))
        return counts([expected.window]).sorted { $0.key < $1.key }.map { start, count in
            CoveredDay(
                day: Date(timeIntervalSince1970: Double(start) / 1000), expected: count, present: count - gone[start, default: 0],
                absent: absent[start, default: 0], lost: lost[start, default: 0])
        }
    }
}

/// What a venue answered to the questions for missing candles.
struct GapAnswers: Equatable {
    /// Openings that were asked for, and that an answer would have told of.
    var answered = TimeRanges()
    /// Openings of sound, closed candles in the answers.
    var seen = TimeRanges()
    /// Of candles that cannot be, by the reason.
    var impossible: [String: TimeRanges] = [:]
    /// Answered, but with rows that cannot be read: one of these may be what was asked for.
    var unreadable = TimeRanges()
    /// Of candles that the venue itself does not call closed.
    var unfinished = TimeRanges()
    /// Asked for, but older than what the venue keeps.
    var forgotten = TimeRanges()
    /// Why the rest was not answered.
    var failure: String?
}
