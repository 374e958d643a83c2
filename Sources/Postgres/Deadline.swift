/// The instant after which nobody waits any more; nil: never.
struct Deadline {
    private let instant: ContinuousClock.Instant?

    init(after duration: Duration?) { instant = duration.map { .now + $0 } }

    var hasPassed: Bool { instant.map { $0 <= .now } ?? false }

    /// For poll(2): rounded up, at most a minute at a time, -1 without a deadline.
    var milliseconds: Int32 {
        guard let instant else { return -1 }
        return Int32(min(60_000, max(0, ContinuousClock.now.duration(to: instant).wholeMilliseconds)))
    }
}
