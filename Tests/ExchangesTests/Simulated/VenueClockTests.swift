import Market
import Testing

@testable import Exchanges

@Suite struct VenueClockTests {
    @Test("runs as many times faster as it was told")
    func speed() {
        #expect(VenueClock.nanoseconds(in: .milliseconds(1500), speed: 2) == 3_000_000_000)
        #expect(VenueClock.nanoseconds(in: .seconds(1), speed: 0.5) == 500_000_000)
    }

    @Test("stands after two centuries, and a replay goes on to answer", arguments: [10, 400_000])
    func end(days: Int) throws {
        let elapsed = VenueClock.nanoseconds(in: .seconds(days * 86_400), speed: 10_000)
        #expect(elapsed == VenueClock.limit)
        let fixture = try CaptureFixture()
        let venue = try CaptureVenue(paths: [fixture.path], loops: true, clock: VenueClock { elapsed }, report: FaultList().report)
        #expect(try venue.marketOrders(product: "AAA-USD", since: nil).flow.sequence >= 0)
    }
}
