import Foundation
import Lake
import Market
import Runtime
import Synchronization
import TestSupport
import Testing
import Warehouse

@testable import Jobs

/// What is noted of answers when the lake takes some and refuses others.
@Suite struct BronzeTests {
    private let fixture: IngestFixture

    init() throws { fixture = try IngestFixture() }

    private func page(_ symbol: String, _ number: Int) -> RawObject {
        let time = Date(timeIntervalSince1970: 1_700_000_000 + Double(number))
        return RawObject(
            exchange: "binance", symbol: symbol, channel: "klines", interval: "1m", url: "http://127.0.0.1/", requestedAt: time,
            receivedAt: time, status: 200, body: Array("[\(number)]".utf8))
    }

    private func update(_ symbol: String, minute: Int64) -> ExtractionUpdate {
        ExtractionUpdate(
            ExtractionKey("binance", symbol, .klines, .minute), lastOpenTime: Date(timeIntervalSince1970: Double(minute) * 60), records: 1)
    }

    @Test("an extraction stands before the first page that the lake did not take, whatever came after; another goes on")
    func gap() throws {
        let refused = try page("BTC-USDT", 2).encoded()
        let path = "\(fixture.directory)/lake/\(refused.key)"
        try FileManager.default.createDirectory(
            at: URL(filePath: path).deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data("something else".utf8).write(to: URL(filePath: path))
        let bronze = try Bronze(LakeLocation(url: fixture.lakeURL), fixture.connect(), log: .silent, stop: fixture.stop)
        for number in 1...3 { try bronze.add(page("BTC-USDT", number), [update("BTC-USDT", minute: Int64(number))]) }
        try bronze.add(page("ETH-USDT", 4), [update("ETH-USDT", minute: 4)])
        #expect(throws: LakeError.self) { try bronze.flush() }
        #expect(try fixture.standing("BTC-USDT") == 60_000)
        #expect(try fixture.standing("ETH-USDT") == 240_000)
        #expect(try fixture.recordedKeys().count == 3)
    }

    @Test("while the lake takes its time the venues are asked on, and in the end all is written and on record")
    func goesOn() throws {
        for number in 0..<150 { try fixture.track("C\(number)-USDT") }
        let waited = Mutex<Bool?>(nil)
        let bucket = try ScriptedServer { [market = fixture.market] request in
            if request.method == "PUT" {
                waited.withLock { waited in
                    if waited == nil { waited = eventually(within: .seconds(10)) { market.requests("depth").count == 150 } }
                }
            }
            // No such object, and then it is there.
            return .reply(request.method == "PUT" ? 200 : 404)
        }
        var settings = try fixture.settings(timeout: .seconds(30))
        settings.lake = try LakeLocation(url: "s3://lake", s3: S3Access(endpoint: bucket.url, accessKey: "a", secretKey: "b"))
        let counts = try fixture.run(IngestDepth(settings))
        #expect(waited.withLock { $0 } == true, "every book was asked for before the first was written")
        #expect(counts["objects"] == 150)
        #expect(try fixture.recordedKeys().count == 150)
    }

    @Test("the lake is begun when nothing is on record yet; later a folder that is none is a disk that is not mounted")
    func unmounted() throws {
        func bronze() throws -> Bronze {
            try Bronze(LakeLocation(url: fixture.lakeURL), fixture.connect(), log: .silent, stop: fixture.stop)
        }
        let first = try bronze()
        try first.add(page("BTC-USDT", 1))
        try first.flush()
        let (lake, aside) = ("\(fixture.directory)/lake", "\(fixture.directory)/aside")
        try FileManager.default.moveItem(atPath: lake, toPath: aside)
        try FileManager.default.createDirectory(atPath: lake, withIntermediateDirectories: false)
        let second = try bronze()
        try second.add(page("BTC-USDT", 2))
        let error = #expect(throws: LakeError.self) { try second.flush() }
        #expect(error?.code == .unavailable)
        #expect(try FileManager.default.contentsOfDirectory(atPath: lake) == [] && fixture.recordedKeys().count == 1)
    }
}
