import Foundation
import Market
import Testing

@Suite("Kline intervals")
struct KlineIntervalTests {
    /// Milliseconds since 1970.
    private func time(_ text: String) throws -> Int64 { Int64(try Date(text, strategy: .iso8601).timeIntervalSince1970 * 1000) }

    @Test(
        "open on the UTC grid, weeks on Monday",
        arguments: [
            (.minute, "2024-02-29T23:59:59Z", "2024-02-29T23:59:00Z"), (.minutes15, "2024-03-10T07:31:00Z", "2024-03-10T07:30:00Z"),
            (.hours4, "2024-03-31T01:30:00Z", "2024-03-31T00:00:00Z"), (.day, "2024-10-27T23:59:59Z", "2024-10-27T00:00:00Z"),
            (.week, "2024-10-27T23:59:59Z", "2024-10-21T00:00:00Z"), (.week, "2024-10-28T00:00:00Z", "2024-10-28T00:00:00Z"),
            (.week, "1970-01-01T00:00:00Z", "1969-12-29T00:00:00Z"), (.week, "1970-01-05T00:00:00Z", "1970-01-05T00:00:00Z"),
            (.minute, "1969-12-31T23:59:59Z", "1969-12-31T23:59:00Z"), (.day, "1969-12-31T12:00:00Z", "1969-12-31T00:00:00Z"),
            (.week, "1969-12-28T12:00:00Z", "1969-12-22T00:00:00Z"),
        ] as [(KlineInterval, String, String)])
    func opening(interval: KlineInterval, moment: String, open: String) throws {
        #expect(interval.open(at: try time(moment)) == (try time(open)))
        #expect(interval.isOpening(try time(open)))
        #expect(interval.isOpening(try time(moment)) == (moment == open))
    }

    @Test("one candle ends where the next begins, before 1970 too", arguments: KlineInterval.allCases)
    func grid(interval: KlineInterval) {
        var generator = SeededGenerator(seed: 1)
        for _ in 0..<1000 {
            let moment = Int64.random(in: -5_000_000_000_000...5_000_000_000_000, using: &generator)
            let open = interval.open(at: moment)
            #expect(open <= moment && moment < open + interval.milliseconds)
            #expect(interval.isOpening(open) && interval.isOpening(open + interval.milliseconds) && !interval.isOpening(open + 1))
        }
    }

    @Test("have the codes that stand in tables, and their lengths")
    func codes() {
        #expect(
            KlineInterval.allCases.map(\.code) == ["1m", "3m", "5m", "15m", "30m", "1h", "2h", "4h", "6h", "8h", "12h", "1d", "3d", "1w"])
        let units: [Character: Int64] = ["m": 60, "h": 3600, "d": 86_400, "w": 604_800]
        for interval in KlineInterval.allCases {
            #expect(interval.seconds == Int64(interval.code.dropLast())! * units[interval.code.last!]!)
            #expect(KlineInterval(rawValue: interval.code) == interval && interval.milliseconds == interval.seconds * 1000)
        }
        #expect(KlineInterval.allCases == KlineInterval.allCases.sorted())
    }
}
