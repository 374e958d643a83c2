import FoundationEssentials
import Market
import Postgres
import TestSupport
import Testing
import Warehouse

@Suite struct RawObjectClaimTests {
    private let database: TestDatabase
    private let connection: Connection
    private let channel = LakeChannel(exchange: "binance", name: "klines")

    init() throws { (database, connection) = try worker() }

    /// Objects of one symbol, one a second.
    private func record(_ symbol: String, at seconds: [Int], in location: RawLocation = .live) throws {
        let objects = seconds.map { second in
            RawObjectRecord(
                key: key(symbol, second), exchange: "binance", symbol: symbol, channel: "klines", intervalCode: "1m",
                receivedAt: Date(timeIntervalSince1970: Double(second)), bytes: 1, sha256: [UInt8](repeating: 0, count: 32))
        }
        try RawObjectRepository(connection).record(objects, in: location)
    }

    private func key(_ symbol: String, _ second: Int) -> String { "binance/\(symbol)/\(second)" }

    private func claim(_ limit: Int, _ connection: Connection, in locations: [RawLocation] = [.live]) throws -> [String] {
        try RawObjectRepository(connection).claim(channel, limit: limit, in: locations).keys
    }

    @Test("what waits is claimed symbol by symbol, the oldest of each first, and once")
    func bySymbol() throws {
        try record("B-USD", at: [1, 3, 5])
        try record("A-USD", at: [6, 4, 2])
        let other = try database.connect(as: "test_worker")
        for connection in [connection, other] { try connection.run(script: "BEGIN") }
        #expect(try claim(2, connection) == [key("A-USD", 2), key("A-USD", 4)])
        #expect(try claim(3, other) == [key("A-USD", 6), key("B-USD", 1), key("B-USD", 3)])
        #expect(try claim(9, connection) == [key("A-USD", 2), key("A-USD", 4), key("B-USD", 5)])
    }

    @Test("newer objects do not overtake many older ones, whatever their symbol")
    func window() throws {
        try record("B-USD", at: Array(1...300))
        try record("A-USD", at: Array(301...310))
        #expect(try claim(3, connection) == (1...3).map { key("B-USD", $0) })
        #expect(try claim(305, connection).prefix(6) == (301...305).map { key("A-USD", $0) } + [key("B-USD", 1)])
    }

    @Test("whoever finds the oldest in others' hands gets what comes after them")
    func beyond() throws {
        try record("A-USD", at: Array(1...600))
        let other = try database.connect(as: "test_worker")
        try connection.run(script: "BEGIN")
        #expect(try claim(400, connection) == (1...400).map { key("A-USD", $0) })
        #expect(try claim(3, other) == (401...403).map { key("A-USD", $0) })
    }

    @Test("a claim is of one place, and of none that is not asked for")
    func places() throws {
        try record("A-USD", at: [1, 2], in: .archive)
        try record("A-USD", at: [3, 4])
        try record("A-USD", at: [5], in: .archive)
        #expect(try claim(9, connection) == [key("A-USD", 3), key("A-USD", 4)])
        let claimed = try RawObjectRepository(connection).claim(channel, limit: 9, in: [.live, .archive])
        #expect(claimed.location == .archive && claimed.keys == [key("A-USD", 1), key("A-USD", 2)])
    }
}
