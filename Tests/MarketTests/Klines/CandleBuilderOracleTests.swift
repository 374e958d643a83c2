import Foundation
import Market
import TestSupport
import Testing

@Suite("Candles from recorded trades", .enabled(if: Shared.isPresent, "skipped: no ../shared"))
struct CandleBuilderOracleTests {
    /// The rows under the one key of a Kraken answer that is not `last`.
    private static func krakenRows(_ name: String) throws -> [[Any]] {
        let answer = try #require(try JSONSerialization.jsonObject(with: Shared.data("data/venues/kraken/\(name)")) as? [String: Any])
        let result = try #require(answer["result"] as? [String: Any])
        return try #require(result.first { $0.key != "last" }?.value as? [[Any]])
    }

    private static func number(_ value: Any) throws -> WireDecimal { try #require((value as? String).flatMap { WireDecimal($0) }) }

    @Test("Kraken's trades rebuild each of the 273 candles that they cover wholly, to the last digit")
    func kraken() throws {
        let trades = try Self.krakenRows("trades_xbtusdt_20251110.json").map { row in
            PublicTrade(
                id: nil, time: Int64((try #require(row[2] as? Double) * 1e6).rounded(.down)), price: try Self.number(row[0]),
                size: try Self.number(row[1]), taker: row[3] as? String == "b" ? .buy : .sell)
        }
        #expect(trades.count == 1_000)
        let built = try CandleBuilder.candles(of: trades, interval: .minute)
        var told: [Int64: [Any]] = [:]
        for row in try Self.krakenRows("ohlc_1m_xbtusdt_20251110.json") { told[try #require(row[0] as? Int64) * 1000] = row }
        var equal = 0
        // The first trade need not be the first of its minute.
        for candle in built.dropFirst() {
            let row = try #require(told[candle.openTime])
            let expected = try [1, 2, 3, 4, 6].map { try Self.number(row[$0]) }
            if [candle.open, candle.high, candle.low, candle.close, candle.volume] == expected, candle.tradeCount == row[7] as? Int64 {
                equal += 1
            }
            let mean = try Self.double(#require(candle.quoteVolume)) / Self.double(candle.volume)
            #expect(abs(mean - (try Self.double(Self.number(row[5])))) < 0.1)
        }
        #expect(equal == 273 && built.count == 274)
    }

    @Test("Binance's aggregate trades rebuild the candles that another program made of them", arguments: [("1m", 2469), ("5m", 706)])
    func binance(interval: String, count: Int) throws {
        let trades = try Self.lines("xrp_eth_aggtrades_raw.csv").map { fields in
            PublicTrade(
                id: fields[0], time: try #require(Int64(fields[5])) * 1000, price: try Self.number(fields[1]),
                size: try Self.number(fields[2]),
                taker: fields[6] == "true" ? .sell : .buy)
        }
        #expect(trades.count == 12_477)
        let built = try CandleBuilder.candles(of: trades, interval: #require(KlineInterval(rawValue: interval)))
        let told = try Self.lines("xrp_eth_\(interval)_from_trades.csv")
        #expect(built.count == count && told.count == count)
        for (candle, fields) in zip(built, told) {
            // The file went through doubles: its text is the shortest that reads back to the same.
            let expected = try fields.dropFirst().map { try #require(Double($0)) }
            let found = try [candle.open, candle.high, candle.low, candle.close, candle.volume].map(Self.double)
            #expect(String(candle.openTime) == fields[0] && found == expected, "\(fields)")
        }
    }

    private static func lines(_ name: String) throws -> [[String]] {
        String(decoding: try Shared.data("data/candles/\(name)"), as: UTF8.self).split(whereSeparator: \.isNewline).dropFirst()
            .map { $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init) }
    }

    private static func double(_ value: WireDecimal) throws -> Double { try #require(Double(value.description)) }
}
