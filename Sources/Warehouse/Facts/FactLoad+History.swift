import FoundationEssentials
import Market
import Postgres

// Whole pages of candles, which mostly are there not at all or all of them.
extension FactLoad {
    /// What is there between the first and the last row of each run.
    enum Standing {
        case vacant
        /// The very rows: they were loaded from the same objects.
        case known
        case mixed
    }

    func standing(of batch: SettledBatch, _ table: FactTable, _ exchange: String) throws(PostgresError) -> Standing {
        // Books and tickers come singly; only where whole pages of history come is it worth to ask.
        guard table == .klines, batch.rows.count >= Self.page * batch.runs.count else { return .mixed }
        // Whose candles a row is of, how many and, by the sum of their times, which. Who repairs compares them all later, and wants to know
        // only whether there is any.
        let found = try lookUp(
            """
            SELECT bool_and(f.rows = 0), bool_and(f.own = s.rows AND f.seconds = s.seconds)
            FROM \(staged(batch.runs))
            CROSS JOIN LATERAL (
                SELECT count(*) AS rows, count(*) FILTER (WHERE object_hash = s.hash) AS own,
                    sum(date_part('epoch', open_time)) FILTER (WHERE object_hash = s.hash) AS seconds
                FROM (
                    SELECT open_time, object_hash FROM crypto_gaf.fact_klines f WHERE f.exchange = \(exchange) AND f.symbol = s.symbol
                    AND f.interval_code = s.interval_code AND f.open_time BETWEEN s.first AND s.last
                    LIMIT CASE WHEN \(repairs) THEN 1 ELSE s.rows + 1 END) AS f) AS f
            """
        ).one()
        return try found.bool(0) ? .vacant : try found.bool(1) ? .known : .mixed
    }

    /// Rows of a run, on average.
    private static let page = 50

    /// What tells runs, as `s`.
    func staged(_ runs: [SettledBatch.Run]) -> SQL {
        let (first, last) = (runs.map { Date(milliseconds: $0.first) }, runs.map { Date(milliseconds: $0.last) })
        return """
            unnest(\(runs.map(\.series.symbol))::text[], \(runs.map(\.series.interval))::text[], \(first)::timestamptz[],
                \(last)::timestamptz[], \(runs.map(\.hash))::bigint[], \(runs.map { Int64($0.count) })::bigint[],
                \(runs.map(\.seconds))::bigint[]) AS s (symbol, interval_code, first, last, hash, rows, seconds)
            """
    }

    /// A query of facts by their keys, also in a month that was empty when it was last analyzed. Not for longer than this: a staging table
    /// can only be scanned, and beside the price of what is forbidden all plans of a join look the same.
    func lookUp(_ query: SQL) throws(PostgresError) -> Rows {
        try connection.run(script: "SET LOCAL enable_seqscan = off")
        let found = try connection.query(query, binary: true)
        try connection.run(script: "SET LOCAL enable_seqscan = on")
        return found
    }

    /// Straight into the table, which costs half of staging and inserting, where that has nothing yet between the first and the last row
    /// of each run. Nil: it has by now.
    func append(_ batch: SettledBatch, _ table: FactTable) throws(PostgresError) -> FactChanges? {
        try connection.run(script: "SAVEPOINT append")
        do {
            try connection.copy(into: table.name, columns: table.columns, rows: batch.rows)
        } catch {
            // Somebody else was quicker with some of it.
            guard error.sqlState == "23505" else { throw error }
            // Released as well, or what follows would be told apart from its transaction.
            try connection.run(script: "ROLLBACK TO SAVEPOINT append; RELEASE SAVEPOINT append")
            return nil
        }
        try connection.run(script: "RELEASE SAVEPOINT append")
        var changes = FactChanges()
        changes.insertAll(of: batch)
        return changes
    }
}
