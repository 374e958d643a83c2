extension ContinuousClock.Instant {
    /// How long ago it was.
    public var secondsUntilNow: Double {
        let (seconds, attoseconds) = duration(to: .now).components
        return Double(seconds) + Double(attoseconds) * 1e-18
    }
}
