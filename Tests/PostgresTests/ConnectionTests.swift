import Postgres
import TestSupport
import Testing

@Suite struct ConnectionTests {
    @Test("a value that looks like SQL is just a value")
    func injection() throws {
        let connection = try TestPostgres.database(migrated: false).connect()
        let name = "'; DROP TABLE t; -- \" \\ {} $1 \u{1F4B0}"
        try connection.run(script: "CREATE TEMP TABLE t (name text)")
        #expect(try connection.execute("INSERT INTO t VALUES (\(name))") == 1)
        #expect(try connection.query("SELECT name FROM t WHERE name = \(name)").one().text(0) == name)
    }

    @Test("text with a NUL is refused before it is sent, and the connection lives on")
    func nul() throws {
        let connection = try TestPostgres.database(migrated: false).connect()
        let error = #expect(throws: PostgresError.self) { try connection.query("SELECT \("a\0b")::text") }
        #expect(error?.code == .value)
        #expect(try connection.query("SELECT 1").one().int(0) == 1)
    }
}
