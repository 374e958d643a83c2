import Exchanges
import Foundation
import Market

/// What it costs to read and to check one answer of 1,000 candles, as `parsing_reference.py` writes it.
enum ParseBenchmarks {
    static func klines(_ path: String) throws -> Measurement {
        let body = [UInt8](try Data(contentsOf: URL(filePath: path)))
        let pair = try Pair("BTC-USDT")
        let check = CandleCheck(interval: .minute, asOf: 2_000_000_000_000)
        let time = try median {
            // One round alone is about as short as the clock's own cost.
            for _ in 0..<10 {
                let checked = check.check(try Binance.candles(body, of: pair, interval: .minute).rows)
                precondition(checked.closed.count == 1000 && checked.rejected.isEmpty)
            }
        }
        return Measurement(name: "parse_klines", value: time.seconds * 1e3 / 10, unit: "ms")
    }
}
