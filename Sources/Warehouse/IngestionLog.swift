public import Market
public import Postgres

/// What became of an object of the lake.
public struct ObjectOutcome: Sendable {
    public enum Kind: String, Sendable {
        case loaded
        /// The venue said no.
        case refused
        /// Not JSON.
        case unreadable
        /// The lake's bytes are not what was written.
        case corrupt
        /// The lake has it no more.
        case lost
    }

    public var key: String
    public var kind: Kind
    public var rowsRead: Int
    public var counts: LoadCounts
    public var rejected: [RejectedRow]
    public var error: String?

    public init(
        key: String, _ kind: Kind, rowsRead: Int = 0, counts: LoadCounts = LoadCounts(), rejected: [RejectedRow] = [], error: String? = nil
    ) {
        self.key = key
        self.kind = kind
        self.rowsRead = rowsRead
        self.counts = counts
        self.rejected = rejected
        self.error = error
    }
}

/// `processed_files` and `rejected_rows`: what became of the lake's objects.
public struct IngestionLog {
    private let connection: Connection

    public init(_ connection: Connection) { self.connection = connection }

    /// To be called in the transaction that loads the objects' rows; they are no longer due. Of an object that was loaded before, the
    /// counts of rows inserted, updated and duplicate add up; the rest is of this time.
    public func record(_ outcomes: [ObjectOutcome]) throws(PostgresError) {
        guard !outcomes.isEmpty else { return }
        let keys = outcomes.map(\.key)
        try connection.execute(
            """
            INSERT INTO crypto_gaf.processed_files AS p (object_key, outcome, rows_read, rows_inserted, rows_updated, rows_duplicate,
                rows_rejected, error)
            SELECT * FROM unnest(\(keys)::text[], \(outcomes.map(\.kind.rawValue))::text[], \(outcomes.map(\.rowsRead))::bigint[],
                \(outcomes.map(\.counts.inserted))::bigint[], \(outcomes.map(\.counts.updated))::bigint[],
                \(outcomes.map(\.counts.duplicate))::bigint[], \(outcomes.map(\.rejected.count))::bigint[],
                \(outcomes.map { $0.error?.storable(2000) })::text[])
            ON CONFLICT (object_key) DO UPDATE SET processed_at = excluded.processed_at, outcome = excluded.outcome,
                rows_read = excluded.rows_read, rows_inserted = p.rows_inserted + excluded.rows_inserted,
                rows_updated = p.rows_updated + excluded.rows_updated, rows_duplicate = p.rows_duplicate + excluded.rows_duplicate,
                rows_rejected = excluded.rows_rejected, error = excluded.error
            """)
        try connection.execute("UPDATE crypto_gaf.raw_objects SET due = false WHERE due AND object_key = ANY (\(keys)::text[])")
        try recordRejected(outcomes, keys)
    }

    /// What became of all these objects together; rows inserted, updated and duplicate are those since they were loaded first.
    public func sums(of keys: [String]) throws(PostgresError) -> [String: Int] {
        let row = try connection.query(
            """
            SELECT coalesce(sum(rows_read), 0)::bigint, coalesce(sum(rows_inserted), 0)::bigint, coalesce(sum(rows_updated), 0)::bigint,
                coalesce(sum(rows_duplicate), 0)::bigint, coalesce(sum(rows_rejected), 0)::bigint
            FROM crypto_gaf.processed_files WHERE object_key = ANY (\(keys)::text[])
            """
        ).one()
        return [
            "rows_read": try row.int(0), "rows_inserted": try row.int(1), "rows_updated": try row.int(2), "rows_duplicate": try row.int(3),
            "rows_rejected": try row.int(4),
        ]
    }

    private func recordRejected(_ outcomes: [ObjectOutcome], _ keys: [String]) throws(PostgresError) {
        // Another version of the program may have taken other offence.
        try connection.execute("DELETE FROM crypto_gaf.rejected_rows WHERE object_key = ANY (\(keys)::text[])")
        let rows = outcomes.flatMap { outcome in outcome.rejected.map { (outcome.key, $0) } }
        guard !rows.isEmpty else { return }
        try connection.execute(
            """
            INSERT INTO crypto_gaf.rejected_rows (object_key, position, reason, row_text)
            SELECT * FROM unnest(\(rows.map(\.0))::text[], \(rows.map(\.1.position))::integer[],
                \(rows.map { $0.1.reason.storable(500) })::text[], \(rows.map { $0.1.text.storable(500) })::text[])
            ON CONFLICT DO NOTHING
            """)
    }
}

extension String {
    /// Postgres keeps no NUL.
    fileprivate func storable(_ limit: Int) -> String {
        let text = count > limit ? prefix(limit) + "…" : self[...]
        return text.contains("\0") ? text.filter { $0 != "\0" } : String(text)
    }
}
