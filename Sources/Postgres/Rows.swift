/// The rows of a result, in the server's order. They lend from memory that lives as long as any of them, or any `Cell`, does.
public struct Rows: RandomAccessCollection, Sendable {
    let result: QueryResult

    public var startIndex: Int { 0 }
    public var endIndex: Int { result.rowCount }
    public subscript(position: Int) -> Row { Row(result: result, index: position) }

    /// The value's bytes without copying them; nil for NULL.
    public func cell(_ row: Int, _ column: Int) -> Cell? { self[row].cell(column) }

    /// The only row; throws if there is none or a second.
    public func one() throws(PostgresError) -> Row {
        guard count == 1 else { throw PostgresError(.decode, "expected one row, got \(count)") }
        return self[0]
    }

    /// The only row, or nil; throws if there is a second.
    public func oneOrNil() throws(PostgresError) -> Row? {
        guard count <= 1 else { throw PostgresError(.decode, "expected at most one row, got \(count)") }
        return first
    }
}

/// One row; columns count from 0. Reading a NULL through a form without `OrNil` throws.
public struct Row: Sendable {
    let result: QueryResult
    let index: Int

    public func cell(_ column: Int) -> Cell? {
        precondition(column < result.columnCount, "the result has \(result.columnCount) columns")
        return result.bytes(index, column).map { Cell(result: result, start: $0.baseAddress, count: $0.count) }
    }

    public func isNull(_ column: Int) -> Bool { result.bytes(index, column) == nil }
}

/// A value's bytes inside libpq's memory, which it keeps alive. `text` reads the same in text and in binary format.
///
/// `@unchecked Sendable`: the bytes never change, and the result that owns them is held.
public struct Cell: @unchecked Sendable {
    private let result: QueryResult
    private let start: UnsafeRawPointer?
    public let count: Int

    fileprivate init(result: QueryResult, start: UnsafeRawPointer?, count: Int) {
        self.result = result
        self.start = start
        self.count = count
    }

    /// The buffer is valid only inside the call.
    public func withBytes<R, E: Error>(_ body: (UnsafeRawBufferPointer) throws(E) -> R) throws(E) -> R {
        defer { withExtendedLifetime(result) {} }
        return try body(UnsafeRawBufferPointer(start: start, count: count))
    }

    public var text: String { withBytes { String(decoding: $0, as: UTF8.self) } }
}
