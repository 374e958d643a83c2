import Foundation
import Market
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

    private func report(_ name: String, on database: TestDatabase) throws -> String {
        let run = try database.psql(["-A", "-f", "\(Repository.sql)/reports/\(name).sql"], as: "test_worker")
        #expect(run.status == 0 && run.errors.isEmpty, "\(run.errors)")
        return run.output
    }

    @Test("the reports tell what there is")
    func contents() throws {
        let (database, connection) = try worker("BTC-USD", "ETH-USD")
        for second in [1, 2, 3, 4, 20] {
            _ = try SampleRepository(connection).append([SampleRecord(sample("BTC-USD", second), source: "SYNTHETIC 7", gaps: 1)])
        }
        try FeedRepository(connection).record([FeedFailures(product: "BTC-USD", count: 2, code: "timeout", error: "timed out", at: Date())])
        _ = try GafRepository(connection).store(drawing("BTC-USD", 5, of: 2000))
        let outputs = try ["freshness", "gaps", "images_per_hour", "table_sizes"].map { try report($0, on: database) }
        #expect(outputs[0].contains("BTC-USD|SYNTHETIC 7|") && outputs[0].contains("|21 of 600|5|2|") && outputs[0].contains("timed out"))
        #expect(outputs[0].contains("ETH-USD|-|no sample yet|no image yet|0 of 600|0|0|-"))
        #expect(outputs[1].contains("|1.000|15.550|16.000"))
        #expect(outputs[1].contains("|16.000\n"))
        #expect(outputs[2].contains("|1|5|10000 bytes|12.5|2000 bytes"))
        #expect(outputs[3].contains("samples|"))
    }

    @Test("a series that nobody has looked at yet is told with the time that it is accounted for from on")
    func unseen() throws {
        let (database, connection) = try worker()
        let symbols = TrackedSymbolRepository(connection)
        let pair = try Pair("BTC-USDT")
        _ = try symbols.track(
            "binance", pair, TrackingChanges(intervals: [.minute, .hour], since: Date(timeIntervalSince1970: 1_600_000_000)))
        try symbols.accountFrom(Date(timeIntervalSince1970: 1_500_000_000), KlineSeries("binance", pair, .hour))
        let run = try database.psql(
            ["-A", "-c", "SET timezone = 'UTC'", "-f", "\(Repository.sql)/reports/coverage.sql"], as: "test_worker")
        #expect(run.output.contains("binance:BTC-USDT|1h|2017-07-14 02:40:00+00\nbinance:BTC-USDT|1m|2020-09-13 12:26:40+00\n"), "\(run)")
    }

    /// Minutes of one day, rolled up.
    private func rolledUp() throws -> MinuteFixture {
        let minutes = try MinuteFixture()
        try minutes.makeMonths("2026-03")
        try minutes.put(try Date("2026-03-05T10:00:00Z", strategy: .iso8601).minutes(144))
        try minutes.rollUp()
        return minutes
    }

    @Test("the rollups and what they are made of are told by layer, series and month")
    func warehouse() throws {
        let minutes = try rolledUp()
        try minutes.put(try Date("2026-03-06T10:00:00Z", strategy: .iso8601).minutes(90))
        try minutes.put(try Date("2026-03-06T10:00:00Z", strategy: .iso8601).minutes(1), "ETH-USD")
        try minutes.worker.execute(
            """
            INSERT INTO crypto_gaf.raw_objects (object_key, exchange, symbol, channel, received_at, bytes, sha256, location)
            SELECT n::text, 'kraken', 'BTC-USD', 'klines', now(), 1024, sha256(''), (ARRAY['live', 'archive', 'expired'])[1 + n % 3]
            FROM generate_series(1, 10) n
            """)
        let layers = try report("storage_by_layer", on: minutes.database)
        for line in [
            "raw, live|objects||3|3072 bytes", "raw, archive|objects||4|4096 bytes", "facts|fact_klines|2026-03|",
            "rollups|hourly_klines||",
        ] {
            #expect(layers.contains("\(line)"), "\(layers)")
        }
        let rollups = try report("rollups", on: minutes.database)
        #expect(rollups.contains("coinbase|BTC-USD|1|2026-03-05|2026-03-05|144|10.00|2\n"), "\(rollups)")
        #expect(rollups.contains("coinbase|ETH-USD|0|-|-|0|-|1\n"), "\(rollups)")
    }

    @Test("of a table that Postgres has not analyzed yet nobody is told that it has no rows")
    func unanalyzed() throws {
        let minutes = try rolledUp()
        func layers() throws -> String { try report("storage_by_layer", on: minutes.database) }
        let before = try layers()
        for line in ["facts|fact_klines|2026-03|not analyzed yet|", "rollups|hourly_klines||not analyzed yet|"] {
            #expect(before.contains(line), "\(before)")
        }
        #expect(try report("table_sizes", on: minutes.database).contains("hourly_klines|not analyzed yet|"))
        try minutes.database.connect().run(script: "ANALYZE")
        let after = try layers()
        for line in ["facts|fact_klines|2026-03|144|", "rollups|hourly_klines||3|", "images|gafs||0|"] {
            #expect(after.contains(line), "\(after)")
        }
        #expect(!after.contains("not analyzed yet"), "\(after)")
    }

    @Test("what waits is what is due, whatever the log says of it from before; what did not load is told with its reason")
    func ingestionLog() throws {
        let (database, worker) = try worker()
        try worker.run(
            script: """
                INSERT INTO crypto_gaf.raw_objects (object_key, exchange, symbol, channel, received_at, bytes, sha256, due)
                SELECT key, 'kraken', 'BTC-USD', 'klines', '2026-03-05 10:00+00', 1024, sha256(''), key <> 'done'
                FROM unnest('{new,again,done}'::text[]) AS key;
                INSERT INTO crypto_gaf.processed_files (object_key, outcome, rows_read, rows_inserted, rows_duplicate, rows_rejected, error)
                VALUES ('again', 'corrupt', 0, 0, 0, 0, 'other bytes'), ('done', 'loaded', 9, 5, 3, 1, NULL);
                INSERT INTO crypto_gaf.rejected_rows (object_key, position, reason, row_text)
                VALUES ('kraken/BTC-USD/klines/2026/03/05/done', 0, 'high < low', '[]');
                INSERT INTO crypto_gaf.stopped_channels (exchange, channel, object_key, reason) VALUES ('kraken', 'klines', 'new', 'no field time')
                """)
        let log = try report("ingestion_log", on: database)
        #expect(log.contains("|kraken|klines|2|9|5|0|3|1|1\n"), "\(log)")
        #expect(log.contains("kraken|klines|2|2048 bytes|2026-03-05 11:00:00+01|no field time\n"), "\(log)")
        #expect(log.contains("|corrupt|again|other bytes\n") && log.contains("kraken|klines|high < low|1|"), "\(log)")
    }

    @Test("coverage is told by day, and why candles are missing; a series that nobody looked at is named")
    func coverage() throws {
        let (database, worker) = try worker()
        try worker.run(
            script: """
                INSERT INTO crypto_gaf.coverage (exchange, symbol, interval_code, day, expected, present, absent, lost)
                VALUES ('binance', 'BTC-USDT', '1m', '2020-06-28', 1440, 1260, 100, 70), ('binance', 'BTC-USDT', '1m', '2020-06-27', 1440, 1440, 0, 0),
                    ('binance', 'BTC-USDT', '1w', '2020-06-22', 1, 0, 0, 1), ('binance', 'BTC-USDT', '1w', current_date - 1, 1, 0, 0, 1);
                INSERT INTO crypto_gaf.missing_klines (exchange, symbol, interval_code, first_open, last_open, candles, state, reason, final)
                VALUES ('binance', 'BTC-USDT', '1m', '2020-06-28 02:00+00', '2020-06-28 03:39+00', 100, 'absent', 'the venue has none', true),
                    ('binance', 'BTC-USDT', '1m', '2020-06-28 04:00+00', '2020-06-28 05:09+00', 70, 'lost', 'timed out', false);
                INSERT INTO crypto_gaf.tracked_symbols (exchange, symbol, interval_codes, since)
                VALUES ('binance', 'BTC-USDT', '{1m,1h}', '2020-06-27 00:00+00')
                """)
        let coverage = try report("coverage", on: database)
        #expect(coverage.contains("2020-06-28|binance:BTC-USDT|1m|1440|1260|100|70|10|87.50|"), "\(coverage)")
        #expect(coverage.contains("|yes\n") && coverage.contains("|binance:BTC-USDT|1w|1|0|0|1|0|0.00|"), "\(coverage)")
        #expect(!coverage.contains("2020-06-27|"), "a day that is long past and complete: \(coverage)")
        #expect(!coverage.contains("2020-06-22|"), "a day that is long past, of a series that nobody tracks: \(coverage)")
        #expect(
            coverage.contains(
                "binance:BTC-USDT|1m|absent|the venue has none|100|1|2020-06-28 04:00:00+02|2020-06-28 05:39:00+02|no\n"
                    + "binance:BTC-USDT|1m|lost|timed out|70|1|2020-06-28 06:00:00+02|2020-06-28 07:09:00+02|yes\n"), "\(coverage)")
        #expect(coverage.contains("since\nbinance:BTC-USDT|1h|2020-06-27 02:00:00+02\n"), "\(coverage)")
    }

    @Test("of each job its runs are counted by how they ended, and the failed ones are told with their error")
    func jobHistory() throws {
        let (database, worker) = try worker()
        try worker.run(
            script: """
                INSERT INTO crypto_gaf.jobs (name, enabled) VALUES ('transform', false), ('transfrom', false), ('calculate', true);
                INSERT INTO crypto_gaf.job_runs (job, started_at, finished_at, outcome, counts, error)
                SELECT job, now() - age, now() - age + took, outcome, counts::jsonb, error FROM (VALUES
                    ('transform', interval '3 hours', interval '2 s', 'succeeded', '{"objects": 3}', NULL),
                    ('transform', interval '2 hours', interval '4 s', 'failed', '{}', 'the lake is away'),
                    ('transform', interval '1 hour', interval '6 s', 'died', '{}', NULL),
                    ('aggregate', interval '30 minutes', NULL, 'running', '{}', NULL)) AS runs (job, age, took, outcome, counts, error)
                """)
        let history = try report("job_history", on: database)
        #expect(history.contains("aggregate|on|1|0|0|0|0|") && history.contains("transform|off|3|1|1|0|1|"), "\(history)")
        #expect(history.contains("\ntransfrom|off|") && history.contains("|none: is there such a job?\n"), "\(history)")
        #expect(history.components(separatedBy: "is there such a job?").count == 2, "\(history)")
        #expect(history.contains("|4.0|6.0\n") && history.contains("|00:30:00\n"), "\(history)")
        #expect(history.contains("|00:00:04|the lake is away\n") && history.contains("|died|"), "\(history)")
        #expect(history.contains("|died|{}\n"), "what the last run that ended counted: \(history)")
    }

    @Test("the slowest venue is told first, without what nobody was asked for; so are those in trouble, and those to be left alone")
    func slowestVenues() throws {
        let (database, worker) = try worker()
        try worker.run(
            script: """
                INSERT INTO crypto_gaf.raw_objects (object_key, exchange, symbol, channel, requested_at, received_at, bytes, sha256)
                SELECT exchange || n, exchange, 'BTC-USD', 'klines', now() - n * took, now(), 1024, sha256('')
                FROM (VALUES ('kraken', interval '40 ms'), ('okx', interval '250 ms'), ('file', NULL)) AS venues (exchange, took), generate_series(1, 3) n;
                INSERT INTO crypto_gaf.extraction_metadata (exchange, symbol, data_type, failures, last_error)
                VALUES ('okx', 'BTC-USD', 'depth', 4, 'timed out'), ('kraken', 'BTC-USD', 'depth', 0, NULL);
                INSERT INTO crypto_gaf.venue_budgets (exchange, tokens, updated_at, paused_until, reason)
                VALUES ('okx', 0, now(), now() + interval '1 hour', 'too many requests'), ('kraken', 5, now(), now() - interval '1 hour', 'earlier')
                """)
        let venues = try report("slowest_venues", on: database)
        #expect(venues.contains("stored\nokx|klines|3|500|725|750|3072 bytes\nkraken|klines|3|80|116|120|3072 bytes\n"), "\(venues)")
        #expect(venues.contains("okx|depth|1|4|") && venues.contains("|timed out\n") && !venues.contains("kraken|depth"), "\(venues)")
        #expect(venues.contains("|too many requests\n") && !venues.contains("earlier"), "\(venues)")
    }
}
