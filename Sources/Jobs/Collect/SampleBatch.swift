/// The samples of one tick, gathered so that Postgres gets them in one piece; those who come late go in the next.
struct SampleBatch {
    /// How long the first sample may wait for the others.
    let linger: Duration
    private var samples: [CollectedSample] = []
    /// When the batch must go; nil: it is empty.
    private(set) var deadline: ContinuousClock.Instant?

    init(linger: Duration) { self.linger = linger }

    mutating func add(_ sample: CollectedSample, at now: ContinuousClock.Instant) {
        samples.append(sample)
        if deadline == nil { deadline = now + linger }
    }

    func isDue(at now: ContinuousClock.Instant) -> Bool { deadline.map { $0 <= now } ?? false }

    mutating func take() -> [CollectedSample] {
        defer { (samples, deadline) = ([], nil) }
        return samples
    }
}
