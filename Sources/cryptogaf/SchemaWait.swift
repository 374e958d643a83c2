import Postgres
import Runtime
import Warehouse

/// Waits until the database answers and has this program's schema: what starts beside `migrate` begins with that.
struct SchemaWait {
    private let options: ConnectionOptions
    private let patience: Duration

    init(_ options: ConnectionOptions, patience: Duration) {
        var options = options
        options.connectTimeout = .seconds(2)
        options.statementTimeout = .seconds(5)
        self.options = options
        self.patience = patience
    }

    /// Throws what was in the way when the time was over, and at once what waiting does not cure.
    func run(_ program: Program) throws {
        let deadline = ContinuousClock.now + patience
        var (told, backoff) = ("", Backoff(first: .milliseconds(250), limit: .seconds(2)))
        while let obstacle = try obstacle() {
            if "\(obstacle)" != told { program.log.info("migrate.waiting", ["reason": .text("\(obstacle)")]) }
            told = "\(obstacle)"
            guard ContinuousClock.now < deadline else { throw obstacle }
            // To the end of the time, and then once more.
            guard program.stop.sleep(until: min(.now + backoff.next(), deadline)) else { throw WaitStopped(reason: told) }
        }
        program.log.info("migrate.ready", ["schema": .integer(Schema.version)])
    }

    /// Nil: the schema is there.
    private func obstacle() throws -> (any Error)? {
        do {
            try Schema.verify(Connection(options))
            return nil
        } catch let error as SchemaError where error.found < Schema.version {
            return error
        } catch let error as PostgresError where error.isRetryable || error.sqlState == "42501" {
            // 42501: the schema is there, its rights are not yet.
            return error
        }
    }
}

/// Ended before the schema was there: whoever comes next must not take it for success.
private struct WaitStopped: ExitCoded, CustomStringConvertible {
    let reason: String

    var description: String { "stopped while waiting: \(reason)" }
    var exitCode: ExitCode { .temporaryFailure }
}
