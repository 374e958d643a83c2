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

    @Test("the oldest that nobody has are claimed, whatever their market, and once")
    func oldestFirst() throws {
        try record("B-USD", at: [1, 3, 5])
        try record("A-USD", at: [6, 4, 2])
        let other = try database.connect(as: "test_worker")
        for connection in [connection, other] { try connection.run(script: "BEGIN") }
        #expect(try claim(2, connection) == [key("B-USD", 1), key("A-USD", 2)])
        #expect(try claim(3, other) == [key("B-USD", 3), key("A-USD", 4), key("B-USD", 5)])
        #expect(try claim(9, connection) == [key("B-USD", 1), key("A-USD", 2), key("A-USD", 6)])
        try other.run(script: "ROLLBACK")
        #expect(try claim(9, connection).count == 6)
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
