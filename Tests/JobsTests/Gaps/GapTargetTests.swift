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

    /// Asked for `wanted`, and answered with `body`.
    private func answers(_ venue: any Venue.Type, _ wanted: TimeRanges, _ body: String, asOf: Int64) throws -> GapAnswers {
        let target = GapTarget(VenueSite(venue), try KlineSeries(venue.name, Pair("BTC-USD"), .minute), wanted, pages: 1)
        _ = target.nextQuestion(now: asOf)
        _ = try target.accept(Array(body.utf8), asOf: asOf)
        return target.answers
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
        let short = try answers(Kraken.self, minutes(0..<100), kraken(30..<740), asOf: minute(750))
        #expect(short.answered == minutes(0..<100) && short.forgotten.isEmpty)
    }

    @Test("a candle that the venue calls open is noted as such")
    func unfinished() throws {
        let body = """
            {"code":"0","msg":"","data":[["\(minute(1))","10","12","9","11","3.5","38","38.5","0"],["\(minute(0))","10","12","9","11","3.5","38","38.5","1"]]}
            """
        let answers = try answers(OKX.self, minutes(0..<3), body, asOf: minute(60))
        #expect(answers.unfinished == minutes(1..<2) && answers.seen == minutes(0..<1) && answers.answered == minutes(0..<3))
    }
}
