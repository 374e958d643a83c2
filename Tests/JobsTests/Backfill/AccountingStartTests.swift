import Foundation
import Jobs
import Market
import TestSupport
import Testing
import Warehouse

/// From when on a tracked market's candles are accounted for, after a backfill of a part of its history.
@Suite struct AccountingStartTests {
    private let fixture: IngestFixture
    private let pair: Pair
    /// Days count from this midnight (UTC), for which the ledger goes by days.
    private let zero = KlineInterval.day.open(at: IngestFixture.minute(0)) - 2 * 86_400_000

    init() throws {
        fixture = try IngestFixture()
        pair = try Pair("BTC-USDT")
    }

    private func date(_ day: Int64) -> Date { Date(milliseconds: zero + day * 86_400_000) }

    private func track(_ interval: KlineInterval, from day: Int64) throws {
        _ = try TrackedSymbolRepository(fixture.connect()).track(
            "binance", pair, TrackingChanges(intervals: [interval], since: date(day)))
    }

    /// What a backfill of hours says of the candles that `fill-gaps` will look for because of it.
    private func told(_ days: Range<Int64>) throws -> String? {
        let log = LogLines()
        let range = date(days.lowerBound).milliseconds..<date(days.upperBound).milliseconds
        try fixture.run(VenueBackfill(fixture.settings(), KlineSeries("binance", pair, .hour), range), log: log.log)
        return log.first("backfill.more_to_fill")
    }

    /// - Parameter end: of the last one.
    private func fields(_ candles: Int, _ first: Int64, _ end: Int64) -> String {
        let last = date(end).addingTimeInterval(-3600)
        return "\"candles\":\(candles),\"first\":\"\(date(first).formatted(.iso8601))\",\"last\":\"\(last.formatted(.iso8601))\""
    }

    @Test("who backfills a part of a tracked market's history is told how much fill-gaps will look for, and from when to when")
    func moreToFill() throws {
        try track(.hour, from: 0)
        let first = try #require(try told(-5 ..< -4))
        #expect(first.contains("\"level\":\"warning\"") && first.contains(fields(96, -4, 0)), "\(first)")
        #expect(try told(-5 ..< -4) == nil, "it begins no earlier than before")
        #expect(try told(-7 ..< -5) == nil, "it reaches what was accounted for")
        let second = try #require(try told(-10 ..< -9))
        #expect(second.contains(fields(48, -9, -7)), "\(second)")
        // As many as were told, and those since it is tracked: two days and today's.
        let found = try fixture.run(FillGaps(fixture.settings()))["found"] ?? 0
        #expect((96 + 48 + 47...96 + 48 + 72).contains(found), "\(found)")
        #expect(try told(-12 ..< -11)?.contains(fields(24, -11, -10)) == true)
    }

    @Test("of what is there already, or nobody asks for, nobody is told that it will be looked for")
    func nothingToFill() throws {
        #expect(try told(-5 ..< -2) == nil, "the market is not tracked")
        try track(.minute, from: -2)
        #expect(try told(-7 ..< -6) == nil, "its hours are not tracked")
        try track(.hour, from: -2)
        #expect(try told(-8 ..< -5) == nil, "what lies between is there")
    }
}
