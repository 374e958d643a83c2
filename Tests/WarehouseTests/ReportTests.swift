import Foundation
import Postgres
import TestSupport
import Testing
import Warehouse

/// The files that a person runs with `psql -f`.
@Suite struct ReportTests {
    static let reports = [
        "coverage", "freshness", "gaps", "images_per_hour", "ingestion_log", "job_history", "rollups", "slowest_venues",
        "storage_by_layer", "table_sizes",
    ]

    @Test("the reports are those that this test knows")
    func files() throws {
        let files = try FileManager.default.contentsOfDirectory(atPath: "\(Repository.sql)/reports").sorted()
        #expect(files == Self.reports.map { "\($0).sql" })
    }

    @Test("a report runs on an empty database", arguments: reports)
    func empty(name: String) throws {
        let run = try TestPostgres.database().psql(["-f", "\(Repository.sql)/reports/\(name).sql"], as: "test_worker")
        #expect(run.status == 0 && run.errors.isEmpty, "\(run.errors)")
    }

    @Test("the reports tell what there is")
    func contents() throws {
        let (database, connection) = try worker("BTC-USD", "ETH-USD")
        for second in [1, 2, 3, 4, 20] {
            _ = try SampleRepository(connection).append([SampleRecord(sample("BTC-USD", second), source: "SYNTHETIC 7", gaps: 1)])
        }
        try FeedRepository(connection).record([FeedFailures(product: "BTC-USD", count: 2, code: "timeout", error: "timed out", at: Date())])
        _ = try GafRepository(connection).store(drawing("BTC-USD", 5, of: 2000))
        let outputs = try ["freshness", "gaps", "images_per_hour", "table_sizes"].map { name in
            let run = try database.psql(["-A", "-f", "\(Repository.sql)/reports/\(name).sql"], as: "test_worker")
            #expect(run.status == 0 && run.errors.isEmpty, "\(run.errors)")
            return run.output
        }
        #expect(outputs[0].contains("BTC-USD|SYNTHETIC 7|") && outputs[0].contains("|21 of 600|5|2|") && outputs[0].contains("timed out"))
        #expect(outputs[0].contains("ETH-USD|-|no sample yet|no image yet|0 of 600|0|0|-"))
        #expect(outputs[1].contains("|1.000|15.550|16.000"))
        #expect(outputs[1].contains("|16.000\n"))
        #expect(outputs[2].contains("|1|5|10000 bytes|12.5|2000 bytes"))
        #expect(outputs[3].contains("samples|"))
    }

    @Test("the rollups and what they are made of are told by layer, series and month")
    func warehouse() throws {
        let minutes = try MinuteFixture()
        try minutes.makeMonths("2026-03")
        try minutes.put(try Date("2026-03-05T10:00:00Z", strategy: .iso8601).minutes(144))
        try minutes.rollUp()
        try minutes.put(try Date("2026-03-06T10:00:00Z", strategy: .iso8601).minutes(90))
        try minutes.put(try Date("2026-03-06T10:00:00Z", strategy: .iso8601).minutes(1), "ETH-USD")
        try minutes.worker.execute(
            """
            INSERT INTO crypto_gaf.raw_objects (object_key, exchange, symbol, channel, received_at, bytes, sha256, location)
            SELECT n::text, 'kraken', 'BTC-USD', 'klines', now(), 1024, sha256(''), (ARRAY['live', 'archive', 'expired'])[1 + n % 3]
            FROM generate_series(1, 10) n
            """)
        func output(_ name: String) throws -> String {
            let run = try minutes.database.psql(["-A", "-f", "\(Repository.sql)/reports/\(name).sql"], as: "test_worker")
            #expect(run.status == 0 && run.errors.isEmpty, "\(run.errors)")
            return run.output
        }
        let layers = try output("storage_by_layer")
        for line in [
            "raw, live|objects||3|3072 bytes", "raw, archive|objects||4|4096 bytes", "facts|fact_klines|2026-03|",
            "rollups|hourly_klines||",
        ] {
            #expect(layers.contains("\(line)"), "\(layers)")
        }
        let rollups = try output("rollups")
        #expect(rollups.contains("coinbase|BTC-USD|1|2026-03-05|2026-03-05|144|10.00|2\n"), "\(rollups)")
        #expect(rollups.contains("coinbase|ETH-USD|0|-|-|0|-|1\n"), "\(rollups)")
    }
}
