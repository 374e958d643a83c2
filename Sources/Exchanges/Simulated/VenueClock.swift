/// The time of a simulated market, in nanoseconds since it began.
public struct VenueClock: Sendable {
    public let elapsed: @Sendable () -> Int64

    /// Two centuries, which added to a date's nanoseconds since 1970 still fit into 64 bits. At ten thousand times the speed of the wall
    /// clock that is a week; from there on the clock, and with it the market, stands.
    static let limit: Int64 = 200 * 365 * 86_400 * 1_000_000_000

    public init(elapsed: @escaping @Sendable () -> Int64) { self.elapsed = elapsed }

    /// Starts now and runs `speed` times as fast as the wall clock; it does not jump when the wall clock is set.
    /// - Precondition: `speed` is positive.
    public static func running(speed: Double) -> VenueClock {
        precondition(speed > 0 && speed.isFinite)
        let start = ContinuousClock.now
        return VenueClock { nanoseconds(in: start.duration(to: .now), speed: speed) }
    }

    static func nanoseconds(in time: Duration, speed: Double) -> Int64 {
        let (seconds, attoseconds) = time.components
        return Int64(min((Double(seconds) * 1e9 + Double(attoseconds) / 1e9) * speed, Double(limit)))
    }
}
