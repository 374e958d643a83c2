import FoundationEssentials
import Postgres
import TestSupport
import Warehouse

/// One-minute candles in a database, changed as `transform` changes them: by a worker, leaving word of the hours in the same transaction.
struct MinuteFixture {
    let database: TestDatabase
    let worker: Connection

    init() throws {
        database = try TestPostgres.database()
        worker = try database.connect(as: "test_worker")
    }

    /// Another worker on the same database.
    init(_ database: TestDatabase, _ worker: Connection) {
        self.database = database
        self.worker = worker
    }

    /// - Parameter months: such as `2026-03`.
    func makeMonths(_ months: String...) throws {
        for month in months {
            try worker.execute("SELECT crypto_gaf.ensure_month('fact_klines', (\(month) || '-01')::date)")
        }
    }

    /// Candles as if received at that second, one a time; a candle that is there is replaced.
    func put(
        _ times: [Date], _ symbol: String = "BTC-USD", exchange: String = "coinbase", price: Decimal = 100, volume: Decimal = 1,
        quoteVolume: Decimal? = nil, trades: Int? = nil
    ) throws {
        try worker.transaction {
            try worker.execute(
                """
                INSERT INTO crypto_gaf.fact_klines AS old (exchange, symbol, interval_code, open_time, open, high, low, close, volume,
                    quote_volume, trade_count, received_at, object_hash)
                SELECT \(exchange), \(symbol), '1m', time, \(price)::numeric, \(price)::numeric + 2, \(price)::numeric - 2,
                    \(price)::numeric + 1, \(volume)::numeric, \(quoteVolume)::numeric, \(trades)::bigint, now(), 0
                FROM unnest(\(times)::timestamptz[]) AS time
                ON CONFLICT (exchange, symbol, interval_code, open_time) DO UPDATE SET open = excluded.open, high = excluded.high,
                    low = excluded.low, close = excluded.close, volume = excluded.volume, quote_volume = excluded.quote_volume,
                    trade_count = excluded.trade_count
                """)
            try touch(times, symbol, exchange)
        }
    }

    func remove(_ times: [Date], _ symbol: String = "BTC-USD", exchange: String = "coinbase") throws {
        try worker.transaction {
            try worker.execute(
                """
                DELETE FROM crypto_gaf.fact_klines WHERE exchange = \(exchange) AND symbol = \(symbol) AND interval_code = '1m'
                    AND open_time = ANY (\(times)::timestamptz[])
                """)
            try touch(times, symbol, exchange)
        }
    }

    private func touch(_ times: [Date], _ symbol: String, _ exchange: String) throws {
        try worker.execute(
            """
            INSERT INTO crypto_gaf.touched_hours (exchange, symbol, hour)
            SELECT DISTINCT \(exchange), \(symbol), date_trunc('hour', time, 'UTC') FROM unnest(\(times)::timestamptz[]) AS time
            """)
    }

    /// Until nothing is touched.
    @discardableResult
    func rollUp(limit: Int = 1000) throws -> RollupTally {
        var tally = RollupTally()
        while true {
            let done = try RollupRepository(worker).rollUp(limit: limit)
            guard done.touches > 0 else { return tally }
            tally += done
        }
    }

    /// Every row of a table as text, in the order of its key.
    func rows(_ table: String) throws -> [String] {
        try worker.query(
            """
            SELECT concat_ws(' ', exchange, symbol, to_char(open_time AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24'), open, high, low, close, volume,
                coalesce(quote_volume::text, '-'), coalesce(trade_count::text, '-'), minutes_present, minutes_expected)
            FROM crypto_gaf.\(identifier: table) ORDER BY exchange, symbol, open_time
            """
        ).map { try $0.text(0) }
    }
}

extension Date {
    /// `2026-03-29T00:00` in UTC.
    init(minute: String) throws { try self.init("\(minute):00Z", strategy: .iso8601) }

    /// So many minutes from here on.
    func minutes(_ count: Int) -> [Date] { (0..<count).map { addingTimeInterval(Double($0 * 60)) } }
}
