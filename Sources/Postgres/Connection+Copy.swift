extension Connection {
    /// `COPY table (columns) FROM STDIN`; answers how many rows it took. All or nothing: an error, also one that `rows`
    /// throws, leaves none behind. A dot in `table` parts schema and name.
    @discardableResult
    public func copy(into table: String, columns: [String], rows: some Sequence<[any SQLValue]>) throws(PostgresError) -> Int {
        try copy(into: table, columns, format: "text") { text throws(PostgresError) in
            var buffer: [UInt8] = []
            for row in rows {
                try CopyText.append(row, to: &buffer, query: text)
                guard buffer.count >= 64 << 10 else { continue }
                try send(buffer, text)
                buffer.removeAll(keepingCapacity: true)
            }
            if !buffer.isEmpty { try send(buffer, text) }
        }
    }

    /// The same of rows that are in Postgres' own format already, each value of exactly its column's type: the fastest way in.
    @discardableResult
    public func copy(into table: String, columns: [String], rows: BinaryRows) throws(PostgresError) -> Int {
        guard rows.columns == columns.count else {
            throw PostgresError(.usage, "rows of \(rows.columns) values for \(columns.count) columns")
        }
        return try copy(into: table, columns, format: "binary") { text throws(PostgresError) in
            try send(BinaryRows.header, text)
            try rows.forEachChunk { chunk throws(PostgresError) in try session.copy(chunk, text, deadline: deadline) }
            try send(BinaryRows.trailer, text)
        }
    }

    private func copy(
        into table: String, _ columns: [String], format: String, _ send: (_ text: String) throws(PostgresError) -> Void
    ) throws(PostgresError) -> Int {
        let name = table.split(separator: ".").map { String($0).quotedIdentifier }.joined(separator: ".")
        let text = "COPY \(name) (\(columns.map(\.quotedIdentifier).joined(separator: ", "))) FROM STDIN (FORMAT \(format))"
        guard try session.run(script: text, deadline: deadline).isCopyIn else { throw PostgresError(.usage, "no COPY began", query: text) }
        var failure: PostgresError?
        do { try send(text) } catch { failure = error }
        if let failure, isBroken { throw failure }
        do {
            let result = try session.endCopy(text, abort: failure?.message, deadline: deadline)
            return result.affectedRows
        } catch {
            throw failure ?? error
        }
    }

    private func send(_ bytes: [UInt8], _ text: String) throws(PostgresError) {
        try bytes.withUnsafeBufferPointer { bytes throws(PostgresError) in
            try session.copy(UnsafeRawBufferPointer(bytes), text, deadline: deadline)
        }
    }
}
