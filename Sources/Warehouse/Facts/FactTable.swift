public import Market
import Postgres

/// A table of facts: what its rows are told apart by, and which of two versions of one stays.
public enum FactTable: String, Sendable, CaseIterable {
    case klines = "fact_klines"
    case orderbook = "fact_orderbook"
    case tickers

    var name: String { "crypto_gaf.\(rawValue)" }
    /// Of a connection's own.
    var staging: String { "staged_\(rawValue)" }
    var columns: [String] { key + values + version.filter { !key.contains($0) } }

    var key: [String] {
        switch self {
        case .klines: ["exchange", "symbol", "interval_code", "open_time"]
        case .orderbook: ["exchange", "symbol", "captured_at", "side", "price"]
        case .tickers: ["exchange", "symbol", "captured_at"]
        }
    }

    var values: [String] {
        switch self {
        case .klines:
            [
                "open", "high", "low", "close", "volume", "quote_volume", "trade_count", "taker_buy_volume", "taker_buy_quote_volume",
            ]
        case .orderbook: ["size", "orders", "level"]
        case .tickers: ["venue_time", "last", "bid", "ask", "high", "low", "open", "volume", "quote_volume"]
        }
    }

    /// The greater stays.
    var version: [String] {
        switch self {
        case .klines: ["received_at", "object_hash"]
        case .orderbook, .tickers: ["object_hash"]
        }
    }

    /// What the table is partitioned by.
    var time: String { self == .klines ? "open_time" : "captured_at" }
}

extension Channel {
    /// What its answers are loaded into.
    public var table: FactTable {
        switch self {
        case .klines: .klines
        case .depth: .orderbook
        case .tickers: .tickers
        }
    }
}

extension FactTable {
    /// Makes it unless the connection has it, which it has not if the transaction that made it was rolled back. Empty after each
    /// transaction.
    var createStaging: String {
        "CREATE TEMP TABLE IF NOT EXISTS \(staging) (LIKE \(name)) ON COMMIT DELETE ROWS"
    }

    /// Inserts what is staged and not there yet. Rows go in in the order in which they are staged, by month and key, as they do by COPY:
    /// so two who load the same wait for each other, and never in a circle.
    var insert: String {
        "INSERT INTO \(name) (\(list(columns))) SELECT \(list(columns)) FROM pg_temp.\(staging) ON CONFLICT DO NOTHING"
    }

    /// How many rows of each object and hour this transaction has inserted. Asked only where not all were: to return them from the
    /// INSERT costs more, and a partitioned table returns no `xmin`.
    var inserted: String {
        """
        SELECT s.object_hash, \(hour), count(*) FROM pg_temp.\(staging) s JOIN \(name) f ON \(sameKey)
        WHERE f.xmin = pg_current_xact_id()::xid AND f.object_hash = s.object_hash GROUP BY 1, 2
        """
    }

    /// How many of the staged rows are not there, and how many are there in an older version, or in the same one but different.
    var compare: String {
        """
        SELECT count(*) FILTER (WHERE f.object_hash IS NULL), count(*) FILTER (WHERE \(isOutdated(true)))
        FROM pg_temp.\(staging) s LEFT JOIN \(name) f ON \(sameKey)
        """
    }

    /// Locks, in the order of the key, what is there in an older version; answers object, hour and whether the values differ, for each.
    ///
    /// - Parameter repairs: likewise what is there in the same version, but different.
    func lockOutdated(_ repairs: Bool) -> String {
        """
        SELECT s.object_hash, \(hour), \(differs(values))
        FROM pg_temp.\(staging) s JOIN \(name) f ON \(sameKey) WHERE \(isOutdated(repairs)) ORDER BY \(list(key, of: "s")) FOR UPDATE OF f
        """
    }

    func updateOutdated(_ repairs: Bool) -> String {
        let changed = columns.filter { !key.contains($0) }
        return """
            UPDATE \(name) f SET (\(list(changed))) = ROW (\(list(changed, of: "s")))
            FROM pg_temp.\(staging) s WHERE \(sameKey) AND \(isOutdated(repairs))
            """
    }

    /// How many rows `own`, a query of all columns, has, and how many of them are staged as they are.
    func countEqual(_ own: SQL) -> SQL {
        """
        SELECT count(*), count(*) FILTER (WHERE s.object_hash IS NOT NULL AND NOT \(unescaped: differs(columns.filter { !key.contains($0) })))
        FROM (\(own)) f LEFT JOIN pg_temp.\(unescaped: staging) s ON \(unescaped: sameKey)
        """
    }

    /// What tells a row and the object that it is from.
    var origin: [String] { key + ["object_hash"] }

    /// Deletes of `own`, a query of the columns of `origin`, what is not staged; answers object and hour of each row.
    func deleteUnstaged(_ own: SQL) -> SQL {
        """
        -- Sorted or hashed, and so never one by one.
        WITH s AS MATERIALIZED (\(own) EXCEPT SELECT \(unescaped: list(origin)) FROM pg_temp.\(unescaped: staging))
        DELETE FROM \(unescaped: name) f USING s WHERE \(unescaped: sameKey) AND f.object_hash = s.object_hash
        RETURNING f.object_hash, \(unescaped: hour)
        """
    }

    private var hour: String { "date_bin('1 hour', s.\(time), '2000-01-01 00:00:00+00')" }
    private var sameKey: String { key.map { "f.\($0) = s.\($0)" }.joined(separator: " AND ") }

    private func isOutdated(_ repairs: Bool) -> String {
        let isOlder = "(\(list(version, of: "f"))) < (\(list(version, of: "s")))"
        let changed = columns.filter { !key.contains($0) }
        return repairs ? "(\(isOlder) OR f.object_hash = s.object_hash AND \(differs(changed)))" : isOlder
    }

    private func differs(_ columns: [String]) -> String { "(\(list(columns, of: "f"))) IS DISTINCT FROM (\(list(columns, of: "s")))" }

    private func list(_ columns: [String], of table: String? = nil) -> String {
        columns.map { column in table.map { "\($0).\(column)" } ?? column }.joined(separator: ", ")
    }
}
