import FoundationEssentials
import Lake
import Market

/// How far a venue's clock is ahead of this machine's, for certain. Candles open and close by the venue's: one that has ended by a
/// clock that is ahead of it may still change. When an answer came, and so which of two is the newer one, this machine's clock says.
struct ClockOffset: Equatable {
    /// Zero while the venue's clock is ahead by no more than the tolerance; among `RawObject.clockOffsets`.
    private(set) var milliseconds = 0

    /// Milliseconds.
    static let tolerance = 3000

    init() {}

    /// Nil: such a time is no clock's, but seconds for milliseconds, or a year that anybody made up.
    ///
    /// - Parameter time: the venue's, milliseconds since 1970 UTC, from an answer that was received then: it had been under way, and the
    ///   venue's clock has gone on, so that this is the least that it shows.
    init?(time: Int64, receivedAt: Date) {
        let ours = Int((receivedAt.timeIntervalSince1970 * 1000).rounded(.up))
        let (ahead, isBeyond) = Int(time).subtractingReportingOverflow(ours)
        guard !isBeyond, RawObject.clockOffsets.contains(ahead) else { return nil }
        milliseconds = ahead > Self.tolerance ? ahead : min(ahead, 0)
    }

    /// What the venue's clock showed then, milliseconds since 1970 UTC.
    func time(_ date: Date) -> Int64 { date.milliseconds + Int64(milliseconds) }
}

extension RawObject {
    /// When it was asked for and when it came by the venue's clock, milliseconds since 1970 UTC.
    var venueTimes: (requestedAt: Int64, receivedAt: Int64) {
        (requestedAt.milliseconds + Int64(clockOffset), receivedAt.milliseconds + Int64(clockOffset))
    }
}
