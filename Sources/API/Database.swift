internal import HTTP
public import Postgres
import Warehouse

/// What a worker owns: a connection, made when it is first needed and made again when it broke.
public final class Database {
    private let options: ConnectionOptions
    private var connection: Connection?
    /// Whose reads these are, for `pg_stat_activity` and Postgres' log; empty: nobody's.
    public var request = ""
    private let tracesRequests: Bool

    /// - Parameter tracesRequests: tells Postgres the request's id, in one more round trip.
    public init(_ options: ConnectionOptions, tracesRequests: Bool = false) {
        self.options = options
        self.tracesRequests = tracesRequests
    }

    /// Runs a read, and once more on a new connection if the old one turns out to be lost: a server that restarted
    /// between two requests fails neither.
    ///
    /// - Parameter limit: as of `Connection.ending`, from now on; nil: as the options say.
    /// - Throws: `Problem`, 503 while Postgres is away, overloaded or not migrated, else 500.
    public func read<R>(within limit: Duration? = nil, _ body: (Connection) throws -> R) throws -> R {
        let end = limit.map { ContinuousClock.now + $0 }
        do {
            let connection = try self.connection ?? Connection(options)
            self.connection = connection
            guard let end else { return try read(connection, body) }
            return try connection.ending(by: end) { try read(connection, body) }
        } catch let error as PostgresError {
            throw Problem(error)
        } catch let error as SchemaError {
            throw Problem.unavailable("\(error)", retryAfter: 5, cause: error)
        }
    }

    private func read<R>(_ connection: Connection, _ body: (Connection) throws -> R) throws -> R {
        try connection.reconnecting {
            if tracesRequests { try connection.setApplicationName(options.applicationName + (request.isEmpty ? "" : " \(request)")) }
            return try body(connection)
        }
    }
}

extension Problem {
    /// SQLSTATEs of a schema, table or column that is not there.
    private static let notMigrated: Set<String> = ["3F000", "42P01", "42703"]

    fileprivate init(_ error: PostgresError) {
        if error.isRetryable {
            self = .unavailable("the database does not answer at the moment", cause: error)
        } else if let state = error.sqlState, Problem.notMigrated.contains(state) {
            self = .unavailable("the database has not been migrated for this version", retryAfter: 5, cause: error)
        } else {
            self = .unexpected(error)
        }
    }
}
