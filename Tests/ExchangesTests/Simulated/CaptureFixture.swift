import Exchanges
import FoundationEssentials
import Synchronization

/// A small feed of our own in the recorder's format, in a file that lives as long as this.
final class CaptureFixture {
    let path = FileManager.default.temporaryDirectory.appending(path: "capture-\(UUID().uuidString).feed").path

    init(_ lines: [String] = market) throws {
        try Data((lines.joined(separator: "\n") + "\n").utf8).write(to: URL(filePath: path))
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// Two products; AAA-USD has its book from 0.04 s on, BBB-USD from 0.10 s on; trades at 0.10, 0.15 and 0.20 s; the end is at 0.21 s.
    static let market = [
        "wss://feed.example <-> 999.5",
        #"wss://feed.example <- 999.7: {"type":"subscribe","product_ids":["AAA-USD","BBB-USD"],"channels":["level2"]}"#,
        #"1000.00: {"type":"subscriptions","channels":[{"name":"level2","product_ids":["AAA-USD","BBB-USD"]}]}"#,
        "",
        #"1000.04: {"type":"snapshot","product_id":"AAA-USD","asks":[["101.00","1.0"],["103","2"]],"bids":[["99.0","1.5"],["98","4"]]}"#,
        #"1000.041: {"type":"last_match","product_id":"AAA-USD","side":"buy","size":"9","price":"99","sequence":5,"trade_id":1}"#,
        #"1000.0500001: {"type":"l2update","product_id":"AAA-USD","changes":[["sell","101.00","0.0"],["buy","100","2"]],"time":"x"}"#,
        #"1000.10: {"type":"match","product_id":"AAA-USD","side":"sell","size":"0.5","price":"103","sequence":10,"trade_id":2}"#,
        #"1000.1: {"type":"snapshot","product_id":"BBB-USD","asks":[["0.5","10"]],"bids":[["0.4","10"]]}"#,
        #"1000.15: {"type":"match","product_id":"AAA-USD","side":"buy","size":"1","price":"100","sequence":12,"trade_id":3}"#,
        #"1000.2: {"type":"match","product_id":"AAA-USD","side":"buy","size":"3","price":"98","sequence":17,"trade_id":4}"#,
        #"1000.21: {"type":"ticker","product_id":"AAA-USD","price":"98"}"#,
    ]
}

/// A clock that a test sets.
final class HandClock: Sendable {
    private let nanoseconds = Mutex<Int64>(0)

    func set(milliseconds: Int64) { nanoseconds.withLock { $0 = milliseconds * 1_000_000 } }

    var clock: VenueClock { VenueClock { self.nanoseconds.withLock { $0 } } }
}

/// Gathers what a replay left out.
final class FaultList: Sendable {
    private let faults = Mutex<[CaptureFault]>([])

    var report: @Sendable (CaptureFault) -> Void { { fault in self.faults.withLock { $0.append(fault) } } }
    var lines: [Int] { faults.withLock { $0.map(\.line) } }
    var kinds: [CaptureFault.Kind] { faults.withLock { $0.map(\.kind) } }
    var reasons: [String] { faults.withLock { $0.map(\.reason) } }
}
