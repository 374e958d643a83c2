public import Postgres

/// A lock by name in Postgres' two-key form: what is being done, and to what. It dies with the connection that holds it, so that
/// connection must be the one that does the work, and must not go through a pooler.
public struct AdvisoryLock: Sendable {
    /// The first key. The numbers are shared by every version that may run beside this one.
    public enum Purpose: Int, Sendable {
        case migrate = 1
        case collect = 2
        case calculate = 3
        case job = 4
        // 5 is ensure_month's, in SQL.
        case rollup = 6
        /// Of what is missing of a series.
        case ledger = 7
        /// Of order books of one venue and ten minutes; the second key is hashed in SQL, for many at once.
        case books = 8
    }

    public let purpose: Purpose
    /// Hashed to the second key.
    public let name: String

    public init(_ purpose: Purpose, _ name: String) {
        self.purpose = purpose
        self.name = name
    }

    private var keys: SQL { "\(purpose.rawValue)::integer, hashtext(\(name))" }

    /// Whether anybody holds the lock of that name, an expression of a query, when the query looks.
    static func isHeld(_ purpose: Purpose, _ name: SQL) -> SQL {
        """
        EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
            AND classid = \(purpose.rawValue)::oid AND objid = (hashtext(\(name))::bigint & 4294967295)::oid AND objsubid = 2 AND granted)
        """
    }

    /// Takes the lock until `release` or the connection's end; false if another connection has it.
    public func tryAcquire(on connection: Connection) throws(PostgresError) -> Bool {
        guard !connection.options.isPooled else {
            throw PostgresError(.usage, "a lock of the session through a pooler, where two clients would get it")
        }
        return try connection.query("SELECT pg_try_advisory_lock(\(keys))").one().bool(0)
    }

    public func release(on connection: Connection) throws(PostgresError) {
        try connection.execute("SELECT pg_advisory_unlock(\(keys))")
    }

    /// Waits for the lock, which is then held until the transaction ends.
    public func acquireForTransaction(on connection: Connection) throws(PostgresError) {
        _ = try connection.query("SELECT pg_advisory_xact_lock(\(keys))")
    }

    /// Takes the lock until the transaction ends; false if another has it.
    public func tryAcquireForTransaction(on connection: Connection) throws(PostgresError) -> Bool {
        try connection.query("SELECT pg_try_advisory_xact_lock(\(keys))").one().bool(0)
    }
}
