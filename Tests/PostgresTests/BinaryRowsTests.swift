import FoundationEssentials
import Postgres
import TestSupport
import Testing

/// Rows that go in by COPY's binary format.
@Suite struct BinaryRowsTests {
    private static let columns = ["id", "name", "at", "amount", "level"]

    private func table() throws -> Connection {
        let connection = try TestPostgres.database(migrated: false).connect()
        try connection.run(script: "CREATE TABLE t (id bigint PRIMARY KEY, name text, at timestamptz, amount numeric, level integer)")
        return connection
    }

    @Test("every kind of value arrives as it was, NULL too")
    func values() throws {
        let connection = try table()
        var rows = BinaryRows(columns: 5)
        rows.beginRow()
        rows.append(Int64.max)
        rows.append(text: "Zürich\t\\")
        rows.append(milliseconds: 1_790_000_000_123)
        rows.append(significand: -12_345, scale: 2)
        rows.append(Int32(-7))
        // What was written stays where it is.
        rows.reserveCapacity(1 << 20)
        rows.beginRow()
        rows.append(Int64(1))
        for _ in 0..<4 { rows.appendNull() }
        #expect(try connection.copy(into: "public.t", columns: Self.columns, rows: rows) == 2)
        let row = try connection.query("SELECT name, at, amount::text, level FROM t WHERE id > 1").one()
        #expect(try row.text(0) == "Zürich\t\\")
        #expect(try row.date(1) == Date(timeIntervalSince1970: 1_790_000_000.123))
        #expect(try (row.text(2), row.int(3)) == ("-123.45", -7))
        #expect(try connection.query("SELECT num_nulls(name, at, amount, level) FROM t WHERE id = 1").one().int(0) == 4)
    }

    @Test("numbers of every length and scale are the server's own reading of their text")
    func numerics() throws {
        let connection = try table()
        var rows = BinaryRows(columns: 1)
        var texts: [String] = []
        var random = SystemRandomNumberGenerator()
        for digits in 0...38 {
            for scale in 0...40 {
                let magnitude =
                    digits == 0 ? "0" : String((0..<digits).map { "\($0 == 0 ? Int.random(in: 1...9) : Int.random(in: 0...9))".first! })
                let number = Int128(magnitude)! * (Bool.random(using: &random) ? 1 : -1)
                rows.beginRow()
                rows.append(significand: number, scale: scale)
                texts.append("\(number)e-\(scale)")
            }
        }
        try connection.run(script: "CREATE TABLE n (place bigint GENERATED ALWAYS AS IDENTITY, number numeric)")
        #expect(try connection.copy(into: "n", columns: ["number"], rows: rows) == texts.count)
        let wrong = try connection.query(
            "SELECT number::text, text FROM n JOIN unnest(\(texts)::text[]) WITH ORDINALITY AS t (text, place) USING (place) WHERE number <> text::numeric"
        )
        #expect(try wrong.map { "\(try $0.text(0)) for \(try $0.text(1))" } == [])
        #expect(try connection.query("SELECT number::text FROM n WHERE place = 4").one().text(0) == "0.000")
    }

    @Test("many rows go in piece by piece, and a refused one leaves none behind")
    func many() throws {
        let connection = try table()
        var rows = BinaryRows(columns: 2, reserving: 0)
        for id in 0..<50_000 {
            rows.beginRow()
            rows.append(Int64(id))
            rows.append(text: String(repeating: "x", count: id % 100))
        }
        #expect(try connection.copy(into: "t", columns: ["id", "name"], rows: rows) == 50_000)
        let error = #expect(throws: PostgresError.self) { try connection.copy(into: "t", columns: ["id", "name"], rows: rows) }
        #expect(error?.sqlState == "23505")
        var unstorable = BinaryRows(columns: 2)
        for (id, text) in [(50_000, "good"), (50_001, "a\0")] {
            unstorable.beginRow()
            unstorable.append(Int64(id))
            unstorable.append(text: text)
        }
        let refused = #expect(throws: PostgresError.self) { try connection.copy(into: "t", columns: ["id", "name"], rows: unstorable) }
        #expect(refused?.sqlState == "22021")
        #expect(try connection.query("SELECT count(*) FROM t").one().int(0) == 50_000)
        rows.removeAll()
        #expect(try connection.copy(into: "t", columns: ["id", "name"], rows: rows) == 0)
        #expect(throws: PostgresError.self) { try connection.copy(into: "t", columns: ["id"], rows: rows) }
    }

    @Test("rows can be brought into another order without being made again")
    func reordered() throws {
        let connection = try table()
        var rows = BinaryRows(columns: 2)
        var spans: [BinaryRows.Span] = []
        for id in 0..<10 {
            rows.beginRow()
            rows.append(Int64(id))
            rows.append(text: "row \(id)")
            spans.append(rows.lastRow)
        }
        let chosen = rows.taking([spans[7], spans[2], spans[5]])
        #expect(try connection.copy(into: "t", columns: ["id", "name"], rows: chosen) == 3)
        #expect(try connection.query("SELECT name FROM t").map { try $0.text(0) } == ["row 7", "row 2", "row 5"])
    }
}
