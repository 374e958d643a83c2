/// How often a venue lets itself be asked. A request uses one token, or its weight where the venue weighs requests.
public struct RateLimit: Equatable, Sendable {
    public var perSecond: Double
    /// Tokens at once after a pause.
    public var burst: Int

    public init(perSecond: Double, burst: Int) {
        precondition(perSecond > 0 && burst > 0)
        self.perSecond = perSecond
        self.burst = burst
    }

    /// So many tokens in any window of `seconds`, whenever the venue lets its own windows begin: a fifth of them at once, the others
    /// evenly.
    ///
    /// - Parameter burstLimit: no more than these at once, of a venue that counts shorter windows too.
    public init(_ count: Int, in seconds: Double, burstLimit: Int = .max) {
        let burst = min(max(count / 5, 1), burstLimit)
        self.init(perSecond: Double(max(count - burst, 1)) / seconds, burst: burst)
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

    /// When a request of that weight may go: now or later.
    public mutating func nextRequest(_ weight: Int = 1, at now: ContinuousClock.Instant) -> ContinuousClock.Instant {
        refill(at: now)
        let missing = needed(weight) - tokens
        // A bucket a rounding error short of a token would be asked again and again for nothing.
        return missing <= 0 ? max(now, updated) : updated + .seconds(missing / limit.perSecond + 1e-6)
    }

    /// Uses the weight of one request if there is enough.
    public mutating func take(_ weight: Int = 1, at now: ContinuousClock.Instant) -> Bool {
        refill(at: now)
        guard tokens >= needed(weight), updated <= now else { return false }
        tokens -= Double(weight)
        return true
    }

    /// What is heavier than the bucket goes when that is full, and leaves a debt.
    private func needed(_ weight: Int) -> Double { Double(min(weight, limit.burst)) }

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
