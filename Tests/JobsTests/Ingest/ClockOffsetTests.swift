import FoundationEssentials
import Testing

@testable import Jobs

@Suite struct ClockOffsetTests {
    private let now = Date(timeIntervalSince1970: 1_700_000_000)

    @Test(
        "a venue's time is never taken for later than it surely is: not before our clock within the tolerance, and less the answer's way",
        arguments: [
            (-2.5, -2600), (0, -100), (0.05, -50), (2.5, 0), (420, 419_900), (-300, -300_100), (-3599.9, -3_600_000), (3600, 3_599_900),
        ])
    func offset(ahead: Double, milliseconds: Int) throws {
        let clock = try #require(ClockOffset(time: Int64(((1_700_000_000 + ahead) * 1000).rounded()), receivedAt: now + 0.1))
        #expect((milliseconds - 1...milliseconds).contains(clock.milliseconds))
        #expect(clock.time(now) == 1_700_000_000_000 + Int64(clock.milliseconds))
    }

    @Test(
        "a time that is more than an hour from ours is no clock's",
        arguments: [1_700_003_600_001, 1_699_996_399_999, 1_700_000_000, 1_700_000_000_000_000, 0, .min, .max])
    func wrong(time: Int64) { #expect(ClockOffset(time: time, receivedAt: now) == nil) }
}
