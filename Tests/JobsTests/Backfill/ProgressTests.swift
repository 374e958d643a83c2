import Foundation
import Jobs
import Lake
import Market
import Postgres
import TestSupport
import Testing
import Warehouse

/// What a person sees who works at a terminal while history is loaded.
@Suite(.enabled(if: Program.hasTerminal, "skipped: no script(1)")) struct ProgressTests {
    /// Lines of the screen on which something of the log stands, each without what was written over.
    private func logged(_ run: Subprocess.Result) -> [String] {
        let lines = run.output.replacing("\r\n", with: "\n").split(separator: "\n")
        return lines.compactMap { line in
            let shown = line.split(separator: "\r\u{1B}[K").last ?? ""
            return shown.contains(/\d\d:\d\d:\d\d\.\d{3} [A-Z]+ [a-z_]+\.[a-z_]+/) ? String(shown) : nil
        }
    }

    /// That the log is told below the progress, and that no line of it stands behind something else.
    private func expectApart(_ run: Subprocess.Result, progress: String, then event: String) {
        let parts = run.output.components(separatedBy: event)
        #expect(parts.count > 1 && parts[0].contains("\r\u{1B}[K\(progress)"), "\(run.output)")
        for line in logged(run) { #expect(line.starts(with: /\d\d:\d\d:\d\d\./), "\(line)") }
    }

    @Test("from a venue")
    func venue() throws {
        let fixture = try IngestFixture()
        let first = IngestFixture.minute(-30_000)
        fixture.market.fault { request in
            // Something to log once the first piece is there.
            guard let from = request.query["startTime"].flatMap({ Int64($0) }), from > first + 25_000 * 60_000 else { return nil }
            return .json(#"{"code":-1100,"msg":"Illegal characters."}"#, status: 400)
        }
        func text(_ time: Int64) -> String { Date(milliseconds: time).formatted(.iso8601) }
        let words = ["binance:BTC-USDT", "--interval", "1m", "--from", text(first), "--to", text(first + 30_000 * 60_000)]
        let run = try Program.runOnTerminal(["backfill"] + words, environment: fixture.environment)
        #expect(run.status == 75)
        expectApart(run, progress: "1", then: "ingest.failed")
        expectApart(run, progress: "30000 of 30000 candles", then: "job.failed")
    }

    @Test("from a file")
    func file() throws {
        let fixture = try IngestFixture()
        try fixture.connect().execute("INSERT INTO crypto_gaf.jobs (name, enabled) VALUES ('transform', false)")
        let path = "\(fixture.directory)/candles.csv"
        // In many pieces, of which the first are written while the others are still to be read.
        let text = "timestamp,open,high,low,close,volume\n1700000040,1,2,1,1,5\n" + String(repeating: "\n", count: 1_000_000)
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        let run = try Program.runOnTerminal(
            ["backfill", "binance:BTC-USDT", "--interval", "1m", "--file", path], environment: fixture.environment)
        #expect(run.status == 0)
        expectApart(run, progress: "loading: ", then: "ingest.not_loaded")
        #expect(run.output.components(separatedBy: "ingest.not_loaded")[0].contains("loading: 100 %") == false)
    }

    @Test("of a replay")
    func replay() throws {
        let fixture = try TransformFixture()
        for number in 0..<3 { try fixture.put(.minutes(number * 5..<number * 5 + 5, version: number, receivedAt: 1440)) }
        let store = try fixture.lake.open()
        let key = try #require(try store.allKeys().first)
        try store.remove(key)
        let run = try Program.runOnTerminal(["replay", "--from", "2026-03-01", "--to", "2026-06-01"], environment: fixture.environment)
        #expect(run.status == 65)
        expectApart(run, progress: "replay: 2 of 2 objects", then: "replay.object_lost")
        #expect(run.output.contains("\ncryptogaf replay: the lake has lost"), "\(run.output)")
    }
}
