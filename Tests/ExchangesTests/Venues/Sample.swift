import Foundation
import Market
import TestSupport
import Testing

@testable import Exchanges

/// Recorded answers beside the repository.
enum Sample {
    static let present = ConditionTrait.enabled(if: Shared.isPresent, "skipped: no ../shared")

    /// Where a venue's lie.
    static func folder(of venue: String) -> String { venue == "coinbaseadvanced" ? "coinbase_advanced" : venue }

    static func body(_ name: String) throws -> [UInt8] { try [UInt8](Shared.data("data/venues/\(name)")) }
}

extension ParsedRows {
    var values: [Row] { rows.map(\.row) }
}

func number(_ text: String) -> WireDecimal { WireDecimal(text)! }

func pair(_ text: String) -> Pair { try! Pair(text) }

/// The normalised form that an unrelated program, ccxt, makes of the body beside it. Every field that it has we have too, and both agree;
/// those that we do not take from an answer the venue's test names as `lacking`.
struct Oracle {
    let body: [UInt8]
    private let parsed: Any

    init(_ name: String) throws {
        body = try Sample.body("ccxt/\(name).body.json")
        parsed = try JSONSerialization.jsonObject(with: Shared.data("data/venues/ccxt/\(name).parsed.json"))
    }

    func expectTicker(_ ticker: Ticker?, lacking: Set<String> = []) throws {
        let (ticker, fields) = (try #require(ticker), try #require(parsed as? [String: Any]))
        // A derivative's symbol names the settlement too.
        let symbol = try #require(fields["symbol"] as? String).split(separator: ":")[0]
        #expect(symbol == "\(ticker.pair.base)/\(ticker.pair.quote)")
        expect(
            [
                "timestamp": ticker.time.map { "\($0)" }, "last": ticker.last.description, "bid": ticker.bid?.description,
                "ask": ticker.ask?.description, "high": ticker.high?.description, "low": ticker.low?.description,
                "open": ticker.open?.description, "baseVolume": ticker.volume?.description, "quoteVolume": ticker.quoteVolume?.description,
            ], fields, lacking: lacking)
    }

    /// The oracle's numbers went through a Double.
    private func expect(_ ours: [String: String?], _ fields: [String: Any], lacking: Set<String>) {
        for (name, value) in ours {
            guard let expected = fields[name] as? NSNumber else {
                #expect(!lacking.contains(name), "ccxt has no \(name) either")
                continue
            }
            #expect((value == nil) == lacking.contains(name), "\(name)")
            if let value { #expect(Double(value) == expected.doubleValue, "\(name)") }
        }
    }

    func expectTrades(_ trades: [PublicTrade]) throws {
        let rows = try #require(parsed as? [[String: Any]])
        #expect(trades.count == rows.count)
        for (trade, row) in zip(trades, rows) {
            #expect(trade.id == row["id"] as? String)
            #expect(trade.time / 1000 == (row["timestamp"] as? NSNumber)?.int64Value)
            #expect((trade.taker == .buy ? "buy" : "sell") == row["side"] as? String)
            expect(trade.price, try #require(row["price"] as? NSNumber), "price")
            expect(trade.size, try #require(row["amount"] as? NSNumber), "amount")
        }
    }

    func expectCandles(_ candles: [Candle]) throws {
        let rows = try #require(parsed as? [[NSNumber]])
        #expect(candles.count == rows.count)
        for (candle, row) in zip(candles, rows) {
            #expect(candle.openTime == row[0].int64Value)
            let ours = [candle.open, candle.high, candle.low, candle.close, candle.volume]
            for (value, expected) in zip(ours, row.dropFirst()) { expect(value, expected, "column") }
        }
    }

    func expectDepth(_ depth: Depth) throws {
        let fields = try #require(parsed as? [String: Any])
        expect(["timestamp": depth.time.map { "\($0)" }, "nonce": depth.sequence.map { "\($0)" }], fields, lacking: [])
        for (name, side) in [("bids", depth.bids), ("asks", depth.asks)] {
            let rows = try #require(fields[name] as? [[NSNumber]])
            #expect(rows.count == side.count)
            for (level, row) in zip(side, rows) {
                expect(level.price, row[0], name)
                expect(level.size, row[1], name)
            }
        }
    }

    /// The oracle's numbers went through a Double.
    private func expect(_ value: WireDecimal, _ expected: NSNumber, _ name: String) {
        #expect(Double(value.description) == expected.doubleValue, "\(name)")
    }
}
