extension Connection {
    /// `COPY table (columns) FROM STDIN`; answers how many rows it took. All or nothing: an error leaves none behind. Each value is of
    /// exactly its column's type. A dot in `table` parts schema and name.
    @discardableResult
    public func copy(into table: String, columns: [String], rows: BinaryRows) throws(PostgresError) -> Int {
        guard rows.columns == columns.count else {
            throw PostgresError(.usage, "rows of \(rows.columns) values for \(columns.count) columns")
        }
        let name = table.split(separator: ".").map { String($0).quotedIdentifier }.joined(separator: ".")
        let text = "COPY \(name) (\(columns.map(\.quotedIdentifier).joined(separator: ", "))) FROM STDIN (FORMAT binary)"
        guard try session.run(script: text, deadline: deadline).isCopyIn else { throw PostgresError(.usage, "no COPY began", query: text) }
        var failure: PostgresError?
        do { try send(rows, text) } catch { failure = error }
        if let failure, isBroken { throw failure }
        do {
            let result = try session.endCopy(text, abort: failure?.message, deadline: deadline)
            return result.affectedRows
        } catch {
            throw failure ?? error
        }
    }

    private func send(_ rows: BinaryRows, _ text: String) throws(PostgresError) {
        try send(BinaryRows.header, text)
        try rows.forEachChunk { chunk throws(PostgresError) in try session.copy(chunk, text, deadline: deadline) }
        try send(BinaryRows.trailer, text)
    }

    private func send(_ bytes: [UInt8], _ text: String) throws(PostgresError) {
        try bytes.withUnsafeBufferPointer { bytes throws(PostgresError) in
            try session.copy(UnsafeRawBufferPointer(bytes), text, deadline: deadline)
        }
    }
}
