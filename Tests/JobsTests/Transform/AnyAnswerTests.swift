import Foundation
import Jobs
import Lake
import Market
import Postgres
import TestSupport
import Testing
import Warehouse

/// Whatever a venue may answer, in any mixture.
@Suite struct AnyAnswerTests {
    /// What came, as it came: whole pages, none at all, pages of which some or all rows are bad, pieces, other channels and venues.
    private struct Feed {
        var random: SeededGenerator
        private static let symbols = ["BTC-USDT", "ETH-USDT", "SOL-USDT"]

        init(seed: UInt64) { random = SeededGenerator(seed: seed) }

        mutating func number(_ range: Range<Int>) -> Int { Int.random(in: range, using: &random) }

        mutating func answer() -> RawObject {
            let symbol = Self.symbols[number(0..<3)]
            let receivedAt = 20_000 + Double(number(0..<20_000_000)) / 1000
            switch number(0..<12) {
            case 0: return .klines("[]", symbol: symbol, receivedAt: receivedAt)
            case 1: return .klines(page(symbol, spoiling: 1), symbol: symbol, receivedAt: receivedAt)
            case 2...4: return .klines(page(symbol, spoiling: 4), symbol: symbol, receivedAt: receivedAt)
            case 5: return .klines("<html>maintenance</html>", symbol: symbol, receivedAt: receivedAt, status: 503)
            case 6: return .klines(String(page(symbol, spoiling: 9).dropLast(3)), symbol: symbol, receivedAt: receivedAt)
            case 7:
                let open = TransformFixture.epoch + Int64(number(0..<20)) * 300_000
                let body = "[[\(open),\"5\",\"6\",\"4\",\"5\",\"1\",\(open + 299_999),\"5\",1,\"1\",\"5\",\"0\"]]"
                return .klines(body, symbol: symbol, interval: "5m", receivedAt: receivedAt)
            case 8: return .answer(book(), symbol: symbol, channel: "depth", receivedAt: receivedAt)
            case 9: return .answer(tickers(), symbol: RawObject.allSymbols, channel: "tickers", receivedAt: receivedAt)
            case 10: return kraken(receivedAt)
            default: return .minutes(minutes(), version: number(0..<9), symbol: symbol, receivedAt: receivedAt)
            }
        }

        private mutating func minutes() -> Range<Int> {
            let start = number(0..<300)
            return start..<start + number(1..<120)
        }

        /// One in so many rows is bad.
        private mutating func page(_ symbol: String, spoiling share: Int) -> String {
            let version = number(0..<9)
            var rows = minutes().map { minute in
                let row = RawObject.row(minute, version: version)
                guard number(0..<share) == 0 else { return row }
                let open = String(TransformFixture.epoch + Int64(minute) * 60_000)
                return switch number(0..<5) {
                case 0: row.replacing("[\(open)", with: "[\(open.dropLast(3))007")
                case 1: row.replacing("[\(open)", with: "[9\(open)")
                case 2: row.replacing("[\(open)", with: "[-\(open)")
                case 3: row.replacing("[\(open),\"", with: "[\(open),\"9")
                default: row.replacing("[\(open),", with: "[\(open),null,")
                }
            }
            // Several rows of which none can be read, and none is nothing, are another API: the channel would stop.
            rows.append(share > 1 ? RawObject.row(number(0..<300), version: version) : "null")
            rows.shuffle(using: &random)
            return "[\(rows.joined(separator: ","))]"
        }

        private mutating func book() -> String {
            let bids = (0..<number(0..<4)).map { "[\"\(99 - $0)\",\"1.5\"]" }.joined(separator: ",")
            let asks = (0..<number(0..<4)).map { "[\"\(100 + $0)\",\"0\"]" }.joined(separator: ",")
            return "{\"lastUpdateId\":7,\"bids\":[\(bids)],\"asks\":[\(asks)]}"
        }

        private mutating func tickers() -> String {
            let names = ["BTCUSDT", "ETHUSDT", "XYZ", "SOLUSDT"].prefix(number(0..<5))
            return "[\(names.map { "{\"symbol\":\"\($0)\",\"lastPrice\":\"\(number(0..<9)).5\",\"closeTime\":1}" }.joined(separator: ","))]"
        }

        /// Of another market than the one asked for, now and then; of none at times.
        private mutating func kraken(_ receivedAt: Double) -> RawObject {
            let rows = minutes().map { "[\(TransformFixture.epoch / 1000 + Int64($0) * 60),\"5\",\"6\",\"4\",\"5\",\"5\",\"1.5\",3]" }
            let name = ["XXBTZUSD", "XXBTZUSD", "XETHZUSD"][number(0..<3)]
            let body = "{\"error\":[],\"result\":{\"\(name)\":[\(rows.prefix(number(0..<90)).joined(separator: ","))],\"last\":1}}"
            return .answer(body, symbol: "BTC-USD", channel: "klines", interval: "1m", receivedAt: receivedAt, exchange: "kraken")
        }
    }

    @Test(
        "of whatever came, replays leave the tables as they are, put right what was damaged, and make the same from nothing",
        arguments: Soak.isOn ? 1...40 : 1...3)
    func replays(seed: UInt64) throws {
        let fixture = try TransformFixture()
        try fixture.skipListing()
        var feed = Feed(seed: seed)
        for _ in 0..<4 {
            for _ in 0..<40 { try fixture.put(feed.answer()) }
            try fixture.transform(workers: feed.number(1..<3))
            if feed.number(0..<2) == 0 { try fixture.replay() }
        }
        let expected = try fixture.digest()
        #expect(try fixture.due() == 0 && fixture.candles() > 500)
        try fixture.replay()
        #expect(try fixture.digest() == expected)
        try fixture.connection.run(script: "BEGIN")
        try damage(fixture.connection, seed)
        let damaged = try fixture.digest()
        try fixture.connection.run(script: "ROLLBACK")
        try damage(fixture.connection, seed)
        #expect(try fixture.digest() == damaged && damaged != expected, "a failure can be repeated")
        try fixture.replay()
        #expect(try fixture.digest() == expected)
        try fixture.forget()
        try fixture.replay()
        #expect(try fixture.digest() == expected)
    }

    /// A fifth of the rows, the same ones of the same rows with the same seed.
    private func damage(_ connection: Connection, _ seed: UInt64) throws {
        func fifth(_ alias: String, _ part: UInt64) -> String { "abs(hashtextextended(\(alias)::text, \(4 * seed + part)) % 5) = 0" }
        try connection.run(
            script: """
                DELETE FROM crypto_gaf.fact_klines f WHERE \(fifth("f", 0));
                UPDATE crypto_gaf.fact_klines f SET close = close + 1 WHERE \(fifth("f", 1));
                DELETE FROM crypto_gaf.fact_orderbook f WHERE \(fifth("f", 2));
                DELETE FROM crypto_gaf.tickers f WHERE \(fifth("f", 3))
                """)
    }
}
