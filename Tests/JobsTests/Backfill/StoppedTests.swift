import Foundation
import Jobs
import Market
import Postgres
import Synchronization
import TestSupport
import Testing

/// History that a signal ends while it is loaded.
@Suite struct StoppedTests {
    /// Ends the program in the middle, while it waits for a table.
    private func stop(
        _ words: [String], waitingFor table: SQL, _ holder: Connection, _ options: ConnectionOptions, _ environment: [String: String]
    ) throws -> (
        status: Int32?, output: String
    ) {
        try holder.run(script: "BEGIN")
        try holder.execute("LOCK TABLE \(table) IN EXCLUSIVE MODE")
        let program = try Program.start(words, environment: environment)
        let looker = try Connection(options)
        #expect(try eventually { try looker.isAnybodyWaiting() }, "\(program.output)")
        program.signal(SIGTERM)
        try holder.run(script: "COMMIT")
        return (program.wait(), program.output)
    }

    private func outcomes(_ fixture: IngestFixture) throws -> [String] {
        try fixture.connect().query("SELECT outcome FROM crypto_gaf.job_runs WHERE job LIKE 'backfill%' ORDER BY run_id").map {
            try $0.text(0)
        }
    }

    @Test("a file's says after how many rows, and ends with 0; run again it loads the rest")
    func file() throws {
        let fixture = try IngestFixture()
        let path = "\(fixture.directory)/candles.csv"
        // In many pieces, of which the first are written while the others are still to be read.
        let (first, last) = ("1700000040,1,2,1,1,5\n", "1700000100,1,2,1,1,5\n")
        let text = "timestamp,open,high,low,close,volume\n" + first + String(repeating: "\n", count: 1_000_000) + last
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        let words = ["backfill", "binance:BTC-USDT", "--interval", "1m", "--file", path, "--json"]
        let run = try stop(
            words, waitingFor: "crypto_gaf.raw_objects", fixture.connect(), fixture.database.options(as: "test_worker"),
            fixture.environment)
        #expect(run.status == 0, "\(run.output)")
        let told = /"level":"warning","event":"backfill.stopped".*it was stopped after (\d+) rows of the file.*\. Run it again to go on/
        let rows = try #require(run.output.firstMatch(of: told)?.1)
        #expect((1..<1_000_002).contains(Int(rows) ?? 0))
        #expect(run.output.contains("\"rows_before_stop\":\(rows)"), "\(run.output)")
        let again = try Program.run(words, environment: fixture.environment)
        #expect(again.status == 0 && again.output.contains("\"pending\":0") && !again.output.contains("rows_before_stop"), "\(again)")
        #expect(try fixture.connect().query("SELECT count(*) FROM crypto_gaf.fact_klines").one().int(0) == 2)
        #expect(try outcomes(fixture) == ["stopped", "succeeded"])
    }

    @Test("a venue's says after how many candles, and ends with 0; run again it goes on there")
    func venue() throws {
        let fixture = try IngestFixture()
        let first = IngestFixture.minute(-30_000)
        let running = Mutex<Subprocess?>(nil)
        fixture.market.fault { request in
            // Of the second piece.
            guard let from = request.query["startTime"].flatMap({ Int64($0) }), from > first + 21_000 * 60_000 else { return nil }
            _ = eventually { running.withLock { $0?.signal(SIGTERM) } != nil }
            return nil
        }
        func text(_ time: Int64) -> String { Date(milliseconds: time).formatted(.iso8601) }
        let words = ["backfill", "binance:BTC-USDT", "--interval", "1m", "--from", text(first), "--to", text(first + 30_000 * 60_000)]
        let program = try Program.start(words, environment: fixture.environment)
        running.withLock { $0 = program }
        #expect(program.wait() == 0, "\(program.output)")
        let told = /"level":"warning","event":"backfill.stopped".*it was stopped after (\d+) of 30000 candles\. Run it again to go on/
        let stopped = try #require(program.output.firstMatch(of: told)?.1)
        #expect((1..<30_000).contains(Int(stopped) ?? 0))
        fixture.market.fault { _ in nil }
        let again = try Program.run(words, environment: fixture.environment)
        #expect(again.status == 0 && !again.errors.contains("it was stopped"), "\(again)")
        #expect(try fixture.connect().query("SELECT count(*) FROM crypto_gaf.fact_klines").one().int(0) == 30_000)
        #expect(try outcomes(fixture) == ["stopped", "succeeded"])
    }

    @Test("a replay says after how many objects, and ends with 0")
    func replay() throws {
        let fixture = try TransformFixture()
        for number in 0..<3 { try fixture.put(.minutes(number * 5..<number * 5 + 5, version: number, receivedAt: 1440)) }
        let words = ["replay", "--from", "2026-03-01", "--to", "2026-06-01"]
        let run = try stop(words, waitingFor: "crypto_gaf.fact_klines", fixture.connection, fixture.database, fixture.environment)
        #expect(run.status == 0 && !run.output.contains("replay.finished"), "\(run.output)")
        let told = /"level":"warning","event":"replay.stopped".*it was stopped after \d objects\. Run it again to go on/
        #expect(run.output.contains(told), "\(run.output)")
        #expect(try Program.run(words, environment: fixture.environment).status == 0)
        #expect(try fixture.candles() == 15)
    }
}

extension Connection {
    /// Whether a session of the same user waits for a lock that another one has.
    fileprivate func isAnybodyWaiting() throws -> Bool {
        try query("SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock')").one()
            .bool(0)
    }
}
