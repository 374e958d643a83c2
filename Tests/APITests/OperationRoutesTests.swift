import API
import FoundationEssentials
import HTTP
import Postgres
import TestSupport
import Testing

@Suite struct OperationRoutesTests {
    private struct Products: Decodable {
        struct Product: Decodable {
            let product: String
            let venue: String?
            let source: String?
            let size: Int
            let maxSize: Int?
            let midpoint: String?
            let calculatedAt: String?
            let age: Double?
            let lastSampleAt: String?
            let samples: Int?
            let redrawInterval: Double?
            let version: Int
        }
        let products: [Product]
    }

    @Test("lists products by name, drawn or not")
    func products() throws {
        let served = try Served()
        #expect(try served.json("/api/gaf/products", Products.self).products.isEmpty)
        try served.draw("kraken:BTC-USD", size: 600)
        try served.add("ETH-USD")
        try served.connection.execute(
            "INSERT INTO crypto_gaf.samples (product, sampled_at) SELECT 'ETH-USD', '2026-01-02 03:04:05.678+00' FROM generate_series(1, 30)"
        )
        try served.connection.execute(
            "INSERT INTO crypto_gaf.feeds (product, source, last_sample_at) VALUES ('ETH-USD', 'REPLAY', '2026-01-02 03:04:05.678+00')")
        let list = try served.json("/api/gaf/products", Products.self).products
        #expect(list.map(\.product) == ["ETH-USD", "kraken:BTC-USD"])
        let (fresh, drawn) = (list[0], list[1])
        #expect(fresh.source == "REPLAY" && fresh.venue == nil && fresh.size == 0 && fresh.samples == 21 && fresh.age == nil)
        #expect(fresh.lastSampleAt == "2026-01-02T03:04:05.678Z")
        #expect(fresh.maxSize == 600 && fresh.redrawInterval == 5 && fresh.calculatedAt == nil)
        #expect(drawn.venue == "kraken" && drawn.size == 600 && drawn.midpoint == "97163.505" && drawn.samples == nil)
        #expect(try (0..<60).contains(#require(drawn.age)))
        #expect(drawn.version > fresh.version || drawn.version < fresh.version)
    }

    @Test("a sample that only a predecessor's collector wrote counts for freshness, and its source is not made up")
    func predecessorsSamples() throws {
        let served = try Served()
        try served.add("NEW")
        try served.add("OURS")
        try served.connection.run(
            script: """
                INSERT INTO crypto_gaf.feeds (product, source, last_sample_at) VALUES ('OURS', 'LIVE', '2026-01-01 00:00:00+00');
                INSERT INTO crypto_gaf.samples (product, sampled_at) VALUES ('NEW', '2026-01-02 00:00:00+00'), ('OURS', '2026-01-02 00:00:00+00');
                """)
        for product in try served.json("/api/gaf/products", Products.self).products {
            #expect(product.lastSampleAt == "2026-01-02T00:00:00.000Z" && product.source == nil, "\(product.product)")
        }
        #expect(try served.get("/metrics").text.contains(#"cryptogaf_sample_age_seconds{product="NEW"}"#))
    }

    @Test("alive without a database, ready only with one of this schema")
    func health() throws {
        let served = try Served()
        for path in ["/healthz", "/healthz/"] { #expect(try served.get(path).text == #"{"status":"alive"}"#) }
        #expect(try served.get("/readyz").text == #"{"status":"ready"}"#)
        let empty = try Served(migrated: false)
        #expect(try empty.get("/healthz").status == .ok)
        let unready = try empty.get("/readyz")
        #expect(unready.status == .serviceUnavailable)
        #expect(unready.headers["Retry-After"] == "5")
        #expect(unready.text.contains("run cryptogaf migrate"))
        #expect(try empty.get("/api/gaf/products").status == .serviceUnavailable)
    }

    @Test("a newer schema than ours is not ready, and says who should change")
    func newerSchema() throws {
        let served = try Served()
        try served.connection.execute("INSERT INTO crypto_gaf.migrations (number, name, checksum) VALUES (9999, 'later', 'x')")
        let response = try served.get("/readyz")
        #expect(response.status == .serviceUnavailable)
        #expect(response.text.contains("use the newer cryptogaf"))
    }

    @Test("metrics come from the database, for every product")
    func metrics() throws {
        let served = try Served()
        try served.draw("BTC-USD", size: 42)
        try served.add("a\"b\\c")
        try served.connection.execute(
            "INSERT INTO crypto_gaf.samples (product, sampled_at) SELECT 'BTC-USD', clock_timestamp() - interval '20 s' FROM generate_series(1, 7)"
        )
        try served.connection.execute(
            """
            INSERT INTO crypto_gaf.feeds (product, source, gaps, failures, last_error_code, last_error, last_error_at, last_sample_at)
            VALUES ('BTC-USD', 'LIVE', 2, 3, 'timeout', 'timed out after 10.002 s', clock_timestamp() - interval '10 s', clock_timestamp() - interval '20 s')
            """)
        try served.connection.execute(
            "INSERT INTO crypto_gaf.draws VALUES ('BTC-USD', date_trunc('hour', clock_timestamp()), 10, 1000, 1500), ('BTC-USD', '2026-01-01', 99, 99, 99)"
        )
        let response = try served.get("/metrics")
        #expect(response.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8")
        let lines = response.text.split(separator: "\n").map(String.init)
        for line in [
            "cryptogaf_products 2", #"cryptogaf_samples{product="BTC-USD"} 7"#, #"cryptogaf_samples{product="a\"b\\c"} 0"#,
            #"cryptogaf_image_size_samples{product="BTC-USD"} 42"#, #"cryptogaf_images_drawn_total{product="BTC-USD"} 10"#,
            #"cryptogaf_image_bytes_total{product="BTC-USD"} 1000"#, #"cryptogaf_draw_seconds_total{product="BTC-USD"} 1.5"#,
            #"cryptogaf_feed_gaps_total{product="BTC-USD"} 2"#, #"cryptogaf_feed_failures_total{product="BTC-USD"} 3"#,
            #"cryptogaf_feed_info{product="BTC-USD",source="LIVE"} 1"#,
        ] { #expect(lines.contains(line), "\(line)") }
        func value(_ prefix: String) -> Double? {
            lines.first { $0.hasPrefix(prefix + " ") }.flatMap { Double($0.dropFirst(prefix.count + 1)) }
        }
        #expect(try (20..<80).contains(#require(value(#"cryptogaf_sample_age_seconds{product="BTC-USD"}"#))))
        #expect(try (10..<70).contains(#require(value(#"cryptogaf_feed_last_error_age_seconds{product="BTC-USD",error="timeout"}"#))))
        #expect(value(#"cryptogaf_image_age_seconds{product="a\"b\\c"}"#) == nil)
    }

    @Test("metrics tell of jobs, coverage, and what waits, was rejected or stands still")
    func pipelineMetrics() throws {
        let served = try Served()
        func lines() throws -> [String] { try served.get("/metrics").text.split(separator: "\n").map(String.init) }
        for line in [
            "cryptogaf_coverage_unexplained 0", "cryptogaf_objects_due 0", "cryptogaf_rejected_rows_last_day 0",
            "cryptogaf_stopped_channels 0",
        ] { #expect(try lines().contains(line), "\(line)") }
        try served.connection.run(
            script: """
                INSERT INTO crypto_gaf.job_runs (job, started_at, finished_at, outcome) VALUES
                    ('aggregate', '2026-01-01 00:00+00', '2026-01-01 00:01+00', 'failed'), ('aggregate', '2026-01-01 00:05+00', '2026-01-01 00:06+00', 'succeeded'),
                    ('aggregate', '2026-01-01 00:10+00', NULL, 'running'), ('transform', '2026-01-01 00:00+00', '2026-01-01 00:02+00', 'died'),
                    ('maintain', '2026-01-01 00:00+00', NULL, 'running'),
                    ('backfill okx:BTC-USD 1m', '2026-01-01 00:00+00', '2026-01-01 00:02+00', 'failed');
                INSERT INTO crypto_gaf.tracked_symbols (exchange, symbol) VALUES ('kraken', 'BTC-USD'), ('okx', 'BTC-USD');
                INSERT INTO crypto_gaf.extraction_metadata (exchange, symbol, data_type, interval_code, failures) VALUES
                    ('kraken', 'BTC-USD', 'klines', '1m', 0), ('kraken', 'BTC-USD', 'depth', '', 7), ('kraken', 'ETH-USD', 'depth', '', 9),
                    ('kraken', '_all', 'tickers', '', 1), ('okx', 'BTC-USD', 'depth', '', 0);
                INSERT INTO crypto_gaf.job_runs (job, started_at, finished_at, outcome, counts) VALUES
                    ('ingest-depth', '2026-01-01 00:00+00', '2026-01-01 00:01+00', 'failed', '{"lake_failed": 1}'),
                    ('ingest-tickers', '2026-01-01 00:00+00', '2026-01-01 00:01+00', 'failed', '{"lake_failed": 1}'),
                    ('ingest-tickers', '2026-01-01 00:01+00', '2026-01-01 00:02+00', 'failed', '{"failed": 1}');
                INSERT INTO crypto_gaf.coverage (exchange, symbol, interval_code, day, expected, present, absent, lost) VALUES
                    ('kraken', 'BTC-USD', '1m', '2026-01-01', 1440, 1430, 5, 2), ('kraken', 'BTC-USD', '1m', '2026-01-02', 1440, 1440, 0, 0);
                INSERT INTO crypto_gaf.raw_objects (object_key, exchange, symbol, channel, received_at, bytes, sha256, due)
                SELECT n::text, 'kraken', 'BTC-USD', 'klines', now(), 1, sha256(''), n < 3 FROM generate_series(1, 5) n;
                INSERT INTO crypto_gaf.rejected_rows (object_key, position, reason, row_text, rejected_at)
                SELECT 'x', n, 'high < low', '', now() - n * interval '7 hours' FROM generate_series(1, 9) n;
                INSERT INTO crypto_gaf.stopped_channels (exchange, channel, object_key, reason) VALUES ('okx', 'depth', 'x', 'no bids');
                SELECT crypto_gaf.ensure_month('tickers', '2026-02-01'), crypto_gaf.ensure_month('tickers', '2026-01-01');
                """)
        for line in [
            #"cryptogaf_job_last_success_timestamp_seconds{job="aggregate"} 1767225960"#,
            #"cryptogaf_job_last_failure_timestamp_seconds{job="aggregate"} 1767225660"#,
            #"cryptogaf_job_last_outcome{job="aggregate",outcome="succeeded"} 1"#,
            #"cryptogaf_job_last_outcome{job="transform",outcome="died"} 1"#,
            #"cryptogaf_job_last_failure_timestamp_seconds{job="transform"} 1767225720"#, "cryptogaf_coverage_unexplained 3",
            #"cryptogaf_job_last_lake_failure_timestamp_seconds{job="ingest-depth"} 1767225660"#, "cryptogaf_objects_due 2",
            "cryptogaf_rejected_rows_last_day 3", "cryptogaf_stopped_channels 1",
            #"cryptogaf_extractions{exchange="kraken"} 3"#, #"cryptogaf_extractions_failing{exchange="kraken"} 2"#,
            #"cryptogaf_extractions_failing{exchange="okx"} 0"#,
            #"cryptogaf_stopped_channel{exchange="okx",channel="depth"} 1"#,
            #"cryptogaf_partition_end_timestamp_seconds{fact="tickers"} 1772323200"#,
        ] { #expect(try lines().contains(line), "\(line)") }
        #expect(try !lines().contains { $0.contains(#"job="maintain""#) || $0.contains("backfill") })
        #expect(try !lines().contains { $0.hasPrefix(#"cryptogaf_job_last_lake_failure_timestamp_seconds{job="ingest-tickers""#) })
    }

    @Test("anything else is a 404 problem, another method a 405")
    func others() throws {
        let served = try Served()
        #expect(try served.get("/").status == .notFound)
        #expect(try served.get("/api/gaf").headers["Content-Type"] == "application/problem+json")
        let response = try served.get("/api/gaf/image?product=x", method: .post)
        #expect(response.status == .methodNotAllowed)
        #expect(response.headers["Allow"] == "GET, HEAD, OPTIONS")
        #expect(try served.get("/api/openapi.json").text == OpenAPI.document)
    }
}
