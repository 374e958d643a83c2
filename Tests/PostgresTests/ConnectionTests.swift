import Postgres
import Synchronization
import TestSupport
import Testing

@Suite struct ConnectionTests {
    private func connect() throws -> Connection { try TestPostgres.database(migrated: false).connect() }

    @Test("a value that looks like SQL is just a value")
    func injection() throws {
        let connection = try connect()
        let name = "'; DROP TABLE t; -- \" \\ {} $1 \u{1F4B0}"
        try connection.run(script: "CREATE TEMP TABLE t (name text)")
        #expect(try connection.execute("INSERT INTO t VALUES (\(name))") == 1)
        #expect(try connection.query("SELECT name FROM t WHERE name = \(name)").one().text(0) == name)
        let column = "a\"; DROP TABLE t; --"
        try connection.execute("ALTER TABLE t ADD COLUMN \(identifier: column) integer DEFAULT 5")
        #expect(try connection.query("SELECT \(identifier: column) FROM t").one().int(0) == 5)
    }

    @Test("text with a NUL is refused before it is sent, and the connection lives on")
    func nul() throws {
        let connection = try connect()
        let error = #expect(throws: PostgresError.self) { try connection.query("SELECT \("a\0b")::text") }
        #expect(error?.code == .value && error?.isRetryable == false)
        #expect(try connection.query("SELECT 1").one().int(0) == 1)
    }

    @Test("statements may be put together from parts, and their binds keep their order")
    func parts() throws {
        let condition: SQL = "x > \(1) AND x < \(4)"
        let rows = try connect().query("SELECT x + \(10) FROM generate_series(1, \(9)) x WHERE \(condition) ORDER BY x")
        #expect(try rows.map { try $0.int(0) } == [12, 13])
    }

    @Test("an error says what failed in one line, without the values that were bound")
    func errors() throws {
        let connection = try connect()
        try connection.run(script: "CREATE TEMP TABLE t (name text CONSTRAINT short CHECK (length(name) < 5))")
        let error = #expect(throws: PostgresError.self) { try connection.execute("INSERT INTO t\nVALUES (\("a secret"))") }
        #expect(error?.sqlState == "23514" && error?.constraint == "short" && error?.code == .server && error?.isRetryable == false)
        #expect(
            error?.description
                == "postgres 23514: new row for relation \"t\" violates check constraint \"short\" in: INSERT INTO t VALUES ($1)")
        #expect(error?.debugDescription.contains("a secret") == true)
    }

    @Test("the password is never printed")
    func password() throws {
        let options = ConnectionOptions(host: "/nowhere", user: "u", database: "d", password: "hush")
        var dumped = ""
        dump(options, to: &dumped)
        #expect(!"\(options) \(String(reflecting: options)) \(dumped)".contains("hush"))
        let error = #expect(throws: PostgresError.self) { try Connection(options) }
        #expect(error?.code == .connection && error?.isRetryable == true)
        #expect(String(reflecting: error).contains("hush") == false)
    }

    @Test("a transaction commits what it did, and rolls back with its error")
    func transactions() throws {
        struct Stop: Error {}
        let connection = try connect()
        try connection.run(script: "CREATE TEMP TABLE t (n integer)")
        try connection.transaction { try connection.execute("INSERT INTO t VALUES (1)") }
        #expect(throws: Stop.self) {
            try connection.transaction {
                try connection.execute("INSERT INTO t VALUES (2)")
                throw Stop()
            }
        }
        #expect(throws: PostgresError.self) { try connection.transaction { try connection.transaction {} } }
        #expect(!connection.isInTransaction)
        #expect(try connection.query("SELECT n FROM t").map { try $0.int(0) } == [1])
    }

    @Test("a transaction whose statement failed unnoticed does not pass for committed")
    func swallowed() throws {
        let connection = try connect()
        let error = #expect(throws: PostgresError.self) {
            try connection.transaction { _ = try? connection.execute("SELECT 1/0") }
        }
        #expect(error?.message.contains("was rolled back") == true)
        #expect(!connection.isInTransaction)
    }

    @Test("a prepared statement survives a change of its table, and being deallocated")
    func stalePlans() throws {
        let connection = try connect()
        try connection.run(script: "CREATE TEMP TABLE t (a integer); INSERT INTO t VALUES (1)")
        #expect(try connection.query("SELECT * FROM t").one().int(0) == 1)
        try connection.run(script: "ALTER TABLE t ADD COLUMN b text DEFAULT 'new'")
        #expect(try connection.query("SELECT * FROM t").one().text(1) == "new")
        try connection.run(script: "DEALLOCATE ALL")
        #expect(try connection.query("SELECT * FROM t").one().text(1) == "new")
    }

    @Test("no more statements stay prepared than the options say", arguments: [0, 3])
    func cache(limit: Int) throws {
        var options = try TestPostgres.database(migrated: false).options()
        options.statementCacheSize = limit
        let connection = try Connection(options)
        for round in 0..<3 {
            for n in 0..<10 { #expect(try connection.query("SELECT \(unescaped: "\(n)"), \(round)::int").one().int(0) == n) }
        }
        #expect(try connection.query("SELECT count(*) FROM pg_prepared_statements").one().int(0) == limit)
    }

    @Test("through a pooler nothing is left in the session for the next client: no statement, no setting that is nobody's else")
    func pooled() throws {
        var options = try TestPostgres.database(migrated: false).options()
        options.isPooled = true
        let connection = try Connection(options)
        for n in 0..<3 { #expect(try connection.query("SELECT \(n)::int").one().int(0) == n) }
        #expect(try connection.query("SELECT count(*) FROM pg_prepared_statements").one().int(0) == 0)
        let changed = "SELECT coalesce(string_agg(name, ',' ORDER BY name), '') FROM pg_settings WHERE source = 'session'"
        #expect(try connection.query(SQL(unescaped: changed)).one().text(0) == "DateStyle,TimeZone")
    }

    @Test("a session's name takes what anybody writes into it, bounded")
    func applicationName() throws {
        let connection = try connect()
        let current = "SELECT current_setting('application_name')" as SQL
        try connection.setApplicationName("cryptogaf serve 0123abc")
        #expect(try connection.query(current).one().text(0) == "cryptogaf serve 0123abc")
        try connection.setApplicationName("x'; DROP TABLE t; --\n\u{1b}[2Jé" + String(repeating: "y", count: 500))
        let name = try connection.query(current).one().text(0)
        #expect(name.hasPrefix("x DROP TABLE t --2Jyyy") && name.utf8.count == 63, "\(name)")
        try connection.reset()
        #expect(try connection.query(current).one().text(0) == connection.options.applicationName)
        try connection.setApplicationName("again")
        #expect(try connection.query(current).one().text(0) == "again")
    }

    @Test("notices go to whoever asked for them")
    func notices() throws {
        let seen = Mutex<[String]>([])
        let connection = try Connection(TestPostgres.database(migrated: false).options()) { notice in
            seen.withLock { $0.append("\(notice.severity): \(notice.message)") }
        }
        try connection.run(script: "DO $$ BEGIN RAISE NOTICE 'a word'; RAISE WARNING 'another'; END $$")
        #expect(seen.withLock { $0 } == ["NOTICE: a word", "WARNING: another"])
    }
}
