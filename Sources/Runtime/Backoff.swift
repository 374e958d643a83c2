/// Waits between retries: they double from `first` up to `limit`, each spread over its upper half, so that many clients of a
/// server that comes back do not all return in the same instant.
public struct Backoff: Sendable {
    public let first: Duration
    public let limit: Duration
    private(set) public var attempts = 0

    public init(first: Duration = .milliseconds(250), limit: Duration = .seconds(30)) {
        precondition(first > .zero && limit >= first)
        self.first = first
        self.limit = limit
    }

    /// The next wait, between half of and the whole of the doubled step.
    public mutating func next(using random: inout some RandomNumberGenerator) -> Duration {
        var step = first
        for _ in 0..<attempts where step < limit { step = min(step * 2, limit) }
        attempts += 1
        return step * Double.random(in: 0.5...1, using: &random)
    }

    public mutating func next() -> Duration {
        var random = SystemRandomNumberGenerator()
        return next(using: &random)
    }

    /// Call after a success.
    public mutating func reset() { attempts = 0 }
}
