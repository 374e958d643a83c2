import Postgres
import Runtime

/// Postgres is away: how long to wait, and when to say so again.
struct Outage {
    private let log: Log
    private var backoff = Backoff(first: .milliseconds(250), limit: .seconds(5))
    private var start: ContinuousClock.Instant?

    init(_ log: Log) { self.log = log }

    /// One more attempt has failed; the wait before the next.
    mutating func begin(_ error: PostgresError) -> Duration {
        let began = start ?? .now
        start = began
        let wait = backoff.next()
        // The first, second, fourth … attempt: the longer it lasts, the more rarely.
        if backoff.attempts.nonzeroBitCount == 1 {
            let seconds = Double(Int(began.duration(to: .now) / .milliseconds(100))) / 10
            log.warning(
                "collect.database-away",
                ["error": .text("\(error)"), "attempts": .integer(backoff.attempts), "seconds": .number(seconds)])
        }
        return wait
    }

    mutating func end() {
        guard let start else { return }
        log.info("collect.database-back", ["seconds": .number(Double(Int(start.duration(to: .now) / .milliseconds(100))) / 10)])
        self.start = nil
        backoff.reset()
    }
}
