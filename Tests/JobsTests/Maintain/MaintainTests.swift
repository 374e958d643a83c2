import Foundation
import Jobs
import Postgres
import Runtime
import TestSupport
import Testing
import Warehouse

/// Months of facts and old rows, as a worker with its least rights keeps them.
@Suite struct MaintainTests {
    private let fixture: LifeCycleFixture

    init() throws { fixture = try LifeCycleFixture() }

    private func texts(_ sql: SQL) throws -> [String] { try fixture.worker.query(sql).map { try $0.text(0) } }

    private func partitions() throws -> [String] { try texts("SELECT partition FROM crypto_gaf.fact_partitions ORDER BY fact, starts_at") }

    /// Two minutes of the month, and word of them.
    private func addMinutes(_ month: String) throws {
        try fixture.worker.run(
            script: """
                SELECT crypto_gaf.ensure_month('fact_klines', '\(month)-01');
                INSERT INTO crypto_gaf.fact_klines (exchange, symbol, interval_code, open_time, open, high, low, close, volume, received_at, object_hash)
                SELECT 'kraken', 'BTC-USD', '1m', time, 1, 2, 1, 2, 3, now(), 0
                FROM unnest('{\(month)-01 00:00+00,\(month)-28 23:59+00}'::timestamptz[]) AS time;
                INSERT INTO crypto_gaf.touched_hours (exchange, symbol, hour)
                SELECT 'kraken', 'BTC-USD', time FROM unnest('{\(month)-01 00:00+00,\(month)-28 23:00+00}'::timestamptz[]) AS time
                """)
    }

    @Test("this month's partitions and those of the next two are made, once")
    func ahead() throws {
        let month = Date.ISO8601FormatStyle().year().month().dateSeparator(.dash)
        #expect(try fixture.maintain(dryRun: true)["months_made"] == 9)
        #expect(try partitions().isEmpty)
        #expect(try fixture.maintain()["months_made"] == 9)
        let current = fixture.now.formatted(month).replacingOccurrences(of: "-", with: "_")
        #expect(try partitions().contains("fact_orderbook_\(current)"))
        #expect(try fixture.maintain()["months_made"] == 0)
    }

    @Test(
        "months ahead are those of the calendar of UTC",
        arguments: [
            ("2028-01-31T23:59:59Z", ["2028_01", "2028_02", "2028_03"]), ("2026-11-30T23:30:00Z", ["2026_11", "2026_12", "2027_01"]),
            ("2026-12-31T23:59:59Z", ["2026_12", "2027_01", "2027_02"]),
        ])
    func calendar(now: String, months: [String]) throws {
        #expect(try FactPartitions(fixture.worker).make(from: Date(now, strategy: .iso8601), ahead: 2) == 9)
        #expect(try partitions().prefix(3) == months.map { "fact_klines_\($0)" }[...])
        #expect(
            try texts(
                "SELECT to_char(ends_at AT TIME ZONE 'UTC', 'YYYY_MM DD HH24') FROM crypto_gaf.fact_partitions WHERE fact = 'tickers' ORDER BY 1"
            )
            .dropLast() == months.dropFirst().map { "\($0) 01 00" }[...])
    }

    @Test("while the lake is not there no month is dropped, and nothing is begun in the folder where it should be")
    func unmounted() throws {
        try addMinutes("2025-01")
        try fixture.add("old", days: 10)
        let place = fixture.folder + "/lake"
        try FileManager.default.moveItem(atPath: place, toPath: fixture.folder + "/elsewhere")
        try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: false)
        let before = try partitions()
        #expect(throws: JobFailure.self) { try fixture.maintain() }
        #expect(try partitions().filter { $0.contains("2025") } == before.filter { $0.contains("2025") })
        #expect(try FileManager.default.contentsOfDirectory(atPath: place).isEmpty)
    }

    @Test("a month that ended long ago is dropped, and its hours and days stay, also through a rebuild")
    func drop() throws {
        try addMinutes("2025-01")
        try addMinutes("2025-02")
        for fact in ["fact_orderbook", "tickers"] { try fixture.worker.execute("SELECT crypto_gaf.ensure_month(\(fact), '2025-01-01')") }
        _ = try RollupRepository(fixture.worker).rollUp(limit: 100)
        let rollups = try texts(
            "SELECT h::text FROM crypto_gaf.hourly_klines h UNION ALL SELECT d::text FROM crypto_gaf.daily_klines d ORDER BY 1")
        #expect(rollups.count == 8)
        #expect(try fixture.maintain(dryRun: true)["months_dropped"] == 4)
        let counts = try fixture.maintain()
        #expect(counts["months_dropped"] == 4 && counts["months_kept"] == nil)
        #expect(try partitions().allSatisfy { !$0.contains("2025") })
        _ = try AggregateJob(rebuild: .hours(from: nil, to: nil)).run(fixture.context())
        #expect(
            try texts("SELECT h::text FROM crypto_gaf.hourly_klines h UNION ALL SELECT d::text FROM crypto_gaf.daily_klines d ORDER BY 1")
                == rollups)
        #expect(
            try texts("SELECT to_char(kept_from AT TIME ZONE 'UTC', 'YYYY-MM-DD') FROM crypto_gaf.retention WHERE fact = 'fact_klines'")
                == ["2025-03-01"])
    }

    @Test("a month whose minutes are not rolled up stays, and why is said; rolled up, it goes")
    func touched() throws {
        try addMinutes("2025-01")
        let log = LogLines()
        #expect(try fixture.maintain(dryRun: true)["months_kept"] == 1)
        let counts = try fixture.maintain(log: log.log)
        #expect(counts["months_kept"] == 1 && counts["months_dropped"] == 0)
        #expect(log.first("maintain.month_kept")?.contains("fact_klines_2025_01 has hours that are not in hourly_klines yet") == true)
        _ = try AggregateJob().run(fixture.context())
        #expect(try fixture.maintain()["months_dropped"] == 1)
        #expect(try texts("SELECT minutes_present::text FROM crypto_gaf.hourly_klines") == ["1", "1"])
    }

    @Test("a month that somebody is loading into is not waited for long, and what he adds is not lost")
    func busy() throws {
        try addMinutes("2025-01")
        _ = try AggregateJob().run(fixture.context())
        let partitions = FactPartitions(fixture.worker)
        let month = try #require(try partitions.ended(by: fixture.now).first)
        let loader = try fixture.database.connect(as: "test_worker")
        try loader.run(
            script:
                "BEGIN; UPDATE crypto_gaf.fact_klines SET volume = 5; INSERT INTO crypto_gaf.touched_hours (exchange, symbol, hour) VALUES ('kraken', 'BTC-USD', '2025-01-01 00:00+00')"
        )
        #expect(try partitions.drop(month, age: .seconds(86_400 * 90), patience: .seconds(1)) == "canceling statement due to lock timeout")
        // Now it waits, and the loader ends: its hour is seen.
        let options = fixture.database.options(as: "test_worker")
        let dropping = Background { try FactPartitions(try Connection(options)).drop(month, age: .seconds(86_400 * 90)) }
        #expect(try eventually { try fixture.database.isAnybodyWaiting() })
        try loader.run(script: "COMMIT")
        #expect(try dropping.value()?.contains("not in hourly_klines yet") == true)
    }

    @Test("nothing younger than the age is dropped, nor by anybody anything younger than 7 days")
    func young() throws {
        try fixture.worker.execute("SELECT crypto_gaf.ensure_month('tickers', (now() - interval '80 days')::date)")
        #expect(try fixture.maintain()["months_dropped"] == 0)
        var retention = Retention()
        retention.factDays = 45
        #expect(try fixture.maintain(retention)["months_dropped"] == 1)
        retention.factDays = 1
        try fixture.worker.execute("SELECT crypto_gaf.ensure_month('tickers', (now() - interval '80 days')::date)")
        #expect(throws: JobFailure.self) { try fixture.maintain(retention) }
        #expect(try partitions().count == 10)
    }

    @Test("logs of old runs, rows, drawings and expired objects go; the last run of each job stays")
    func logs() throws {
        try fixture.worker.run(
            script: """
                INSERT INTO crypto_gaf.gafs (product) VALUES ('BTC-USD');
                INSERT INTO crypto_gaf.draws (product, hour) SELECT 'BTC-USD', now() - (n - 0.5) * interval '1 day' FROM generate_series(1, 40) n;
                INSERT INTO crypto_gaf.job_runs (job, started_at, outcome) VALUES ('ingest', now() - interval '91 days', 'failed'),
                    ('ingest', now() - interval '1 day', 'succeeded'), ('once', now() - interval '200 days', 'succeeded'), ('once', now() - interval '300 days', 'died');
                INSERT INTO crypto_gaf.rejected_rows (object_key, position, reason, row_text, rejected_at)
                SELECT 'kept', n, 'high < low', '', now() - (n - 0.5) * interval '1 day' FROM generate_series(80, 100) n;
                """)
        for (name, days) in [("a", 31.0), ("b", 89), ("c", 91), ("d", 400)] { try fixture.add(name, days: days) }
        // A file of long ago that came into the lake last month.
        try fixture.worker.execute(
            "UPDATE crypto_gaf.raw_objects SET recorded_at = now() - interval '31 days' WHERE object_key LIKE '%/d.json.gz'")
        try fixture.worker.execute(
            "INSERT INTO crypto_gaf.rejected_rows (object_key, position, reason, row_text) SELECT object_key, 0, 'x', '' FROM crypto_gaf.raw_objects"
        )
        try fixture.maintain()
        let said = try fixture.maintain(dryRun: true)
        let counts = try fixture.maintain()
        #expect(counts["objects_expired"] == 4 && counts["expired_objects_pruned"] == 1 && said["expired_objects_pruned"] == 0)
        #expect(try texts("SELECT substring(object_key FROM '(.)[.]json') FROM crypto_gaf.processed_files ORDER BY 1") == ["a", "b", "d"])
        #expect(try texts("SELECT location FROM crypto_gaf.raw_objects") == ["expired", "expired", "expired"])
        #expect(try texts("SELECT count(*)::text FROM crypto_gaf.rejected_rows") == ["14"])
        #expect(try texts("SELECT job || ' ' || outcome FROM crypto_gaf.job_runs ORDER BY 1") == ["ingest succeeded", "once succeeded"])
        #expect(try texts("SELECT count(*)::text FROM crypto_gaf.draws") == ["30"])
    }

    @Test("a stop leaves the rest to the next run")
    func stop() throws {
        for n in 0..<5 { try fixture.add("\(n)", days: 8) }
        let stop = Stop()
        stop.request()
        let counts = try MaintainJob(Retention(), live: { _ in fixture.live }, archive: { _ in fixture.archive }).run(
            fixture.context(stop: stop))
        #expect(counts == [:])
        #expect(try fixture.maintain()["objects_archived"] == 5)
    }
}
