import Foundation
import TestSupport
import Testing

/// What `backfill --file` refuses before anything of it is loaded.
@Suite struct UnusableFileTests {
    private let fixture: IngestFixture
    private let path: String

    init() throws {
        fixture = try IngestFixture()
        path = "\(fixture.directory)/candles.csv"
    }

    private var words: [String] { ["backfill", "binance:BTC-USDT", "--interval", "1m", "--file", path] }

    @Test("a FIFO is refused, though nobody writes to it")
    func fifo() throws {
        try #require(mkfifo(path, 0o600) == 0)
        let program = try Program.start(words, environment: fixture.environment)
        let status = program.wait(for: .seconds(15))
        if status == nil { program.signal(SIGKILL) }
        #expect(status == 65 && program.output.contains("\(path) is no regular file"), "\(program.output)")
    }

    @Test(
        "a file with a header and no rows is refused", arguments: ["", "\n", "\r\n\r\n", "\n" + String(repeating: "  \n", count: 100_000)])
    func withoutRows(end: String) throws {
        try "timestamp,open,high,low,close,volume\(end)".write(toFile: path, atomically: true, encoding: .utf8)
        let run = try Program.run(words, environment: fixture.environment)
        #expect(run.status == 65 && run.output.isEmpty, "\(run.output)")
        #expect(run.errors.contains("\(path): it has no rows: there are no candles in it"), "\(run.errors)")
        #expect(try fixture.recordedKeys() == [])
    }
}
