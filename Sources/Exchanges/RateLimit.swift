/// How often a venue lets itself be asked.
public struct RateLimit: Equatable, Sendable {
    public var perSecond: Double
    /// Requests at once after a pause.
    public var burst: Int

    public init(perSecond: Double, burst: Int) {
        precondition(perSecond > 0 && burst > 0)
        self.perSecond = perSecond
        self.burst = burst
    }
}

/// A token bucket: what is left of a rate limit. The caller brings the time.
public struct RateBudget: Sendable {
    public let limit: RateLimit
    private var tokens: Double
    private var updated: ContinuousClock.Instant

    public init(_ limit: RateLimit, at now: ContinuousClock.Instant) {
        self.limit = limit
        tokens = Double(limit.burst)
        updated = now
    }

    /// When the next request may go: now or later.
    public mutating func nextRequest(at now: ContinuousClock.Instant) -> ContinuousClock.Instant {
        refill(at: now)
        // A bucket a rounding error short of a token would be asked again and again for nothing.
        return tokens >= 1 ? max(now, updated) : updated + .seconds((1 - tokens) / limit.perSecond + 1e-6)
    }

    /// Uses one request if there is one.
    public mutating func take(at now: ContinuousClock.Instant) -> Bool {
        refill(at: now)
        guard tokens >= 1, updated <= now else { return false }
        tokens -= 1
        return true
    }

    /// The venue asked to be left alone: nothing until then, and one by one after.
    public mutating func pause(until time: ContinuousClock.Instant) {
        guard time > updated else { return }
        tokens = min(tokens, 1)
        updated = time
    }

    private mutating func refill(at now: ContinuousClock.Instant) {
        guard now > updated else { return }
        let seconds = updated.duration(to: now) / .seconds(1)
        tokens = min(tokens + seconds * limit.perSecond, Double(limit.burst))
        updated = now
    }
}
