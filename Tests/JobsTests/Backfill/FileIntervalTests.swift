import Foundation
import Jobs
import Postgres
import TestSupport
import Testing

/// What `backfill --file` makes of a file whose candles are not of the interval that was named.
@Suite struct FileIntervalTests {
    private let fixture: IngestFixture

    init() throws { fixture = try IngestFixture() }

    private static let start: Int64 = 1_699_999_200_000

    /// Candles that open so many minutes after an hour, each that long, in a layout.
    struct Layout: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let header: String
        let row: @Sendable (_ open: Int64, _ length: Int64) -> String

        func file(_ minutes: some Sequence<Int>, length: Int) -> String {
            header + minutes.map { row(start + Int64($0) * 60_000, Int64(length) * 60_000) + "\n" }.joined()
        }
    }

    static let openings = Layout(testDescription: "openings", header: "timestamp,open,high,low,close,volume\n") { open, _ in
        "\(open),1,2,1,1,5"
    }
    static let closings = Layout(testDescription: "closings", header: "close_time,open,high,low,close,volume\n") { open, length in
        "\(open + length - 1),1,2,1,1,5"
    }
    static let both = Layout(testDescription: "both", header: "open_time,open,high,low,close,volume,close_time\n") { open, length in
        "\(open),1,2,1,1,5,\(open + length - 1)"
    }
    /// As Binance's dumps have it since 2025.
    static let microseconds = Layout(testDescription: "microseconds", header: "") { open, length in
        "\(open * 1000),1,2,1,1,5,\((open + length) * 1000 - 1),9,3,2,4,0"
    }
    static let seconds = Layout(testDescription: "seconds", header: "open_time,open,high,low,close,volume,close_time\n") { open, length in
        "\(open / 1000),1,2,1,1,5,\((open + length) / 1000 - 1)"
    }
    static let layouts = [openings, closings, both, microseconds, seconds]

    private func load(_ text: String, _ interval: String) throws -> (run: Subprocess.Result, counts: JobCounts) {
        let path = "\(fixture.directory)/candles.csv"
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        let run = try Program.run(
            ["backfill", "binance:BTC-USDT", "--interval", interval, "--file", path, "--json"], environment: fixture.environment)
        return (run, (try? JSONDecoder().decode(JobCounts.self, from: Data(run.output.utf8))) ?? [:])
    }

    private func candles() throws -> [String] {
        try fixture.connect().query(
            "SELECT concat_ws(' ', open_time, close, volume) FROM crypto_gaf.fact_klines ORDER BY open_time"
        ).map { try $0.text(0) }
    }

    @Test("minutes that are called hours are refused, and the hours that are there stay", arguments: layouts)
    func tooFine(layout: Layout) throws {
        #expect(try load(layout.file([0, 60, 120], length: 60), "1h").counts["rows_inserted"] == 3)
        let (before, keys) = (try candles(), try fixture.lakeKeys())
        let (run, _) = try load(layout.file(0..<180, length: 1).replacing(",1,2,1,1,5", with: ",1,2,1,2,6"), "1h")
        #expect(run.status == 64, "\(run.errors)")
        #expect(run.errors.contains("candles.csv: its rows are 1m apart: they are no candles of 1h"), "\(run.errors)")
        #expect(try candles() == before && fixture.lakeKeys() == keys)
    }

    @Test("five minutes that are called minutes are refused, with a gap or without", arguments: layouts)
    func tooCoarse(layout: Layout) throws {
        let (run, _) = try load(layout.file([0, 5, 10, 15, 40, 45, 50], length: 5), "1m")
        #expect(run.status == 64, "\(run.errors)")
        #expect(run.errors.contains("candles.csv: its rows are 5m apart: they are no candles of 1m"), "\(run.errors)")
        #expect(try candles() == [] && fixture.connect().query("SELECT count(*) FROM crypto_gaf.raw_objects").one().int(0) == 0)
    }

    @Test("minutes with gaps are minutes, in any order and with a row that is wrong", arguments: layouts)
    func gaps(layout: Layout) throws {
        let minutes = [0, 5, 10, 20, 25, 31, 36, 90, 125, 126]
        let (run, counts) = try load(layout.file(minutes.reversed(), length: 1) + "soon\n", "1m")
        #expect(run.status == 0, "\(run.errors)")
        #expect(counts["rows_inserted"] == minutes.count && counts["rows_rejected"] == 1)
    }

    @Test(
        "of two rows nobody can say how long they are, unless they do",
        arguments: [(openings, 0), (both, 65), (microseconds, 65)] as [(Layout, Int32)])
    func few(layout: Layout, status: Int32) throws {
        let (run, counts) = try load(layout.file([0, 60], length: 1), "1h")
        #expect(run.status == status, "\(run.errors)")
        if status == 0 {
            #expect(counts["rows_inserted"] == 2)
        } else {
            #expect(run.errors.contains("candles.csv: 2 of 2 rows were set aside"), "\(run.errors)")
            #expect(try candles() == [])
        }
    }
}
