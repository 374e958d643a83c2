import Runtime

/// What happened since the last summary.
struct CollectStatistics {
    var rows = 0
    var failures = 0
    var gaps = 0
    /// Ticks that passed while the loop was busy, and ticks let pass because Postgres was away.
    var missedTicks = 0
    var pausedTicks = 0
    /// From a tick to its question being asked.
    var lateness = LatencyHistogram()
    /// From a tick to its sample being complete.
    var answered = LatencyHistogram()

    mutating func add(_ other: CollectStatistics) {
        rows += other.rows
        failures += other.failures
        gaps += other.gaps
        missedTicks += other.missedTicks
        pausedTicks += other.pausedTicks
        lateness.add(other.lateness)
        answered.add(other.answered)
    }

    func log(_ event: String, products: Int, to log: Log) {
        log.info(
            event,
            [
                "products": .integer(products), "rows": .integer(rows), "failures": .integer(failures), "gaps": .integer(gaps),
                "missed_ticks": .integer(missedTicks), "paused_ticks": .integer(pausedTicks),
                "late_p50_ms": .integer(lateness.milliseconds(atShare: 0.5)),
                "late_p99_ms": .integer(lateness.milliseconds(atShare: 0.99)),
                "late_max_ms": .integer(Int(lateness.maximum / .milliseconds(1))),
                "answered_p50_ms": .integer(answered.milliseconds(atShare: 0.5)),
                "answered_p99_ms": .integer(answered.milliseconds(atShare: 0.99)),
                "answered_max_ms": .integer(Int(answered.maximum / .milliseconds(1))),
            ])
    }
}
