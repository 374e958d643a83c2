import Exchanges
import FoundationEssentials
import Market
import Testing
import Warehouse

@testable import Jobs

/// What an answer says of the candles that it does not hold.
@Suite struct GapTargetTests {
    private static let midnight: Int64 = 1_699_920_000_000

    private func minute(_ number: Int64) -> Int64 { Self.midnight + number * 60_000 }
    private func minutes(_ ranges: Range<Int64>...) -> TimeRanges {
        TimeRanges(ranges.map { minute($0.lowerBound)..<minute($0.upperBound) })
    }

    /// Asked for `wanted`, and answered with `body` as often as something was asked.
    private func answers(_ venue: any Venue.Type, _ wanted: TimeRanges, _ body: String, asOf: Int64) throws -> GapAnswers {
        let target = try target(venue, wanted)
        while target.nextQuestion(now: asOf) != nil { _ = try target.accept(Array(body.utf8), asOf: asOf) }
        return target.answers
    }

    private func target(_ venue: any Venue.Type, _ wanted: TimeRanges, pages: Int = 100, longest: LongestAnswer = LongestAnswer()) throws
        -> GapTarget
    {
        GapTarget(VenueSite(venue), try KlineSeries(venue.name, Pair("BTC-USD"), .minute), wanted, pages: pages, longest: longest)
    }

    /// The minutes that are asked for next; nil: none.
    private func next(_ target: GapTarget, now: Int64) -> Range<Int64>? {
        guard case .candles(_, _, from: let from?, to: let to?)? = target.nextQuestion(now: now) else { return nil }
        return ((from - Self.midnight) / 60_000)..<((to - Self.midnight) / 60_000 + 1)
    }

    private func kraken(_ numbers: Range<Int64>) -> String {
        let rows = numbers.map { "[\(minute($0) / 1000),\"5\",\"6\",\"4\",\"5\",\"5\",\"1.5\",3]" }
        return "{\"error\":[],\"result\":{\"XXBTZUSD\":[\(rows.joined(separator: ","))],\"last\":1}}"
    }

    @Test("an answer says nothing of candles that had closed only just before, by the venue's clock")
    func young() throws {
        let answers = try answers(Binance.self, minutes(0..<20), "[]", asOf: minute(15) + 30_000)
        #expect(answers.answered == minutes(0..<10))
        #expect(try self.answers(Binance.self, minutes(0..<20), "[]", asOf: minute(0)).answered.isEmpty)
    }

    @Test("a full answer of a venue with a short history says nothing of what it has forgotten; one that is not full has forgotten nothing")
    func forgotten() throws {
        let full = try answers(Kraken.self, minutes(0..<100), kraken(30..<750), asOf: minute(750))
        #expect(full.answered == minutes(30..<100) && full.forgotten == minutes(0..<30))
        let short = try answers(Kraken.self, minutes(0..<100), kraken(30..<710), asOf: minute(720))
        #expect(short.answered == minutes(0..<100) && short.forgotten.isEmpty)
    }

    @Test("an answer about another market says nothing of what was asked for")
    func otherMarket() throws {
        let target = try target(Kraken.self, minutes(0..<10))
        _ = target.nextQuestion(now: minute(100))
        #expect { try target.accept(Array(kraken(0..<10).replacing("XXBT", with: "XETH").utf8), asOf: minute(100)) } throws: {
            ($0 as? AnswerError)?.fault == .otherMarket
        }
        #expect(target.answers.answered.isEmpty && target.answers.seen.isEmpty)
    }

    @Test("a candle that the venue calls open is noted as such")
    func unfinished() throws {
        let body = """
            {"code":"0","msg":"","data":[["\(minute(1))","10","12","9","11","3.5","38","38.5","0"],["\(minute(0))","10","12","9","11","3.5","38","38.5","1"]]}
            """
        let answers = try answers(OKX.self, minutes(0..<3), body, asOf: minute(60))
        #expect(answers.unfinished == minutes(1..<2) && answers.seen == minutes(0..<1) && answers.answered == minutes(0..<3))
    }

    @Test("a candle off the grid tells of the openings beside it that the venue's candle cannot be, not that there is none")
    func offGrid() throws {
        let rows = [minute(0), minute(1) + 1234, minute(2), minute(4) - 1, minute(7) + 1].map { ScriptedMarket.row($0) }
        let answers = try answers(Binance.self, minutes(0..<8), "[\(rows.joined(separator: ","))]", asOf: minute(60))
        #expect(answers.impossible.keys.sorted() == [1, 3, 4, 7].map(minute) && answers.seen == minutes(0..<1, 2..<3))
        #expect(answers.impossible.values.allSatisfy { $0.contains("opens at that time") })
    }

    private func binance(_ numbers: Range<Int64>) -> String { "[\(numbers.map { ScriptedMarket.row(minute($0)) }.joined(separator: ","))]" }

    @Test("what lies before a venue's short history is not asked for: where that begins its own clock says")
    func history() throws {
        let target = try target(Kraken.self, minutes(0..<1000))
        #expect(target.hasQuestions && next(target, now: minute(1000) + 30_000) == 280..<1000)
        #expect(target.answers.forgotten == minutes(0..<280))
        let later = try self.target(Kraken.self, minutes(0..<1000))
        #expect(next(later, now: minute(2000)) == nil && later.answers.forgotten == minutes(0..<1000))
    }

    private func gemini(_ numbers: Range<Int64>, _ more: String = "") -> String {
        "[\(numbers.reversed().map { "[\(minute($0)),5,6,4,5,1]" }.joined(separator: ","))\(more)]"
    }

    @Test("of a venue that ignores the range one answer shows where its history begins, and nothing is forgotten before")
    func ignoredRange() throws {
        let now = minute(2000)
        let target = try target(Gemini.self, minutes(0..<10, 500..<1500, 1900..<1990))
        #expect(target.nextQuestion(now: now) != nil && target.answers.forgotten.isEmpty)
        _ = try target.accept(Array(gemini(560..<2000).utf8), asOf: now)
        #expect(target.nextQuestion(now: now) == nil, "another answer would be the same")
        #expect(target.answers.forgotten == minutes(0..<560) && target.answers.answered == minutes(560..<1990))
        // Fewer than what is taken for the least.
        let short = try answers(Gemini.self, minutes(0..<1500), gemini(1900..<2000), asOf: now)
        #expect(short.forgotten == minutes(0..<1500) && short.answered.isEmpty)
        // One that cannot be read may be the first.
        let damaged = try answers(Gemini.self, minutes(0..<1500), gemini(560..<2000, ",[null]"), asOf: now)
        #expect(damaged.forgotten.isEmpty && damaged.unreadable == minutes(0..<1500))
    }

    @Test("what a page leaves out at its end or its beginning is absent only when it was asked for by itself")
    func cut() throws {
        let now = minute(5000)
        let target = try target(Binance.self, minutes(0..<1000))
        #expect(next(target, now: now) == 0..<1000)
        // The venue's page has become shorter.
        _ = try target.accept(Array(binance(0..<400).utf8), asOf: now)
        #expect(target.answers.answered == minutes(0..<400))
        #expect(next(target, now: now) == 400..<1000)
        _ = try target.accept(Array(binance(400..<800).utf8), asOf: now)
        #expect(next(target, now: now) == 800..<1000)
        // Shorter than what it is known to answer with: nothing was cut.
        _ = try target.accept(Array(binance(810..<990).utf8), asOf: now)
        #expect(next(target, now: now) == nil && target.answers.answered == minutes(0..<1000))

        let newest = try self.target(Bybit.self, minutes(0..<1000))
        #expect(next(newest, now: now) == 0..<1000)
        let rows = (Int64(600)..<1000).reversed().map { "[\"\(minute($0))\",\"5\",\"6\",\"4\",\"5\",\"1\",\"5\"]" }.joined(separator: ",")
        let body =
            "{\"retCode\":0,\"retMsg\":\"OK\",\"result\":{\"category\":\"spot\",\"symbol\":\"BTCUSD\",\"list\":[\(rows)]},\"time\":1}"
        _ = try newest.accept(Array(body.utf8), asOf: now)
        #expect(next(newest, now: now) == 0..<600 && newest.answers.answered == minutes(600..<1000))
    }

    @Test("pages are limited, those that an answer left out included; what was not asked is not answered")
    func pages() throws {
        let now = minute(5000)
        let target = try target(Binance.self, minutes(0..<2000), pages: 2)
        #expect(next(target, now: now) == 0..<1000)
        _ = try target.accept(Array(binance(0..<400).utf8), asOf: now)
        #expect(next(target, now: now) == 400..<1000)
        _ = try target.accept(Array("[]".utf8), asOf: now)
        #expect(next(target, now: now) == nil && target.answers.answered == minutes(0..<1000))
    }

    @Test("the venue's pages are known by the longest answer to any of the series")
    func shared() throws {
        let now = minute(5000)
        let longest = LongestAnswer()
        let first = try target(Binance.self, minutes(0..<1000), longest: longest)
        _ = next(first, now: now)
        _ = try first.accept(Array(binance(0..<1000).utf8), asOf: now)
        let second = try target(Binance.self, minutes(0..<1000), longest: longest)
        _ = next(second, now: now)
        _ = try second.accept(Array(binance(100..<900).utf8), asOf: now)
        #expect(next(second, now: now) == nil && second.answers.answered == minutes(0..<1000))
    }

    @Test("the notes on 100,000 bad rows are put in order once")
    func manyBadRows() throws {
        let target = try target(Binance.self, minutes(0..<100_000))
        var pages = 0
        while let asked = next(target, now: minute(200_000)) {
            let shift = asked.lowerBound
            let body =
                "["
                + (Int64(0)..<1000).map { "[\(minute(shift + $0)),\"3\",\"2\",\"1\",\"1\",\"1\",0,\"1\",1,\"1\",\"1\",\"0\"]" }.joined(
                    separator: ",") + "]"
            _ = try target.accept(Array(body.utf8), asOf: minute(200_000))
            pages += 1
        }
        #expect(pages == 100 && target.answers.impossible.count == 100_000)
    }
}
