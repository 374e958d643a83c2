import Postgres
import Runtime

/// A connection for one thread that is made anew when Postgres is back, for what may be done twice.
final class LastingConnection {
    private let work: TransformWork
    private var connection: Connection?
    private var absence: PostgresAbsence

    /// - Parameter connection: to begin with; nil: one is made when it is first needed.
    init(_ work: TransformWork, _ connection: Connection? = nil) {
        self.work = work
        self.connection = connection
        absence = PostgresAbsence(work)
    }

    /// Runs `body`, and once more whenever Postgres was away; throws its error when patience is over, or the stop came.
    func run<R>(_ body: (Connection) throws -> R) throws -> R {
        while true {
            do {
                let value = try body(try connected())
                absence.end()
                return value
            } catch let error as PostgresError where error.isRetryable {
                try absence.wait(after: error)
                guard !work.stop.isRequested else { throw error }
            }
        }
    }

    private func connected() throws -> Connection {
        if let connection, !connection.isBroken, !connection.isInTransaction { return connection }
        connection = nil
        let opened = try work.connected()
        connection = opened
        return opened
    }
}

/// How long Postgres has been away, or somebody else has come first.
struct PostgresAbsence {
    private let work: TransformWork
    private var away: (backoff: Backoff, since: ContinuousClock.Instant, isTold: Bool)?

    init(_ work: TransformWork) { self.work = work }

    /// Waits for the next attempt, or until the stop comes; throws the error when patience is over.
    mutating func wait(after error: PostgresError) throws(PostgresError) {
        var (backoff, since, isTold) = away ?? (Backoff(first: .milliseconds(100), limit: .seconds(5)), .now, false)
        guard since.duration(to: .now) < work.patience else { throw error }
        let wait = backoff.next()
        away = (backoff, since, isTold || !error.isConflict)
        work.log.warning(
            "\(work.name).\(error.isConflict ? "conflict" : "postgres_away")",
            ["error": .text("\(error)"), "retry_in_seconds": .number(wait / .seconds(1))])
        _ = work.stop.sleep(for: wait)
    }

    mutating func end() {
        guard let away else { return }
        self.away = nil
        if away.isTold { work.log.info("\(work.name).postgres_back") }
    }
}

extension PostgresError {
    /// Class "transaction rollback" and a lock that was not to be had: Postgres is there, and somebody else came first.
    fileprivate var isConflict: Bool { sqlState.map { $0.hasPrefix("40") || $0 == "55P03" } ?? false }
}
