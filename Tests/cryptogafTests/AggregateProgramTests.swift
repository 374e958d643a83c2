import FoundationEssentials
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
}
