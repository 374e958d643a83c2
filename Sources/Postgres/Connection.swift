/// A connection to Postgres: one owner, one thread at a time.
///
/// A statement that fails leaves the connection usable unless `isBroken`; then `reset()` connects anew. Nothing waits longer
/// than the options say.
public final class Connection {
    public let options: ConnectionOptions
    private(set) var session: Session
    private var statements: StatementCache
    private let notice: (Notice) -> Void
    /// What the server is told to keep to; see `setStatementTimeout`.
    private(set) public var statementTimeout: Duration?
    private var applicationName: String?
    /// Of whoever waits for no longer than that; see `ending`.
    private var limit: Deadline?

    /// Throws `.connection` when nobody answers, and when the server refuses the user.
    public init(_ options: ConnectionOptions = ConnectionOptions(), notice: @escaping (Notice) -> Void = { _ in }) throws(PostgresError) {
        self.options = options
        self.notice = notice
        statements = StatementCache(limit: options.isPooled ? 0 : options.statementCacheSize)
        statementTimeout = options.statementTimeout
        session = try Self.open(options, notice, limit: nil)
    }

    /// True after the connection was lost; only `reset()` helps.
    public var isBroken: Bool { session.isBroken }
    public var isInTransaction: Bool { session.isInTransaction }
    /// The server process, as in `pg_stat_activity.pid`.
    public var serverProcess: Int32 { session.processID }
    /// Such as 150020 for 15.20.
    public var serverVersion: Int { Int(session.serverVersion) }

    /// Connects anew. Session-level locks, temporary tables and settings of the old connection are gone.
    public func reset() throws(PostgresError) {
        statements.removeAll()
        session = try Self.open(options, notice, limit: limit)
        statementTimeout = options.statementTimeout
        applicationName = nil
    }

    private static func open(
        _ options: ConnectionOptions, _ notice: @escaping (Notice) -> Void, limit: Deadline?
    ) throws(PostgresError) -> Session {
        let session = try Session(options, notice: notice)
        // Nobody would go on with a connection that begins so.
        let deadline = Deadline(after: options.connectTimeout + .seconds(1), grace: .zero)
        _ = try session.run(script: options.settings, deadline: deadline.orEarlier(limit))
        return session
    }

    /// Runs a statement that returns rows. Binary results spare the server and us the text of numbers, but `Row` then reads
    /// only integers, floats, `numeric`, `bool`, `text`, `bytea`, `timestamptz` and arrays of numbers.
    public func query(_ sql: SQL, binary: Bool = false) throws(PostgresError) -> Rows {
        let (text, binds) = sql.rendered
        let result = try run(text, binds, binary: binary)
        guard result.hasRows else { throw PostgresError(.usage, "the statement returned no rows", query: text) }
        return Rows(result: result)
    }

    /// Runs a statement; answers how many rows it inserted, updated, deleted or returned.
    @discardableResult
    public func execute(_ sql: SQL) throws(PostgresError) -> Int {
        let (text, binds) = sql.rendered
        return try run(text, binds, binary: false).affectedRows
    }

    /// Runs text of any number of statements, without binds. Outside of a transaction all of it is one.
    public func run(script: String) throws(PostgresError) {
        _ = try session.run(script: script, deadline: deadline)
    }

    /// Changes, until `reset()`, how long the server may take for a statement; nil: as long as it likes.
    public func setStatementTimeout(_ timeout: Duration?) throws(PostgresError) {
        try run(script: "SET statement_timeout = \(timeout?.wholeMilliseconds ?? 0)")
        statementTimeout = timeout
    }

    /// What `pg_stat_activity` and the server's log call this session until `reset()`: printable ASCII without what a log line gives a meaning,
    /// and no longer than Postgres keeps.
    public func setApplicationName(_ name: String) throws(PostgresError) {
        let name = ApplicationName.bounded(name)
        guard name != applicationName else { return }
        try execute("SELECT set_config('application_name', \(name), false)")
        applicationName = name
    }

    /// The server is expected to keep to its limit by itself; what is added is the time for its answer to arrive.
    var deadline: Deadline { Deadline(after: statementTimeout.map { $0 + .seconds(5) }).orEarlier(limit) }

    private func run(_ text: String, _ binds: [Bind], binary: Bool) throws(PostgresError) -> QueryResult {
        do {
            return try execute(text, binds, binary: binary)
        } catch {
            // The tables changed under a prepared statement, or somebody deallocated it.
            guard error.sqlState == "0A000" || error.sqlState == "26000", !isInTransaction else { throw error }
            statements.removeAll()
            return try execute(text, binds, binary: binary)
        }
    }

    private func execute(_ text: String, _ binds: [Bind], binary: Bool) throws(PostgresError) -> QueryResult {
        let name = try prepared(text, binds)
        return try session.execute(name, text, binds, binary: binary, deadline: deadline)
    }

    private func prepared(_ text: String, _ binds: [Bind]) throws(PostgresError) -> String? {
        guard statements.isEnabled else { return nil }
        if let name = statements.name(for: text) { return name }
        let (name, evicted) = statements.add(text)
        do {
            if let evicted { _ = try session.run(script: "DEALLOCATE \(evicted)", deadline: deadline) }
            try session.prepare(name, text, binds, deadline: deadline)
        } catch {
            statements.remove(text)
            throw error
        }
        return name
    }
}

extension Connection {
    /// Runs `body` between BEGIN and COMMIT; an error rolls back and is thrown on. If the rollback fails too while the
    /// connection lives, both errors come as `TransactionError`. An error of the COMMIT with `isConnectionLost` leaves open
    /// whether it took effect.
    @discardableResult
    public func transaction<R>(_ body: () throws -> R) throws -> R {
        guard !isInTransaction else { throw PostgresError(.usage, "a transaction inside a transaction") }
        try run(script: "BEGIN")
        let value: R
        do {
            value = try body()
        } catch {
            try rollBack(after: error)
            throw error
        }
        try commit()
        return value
    }

    /// A COMMIT after a failed statement rolls back without an error: whoever swallowed that statement's error must learn it.
    private func commit() throws(PostgresError) {
        let result = try session.run(script: "COMMIT", deadline: deadline)
        guard result.commandTag == "COMMIT" else {
            throw PostgresError(.usage, "the transaction was rolled back, since a statement in it had failed", sqlState: "25P02")
        }
    }

    private func rollBack(after cause: any Error) throws {
        // A lost connection rolls back by itself.
        guard !isBroken else { return }
        do {
            try run(script: "ROLLBACK")
        } catch {
            if !isBroken { throw TransactionError(cause: cause, rollback: error) }
        }
    }

    /// Runs `body`, in which nothing is waited for after `end`, but for half a second in which the server may heed that, and for libpq's
    /// least time to connect, 2 s for each address.
    public func ending<R>(by end: ContinuousClock.Instant, _ body: () throws -> R) rethrows -> R {
        let outer = limit
        limit = Deadline(at: end, grace: .milliseconds(500)).orEarlier(outer)
        defer { limit = outer }
        return try body()
    }

    /// Runs `body`, and if the connection turns out to be lost, once more on a new one. For what may safely be done twice.
    public func reconnecting<R>(_ body: () throws -> R) throws -> R {
        if isBroken { try reset() }
        do {
            return try body()
        } catch let error as PostgresError where error.isConnectionLost && limit?.hasPassed != true {
            try reset()
            return try body()
        }
    }
}
