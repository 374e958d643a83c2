import Exchanges
import Foundation
import Jobs
import Market
import Synchronization
import TestSupport
import Testing
import Warehouse

/// A long history, and the limit of the venue that has it.
@Suite struct BackfillLimitTests {
    private let fixture: IngestFixture
    private let series: KlineSeries

    init() throws {
        fixture = try IngestFixture()
        series = try KlineSeries("binance", Pair("BTC-USDT"), .minute)
    }

    @Test("a history of twenty pages keeps the venue's limit, by the venue's clock")
    func limit() throws {
        let times = Mutex<[Date]>([])
        fixture.market.fault { _ in
            times.withLock { $0.append(Date()) }
            return nil
        }
        let site = VenueSite(Binance.self, baseURL: fixture.market.server.url, requestsPerSecond: 5)
        let range = Int64(1_735_689_600_000)..<(1_735_689_600_000 + 20_000 * 60_000)
        #expect(try fixture.run(VenueBackfill(fixture.settings([site]), series, range))["found"] == 20_000)
        let sorted = times.withLock { $0.sorted() }
        #expect(sorted.count >= 21)
        for (index, time) in sorted.enumerated() {
            let window = sorted[index...].prefix { $0.timeIntervalSince(time) < 1 }
            // One that was held up on its way may meet the next.
            #expect(window.count <= 6, "\(window.count) within a second")
        }
    }
}
