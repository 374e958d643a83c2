import Curl
import Exchanges
import FoundationEssentials

/// How far a venue's clock is ahead of this machine's. Candles open and close by the venue's.
struct VenueClock {
    /// Zero while the clocks agree within the tolerance: the answer's way takes some time, too.
    private(set) var offset: TimeInterval = 0

    static let tolerance: TimeInterval = 3

    init() {}

    /// - Parameter time: the venue's, milliseconds since 1970 UTC, from an answer that was asked for and received then.
    init(time: Int64, requestedAt: Date, receivedAt: Date) {
        let way = max(receivedAt.timeIntervalSince(requestedAt), 0)
        let difference = Double(time) / 1000 - (requestedAt.timeIntervalSince1970 + way / 2)
        if abs(difference) > Self.tolerance + way / 2 { offset = difference }
    }

    func time(_ date: Date) -> Date { date + offset }

    func milliseconds(_ date: Date) -> Int64 { Int64((time(date).timeIntervalSince1970 * 1000).rounded()) }
}
