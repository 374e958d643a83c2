/// Ticks at `start + k · interval` of the monotonic clock, whatever the wall clock does and however long a tick takes.
struct TickSchedule {
    let interval: Duration
    /// When the next tick is due.
    private(set) var next: ContinuousClock.Instant

    init(start: ContinuousClock.Instant, interval: Duration) {
        self.interval = interval
        next = start
    }

    /// The newest tick that is due, and how many before it passed unseen; nil: none is due. Missed ticks are not made up for:
    /// their samples would lie about when they were taken.
    mutating func due(at now: ContinuousClock.Instant) -> (tick: ContinuousClock.Instant, missed: Int)? {
        guard now >= next else { return nil }
        let missed = Int(next.duration(to: now) / interval)
        let tick = next + interval * missed
        next = tick + interval
        return (tick, missed)
    }
}
