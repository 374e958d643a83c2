import Foundation
import Postgres
import Synchronization
import TestSupport
import Testing
import Warehouse

@Suite struct MigratorTests {
    private func migrate(_ database: TestDatabase, directory: String = Repository.sql) throws -> [Migrator.Event] {
        var events: [Migrator.Event] = []
        try Migrator(database.connect(), directory: directory) { events.append($0) }.run()
        return events
    }

    /// A copy of sql/ to change; removed after `body`.
    private func withCopy(_ body: (String) throws -> Void) throws {
        let directory = try Free.directory()
        defer { try? FileManager.default.removeItem(atPath: directory) }
        try FileManager.default.copyItem(atPath: Repository.sql, toPath: "\(directory)/sql")
        try body("\(directory)/sql")
    }

    private func message(_ body: () throws -> Void) -> String {
        do {
            try body()
            return "no error"
        } catch { return "\(error)" }
    }

    @Test("an empty database gets every migration and function once, and then nothing")
    func twice() throws {
        let database = try TestPostgres.database(migrated: false)
        let first = try migrate(database)
        #expect(
            first == [
                .applied(migration: "0001_gafs_and_samples"), .applied(migration: "0002_feeds_and_draws"),
                .applied(migration: "0003_warehouse"), .applied(migration: "0004_accounts_and_indexes"), .replaced(function: "stamp_image"),
            ])
        #expect(try migrate(database) == [])
        try Schema.verify(database.connect())
    }

    @Test("the program's schema version is that of the newest file")
    func version() throws {
        let files = try FileManager.default.contentsOfDirectory(atPath: "\(Repository.sql)/migrations").sorted()
        #expect(Int(files.last?.prefix(4) ?? "") == Schema.version)
    }

    @Test("of several migrators at once each migration is applied by one")
    func concurrently() throws {
        let database = try TestPostgres.database(migrated: false)
        let events = Mutex<[Migrator.Event]>([])
        let errors = Mutex<[String]>([])
        DispatchQueue.concurrentPerform(iterations: 4) { _ in
            do {
                let mine = try migrate(database)
                events.withLock { $0 += mine }
            } catch { errors.withLock { $0.append("\(error)") } }
        }
        #expect(errors.withLock { $0 } == [])
        let applied = events.withLock { events in events.filter { $0 != .waiting } }
        #expect(applied.count == 5, "\(applied)")
    }

    @Test("a migrator that waits for another can be stopped, and gives up after its patience")
    func waiting() throws {
        let database = try TestPostgres.database(migrated: false)
        let other = try database.connect()
        #expect(try AdvisoryLock(.migrate, "crypto_gaf").tryAcquire(on: other))
        var events: [Migrator.Event] = []
        let connection = try database.connect()
        let migrator = Migrator(connection, directory: Repository.sql, patience: .milliseconds(250)) { events.append($0) }
        #expect(message(migrator.run).hasPrefix("another migration has been running for 0.25 seconds"))
        #expect(events == [.waiting])
        let stopped = Migrator(connection, directory: Repository.sql, isStopped: { true })
        #expect(message(stopped.run) == "stopped before everything was applied: run it again")
        try AdvisoryLock(.migrate, "crypto_gaf").release(on: other)
        #expect(try migrate(database).count == 5)
    }

    @Test("a migration that was applied with another text is named")
    func changed() throws {
        let database = try TestPostgres.database(migrated: false)
        try withCopy { sql in
            _ = try migrate(database, directory: sql)
            let path = "\(sql)/migrations/0001_gafs_and_samples.sql"
            try (String(contentsOfFile: path, encoding: .utf8) + "\n-- later").write(toFile: path, atomically: true, encoding: .utf8)
            #expect(
                message { _ = try migrate(database, directory: sql) }
                    == "0001_gafs_and_samples.sql was applied to this database with another text: put that back, and add a new file")
        }
    }

    @Test("a migration that was applied and whose file is gone is named")
    func missing() throws {
        let database = try TestPostgres.database(migrated: false)
        try withCopy { sql in
            _ = try migrate(database, directory: sql)
            try FileManager.default.removeItem(atPath: "\(sql)/migrations/0001_gafs_and_samples.sql")
            #expect(
                message { _ = try migrate(database, directory: sql) }.hasPrefix("0002_feeds_and_draws.sql stands where number 1 should"))
        }
    }

    @Test("a database from a newer program is left alone, by migrate and by everything else")
    func future() throws {
        let database = try TestPostgres.database()
        let connection = try database.connect()
        try connection.execute("INSERT INTO crypto_gaf.migrations (number, name, checksum) VALUES (99, '0099_lake', 'x')")
        #expect(
            message { _ = try migrate(database) }
                == "the database has had 0099_lake, these files end with number \(Schema.version): use the newer cryptogaf")
        #expect(throws: SchemaError(found: 99)) { try Schema.verify(connection) }
        #expect(message { try Schema.verify(connection) }.contains("use the newer cryptogaf"))
    }

    @Test("a database without a schema, or with an older one, is told apart")
    func older() throws {
        let database = try TestPostgres.database(migrated: false)
        let connection = try database.connect()
        #expect(throws: SchemaError(found: 0)) { try Schema.verify(connection) }
        _ = try migrate(database)
        try connection.execute("DELETE FROM crypto_gaf.migrations WHERE number = \(Schema.version)")
        #expect(
            message { try Schema.verify(connection) }
                == "the database has schema \(Schema.version - 1), this program needs \(Schema.version): run cryptogaf migrate")
    }

    @Test("a migration that fails leaves nothing of itself, and keeps what came before")
    func failing() throws {
        let database = try TestPostgres.database(migrated: false)
        try withCopy { sql in
            let name = "000\(Schema.version + 1)_broken.sql"
            let path = "\(sql)/migrations/\(name)"
            try "CREATE TABLE crypto_gaf.half (a int); SELECT 1/0;".write(toFile: path, atomically: true, encoding: .utf8)
            let text = message { _ = try migrate(database, directory: sql) }
            #expect(text.hasPrefix("\(name) failed and was rolled back: postgres 22012: division by zero"), "\(text)")
            let row = try database.connect().query("SELECT max(number), to_regclass('crypto_gaf.half') FROM crypto_gaf.migrations").one()
            #expect(try row.int(0) == Schema.version && row.isNull(1))
            try "CREATE TABLE crypto_gaf.half (a int);".write(toFile: path, atomically: true, encoding: .utf8)
            #expect(
                try migrate(database, directory: sql) == [
                    .applied(migration: String(name.dropLast(4))), .replaced(function: "stamp_image"),
                ])
        }
    }

    @Test("a function whose text changed is replaced, and only that")
    func function() throws {
        let database = try TestPostgres.database(migrated: false)
        try withCopy { sql in
            _ = try migrate(database, directory: sql)
            let path = "\(sql)/functions/stamp_image.sql"
            try (String(contentsOfFile: path, encoding: .utf8) + "\n-- later").write(toFile: path, atomically: true, encoding: .utf8)
            #expect(try migrate(database, directory: sql) == [.replaced(function: "stamp_image")])
        }
    }

    @Test("a user who may not create roles is told which are missing, and what to run")
    func roles() throws {
        let cluster = try PostgresCluster()
        let admin = try Connection(cluster.options())
        try admin.run(script: "CREATE ROLE plain LOGIN; GRANT CREATE ON DATABASE postgres TO plain")
        let text = message { try Migrator(Connection(cluster.options(user: "plain")), directory: Repository.sql).run() }
        #expect(text.contains("the roles cryptogaf_owner, cryptogaf_worker, cryptogaf_api do not exist, and plain may not create roles"))
        #expect(text.contains("CREATE ROLE cryptogaf_owner NOLOGIN; CREATE ROLE cryptogaf_worker NOLOGIN"))
        try admin.run(script: "CREATE ROLE cryptogaf_owner; CREATE ROLE cryptogaf_worker; CREATE ROLE cryptogaf_api")
        #expect(
            message { try Migrator(Connection(cluster.options(user: "plain")), directory: Repository.sql).run() }
                .contains("GRANT cryptogaf_owner TO plain"))
        try admin.run(script: "GRANT cryptogaf_owner TO plain")
        try Migrator(Connection(cluster.options(user: "plain")), directory: Repository.sql).run()
        try Schema.verify(Connection(cluster.options(user: "plain")))
    }
}
