public import FoundationEssentials
public import Postgres

/// What a rollup did.
public struct RollupTally: Equatable, Sendable {
    /// Entries of `touched_hours` that were taken; the same hour may have had several.
    public var touches = 0
    /// Rows that are new or hold something else than before.
    public var hoursWritten = 0
    /// Rows of which no minute is left.
    public var hoursRemoved = 0
    public var daysWritten = 0
    public var daysRemoved = 0

    public init() {}

    public static func += (a: inout RollupTally, b: RollupTally) {
        a.touches += b.touches
        a.hoursWritten += b.hoursWritten
        a.hoursRemoved += b.hoursRemoved
        a.daysWritten += b.daysWritten
        a.daysRemoved += b.daysRemoved
    }
}

/// `hourly_klines` from the one-minute rows of `fact_klines`, and `daily_klines` from the hours; all of it in UTC.
///
/// An hour is what its minutes are when it is rolled up, whatever was there before: so the order of the work does not matter, and doing
/// it twice changes nothing. A sum that one of the minutes does not tell is NULL. Of times whose candles retention has dropped,
/// the hours stay; minutes that are loaded there again replace an hour only if they are at least as many as it was made of.
public struct RollupRepository {
    private let connection: Connection

    public init(_ connection: Connection) { self.connection = connection }

    /// Rolls up the hours of the oldest `limit` entries of `touched_hours` and their days, in one transaction: after a crash the
    /// entries are there again. Another rollup is waited for.
    public func rollUp(limit: Int) throws -> RollupTally {
        try connection.transaction {
            // Else one that read the minutes before another did could write after it.
            try AdvisoryLock(.rollup, "klines").acquireForTransaction(on: connection)
            return try rollUpDays(of: rollUpHours(limit))
        }
    }

    /// Marks every hour in the range as touched that has minutes or a rollup: what follows is a full rebuild. Hours whose candles
    /// retention has dropped are left out. Bounds are moved outwards to whole hours; nil: no bound.
    ///
    /// - Returns: how many hours that are.
    public func touchAll(from: Date? = nil, to: Date? = nil) throws(PostgresError) -> Int {
        var touched = 0
        let months = try connection.query(
            """
            SELECT greatest(starts_at, \(Self.hour("\(from)::timestamptz"))), least(ends_at, \(to)::timestamptz)
            FROM crypto_gaf.fact_partitions
            WHERE fact = 'fact_klines' AND ends_at > coalesce(\(from)::timestamptz, '-infinity')
                AND starts_at < coalesce(\(to)::timestamptz, 'infinity')
            ORDER BY starts_at
            """)
        for month in months { touched += try touch(from: try month.date(0), to: try month.date(1)) }
        return touched
    }

    private func touch(from: Date, to: Date) throws(PostgresError) -> Int {
        try connection.execute(
            """
            INSERT INTO crypto_gaf.touched_hours (exchange, symbol, hour)
            SELECT exchange, symbol, \(Self.hour("open_time")) FROM crypto_gaf.fact_klines
            WHERE interval_code = '1m' AND open_time >= \(from)::timestamptz AND open_time < \(to)::timestamptz
            UNION
            SELECT exchange, symbol, open_time FROM crypto_gaf.hourly_klines
            WHERE open_time >= \(from)::timestamptz AND open_time < \(to)::timestamptz
            UNION
            SELECT exchange, symbol, greatest(open_time, \(from)::timestamptz) FROM crypto_gaf.daily_klines
            WHERE open_time > \(from)::timestamptz - interval '24 hours' AND open_time < \(to)::timestamptz
            """)
    }
}

// MARK: - The two steps

extension RollupRepository {
    /// Days as one array per column.
    private struct Days {
        var tally = RollupTally()
        var exchanges: [String] = []
        var symbols: [String] = []
        var openTimes: [Date] = []
    }

    /// One statement, hence one view of the database: whoever changed a minute that is not seen here has left an entry that is not
    /// seen either.
    private func rollUpHours(_ limit: Int) throws(PostgresError) -> Days {
        let rows = try connection.query(
            """
            WITH taken AS (
                DELETE FROM crypto_gaf.touched_hours
                WHERE touch_id = ANY (ARRAY(SELECT touch_id FROM crypto_gaf.touched_hours ORDER BY touch_id LIMIT \(limit)))
                RETURNING exchange, symbol, hour
            ), hours AS MATERIALIZED (
                SELECT DISTINCT exchange, symbol, \(Self.hour("hour")) AS open_time FROM taken
            ), fresh AS MATERIALIZED (
                SELECT h.exchange, h.symbol, h.open_time, made.*, 60 AS minutes_expected, \(Self.isRetired("h.open_time")) AS is_retired
                FROM hours h CROSS JOIN LATERAL (
                    SELECT \(Self.summary(minutes: "count(*)"))
                    FROM crypto_gaf.fact_klines part
                    WHERE part.exchange = h.exchange AND part.symbol = h.symbol AND part.interval_code = '1m'
                        AND part.open_time >= h.open_time AND part.open_time < h.open_time + interval '1 hour') made
            ), \(Self.stored(in: "hourly_klines"))
            SELECT days.*, (SELECT count(*) FROM taken), (SELECT count(*) FROM written), (SELECT count(*) FROM removed)
            FROM (SELECT DISTINCT exchange, symbol, \(Self.day("open_time")) FROM hours) days
            """)
        var days = Days()
        for row in rows {
            days.exchanges.append(try row.text(0))
            days.symbols.append(try row.text(1))
            days.openTimes.append(try row.date(2))
            days.tally.touches = try row.int(3)
            days.tally.hoursWritten = try row.int(4)
            days.tally.hoursRemoved = try row.int(5)
        }
        return days
    }

    private func rollUpDays(of days: Days) throws(PostgresError) -> RollupTally {
        var tally = days.tally
        guard !days.openTimes.isEmpty else { return tally }
        let counts = try connection.query(
            """
            WITH days AS (
                SELECT * FROM unnest(\(days.exchanges)::text[], \(days.symbols)::text[], \(days.openTimes)::timestamptz[])
                    AS days (exchange, symbol, open_time)
            ), fresh AS MATERIALIZED (
                SELECT d.exchange, d.symbol, d.open_time, made.*, 1440 AS minutes_expected, false AS is_retired
                FROM days d CROSS JOIN LATERAL (
                    SELECT \(Self.summary(minutes: "coalesce(sum(minutes_present), 0)"))
                    FROM crypto_gaf.hourly_klines part
                    WHERE part.exchange = d.exchange AND part.symbol = d.symbol
                        -- A day of the calendar has 23 or 25 hours in some time zones; one of UTC has 24.
                        AND part.open_time >= d.open_time AND part.open_time < d.open_time + interval '24 hours') made
            ), \(Self.stored(in: "daily_klines"))
            SELECT (SELECT count(*) FROM written), (SELECT count(*) FROM removed)
            """
        ).one()
        tally.daysWritten = try counts.int(0)
        tally.daysRemoved = try counts.int(1)
        return tally
    }
}

// MARK: - Parts of statements

extension RollupRepository {
    private static func hour(_ time: SQL) -> SQL { "date_bin('1 hour', \(time), '1970-01-01 00:00:00+00')" }
    private static func day(_ time: SQL) -> SQL { "date_bin('24 hours', \(time), '1970-01-01 00:00:00+00')" }

    /// One row, also of no parts. The order in which parts are met makes no difference: `numeric` sums are exact, and of equal numbers
    /// only one form is left when zeros at the end are cut.
    private static func summary(minutes: SQL) -> SQL {
        """
        trim_scale((array_agg(open ORDER BY open_time))[1]) AS open, trim_scale(max(high)) AS high, trim_scale(min(low)) AS low,
            trim_scale((array_agg(close ORDER BY open_time DESC))[1]) AS close, trim_scale(sum(volume)) AS volume,
            \(toldSum("quote_volume")), CASE WHEN count(trade_count) = count(*) THEN sum(trade_count)::bigint END AS trade_count,
            \(toldSum("taker_buy_volume")), \(toldSum("taker_buy_quote_volume")), (\(minutes))::integer AS minutes_present
        """
    }

    /// NULL unless every part tells.
    private static func toldSum(_ column: SQL) -> SQL {
        "CASE WHEN count(\(column)) = count(*) THEN trim_scale(sum(\(column))) END AS \(column)"
    }

    /// True also where somebody else took the candles away: only what is there and empty shows that minutes are gone.
    private static func isRetired(_ time: SQL) -> SQL {
        """
        (\(time) < coalesce((SELECT kept_from FROM crypto_gaf.retention WHERE fact = 'fact_klines'), '-infinity')
            OR to_regclass('crypto_gaf.fact_klines_' || to_char(\(time) AT TIME ZONE 'UTC', 'YYYY_MM')) IS NULL)
        """
    }

    private static let values: SQL = """
        open, high, low, close, volume, quote_volume, trade_count, taker_buy_volume, taker_buy_quote_volume, minutes_present,
            minutes_expected
        """

    /// `fresh` into the table; a row that would not change is not written.
    private static func stored(in table: SQL) -> SQL {
        """
        written AS (
            INSERT INTO crypto_gaf.\(table) AS old (exchange, symbol, open_time, \(values))
            SELECT exchange, symbol, open_time, \(values) FROM fresh f
            WHERE minutes_present > 0 AND NOT (is_retired AND EXISTS (SELECT FROM crypto_gaf.\(table) o WHERE o.exchange = f.exchange
                AND o.symbol = f.symbol AND o.open_time = f.open_time AND o.minutes_present > f.minutes_present))
            ON CONFLICT (exchange, symbol, open_time) DO UPDATE SET (\(values)) = (SELECT excluded.open, excluded.high, excluded.low,
                excluded.close, excluded.volume, excluded.quote_volume, excluded.trade_count, excluded.taker_buy_volume,
                excluded.taker_buy_quote_volume, excluded.minutes_present, excluded.minutes_expected)
            WHERE (old.*) IS DISTINCT FROM (excluded.*)
            RETURNING 1
        ), removed AS (
            DELETE FROM crypto_gaf.\(table) old USING fresh f
            WHERE old.exchange = f.exchange AND old.symbol = f.symbol AND old.open_time = f.open_time
                AND f.minutes_present = 0 AND NOT f.is_retired
            RETURNING 1
        )
        """
    }
}
