import FoundationEssentials
import Runtime
import Synchronization
import Testing

@Suite struct LogTests {
    private final class Lines: Sendable {
        let all = Mutex<[String]>([])
    }

    private func lines(_ format: Log.Format, minimum: Log.Level = .info, _ body: (Log) -> Void) -> [String] {
        let lines = Lines()
        body(
            Log(
                format: format, minimum: minimum, now: { Date(timeIntervalSince1970: 1_700_000_000.25) },
                write: { line in lines.all.withLock { $0.append(line) } }))
        return lines.all.withLock { $0 }
    }

    @Test("JSON keeps numbers as numbers and escapes what a venue sent")
    func json() {
        let out = lines(.json) {
            $0.info("collect.row", ["product": "A\"B\n\u{1}", "rows": 3, "late": 0.5, "ok": true, "bad": .number(.nan)])
        }
        #expect(
            out == [
                #"{"time":"2023-11-14T22:13:20.250Z","level":"info","event":"collect.row","product":"A\"B\n\u0001","rows":3,"late":0.5,"ok":true,"bad":null}"#
            ])
    }

    @Test("text for a terminal cannot be broken by control characters")
    func text() {
        let out = lines(.text) { $0.warning("venue.failed", ["url": "http://x", "reason": "a\u{1b}[2J b"]) }
        #expect(out == [#"22:13:20.250 WARNING venue.failed url=http://x reason="a\u001b[2J b""#])
    }

    @Test("events below the minimum are not written")
    func minimum() {
        #expect(lines(.text, minimum: .error) { $0.warning("a") } == [])
        #expect(lines(.text, minimum: .debug) { $0.debug("a") }.count == 1)
    }
}
