/// The instant after which nobody waits any more; nil: never.
struct Deadline {
    private let instant: ContinuousClock.Instant?
    /// How long after it a server that is told to stop may take to say that it has: then the connection can be used on.
    let grace: Duration

    init(after duration: Duration?, grace: Duration = .seconds(2)) { self.init(at: duration.map { .now + $0 }, grace: grace) }

    init(at instant: ContinuousClock.Instant?, grace: Duration = .seconds(2)) {
        self.instant = instant
        self.grace = grace
    }

    var hasPassed: Bool { instant.map { $0 <= .now } ?? false }

    /// This one, or the other if that comes first.
    func orEarlier(_ other: Deadline?) -> Deadline {
        guard let other, let end = other.instant else { return self }
        return instant.map { $0 <= end } ?? false ? self : other
    }

    /// For poll(2): rounded up, at most a minute at a time, -1 without a deadline.
    var milliseconds: Int32 {
        guard let instant else { return -1 }
        return Int32(min(60_000, max(0, ContinuousClock.now.duration(to: instant).wholeMilliseconds)))
    }
}
