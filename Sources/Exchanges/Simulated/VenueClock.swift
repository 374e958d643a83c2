/// The time of a simulated market, in nanoseconds since it began.
public struct VenueClock: Sendable {
    public let elapsed: @Sendable () -> Int64

    public init(elapsed: @escaping @Sendable () -> Int64) { self.elapsed = elapsed }

    /// Starts now and runs `speed` times as fast as the wall clock; it does not jump when the wall clock is set.
    /// - Precondition: `speed` is positive.
    public static func running(speed: Double) -> VenueClock {
        precondition(speed > 0 && speed.isFinite)
        let start = ContinuousClock.now
        return VenueClock {
            let (seconds, attoseconds) = start.duration(to: .now).components
            return Int64((Double(seconds) * 1e9 + Double(attoseconds) / 1e9) * speed)
        }
    }
}
