import FoundationEssentials
import Market
import Postgres

extension FactLoad {
    /// Deletes what is there as these objects' rows and what they do not have. An older version that such a row had replaced comes back
    /// when its object is loaded once more. Tickers cannot stray: they stand at the time at which their answer came.
    func removeStrays(
        of batch: SettledBatch, _ table: FactTable, _ exchange: String, _ changes: inout FactChanges
    ) throws(PostgresError) {
        guard let own = own(table.origin, of: batch, table, exchange) else { return }
        for row in try lookUp(table.deleteUnstaged(own)) { changes.remove(of: try row.int64(0), at: try row.date(1)) }
    }

    /// Whether the staged rows are there value for value, and no others of these objects. Where nothing is amiss, as nearly everywhere,
    /// this costs less than to look for what is.
    func isIntact(_ batch: SettledBatch, _ table: FactTable, _ exchange: String) throws(PostgresError) -> Bool {
        guard let own = own(table.columns, of: batch, table, exchange) else { return false }
        // Both sides are as long as the batch, whatever the planner believes.
        try connection.run(script: "SET LOCAL enable_hashjoin = on; SET LOCAL enable_nestloop = off")
        let found = try lookUp(table.countEqual(own)).one()
        try connection.run(script: "SET LOCAL enable_hashjoin = off; SET LOCAL enable_nestloop = on")
        let (there, equal) = (try found.int(0), try found.int(1))
        return there == batch.rows.count && equal == there
    }

    /// Steps before an object's first candle and after its last in which a row that is taken for its own may stand.
    private static let margin: Int64 = 10

    /// What tells objects and where their candles may stand, as `s`.
    private func staged(_ shares: [Int64: SettledBatch.Share]) -> SQL {
        let shares = shares.sorted { $0.key < $1.key }
        let margins = shares.map { (KlineInterval(rawValue: $0.value.subject.interval)?.milliseconds ?? 0) * Self.margin }
        let first = zip(shares, margins).map { Date(milliseconds: $0.value.first - $1) }
        let last = zip(shares, margins).map { Date(milliseconds: $0.value.last + $1) }
        return """
            unnest(\(shares.map(\.value.subject.symbol))::text[], \(shares.map(\.value.subject.interval))::text[], \(first)::timestamptz[],
                \(last)::timestamptz[], \(shares.map(\.key))::bigint[]) AS s (symbol, interval_code, first, last, object_hash)
            """
    }

    /// Columns of what is there as these objects' rows.
    private func own(_ columns: [String], of batch: SettledBatch, _ table: FactTable, _ exchange: String) -> SQL? {
        let (source, sameSubject): (SQL, SQL)
        switch table {
        case .klines:
            // One without candles, as where the venue had none, tells of no place where they may stand.
            source = staged(batch.shares.filter { $0.value.hasRows })
            sameSubject = "f.interval_code = s.interval_code AND f.open_time BETWEEN s.first AND s.last"
        case .orderbook:
            source = staged(batch.books)
            sameSubject = "f.captured_at = s.captured_at"
        case .tickers: return nil
        }
        return """
            SELECT own.* FROM \(source) CROSS JOIN LATERAL (
                SELECT \(unescaped: columns.joined(separator: ", ")) FROM \(unescaped: table.name) f
                WHERE f.exchange = \(exchange) AND f.symbol = s.symbol AND \(sameSubject)
                    AND f.object_hash = s.object_hash OFFSET 0) AS own
            """
    }
}
