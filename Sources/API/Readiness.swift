import HTTP
public import Postgres
import Synchronization
import Warehouse

/// Whether Postgres answers and its schema is this version's, for a server that is asked for health alone.
///
/// All its threads share one connection. One of them never waits for it: whoever asks whether we live is answered although Postgres hangs.
public final class Readiness: Sendable {
    /// Of such a server: with fewer, all may be waiting. Few ask at the same time, and each look is short unless something is wrong.
    public static let threads = 8

    /// Of one look. What hangs has not answered then, and with what it takes to say so and to connect, whoever asks hears it within 5 s.
    static let limit = Duration.seconds(2)

    private struct Look {
        let database: Database
        var end: ContinuousClock.Instant?
        var problem: (any Error)?
    }

    private let look: Mutex<Look>
    private let asking = Mutex(0)

    /// - Parameter options: but for its time limits, since who asks does not wait for long.
    public init(_ options: ConnectionOptions) {
        var options = options
        options.connectTimeout = .seconds(1)
        options.statementTimeout = .seconds(1)
        look = Mutex(Look(database: Database(options)))
    }

    /// Throws the `Problem` that is in the way; 503 at once, if as many as may are waiting already. Those who waited for a look that ended
    /// meanwhile share what it saw, or the last would wait for all of them.
    func verify() throws {
        let asked = ContinuousClock.now
        let isLast = asking.withLock { asking in
            asking += 1
            return asking >= Self.threads
        }
        defer { asking.withLock { $0 -= 1 } }
        guard !isLast else { throw Problem.unavailable("those who asked before still wait for the database") }
        try look.withLock { look in
            if look.end.map({ $0 < asked }) ?? true {
                do {
                    try look.database.read(within: Self.limit, Schema.verify)
                    look.problem = nil
                } catch {
                    look.problem = error
                }
                look.end = .now
            }
            if let problem = look.problem { throw problem }
        }
    }
}
