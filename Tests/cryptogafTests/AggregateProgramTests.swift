import Foundation
import Postgres
import TestSupport
import Testing

@testable import cryptogaf

@Suite struct AggregateProgramTests {
    @Test("job aggregate rolls up what was touched, and with --rebuild what is there, and says how much")
    func program() throws {
        let database = try TestPostgres.database()
        let worker = try database.connect(as: "test_worker")
        try worker.run(
            script: """
                SELECT crypto_gaf.ensure_month('fact_klines', '2026-03-01');
                INSERT INTO crypto_gaf.fact_klines (exchange, symbol, interval_code, open_time, open, high, low, close, volume, received_at, object_hash)
                SELECT 'kraken', 'BTC-USD', '1m', time, 1, 2, 1, 2, 3, now(), 0
                FROM generate_series('2026-03-05 00:00+00'::timestamptz, '2026-03-06 00:59+00', '1 minute') AS time;
                INSERT INTO crypto_gaf.touched_hours (exchange, symbol, hour) VALUES ('kraken', 'BTC-USD', '2026-03-05 10:00+00');
                """)
        func run(_ words: String...) throws -> Subprocess.Result {
            try Program.run(["job", "aggregate"] + words, environment: database.environment(as: "test_worker"))
        }
        func rows() throws -> Int { try worker.query("SELECT count(*) FROM crypto_gaf.hourly_klines").one().int(0) }
        let first = try run()
        #expect(
            first.status == 0 && first.errors.contains(#""hours_written":1"#) && first.errors.contains(#""days_written":1"#),
            "\(first.errors)")
        #expect(try rows() == 1)
        #expect(try run("--rebuild", "--from", "2026-03-05T20:00Z", "--to", "2026-03-06").status == 0)
        #expect(try rows() == 5)
        let all = try run("--rebuild")
        #expect(
            all.status == 0 && all.errors.contains(#""hours_marked":25"#) && all.errors.contains(#""hours_written":20"#), "\(all.errors)")
        #expect(try run("--from", "2026-03-05").status == 64)
        #expect(try run("--rebuild", "--from", "2026-03-06", "--to", "2026-03-05").status == 64)
        #expect(try run("--rebuild", "--from", "yesterday").status == 64)
        #expect(try run("--rebuild", "--from", "2026-02-30").status == 64)
    }

    @Test("killed at any moment, aggregate loses no hour, and the next run does the rest")
    func killed() throws {
        let database = try TestPostgres.database()
        let worker = try database.connect(as: "test_worker")
        try worker.run(
            script: """
                SELECT crypto_gaf.ensure_month('fact_klines', '2026-03-01');
                INSERT INTO crypto_gaf.fact_klines (exchange, symbol, interval_code, open_time, open, high, low, close, volume, received_at, object_hash)
                SELECT 'kraken', 'S' || n || '-USD', '1m', time, n, n + 2, n, n + 1, n, now(), 0
                FROM generate_series(1, 20) AS n, generate_series('2026-03-01 00:00+00'::timestamptz, '2026-03-20 23:00+00', '15 minutes') AS time
                """)
        func counts() throws -> (left: Int, hours: Int, wrong: Int) {
            let row = try worker.query(
                """
                SELECT (SELECT count(DISTINCT (symbol, hour)) FROM crypto_gaf.touched_hours), (SELECT count(*) FROM crypto_gaf.hourly_klines),
                    (SELECT count(*) FROM crypto_gaf.daily_klines d WHERE minutes_present <> (SELECT sum(minutes_present)
                        FROM crypto_gaf.hourly_klines h WHERE h.symbol = d.symbol AND h.open_time BETWEEN d.open_time AND d.open_time + interval '23 hours'))
                """
            ).one()
            return (try row.int(0), try row.int(1), try row.int(2))
        }
        var random = SystemRandomNumberGenerator()
        for _ in 0..<Soak.count(50) {
            try worker.run(
                script: """
                    DELETE FROM crypto_gaf.hourly_klines; DELETE FROM crypto_gaf.daily_klines; DELETE FROM crypto_gaf.touched_hours;
                    INSERT INTO crypto_gaf.touched_hours (exchange, symbol, hour)
                    SELECT DISTINCT exchange, symbol, date_trunc('hour', open_time) FROM crypto_gaf.fact_klines
                    """)
            let program = try Program.start(["job", "aggregate"], environment: database.environment(as: "test_worker"))
            _ = program.wait(for: .milliseconds(Int.random(in: 20...600, using: &random)))
            program.signal(SIGKILL)
            _ = program.wait()
            let (left, hours, wrong) = try counts()
            #expect(left + hours == 20 * 480 && wrong == 0, "\(left) \(hours) \(wrong)")
        }
        #expect(try Program.run(["job", "aggregate"], environment: database.environment(as: "test_worker")).status == 0)
        let (left, hours, wrong) = try counts()
        #expect(left == 0 && hours == 20 * 480 && wrong == 0)
    }
}
