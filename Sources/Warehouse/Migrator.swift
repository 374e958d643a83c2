import Glibc
public import Postgres

/// Brings a database to the newest schema: the files of sql/migrations in order, each in a transaction, then the functions whose
/// text has changed. A second migrator waits for the first, and then finds nothing to do.
public struct Migrator {
    /// What was done, for the log.
    public enum Event: Equatable, Sendable {
        case waiting
        case applied(migration: String)
        case replaced(function: String)
    }

    private let connection: Connection
    private let files: SQLFiles
    /// How long to wait for another migrator.
    private let patience: Duration
    private let isStopped: () -> Bool
    private let report: (Event) -> Void

    /// - Parameters:
    ///   - directory: `sql/` of the repository.
    ///   - isStopped: true ends the wait for another migrator, and what follows the file in hand.
    public init(
        _ connection: Connection, directory: String, patience: Duration = .seconds(300), report: @escaping (Event) -> Void = { _ in },
        isStopped: @escaping () -> Bool = { false }
    ) {
        self.connection = connection
        files = SQLFiles(directory: directory)
        self.patience = patience
        self.isStopped = isStopped
        self.report = report
    }

    /// Throws `MigrationError` when history and files differ, or a file fails; what was applied before stays.
    public func run() throws {
        let bootstrap = try files.bootstrap()
        let migrations = try load(files.migrations())
        let functions = try files.functions()
        try connection.setStatementTimeout(nil)
        let lock = AdvisoryLock(.migrate, "crypto_gaf")
        try wait(for: lock)
        defer { if !connection.isBroken { try? lock.release(on: connection) } }
        try refuseFuture(migrations)
        try apply("bootstrap.sql", asOwner: false) { try connection.run(script: bootstrap) }
        for migration in try MigrationPlan.pending(migrations, after: applied()) { try apply(migration) }
        for function in functions { try replace(function) }
    }

    private func wait(for lock: AdvisoryLock) throws {
        let deadline = ContinuousClock.now + patience
        var isWaiting = false
        while try !lock.tryAcquire(on: connection) {
            try checkStop()
            guard ContinuousClock.now < deadline else {
                throw MigrationError("another migration has been running for \(patience): wait for it, or end its connection")
            }
            if !isWaiting { report(.waiting) }
            isWaiting = true
            usleep(100_000)
        }
    }

    private func checkStop() throws(MigrationError) {
        if isStopped() { throw MigrationError("stopped before everything was applied: run it again") }
    }

    /// Before the bootstrap, which must not touch a newer database either.
    private func refuseFuture(_ migrations: [Migration]) throws {
        guard try !connection.query("SELECT to_regclass('crypto_gaf.migrations')").one().isNull(0) else { return }
        _ = try MigrationPlan.pending(migrations, after: applied())
    }

    private func load(_ files: [SQLFiles.File]) throws -> [Migration] {
        var migrations: [Migration] = []
        for file in files {
            let (number, name) = try MigrationPlan.parse(fileName: file.name)
            migrations.append(Migration(number: number, name: name, text: file.text, checksum: try checksum(file.text)))
        }
        return migrations
    }

    private func checksum(_ text: String) throws(PostgresError) -> String {
        try connection.query("SELECT encode(sha256(convert_to(\(text), 'UTF8')), 'hex')").one().text(0)
    }

    private func applied() throws(PostgresError) -> [AppliedMigration] {
        try connection.query("SELECT number, name, checksum FROM crypto_gaf.migrations ORDER BY number").map { row throws(PostgresError) in
            AppliedMigration(number: try row.int(0), name: try row.text(1), checksum: try row.text(2))
        }
    }

    private func apply(_ migration: Migration) throws {
        try apply("\(migration.name).sql") {
            try connection.run(script: migration.text)
            try connection.execute(
                """
                INSERT INTO crypto_gaf.migrations (number, name, checksum)
                VALUES (\(migration.number), \(migration.name), \(migration.checksum))
                """)
        }
        report(.applied(migration: migration.name))
    }

    private func replace(_ function: SQLFiles.File) throws {
        let name = String(function.name.dropLast(4))
        let checksum = try checksum(function.text)
        let current = try connection.query("SELECT checksum FROM crypto_gaf.functions WHERE name = \(name)").oneOrNil()
        guard try current?.text(0) != checksum else { return }
        try apply(function.name) {
            try connection.run(script: function.text)
            try connection.execute(
                """
                INSERT INTO crypto_gaf.functions (name, checksum) VALUES (\(name), \(checksum))
                ON CONFLICT (name) DO UPDATE SET checksum = excluded.checksum, applied_at = clock_timestamp()
                """)
        }
        report(.replaced(function: name))
    }

    /// One transaction, as the role that owns everything.
    private func apply(_ name: String, asOwner: Bool = true, _ body: () throws -> Void) throws {
        try checkStop()
        do {
            try connection.transaction {
                // A busy table is waited for, but not for ever: meanwhile everybody else waits behind us.
                try connection.run(script: "SET LOCAL lock_timeout = '30s'")
                if asOwner { try connection.run(script: "SET LOCAL ROLE cryptogaf_owner") }
                try body()
            }
        } catch {
            throw MigrationError("\(name) failed and was rolled back", cause: error)
        }
    }
}
