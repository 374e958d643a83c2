import Foundation
import TestSupport
import Testing

@testable import cryptogaf

@Suite struct SymbolsCommandTests {
    private func run(_ words: [String], _ database: TestDatabase? = nil) throws -> Subprocess.Result {
        let away = ["POSTGRES_HOST": "/nowhere", "POSTGRES_USER": "x", "POSTGRES_DB": "x"]
        return try Program.run(["symbols"] + words, environment: database?.environment(as: "test_worker") ?? away)
    }

    @Test("markets are tracked, listed and untracked")
    func program() throws {
        let database = try TestPostgres.database()
        let words = ["track", "binance:BTC-USDT", "binance:ETH-USDT", "--interval", "1h,1m", "--no-depth", "--since", "2020-06-01"]
        let tracked = try run(words, database)
        #expect(tracked.status == 0, "\(tracked.errors)")
        let table = try run(["list"], database).output.split(separator: "\n").map { $0.split(separator: " ").joined(separator: " ") }
        #expect(
            table.dropFirst() == ["binance:BTC-USDT 1m,1h - yes 2020-06-01T00:00:00Z", "binance:ETH-USDT 1m,1h - yes 2020-06-01T00:00:00Z"])
        #expect(try run(["untrack", "binance:BTC-USDT"], database).status == 0)
        let again = try run(["untrack", "binance:BTC-USDT"], database)
        #expect(again.status == 65 && again.errors.contains("binance:BTC-USDT is not tracked"))
        let json = try run(["list", "--json"], database).output
        #expect(
            json
                == #"[{"depth":false,"depth_levels":50,"exchange":"binance","interval_codes":["1m","1h"],"klines":true,"since":"2020-06-01T00:00:00Z","symbol":"ETH-USDT","tickers":true}]"#
                + "\n")
    }

    @Test(
        "what cannot be tracked is refused with the reason",
        arguments: [
            (["track", "mtgox:BTC-USD"], "there is no venue \"mtgox\"; there are"),
            (["track", "binance:BTCUSDT"], "\"BTCUSDT\" is not a pair such as BTC-USD (that is BTC-USDT)"),
            (["track", "BTC-USDT"], "is not VENUE:SYMBOL"),
            (["track"], "takes at least one"),
            (["track", "binance:BTC-USDT", "--interval", "2m"], "--interval takes a list of 1m, 3m"),
            (["track", "binance:BTC-USDT", "--interval", "3d"], "binance has no candles of 3d"),
            (["track", "binance:BTC-USDT", "--interval", "1m", "--no-klines"], "exclude each other"),
            (["track", "binance:BTC-USDT", "--since", "yesterday"], "--since takes a day or a time in UTC"),
            (["track", "binance:BTC-USDT", "--since", "2025-02-30"], "--since takes a day or a time in UTC"),
            (["untrack", "binance:BTC-USDT", "--no-depth"], "set nothing"),
            (["watch", "binance:BTC-USDT"], "symbols knows track, untrack and list"),
        ])
    func refused(words: [String], reason: String) throws {
        let done = try run(words)
        #expect(done.status == 64)
        #expect(done.errors.replacing("\\\"", with: "\"").contains(reason), "\(done.errors)")
    }

    @Test(
        "times in UTC are read as they are written",
        arguments: [
            ("2025-01-31", 1_738_281_600), ("2025-01-31T12:00Z", 1_738_324_800), ("2025-01-31 12:00:30", 1_738_324_830),
            ("2024-02-29", 1_709_164_800),
        ])
    func times(text: String, seconds: Double) {
        #expect(Date(utcText: text)?.timeIntervalSince1970 == seconds)
    }

    @Test(
        "what is no time is none",
        arguments: ["", "2025", "2025-13-01", "2025-01-31T25:00", "2025-1-31", "1969-12-31", "2025-01-31Z", "2025/01/31"])
    func noTimes(text: String) {
        #expect(Date(utcText: text) == nil)
    }
}
