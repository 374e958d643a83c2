import FoundationEssentials

/// How far a venue's clock is ahead of this machine's, for certain. Candles open and close by the venue's: one that has ended by a
/// clock that is ahead of it may still change.
struct ClockOffset {
    /// Zero while the venue's clock is ahead by no more than the tolerance.
    private(set) var seconds: TimeInterval = 0

    static let tolerance: TimeInterval = 3

    init() {}

    /// - Parameter time: the venue's, milliseconds since 1970 UTC, from an answer that was received then: it had been under way, and the
    ///   venue's clock has gone on, so that this is the least that it shows.
    init(time: Int64, receivedAt: Date) {
        let ahead = Double(time) / 1000 - receivedAt.timeIntervalSince1970
        seconds = ahead > Self.tolerance ? ahead : min(ahead, 0)
    }

    func time(_ date: Date) -> Date { date + seconds }

    /// Rounded down.
    func milliseconds(_ date: Date) -> Int64 { Int64((time(date).timeIntervalSince1970 * 1000).rounded(.down)) }
}
