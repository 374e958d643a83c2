import FoundationEssentials
import Postgres

extension FactLoad {
    /// Deletes what is there as these objects' rows and what they do not have. An older version that such a row had replaced comes back
    /// when its object is loaded again, or from the venue by `fill-gaps`. Tickers cannot stray: they stand at the time at which their
    /// answer came.
    func removeStrays(
        of batch: SettledBatch, _ table: FactTable, _ exchange: String, _ changes: inout FactChanges
    ) throws(PostgresError) {
        guard let own = own(table.key, of: batch, table, exchange) else { return }
        for row in try lookUp(table.deleteUnstaged(own)) { changes.remove(of: try row.int64(0), at: try row.date(1)) }
    }

    /// Whether the staged rows are there value for value. Where nothing is amiss, as nearly everywhere, this costs less than to look for
    /// what is.
    func isIntact(_ batch: SettledBatch, _ table: FactTable, _ exchange: String) throws(PostgresError) -> Bool {
        guard let own = own(table.columns, of: batch, table, exchange) else { return false }
        // Both sides are as long as the batch, whatever the planner believes.
        try connection.run(script: "SET LOCAL enable_hashjoin = on; SET LOCAL enable_nestloop = off")
        let equal = try lookUp(table.countEqual(own)).one().int(0)
        try connection.run(script: "SET LOCAL enable_hashjoin = off; SET LOCAL enable_nestloop = on")
        return equal == batch.rows.count
    }

    /// Columns of what is there as these objects' rows, between the first and the last that they have now.
    private func own(_ columns: [String], of batch: SettledBatch, _ table: FactTable, _ exchange: String) -> SQL? {
        let (source, sameSubject): (SQL, SQL)
        switch table {
        case .klines:
            source = staged(batch.runs)
            sameSubject = "f.interval_code = s.interval_code AND f.open_time BETWEEN s.first AND s.last AND f.object_hash = s.hash"
        case .orderbook:
            source = staged(batch.books)
            sameSubject = "f.captured_at = s.captured_at AND f.object_hash = s.object_hash"
        case .tickers: return nil
        }
        return """
            SELECT own.* FROM \(source) CROSS JOIN LATERAL (
                SELECT \(unescaped: columns.joined(separator: ", ")) FROM \(unescaped: table.name) f
                WHERE f.exchange = \(exchange) AND f.symbol = s.symbol AND \(sameSubject) OFFSET 0) AS own
            """
    }
}
