import FoundationEssentials
import Postgres
import TestSupport
import Testing

/// What goes to the server and comes back, in text and in binary format.
@Suite struct ValueTests {
    private func row(_ sql: SQL, binary: Bool) throws -> (Row, Connection) {
        let connection = try TestPostgres.database(migrated: false).connect()
        return (try connection.query(sql, binary: binary).one(), connection)
    }

    @Test("decimals come back digit for digit", arguments: [false, true])
    func decimals(binary: Bool) throws {
        let texts = [
            "0", "-0.00000001", "91234.5678901", "99999999999999999999999999999999999999", "0.1", "10000", "-10000.0001", "1e-30", "12e20",
            "0.00012345", "1000000000000", "123456789012345678901234567890.12345678",
        ]
        let values = texts.map { Decimal(string: $0)! }
        let connection = try TestPostgres.database(migrated: false).connect()
        let rows = try connection.query("SELECT unnest(\(values)::numeric[])", binary: binary)
        #expect(try rows.map { try $0.decimal(0) } == values)
    }

    @Test("what a Decimal cannot hold is refused, not rounded", arguments: [false, true])
    func decimalLimits(binary: Bool) throws {
        for text in ["'NaN'", "'Infinity'", "1234567890123456789012345678901234567890.5", "0.1234567890123456789012345678901234567891"] {
            let (row, _) = try row("SELECT \(unescaped: text)::numeric", binary: binary)
            let error = #expect(throws: PostgresError.self) { try row.decimal(0) }
            #expect(error?.code == .decode)
        }
    }

    @Test("doubles come back bit for bit, also those with many digits", arguments: [false, true])
    func doubles(binary: Bool) throws {
        var values = [0, -0.0, 1e-300, .pi, -91234.56, .leastNonzeroMagnitude, .greatestFiniteMagnitude, .infinity, 1e22, 1e23, 0.1]
        values.append(-.infinity)
        var random = SystemRandomNumberGenerator()
        for _ in 0..<500 { values.append(Double(bitPattern: random.next() & 0x7fdf_ffff_ffff_ffff)) }
        let connection = try TestPostgres.database(migrated: false).connect()
        let row = try connection.query("SELECT \(values)::float8[], 'NaN'::float8", binary: binary).one()
        #expect(try row.doubles(0).map { $0?.bitPattern } == values.map(\.bitPattern))
        #expect(try row.double(1).isNaN)
    }

    @Test("an array of numeric becomes the nearest doubles, as the server's own cast gives them", arguments: [false, true])
    func numericArrays(binary: Bool) throws {
        var texts = [
            "0", "91234.56", "-0.1", "0.30000000000000004", "9007199254740993", "123456789012345678901234567890.123", "1e-20", "1e22",
        ]
        for _ in 0..<500 { texts.append("\(Int.random(in: -99_999_999...99_999_999)).\(Int.random(in: 0...999_999_999_999))") }
        let connection = try TestPostgres.database(migrated: false).connect()
        let row = try connection.query("SELECT a, a::float8[] FROM (SELECT \(texts)::numeric[] AS a) x", binary: binary).one()
        #expect(try row.doubles(0) == row.doubles(1))
        #expect(try row.doubles(0)[4] == 9_007_199_254_740_992)
    }

    @Test("holes, NaN and emptiness in arrays stay what they are", arguments: [false, true])
    func holes(binary: Bool) throws {
        let (row, _) = try row(
            "SELECT '{1.5,NULL,NaN,2}'::numeric[], '{}'::numeric[], NULL::numeric[], '{{1},{2}}'::numeric[]", binary: binary)
        let values = try row.doubles(0)
        #expect(values[0] == 1.5 && values[1] == nil && values[2]?.isNaN == true && values[3] == 2 && values.count == 4)
        #expect(try row.doubles(1) == [])
        #expect(try row.doublesOrNil(2) == nil)
        #expect(throws: PostgresError.self) { try row.doubles(3) }
    }

    @Test("times come back to the microsecond, whatever the server's zone", arguments: [false, true])
    func dates(binary: Bool) throws {
        let seconds = [0, 1_790_000_000.123456, -1.5, -62_135_596_800, 253_402_300_799, 951_782_400.000001, 1e-6]
        let dates = seconds.map { Date(timeIntervalSince1970: $0) }
        let connection = try TestPostgres.database(migrated: false).connect()
        let rows = try connection.query("SELECT unnest(\(dates)::timestamptz[])", binary: binary)
        for (row, expected) in zip(rows, seconds) { #expect(abs(try row.date(0).timeIntervalSince1970 - expected) < 1e-6) }
        let summer = try connection.query("SELECT '2026-07-01 12:00:00+05:30'::timestamptz", binary: binary).one().date(0)
        #expect(summer == Date(timeIntervalSince1970: 1_782_887_400))
        #expect(throws: PostgresError.self) { try connection.query("SELECT 'infinity'::timestamptz", binary: binary).one().date(0) }
    }

    @Test("text, bytes, truth, integers and nothing come back", arguments: [false, true])
    func others(binary: Bool) throws {
        let bytes = (0...255).map { UInt8($0) }
        let (row, _) = try row(
            """
            SELECT \("ü \u{1F4B0} \\ '")::text, \(bytes), \(true)::boolean, \(Int64.min)::bigint, \(7)::integer, \(nil as String?)::text,
                \(["a\"b", "c\\d", "", "NULL"])::text[] = ARRAY['a"b', 'c\\d', '', 'NULL'], \(Duration.milliseconds(1500))::interval = '1.5 s'
            """, binary: binary)
        #expect(try row.text(0) == "ü \u{1F4B0} \\ '")
        #expect(try row.bytes(1) == bytes)
        #expect(try row.bool(2) && row.int64(3) == .min && row.int(4) == 7 && row.textOrNil(5) == nil)
        #expect(try row.bool(6) && row.bool(7))
        #expect(row.isNull(5) && row.cell(5) == nil)
        #expect(row.cell(0)?.text == "ü \u{1F4B0} \\ '")
    }

    @Test("a value of another type, a NULL and a column too many are named")
    func mismatches() throws {
        let (row, connection) = try row("SELECT 'x' AS letter, NULL AS nothing", binary: false)
        func message(_ body: () throws -> Void) -> String {
            do {
                try body()
                return ""
            } catch { return "\(error)" }
        }
        #expect(message { _ = try row.int(0) } == "postgres: column 0 (letter) of row 0 is not an integer")
        #expect(message { _ = try row.text(1) } == "postgres: column 1 (nothing) of row 0 is NULL")
        #expect(message { _ = try row.text(2) } == "postgres: column 2 of a result that has 2")
        #expect(message { _ = try connection.query("SELECT 1 WHERE false").one() } == "postgres: expected one row, got 0")
        #expect(message { _ = try connection.query("SELECT 1 UNION SELECT 2").oneOrNil() } == "postgres: expected at most one row, got 2")
    }

    @Test("a cell outlives the rows and the connection")
    func lifetime() throws {
        var cell: Cell?
        do {
            let (row, _) = try row("SELECT repeat('x', 1000000)", binary: true)
            cell = row.cell(0)
        }
        #expect(cell?.withBytes { $0.count } == 1_000_000)
        #expect(cell?.withBytes { $0.allSatisfy { $0 == UInt8(ascii: "x") } } == true)
    }
}
