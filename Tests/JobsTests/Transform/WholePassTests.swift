import Foundation
import Jobs
import Lake
import Market
import Postgres
import Synchronization
import TestSupport
import Testing
import Warehouse

/// From a venue's socket to the tables, through every job on the way.
@Suite struct WholePassTests {
    private let fixture: IngestFixture

    init() throws { fixture = try IngestFixture() }

    private func texts(_ sql: SQL) throws -> [String] { try fixture.connect().query(sql).map { try $0.text(0) } }

    @Test(
        "every job does its part with the lake in S3, and what went to the archive is enough for the same tables again",
        .enabled(if: S3Server.isPresent, "skipped: no rclone"))
    func overS3() throws {
        let server = try S3Server()
        let environment = fixture.database.environment(as: "test_worker").merging([
            "LAKE_URL": "s3://\(S3Server.bucket)/raw", "S3_ENDPOINT": server.url, "S3_ACCESS_KEY": server.accessKey,
            "S3_SECRET_KEY": server.secretKey, "BINANCE_URL": fixture.market.server.url,
        ]) { $1 }
        func run(_ words: String...) throws {
            let result = try Program.run(words, environment: environment)
            #expect(result.status == 0, "\(words): \(result.errors)")
        }
        try fixture.track("BTC-USDT", "ETH-USDT", minutes: 2500)
        for job in ["ingest-klines", "ingest-depth", "ingest-tickers", "transform", "aggregate"] { try run("job", job) }
        let digest = try digest()
        let counts = try texts(
            """
            SELECT (SELECT count(*) >= 5000 FROM crypto_gaf.fact_klines) || ' ' || (SELECT count(*) FROM crypto_gaf.fact_orderbook) || ' '
                || (SELECT count(*) FROM crypto_gaf.tickers) || ' ' || (SELECT count(*) >= 82 FROM crypto_gaf.hourly_klines) || ' '
                || (SELECT count(*) > 2 FROM crypto_gaf.daily_klines) || ' ' || (SELECT count(*) FROM crypto_gaf.rejected_rows)
            """)
        #expect(counts == ["true 6 2 true true 0"])
        #expect(try texts("SELECT DISTINCT location FROM crypto_gaf.raw_objects WHERE NOT due") == ["live"])
        try run("job", "maintain", "--raw-days", "0")
        #expect(try texts("SELECT DISTINCT location FROM crypto_gaf.raw_objects") == ["archive"])
        try fixture.database.connect().run(
            script: """
                TRUNCATE crypto_gaf.fact_klines, crypto_gaf.fact_orderbook, crypto_gaf.tickers, crypto_gaf.hourly_klines,
                    crypto_gaf.daily_klines, crypto_gaf.touched_hours, crypto_gaf.processed_files, crypto_gaf.raw_objects
                """)
        try run("replay", "--from", "2020-01-01")
        try run("job", "aggregate")
        #expect(try self.digest() == digest)
    }

    private func digest() throws -> [String] {
        try texts(
            """
            SELECT md5(string_agg(line, '' ORDER BY line COLLATE "C")) || ' of ' || count(*) FROM (
                SELECT f::text AS line FROM crypto_gaf.fact_klines f
                UNION ALL SELECT f::text FROM crypto_gaf.fact_orderbook f
                UNION ALL SELECT f::text FROM crypto_gaf.tickers f
                UNION ALL SELECT h::text FROM crypto_gaf.hourly_klines h
                UNION ALL SELECT d::text FROM crypto_gaf.daily_klines d) lines
            """)
    }

    @Test(
        "of what a misbehaving venue sends the sound candles load, once, and each bad row is set aside with its place and the right reason")
    func misbehaving() throws {
        try fixture.track("BTC-USDT", minutes: 10)
        let first = IngestFixture.minute(-10)
        let faults = Faults(first: first)
        fixture.market.edit { faults.spoil($0) }
        let settings = try fixture.settings()
        try fixture.run(IngestKlines(settings))
        let transform = TransformJob(TransformJob.Options(lake: settings.lake, archive: settings.lake.archive()))
        try fixture.run(transform)
        // Those of the minutes 1, 2 and 3 are bad, and the last one is open.
        let sound = ([0] + Array(4..<10)).map { (minute: Int64) in "\(first + minute * 60_000)" }
        let loaded = try texts(
            "SELECT (extract(epoch FROM open_time) * 1000)::bigint::text FROM crypto_gaf.fact_klines ORDER BY open_time")
        #expect(Array(loaded.prefix(sound.count)) == sound && loaded.count - sound.count <= 1)
        let rejected = try texts("SELECT position || ' ' || reason FROM crypto_gaf.rejected_rows ORDER BY position")
        #expect(rejected == faults.expected, "\(rejected)")
        #expect(
            try texts(
                "SELECT volume::text FROM crypto_gaf.fact_klines WHERE (extract(epoch FROM open_time) * 1000)::bigint = \(first + 300_000)")
                == ["4"])
        #expect(try texts("SELECT rows_rejected || ' ' || rows_duplicate FROM crypto_gaf.processed_files") == ["5 1"])
    }

    /// An answer of eleven or so candles, made bad in every way that a row can be.
    private final class Faults: Sendable {
        private let first: Int64
        private let reasons = Mutex<[String]>([])

        init(first: Int64) { self.first = first }

        /// Position and reason of every bad row of the last answer.
        var expected: [String] { reasons.withLock { $0 } }

        private func opening(_ minute: Int64) -> String { "[\(first + minute * 60_000)," }

        func spoil(_ rows: [String]) -> [String] {
            func sound(_ minute: Int64) -> String { rows.first { $0.hasPrefix(opening(minute)) } ?? "" }
            let bad = [
                (sound(1).replacing(opening(1), with: "[\(first + 60_001),"), "no candle of 1m opens at that time"),
                (sound(2).replacing(opening(2) + "\"", with: opening(2) + "\"9"), "the high is below open or close"),
                (sound(3).replacing("\"3.0\"", with: "null"), "byte 48: expected a number"),
                (ScriptedMarket.row(first + 100 * 60_000), "it opens after the answer was received"),
            ]
            // The newest first; of the fifth minute two versions, of the fourth the same twice.
            let other = sound(5).replacing("\"3.0\"", with: "\"4.0\"")
            let kept = rows.filter { row in !(1...3).contains { row.hasPrefix(opening($0)) } }
            let sent = [sound(4), other] + bad.map(\.0) + kept.reversed()
            let differs = "\(sent.firstIndex(of: sound(5)) ?? 0) it opens at the time of row 1 and differs"
            reasons.withLock { $0 = bad.enumerated().map { "\($0 + 2) \($1.1)" } + [differs] }
            return sent
        }
    }
}
