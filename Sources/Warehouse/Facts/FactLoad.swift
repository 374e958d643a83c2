import FoundationEssentials
import Market
public import Postgres

/// Loads batches of facts over one connection: COPY into a staging table, then what is new is inserted, then what is newer replaces
/// what is there. History of which nothing is there yet is copied straight into its table. The tables end up the same in whatever
/// order batches come, and however often.
public final class FactLoad {
    let connection: Connection
    /// Whether what an object brought before is compared with what it brings now, row by row: another version of the program may have read
    /// it in another way, or somebody changed the table.
    let repairs: Bool
    private var knownMonths: [FactTable: Set<Month>] = [:]

    /// For a connection that does nothing else of weight: its planner is told to look rows up by their keys, whatever it believes of the
    /// staging tables. Throws `usage` for a pooled connection, which would hand that on to others.
    ///
    /// - Parameter repairs: what is there from the same object and differs is replaced, or removed where the object has no such row. Else
    ///   it counts as known by the object's hash.
    public init(_ connection: Connection, repairs: Bool = false) throws(PostgresError) {
        guard !connection.options.isPooled else {
            throw PostgresError(.usage, "settings of the session through a pooler, whose next client would find them")
        }
        self.connection = connection
        self.repairs = repairs
        // Staging tables that are there already are no news.
        try connection.run(
            script: """
                SET temp_buffers = '16MB'; SET enable_hashjoin = off; SET enable_mergejoin = off; SET client_min_messages = warning
                """)
        // A commit that a crash of the server takes with it makes its objects due again; whoever repairs goes by the lake, where nothing is
        // due, and would not come back to them.
        if !repairs { try connection.run(script: "SET synchronous_commit = off") }
    }

    /// To be called inside of a transaction. What its end brings about is whole: facts, and the hours touched.
    ///
    /// - Returns: what became of each object's rows, by the object's hash.
    public func load(_ batch: FactBatch) throws(PostgresError) -> [Int64: LoadCounts] {
        guard batch.rowCount > 0 else { return [:] }
        let settled = batch.settled()
        let changes: FactChanges
        do {
            changes = try load(settled, batch.table, batch.exchange)
            if batch.table == .klines { try touch(changes, settled, batch.exchange) }
        } catch {
            // They may be gone by retention.
            knownMonths = [:]
            throw error
        }
        return settled.shares.mapValues { LoadCounts(duplicate: $0.staged + $0.replaced) }.merging(changes.counts) { total, changed in
            var counts = changed
            counts.duplicate = total.duplicate - changed.inserted - changed.updated
            return counts
        }
    }

    private func load(_ batch: SettledBatch, _ table: FactTable, _ exchange: String) throws(PostgresError) -> FactChanges {
        try ensure(batch.months, of: table)
        let standing = try standing(of: batch, table, exchange)
        if standing == .known, !repairs { return FactChanges() }
        if standing == .vacant, let appended = try append(batch, table) { return appended }
        try connection.run(script: table.createStaging)
        try connection.copy(into: "pg_temp.\(table.staging)", columns: table.columns, rows: batch.rows)
        if table == .orderbook { try settleBooks(batch.books, exchange) }
        if repairs, try isIntact(batch, table, exchange) { return FactChanges() }
        var changes = FactChanges()
        var (missing, outdated) = (batch.rows.count, 0)
        if repairs {
            try removeStrays(of: batch, table, exchange, &changes)
            // Most is there, and to compare is cheaper than to try to insert.
            let found = try connection.query(SQL(unescaped: table.compare)).one()
            (missing, outdated) = (try found.int(0), try found.int(1))
        }
        if missing > 0 { try insert(batch, table, &changes) }
        // Somebody else may have been quicker with the rest of what was missing.
        if outdated > 0 || changes.insertedCount < missing { try replaceOutdated(table, &changes) }
        return changes
    }

    private func insert(_ batch: SettledBatch, _ table: FactTable, _ changes: inout FactChanges) throws(PostgresError) {
        let count = try connection.execute(SQL(unescaped: table.insert))
        if count == batch.rows.count {
            changes.insertAll(of: batch)
        } else if count > 0 {
            for row in try connection.query(SQL(unescaped: table.inserted), binary: true) {
                changes.insert(try row.int(2), of: try row.int64(0), at: try row.date(1))
            }
        }
    }

    private func replaceOutdated(_ table: FactTable, _ changes: inout FactChanges) throws(PostgresError) {
        let outdated = try connection.query(SQL(unescaped: table.lockOutdated(repairs)), binary: true)
        guard !outdated.isEmpty else { return }
        for row in outdated where try row.bool(2) { changes.update(of: try row.int64(0), at: try row.date(1)) }
        try connection.execute(SQL(unescaped: table.updateOutdated(repairs)))
    }

    private func ensure(_ months: [Month], of table: FactTable) throws(PostgresError) {
        let unknown = months.filter { knownMonths[table]?.contains($0) != true }
        guard !unknown.isEmpty else { return }
        let starts = unknown.map { Date(milliseconds: $0.start) }
        let made = try connection.query(
            """
            SELECT crypto_gaf.ensure_month(\(table.rawValue), (start AT TIME ZONE 'UTC')::date)
            FROM unnest(\(starts)::timestamptz[]) WITH ORDINALITY AS s (start, place) ORDER BY place
            """)
        // One that this transaction makes may be gone with it.
        for (month, row) in zip(unknown, made) where try !row.bool(0) { knownMonths[table, default: []].insert(month) }
    }

    /// Rollups are of minutes.
    private func touch(_ changes: FactChanges, _ batch: SettledBatch, _ exchange: String) throws(PostgresError) {
        let touched = Set(
            changes.hours.compactMap { change in
                batch.shares[change.hash].flatMap {
                    $0.subject.interval == "1m" ? Hour(symbol: $0.subject.symbol, start: change.hour) : nil
                }
            }
        ).sorted { ($0.symbol, $0.start) < ($1.symbol, $1.start) }
        guard !touched.isEmpty else { return }
        try connection.execute(
            """
            INSERT INTO crypto_gaf.touched_hours (exchange, symbol, hour)
            SELECT \(exchange)::text, * FROM unnest(\(touched.map(\.symbol))::text[], \(touched.map(\.start))::timestamptz[])
            """)
    }

    private struct Hour: Hashable {
        let symbol: String
        let start: Date
    }
}
