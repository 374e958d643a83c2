import FoundationEssentials
import Postgres
import TestSupport
import Testing
import Warehouse

/// Hours and days from minutes. The server's time zone is Berlin's, which has days of 23 and of 25 hours.
@Suite struct RollupTests {
    private let minutes: MinuteFixture

    init() throws { minutes = try MinuteFixture() }

    @Test("an hour is the open of its first minute, the close of its last, the extremes and sums of all")
    func values() throws {
        try minutes.makeMonths("2026-03")
        let start = try Date(minute: "2026-03-05T10:00")
        try minutes.put([start.addingTimeInterval(120)], price: 90.50, volume: 0.25, quoteVolume: 22.625, trades: 3)
        try minutes.put([start.addingTimeInterval(3540)], price: 120, volume: 1.75, quoteVolume: 210, trades: 4)
        try minutes.put([start.addingTimeInterval(60)], price: 100, volume: 2, quoteVolume: 200, trades: 5)
        #expect(try minutes.rollUp().hoursWritten == 1)
        let values = "100 122 88.5 121 4 432.625 12 3"
        #expect(try minutes.rows("hourly_klines") == ["coinbase BTC-USD 2026-03-05T10 \(values) 60"])
        #expect(try minutes.rows("daily_klines") == ["coinbase BTC-USD 2026-03-05T00 \(values) 1440"])
    }

    @Test("a sum is NULL where one minute does not tell, and where none does; a day's is, where one hour's is")
    func untold() throws {
        try minutes.makeMonths("2026-03")
        let start = try Date(minute: "2026-03-05T10:00")
        try minutes.put(start.minutes(2), quoteVolume: 5, trades: 1)
        try minutes.put(start.addingTimeInterval(120).minutes(1), trades: 1)
        try minutes.put(start.addingTimeInterval(3600).minutes(2), quoteVolume: 5, trades: 1)
        try minutes.rollUp()
        #expect(
            try minutes.rows("hourly_klines") == [
                "coinbase BTC-USD 2026-03-05T10 100 102 98 101 3 - 3 3 60", "coinbase BTC-USD 2026-03-05T11 100 102 98 101 2 10 2 2 60",
            ])
        #expect(try minutes.rows("daily_klines") == ["coinbase BTC-USD 2026-03-05T00 100 102 98 101 5 - 5 5 1440"])
    }

    @Test(
        "every day of UTC has 24 hours of 60 minutes: leap days, and those on which clocks elsewhere change",
        arguments: ["2028-02-29", "2026-03-29", "2026-10-25", "2026-12-31"])
    func calendar(day: String) throws {
        let first = try Date(minute: "\(day)T00:00")
        for month in Set([first, first.addingTimeInterval(86_400)].map { String($0.formatted(.iso8601).prefix(7)) }) {
            try minutes.makeMonths(month)
        }
        // And one minute on either side.
        let before = first.addingTimeInterval(-60)
        try minutes.makeMonths(String(before.formatted(.iso8601).prefix(7)))
        try minutes.put([before] + first.minutes(1441))
        try minutes.rollUp(limit: 5)
        let hours = try minutes.rows("hourly_klines")
        #expect(hours.count == 26 && hours.count { $0.hasSuffix(" 60 60") && $0.contains(" \(day)T") } == 24)
        #expect(hours.first?.hasSuffix(" 1 60") == true && hours.last?.hasSuffix(" 1 60") == true)
        let days = try minutes.rows("daily_klines")
        #expect(days.map { String($0.split(separator: " ").suffix(2).joined(separator: " ")) } == ["1 1440", "1440 1440", "1 1440"])
        #expect(days[1].contains(" \(day)T00 ") && days[0].contains("T00 ") && days[2].contains("T00 "))
    }

    @Test("a late minute opens its hour and its day again, and no other row is written")
    func late() throws {
        try minutes.makeMonths("2026-03")
        let start = try Date(minute: "2026-03-05T00:00")
        try minutes.put(start.minutes(600).filter { $0 != start.addingTimeInterval(60 * 185) })
        try minutes.put(start.minutes(600), "ETH-USD")
        try minutes.rollUp()
        try minutes.put([start.addingTimeInterval(60 * 185)], price: 500)
        let tally = try minutes.rollUp()
        #expect(tally.touches == 1 && tally.hoursWritten == 1 && tally.daysWritten == 1)
        #expect(try minutes.rows("hourly_klines")[3].hasSuffix(" 100 502 98 101 60 - - 60 60"))
        #expect(try minutes.rows("daily_klines")[0].hasSuffix(" 100 502 98 101 600 - - 600 1440"))
    }

    @Test("an hour and a day whose minutes are all gone are gone too")
    func vanished() throws {
        try minutes.makeMonths("2026-03")
        let start = try Date(minute: "2026-03-05T23:58")
        try minutes.put(start.minutes(5))
        try minutes.rollUp()
        #expect(try minutes.rows("hourly_klines").count == 2 && minutes.rows("daily_klines").count == 2)
        try minutes.remove(start.minutes(2))
        let tally = try minutes.rollUp()
        #expect(tally.hoursRemoved == 1 && tally.daysRemoved == 1)
        #expect(try minutes.rows("hourly_klines").map { $0.prefix(29) } == ["coinbase BTC-USD 2026-03-06T0"])
        #expect(try minutes.rows("daily_klines").count == 1)
    }

    @Test("what is rolled up again without a change is not written again")
    func unchanged() throws {
        try minutes.makeMonths("2026-03")
        try minutes.put(try Date(minute: "2026-03-05T10:00").minutes(90))
        try minutes.rollUp()
        try minutes.put(try Date(minute: "2026-03-05T10:00").minutes(90))
        let tally = try minutes.rollUp()
        #expect(tally.touches == 2 && tally.hoursWritten == 0 && tally.daysWritten == 0)
    }

    @Test("a failure between hours and days leaves everything as it was, and the next rollup does it all")
    func crash() throws {
        try minutes.makeMonths("2026-03")
        try minutes.put(try Date(minute: "2026-03-05T10:00").minutes(90))
        let owner = try minutes.database.connect()
        try owner.run(
            script: """
                CREATE FUNCTION crypto_gaf.fail() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE ''no room''; END';
                CREATE TRIGGER fail BEFORE INSERT ON crypto_gaf.daily_klines EXECUTE FUNCTION crypto_gaf.fail();
                """)
        #expect(throws: PostgresError.self) { try minutes.rollUp() }
        #expect(try minutes.rows("hourly_klines").isEmpty)
        try owner.execute("DROP TRIGGER fail ON crypto_gaf.daily_klines")
        #expect(try minutes.rollUp().hoursWritten == 2)
        #expect(try minutes.rows("daily_klines").count == 1)
    }

    @Test("the hours of a month that retention dropped stay, and give way only to as many minutes again")
    func retired() throws {
        try minutes.makeMonths("2025-01", "2025-02")
        let (old, kept) = (try Date(minute: "2025-01-31T23:00"), try Date(minute: "2025-02-01T00:00"))
        try minutes.put(old.minutes(60) + kept.minutes(60))
        try minutes.rollUp()
        try minutes.worker.execute("SELECT crypto_gaf.drop_month('fact_klines', '2025-01-01', '90 days')")
        #expect(try RollupRepository(minutes.worker).touchAll() == 1)
        try minutes.rollUp()
        #expect(try minutes.rows("hourly_klines").count == 2 && minutes.rows("daily_klines").count == 2)
        // Replayed in part, then in whole.
        try minutes.makeMonths("2025-01")
        try minutes.put(old.minutes(59), price: 300)
        #expect(try minutes.rollUp().hoursWritten == 0)
        _ = try RollupRepository(minutes.worker).touchAll()
        let again = try minutes.rollUp()
        #expect(again.hoursWritten == 0 && again.hoursRemoved == 0 && again.daysWritten == 0 && again.daysRemoved == 0)
        try minutes.put(old.minutes(60), price: 300)
        #expect(try minutes.rollUp().hoursWritten == 1)
        #expect(try minutes.rows("hourly_klines")[0].contains(" 300 302 "))
        #expect(try minutes.rows("daily_klines")[0].contains(" 300 302 "))
    }
}
