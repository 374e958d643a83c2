import FoundationEssentials
import Market
public import Postgres

/// Loads batches of facts over one connection: COPY into a staging table, then what is new is inserted, then what is newer replaces
/// what is there. History of which nothing is there yet is copied straight into its table. The tables end up the same in whatever
/// order batches come, and however often.
public final class FactLoad {
    private let connection: Connection
    private var knownMonths: [FactTable: Set<Month>] = [:]
    /// What came last was there already: then comparing first is cheaper than trying to insert.
    private var expectsDuplicates = false

    /// For a connection that does nothing else of weight: its planner is told to look rows up by their keys, whatever it believes of the
    /// staging tables.
    public init(_ connection: Connection) throws(PostgresError) {
        self.connection = connection
        // A commit that a crash of the server takes with it only makes its objects due again.
        try connection.run(
            script: "SET temp_buffers = '16MB'; SET enable_hashjoin = off; SET enable_mergejoin = off; SET synchronous_commit = off")
        for table in FactTable.allCases { try connection.run(script: table.createStaging) }
    }

    /// To be called inside of a transaction. What its end brings about is whole: facts, and the hours touched.
    ///
    /// - Returns: what became of each object's rows, by the object's hash.
    public func load(_ batch: FactBatch) throws(PostgresError) -> [Int64: LoadCounts] {
        guard batch.rowCount > 0 else { return [:] }
        let settled = batch.settled()
        do {
            let changes = try load(settled, batch.table, batch.exchange)
            if batch.table == .klines { try touch(changes, settled, batch.exchange) }
            expectsDuplicates = changes.insertedCount == 0
            return settled.shares.mapValues { LoadCounts(duplicate: $0.staged + $0.replaced) }.merging(changes.counts) { total, changed in
                let duplicate = total.duplicate - changed.inserted - changed.updated
                return LoadCounts(inserted: changed.inserted, updated: changed.updated, duplicate: duplicate)
            }
        } catch {
            // They may be gone with the transaction, or by retention.
            knownMonths = [:]
            throw error
        }
    }

    private func load(_ batch: SettledBatch, _ table: FactTable, _ exchange: String) throws(PostgresError) -> FactChanges {
        try ensure(batch.months, of: table)
        switch try standing(of: batch, table, exchange) {
        case .known: return FactChanges()
        case .vacant: if let appended = try append(batch, table) { return appended }
        case .mixed: break
        }
        try connection.copy(into: "pg_temp.\(table.staging)", columns: table.columns, rows: batch.rows)
        if table == .orderbook { try settleBooks(batch.books, exchange) }
        var changes = FactChanges()
        var (missing, older) = (batch.rows.count, 0)
        if expectsDuplicates {
            let found = try connection.query(SQL(unescaped: table.compare)).one()
            (missing, older) = (try found.int(0), try found.int(1))
        }
        if missing > 0 { try insert(batch, table, &changes) }
        // Somebody else may have been quicker with the rest of what was missing.
        if older > 0 || changes.insertedCount < missing { try replaceOlder(table, &changes) }
        return changes
    }

    /// Straight into the table, which costs half of staging and inserting, where that has nothing yet between the first and the last row
    /// of each run. Nil: it has by now.
    private func append(_ batch: SettledBatch, _ table: FactTable) throws(PostgresError) -> FactChanges? {
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

    /// What is there between the first and the last row of each run.
    private enum Standing {
        case vacant
        /// The very rows: they were loaded from the same objects.
        case known
        case mixed
    }

    private func standing(of batch: SettledBatch, _ table: FactTable, _ exchange: String) throws(PostgresError) -> Standing {
        // Books and tickers come singly; only where whole pages of history come is it worth to ask.
        guard table == .klines, batch.rows.count >= Self.page * batch.runs.count else { return .mixed }
        let runs = batch.runs
        let (first, last) = (runs.map { Date(milliseconds: $0.first) }, runs.map { Date(milliseconds: $0.last) })
        // By its keys, also in a month that was empty when it was last analyzed. Not for longer than this: a staging table can only be
        // scanned, and beside the price of what is forbidden all plans of a join look the same.
        try connection.run(script: "SET LOCAL enable_seqscan = off")
        // Whose candles a row is of, how many and, by the sum of their times, which.
        let found = try connection.query(
            """
            SELECT bool_and(f.rows = 0), bool_and(f.own = s.rows AND f.seconds = s.seconds)
            FROM unnest(\(runs.map(\.series.symbol))::text[], \(runs.map(\.series.interval))::text[], \(first)::timestamptz[],
                \(last)::timestamptz[], \(runs.map(\.hash))::bigint[], \(runs.map { Int64($0.count) })::bigint[],
                \(runs.map(\.seconds))::bigint[]) AS s (symbol, interval_code, first, last, hash, rows, seconds)
            CROSS JOIN LATERAL (
                SELECT count(*) AS rows, count(*) FILTER (WHERE object_hash = s.hash) AS own,
                    sum(date_part('epoch', open_time)) FILTER (WHERE object_hash = s.hash) AS seconds
                FROM (
                    SELECT open_time, object_hash FROM crypto_gaf.fact_klines f WHERE f.exchange = \(exchange) AND f.symbol = s.symbol
                    AND f.interval_code = s.interval_code AND f.open_time BETWEEN s.first AND s.last LIMIT s.rows + 1) AS f) AS f
            """
        ).one()
        try connection.run(script: "SET LOCAL enable_seqscan = on")
        return try found.bool(0) ? .vacant : try found.bool(1) ? .known : .mixed
    }

    /// Rows of a run, on average.
    private static let page = 50

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

    private func replaceOlder(_ table: FactTable, _ changes: inout FactChanges) throws(PostgresError) {
        let older = try connection.query(SQL(unescaped: table.lockOlder), binary: true)
        guard !older.isEmpty else { return }
        for row in older where try row.bool(2) { changes.update(of: try row.int64(0), at: try row.date(1)) }
        try connection.execute(SQL(unescaped: table.updateOlder))
    }

    /// A book is whole: of two received in the same millisecond one goes with all its levels.
    private func settleBooks(_ books: [SettledBatch.Book], _ exchange: String) throws(PostgresError) {
        let staged: SQL = """
            unnest(\(books.map(\.symbol))::text[], \(books.map { Date(milliseconds: $0.time) })::timestamptz[],
                \(books.map(\.hash))::bigint[]) AS s (symbol, captured_at, object_hash)
            """
        // Of two that are loaded at once neither would see the other. A lock for ten minutes of a venue, since locks are few.
        _ = try connection.query(
            """
            SELECT pg_advisory_xact_lock(\(AdvisoryLock.Purpose.books.rawValue)::integer, place) FROM (
                SELECT DISTINCT hashtext(\(exchange)::text || ' ' || floor(extract(epoch FROM s.captured_at) / 600)::bigint) AS place
                FROM \(staged) ORDER BY 1) AS places
            """)
        let sameBook: SQL = "f.exchange = \(exchange) AND f.symbol = s.symbol AND f.captured_at = s.captured_at"
        try connection.execute(
            "DELETE FROM crypto_gaf.fact_orderbook f USING \(staged) WHERE \(sameBook) AND f.object_hash < s.object_hash")
        try connection.execute(
            """
            DELETE FROM pg_temp.\(unescaped: FactTable.orderbook.staging) f USING \(staged) WHERE \(sameBook) AND EXISTS (
                SELECT FROM crypto_gaf.fact_orderbook f WHERE \(sameBook) AND f.object_hash > s.object_hash)
            """)
    }

    private func ensure(_ months: [Month], of table: FactTable) throws(PostgresError) {
        let unknown = months.filter { knownMonths[table]?.contains($0) != true }
        guard !unknown.isEmpty else { return }
        let starts = unknown.map { Date(milliseconds: $0.start) }
        try connection.execute(
            """
            SELECT crypto_gaf.ensure_month(\(table.rawValue), (start AT TIME ZONE 'UTC')::date)
            FROM unnest(\(starts)::timestamptz[]) WITH ORDINALITY AS s (start, place) ORDER BY place
            """)
        knownMonths[table, default: []].formUnion(unknown)
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

/// Which rows of which objects came in, and in which hours something is different now.
private struct FactChanges {
    struct Hour: Hashable {
        let hash: Int64
        let hour: Date
    }

    private(set) var counts: [Int64: LoadCounts] = [:]
    private(set) var hours: Set<Hour> = []
    private(set) var insertedCount = 0

    mutating func insert(_ count: Int, of hash: Int64, at hour: Date) {
        insertedCount += count
        counts[hash, default: LoadCounts()].inserted += count
        hours.insert(Hour(hash: hash, hour: hour))
    }

    mutating func insertAll(of batch: SettledBatch) {
        insertedCount = batch.rows.count
        for (hash, share) in batch.shares where share.staged > 0 {
            counts[hash] = LoadCounts(inserted: share.staged)
            for hour in share.hours { hours.insert(Hour(hash: hash, hour: Date(milliseconds: hour * 3_600_000))) }
        }
    }

    mutating func update(of hash: Int64, at hour: Date) {
        counts[hash, default: LoadCounts()].updated += 1
        hours.insert(Hour(hash: hash, hour: hour))
    }
}
