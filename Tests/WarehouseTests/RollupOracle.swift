import FoundationEssentials
import Postgres

/// Rollups as a person would make them from a list of candles; in the form of `MinuteFixture.rows`.
struct RollupOracle {
    private struct Bucket {
        var open: Decimal
        var high: Decimal
        var low: Decimal
        var close: Decimal
        var volume: Decimal = 0
        /// Nil once a part does not tell.
        var quoteVolume: Decimal? = 0
        var trades: Int? = 0
        var minutes = 0
    }

    private struct Key: Hashable, Comparable {
        let series: String
        let time: Int

        static func < (a: Key, b: Key) -> Bool { (a.series, a.time) < (b.series, b.time) }
    }

    private var hours: [Key: Bucket] = [:]
    private var days: [Key: Bucket] = [:]

    init(_ connection: Connection) throws {
        let candles = try connection.query(
            """
            SELECT exchange || ' ' || symbol, extract(epoch FROM open_time)::bigint, open, high, low, close, volume, quote_volume, trade_count
            FROM crypto_gaf.fact_klines WHERE interval_code = '1m' ORDER BY open_time
            """, binary: true)
        for candle in candles {
            let minute = Bucket(
                open: try candle.decimal(2), high: try candle.decimal(3), low: try candle.decimal(4), close: try candle.decimal(5),
                volume: try candle.decimal(6), quoteVolume: try candle.decimalOrNil(7), trades: try candle.intOrNil(8), minutes: 1)
            let (series, second) = (try candle.text(0), try candle.int(1))
            Self.add(minute, to: &hours[Key(series: series, time: second / 3600 * 3600)])
            Self.add(minute, to: &days[Key(series: series, time: second / 86_400 * 86_400)])
        }
    }

    private static func add(_ minute: Bucket, to bucket: inout Bucket?) {
        guard var sum = bucket else {
            bucket = minute
            return
        }
        sum.high = max(sum.high, minute.high)
        sum.low = min(sum.low, minute.low)
        sum.close = minute.close
        sum.volume += minute.volume
        sum.quoteVolume = sum.quoteVolume.flatMap { a in minute.quoteVolume.map { a + $0 } }
        sum.trades = sum.trades.flatMap { a in minute.trades.map { a + $0 } }
        sum.minutes += minute.minutes
        bucket = sum
    }

    var hourlyRows: [String] { Self.rows(hours, expected: 60) }
    var dailyRows: [String] { Self.rows(days, expected: 1440) }

    private static func rows(_ buckets: [Key: Bucket], expected: Int) -> [String] {
        buckets.sorted { $0.key < $1.key }.map { key, bucket in
            let time = Date(timeIntervalSince1970: Double(key.time)).formatted(.iso8601).prefix(13)
            return "\(key.series) \(time) \(bucket.open) \(bucket.high) \(bucket.low) \(bucket.close) \(bucket.volume) "
                + "\(bucket.quoteVolume.map { "\($0)" } ?? "-") \(bucket.trades.map(String.init) ?? "-") \(bucket.minutes) \(expected)"
        }
    }
}
