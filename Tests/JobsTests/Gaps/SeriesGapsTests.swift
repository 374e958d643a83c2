import FoundationEssentials
import Market
import Testing
import Warehouse

@testable import Jobs

/// The verdict on what is missing, without venue and database. Minutes are counted from one midnight.
@Suite struct SeriesGapsTests {
    private let now = Date(timeIntervalSince1970: 1_700_000_000)
    private static let midnight: Int64 = 1_699_920_000_000

    private func minutes(_ ranges: Range<Int64>...) -> TimeRanges { TimeRanges(ranges.map(span)) }
    private func span(_ range: Range<Int64>) -> Range<Int64> {
        (Self.midnight + range.lowerBound * 60_000)..<(Self.midnight + range.upperBound * 60_000)
    }

    private func gaps(_ window: Range<Int64>, missing: TimeRanges, known: [MissingStretch] = []) throws -> SeriesGaps {
        SeriesGaps(
            expected: ExpectedCandles(try KlineSeries("kraken", Pair("BTC-USD"), .minute), span(window)), missing: missing, known: known,
            history: 720)
    }

    private func text(_ stretches: [MissingStretch]) -> [String] {
        stretches.map { stretch in
            let (low, high) = ((stretch.range.lowerBound - Self.midnight) / 60_000, (stretch.range.upperBound - Self.midnight) / 60_000)
            return "\(low)..<\(high) \(stretch.state) \(stretch.reason)\(stretch.isFinal ? "" : "?")"
        }
    }

    @Test("what is settled for good is not asked for")
    func wanted() throws {
        let known = [
            MissingStretch(span(30..<32), .absent, "none", isFinal: true, askedAt: now),
            MissingStretch(span(40..<42), .lost, "away", isFinal: false, askedAt: now),
        ]
        let gaps = try gaps(0..<100, missing: minutes(0..<20, 30..<33, 40..<42), known: known)
        #expect(gaps.wanted == minutes(0..<20, 32..<33, 40..<42))
    }

    @Test("each missing candle gets one verdict, the surest there is")
    func verdicts() throws {
        let gaps = try gaps(
            0..<100, missing: minutes(0..<60),
            known: [MissingStretch(span(50..<52), .absent, "none then", isFinal: true, askedAt: now - 60)])
        var answers = GapAnswers()
        answers.answered = minutes(5..<40)
        answers.seen = minutes(6..<20)
        answers.forgotten = minutes(0..<5)
        answers.impossible = [span(30..<31).lowerBound: "the low is not above 0"]
        answers.failure = "timed out"
        let settled = gaps.settled(minutes(0..<7, 30..<32, 50..<53), after: answers, at: now)
        #expect(
            text(settled) == [
                "0..<5 lost the venue keeps only the newest 720", "5..<6 absent the venue had none when it was asked?",
                "6..<7 lost the venue's candle is in the lake and not loaded; see processed_files?",
                "30..<31 lost the venue's candle cannot be: the low is not above 0?",
                "31..<32 absent the venue had none when it was asked?",
                "50..<52 absent none then", "52..<53 lost timed out?",
            ])
        #expect(settled.first { $0.reason == "none then" }?.askedAt == now - 60)
    }

    @Test("absence is final when a second answer says the same; until there is one it stays as it was noted")
    func again() throws {
        let doubted = MissingStretch(span(10..<20), .absent, "once", isFinal: false, askedAt: now - 60)
        let gaps = try gaps(0..<100, missing: minutes(5..<20), known: [doubted])
        #expect(gaps.wanted == minutes(5..<20))
        var answers = GapAnswers(answered: minutes(5..<15))
        answers.failure = "timed out"
        let settled = gaps.settled(minutes(5..<22), after: answers, at: now)
        #expect(
            text(settled) == [
                "5..<10 absent the venue had none when it was asked?", "10..<15 absent the venue was asked again and had none",
                "15..<20 absent once?", "20..<22 lost timed out?",
            ])
        #expect(settled[2].askedAt == now - 60)
    }

    @Test("what another run settled meanwhile stands where this one has no answer, and is no answer from before where it has one")
    func meanwhile() throws {
        let gaps = try gaps(20..<40, missing: minutes(20..<40))
        let ledger = [
            MissingStretch(span(5..<23), .lost, "away", isFinal: false, askedAt: now - 5),
            MissingStretch(span(24..<26), .absent, "none", isFinal: false, askedAt: now - 5),
            MissingStretch(span(30..<32), .absent, "none", isFinal: true, askedAt: now - 5),
            MissingStretch(span(50..<52), .lost, "refused", isFinal: false, askedAt: now - 5),
        ]
        let day = gaps.over(ledger, in: ExpectedCandles(gaps.expected.series, span(0..<60)))
        // From minute 2 on nobody said anything.
        let missing = minutes(2..<7, 22..<25, 30..<33, 50..<51)
        let settled = day.settled(missing, after: GapAnswers(answered: minutes(20..<40)), at: now)
        #expect(
            text(settled) == [
                "5..<7 lost away?", "22..<25 absent the venue had none when it was asked?", "30..<32 absent none",
                "32..<33 absent the venue had none when it was asked?", "50..<51 lost refused?",
            ])
        #expect(
            day.days(missing, settled) == [
                CoveredDay(day: Date(milliseconds: Self.midnight), expected: 57, present: 48, absent: 6, lost: 3)
            ])
        #expect(day.change(to: ledger) == nil)
        // Nobody was asked.
        #expect(
            text(day.settled(minutes(21..<24), after: GapAnswers(), at: now)) == [
                "21..<23 lost away?", "23..<24 lost no answer tells of it yet?",
            ])
    }

    @Test("what the venue calls unfinished is not absent, and what it has forgotten is lost")
    func unfinished() throws {
        var answers = GapAnswers(answered: minutes(0..<10))
        (answers.unfinished, answers.forgotten) = (minutes(9..<10), minutes(0..<2))
        let settled = try gaps(0..<10, missing: minutes(0..<10)).settled(minutes(0..<10), after: answers, at: now)
        #expect(
            text(settled) == [
                "0..<2 lost the venue keeps only the newest 720", "2..<9 absent the venue had none when it was asked?",
                "9..<10 lost the venue calls the candle unfinished?",
            ])
    }

    @Test("a candle that cannot be is lost for good once two answers in a row have the same wrong with it")
    func impossible() throws {
        let known = MissingStretch(
            span(10..<13), .lost, "the venue's candle cannot be: the low is not above 0", isFinal: false, askedAt: now - 60)
        let gaps = try gaps(0..<100, missing: minutes(8..<14), known: [known])
        #expect(gaps.wanted == minutes(8..<14))
        var answers = GapAnswers(answered: minutes(9..<12))
        for (minute, fault) in [(9, "low"), (10, "low"), (11, "high")] {
            answers.impossible[span(Int64(minute)..<100).lowerBound] = "the \(fault) is not above 0"
        }
        answers.failure = "timed out"
        #expect(
            text(gaps.settled(minutes(8..<14), after: answers, at: now)) == [
                "8..<9 lost timed out?", "9..<10 lost the venue's candle cannot be: the low is not above 0?",
                "10..<11 lost the venue's candle cannot be: the low is not above 0",
                "11..<12 lost the venue's candle cannot be: the high is not above 0?",
                "12..<13 lost the venue's candle cannot be: the low is not above 0?", "13..<14 lost timed out?",
            ])
    }

    @Test("a ledger of 200,000 stretches takes as many steps as it has stretches")
    func many() throws {
        let count: Int64 = 200_000
        let openings = (0..<count).map { 2 * $0 }
        let known = openings.map { minute in
            MissingStretch(
                span(minute..<(minute + 1)), minute % 4 == 0 ? .absent : .lost, "word \(minute)", isFinal: minute % 8 < 4, askedAt: now - 60
            )
        }
        let missing = TimeRanges(openings.map { span($0..<($0 + 1)) })
        let gaps = try gaps(0..<(2 * count), missing: missing, known: known)
        #expect(gaps.wanted.ranges.count == Int(count) / 2)
        var answers = GapAnswers()
        answers.impossible = Dictionary(
            uniqueKeysWithValues: openings.filter { $0 % 8 == 6 }.map { (span($0..<($0 + 1)).lowerBound, "row \($0)") })
        let settled = gaps.settled(missing, after: answers, at: now)
        #expect(settled.count == Int(count) && settled.map(\.range) == missing.ranges)
        #expect(settled.count { $0.isFinal } == Int(count) / 2 && settled.count { $0.reason.hasPrefix("word") } == Int(count) / 4 * 3)
        let change = try #require(gaps.change(to: settled))
        #expect(change.stretches.first?.range == span(6..<7) && change.stretches.last?.range == span((2 * count - 2)..<(2 * count - 1)))
    }

    @Test("of the ledger only the part is written anew that says something else")
    func change() throws {
        func word(_ range: Range<Int64>, _ reason: String) -> MissingStretch {
            MissingStretch(span(range), .lost, reason, isFinal: false, askedAt: now)
        }
        let known = [word(-5..<1, "a"), word(10..<12, "b"), word(20..<22, "c"), word(30..<32, "d")]
        let gaps = try gaps(0..<100, missing: minutes(), known: known)
        #expect(gaps.change(to: known) == nil)
        func part(_ stretches: [MissingStretch]) throws -> String {
            let change = try #require(gaps.change(to: stretches))
            let (low, high) = (change.part.window.lowerBound - Self.midnight, change.part.window.upperBound - Self.midnight)
            return "\(low / 60_000)..<\(high / 60_000) " + change.stretches.map(\.reason).joined()
        }
        #expect(try part([known[0], known[1], word(20..<21, "x"), known[3]]) == "12..<30 x")
        #expect(try part([known[0], known[1], known[3]]) == "12..<30 ")
        #expect(try part([known[0], known[1], known[2]]) == "22..<100 ")
        #expect(try part([word(0..<1, "a")] + known[1...]) == "0..<10 a")
        #expect(try part(known + [word(40..<41, "e")]) == "32..<100 e")
        #expect(try part([]) == "0..<100 ")
    }

    @Test("an answer with rows that cannot be read proves no absence")
    func unreadable() throws {
        var answers = GapAnswers()
        (answers.answered, answers.unreadable) = (minutes(0..<10), minutes(0..<10))
        let settled = try gaps(0..<10, missing: minutes(3..<4)).settled(minutes(3..<4), after: answers, at: now)
        #expect(text(settled) == ["3..<4 lost the answer has rows that cannot be read?"])
    }

    @Test("days sum up to what is expected, also the first and the last, which are not whole")
    func days() throws {
        let gaps = try gaps(-60..<1500, missing: minutes(-10..<5, 100..<101))
        let stretches = gaps.settled(minutes(-10..<5, 100..<101), after: GapAnswers(answered: minutes(100..<101)), at: now)
        let days = gaps.days(minutes(-10..<5, 100..<101), stretches)
        #expect(days.map(\.expected) == [60, 1440, 60])
        #expect(days.map(\.present) == [50, 1434, 60] && days.map(\.absent) == [0, 1, 0] && days.map(\.lost) == [10, 5, 0])
    }
}
