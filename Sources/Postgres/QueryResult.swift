import CPostgres

/// The one owner of a `PGresult`.
///
/// `@unchecked Sendable`: libpq never changes a result once it has handed it over, and the last owner frees it.
final class QueryResult: @unchecked Sendable {
    private let handle: OpaquePointer

    init(_ handle: OpaquePointer) { self.handle = handle }
    deinit { PQclear(handle) }

    var rowCount: Int { Int(PQntuples(handle)) }
    var columnCount: Int { Int(PQnfields(handle)) }
    var isCopyIn: Bool { PQresultStatus(handle) == PGRES_COPY_IN }
    var hasRows: Bool { PQresultStatus(handle) == PGRES_TUPLES_OK }
    /// Such as `UPDATE 3`.
    var commandTag: String { PQcmdStatus(handle).map { String(cString: $0) } ?? "" }
    var affectedRows: Int { PQcmdTuples(handle).flatMap { Int(String(cString: $0)) } ?? 0 }

    func columnName(_ column: Int) -> String { PQfname(handle, Int32(column)).map { String(cString: $0) } ?? "?" }
    func columnType(_ column: Int) -> UInt32 { PQftype(handle, Int32(column)) }
    func isBinary(_ column: Int) -> Bool { PQfformat(handle, Int32(column)) == 1 }

    /// Nil for NULL. The bytes live as long as this object; in text format a NUL follows them.
    func bytes(_ row: Int, _ column: Int) -> UnsafeRawBufferPointer? {
        let (row, column) = (Int32(row), Int32(column))
        guard PQgetisnull(handle, row, column) == 0, let value = PQgetvalue(handle, row, column) else { return nil }
        return UnsafeRawBufferPointer(start: value, count: Int(PQgetlength(handle, row, column)))
    }

    /// Nil if the statement succeeded.
    func error(query: String) -> PostgresError? {
        let status = PQresultStatus(handle)
        guard status == PGRES_FATAL_ERROR || status == PGRES_BAD_RESPONSE || status == PGRES_NONFATAL_ERROR else { return nil }
        let sqlState = text(cpostgres_sqlstate(handle))
        let message = text(cpostgres_message(handle)) ?? text(PQresultErrorMessage(handle)) ?? "unknown failure"
        return PostgresError(
            code(sqlState), message, sqlState: sqlState, detail: text(cpostgres_detail(handle)),
            hint: text(cpostgres_hint(handle)), constraint: text(cpostgres_constraint(handle)), query: query)
    }

    /// An error after which the server ends the connection.
    var isFatal: Bool {
        let severity = text(cpostgres_severity(handle))
        return severity == "FATAL" || severity == "PANIC"
    }

    /// Without an SQLSTATE it is libpq that speaks.
    private func code(_ sqlState: String?) -> PostgresError.Code {
        sqlState == "57014" ? .timeout : sqlState == nil ? .connection : .server
    }

    private func text(_ pointer: UnsafePointer<CChar>?) -> String? { pointer.map { String(cString: $0) } }
}

/// What the server says beside its answers: `RAISE NOTICE`, "relation exists, skipping".
public struct Notice: Sendable {
    /// `NOTICE`, `WARNING`, `INFO` …
    public let severity: String
    public let message: String

    init(_ result: OpaquePointer) {
        severity = cpostgres_severity(result).map { String(cString: $0) } ?? "NOTICE"
        message = cpostgres_message(result).map { String(cString: $0) } ?? ""
    }
}
