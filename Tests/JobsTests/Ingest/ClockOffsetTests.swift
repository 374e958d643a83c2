import FoundationEssentials
import Testing

@testable import Jobs

@Suite struct ClockOffsetTests {
    @Test(
        "a venue's time is never taken for later than it surely is: not before our clock within the tolerance, and less the answer's way",
        arguments: [(-2.5, -2.6), (0, -0.1), (0.05, -0.05), (2.5, 0), (420, 419.9), (-300, -300.1)])
    func offset(ahead: Double, seconds: Double) {
        let now = Date(timeIntervalSince1970: 1_700_000_000)
        let clock = ClockOffset(time: Int64(((1_700_000_000 + ahead) * 1000).rounded()), receivedAt: now + 0.1)
        #expect(abs(clock.seconds - seconds) < 0.0015)
    }
}
