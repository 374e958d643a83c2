import Market
import Testing

@Suite("Candles from trades")
struct CandleBuilderTests {
    /// At so many seconds after the epoch.
    private func trade(_ seconds: Double, _ price: String, _ size: String, _ taker: TakerSide = .buy) throws -> PublicTrade {
        PublicTrade(
            id: nil, time: Int64(seconds * 1e6), price: try #require(WireDecimal(price)), size: try #require(WireDecimal(size)),
            taker: taker)
    }

    @Test("a candle has its trades' first, highest, lowest and last price, exact sums, their count, and what takers bought")
    func one() throws {
        var builder = CandleBuilder(.minute)
        let trades = [
            try trade(60, "10.0", "0.1"), try trade(60, "12", "0.2", .sell), try trade(100, "9.5", "0.00000003"),
            try trade(119.999999, "11", "1", .sell),
        ]
        for trade in trades { #expect(try builder.add(trade) == nil) }
        var expected = Candle(
            openTime: 60_000, open: try #require(WireDecimal("10")), high: try #require(WireDecimal("12")),
            low: try #require(WireDecimal("9.5")), close: try #require(WireDecimal("11")), volume: try #require(WireDecimal("1.30000003")),
            quoteVolume: WireDecimal("14.400000285"), tradeCount: 4, takerBuyVolume: WireDecimal("0.10000003"),
            takerBuyQuoteVolume: WireDecimal("1.000000285"))
        #expect(builder.unfinished == expected)
        expected.isClosed = true
        #expect(try builder.add(trade(120, "7", "1")) == expected)
        #expect(builder.unfinished?.openTime == 120_000)
    }

    @Test("intervals without trades have no candle, and no trades make none")
    func gaps() throws {
        #expect(try CandleBuilder.candles(of: [], interval: .hour) == [])
        let candles = try CandleBuilder.candles(
            of: [trade(-0.000001, "1", "1"), trade(0, "2", "1"), trade(7_200, "3", "1"), trade(10_799, "4", "1")], interval: .hour)
        #expect(candles.map(\.openTime) == [-3_600_000, 0, 7_200_000])
        #expect(candles.map(\.isClosed) == [true, true, nil])
    }

    @Test("within a candle trades keep the order they come in; one of a candle that has ended is refused and changes nothing")
    func order() throws {
        var builder = CandleBuilder(.minute)
        _ = try builder.add(trade(90, "5", "1"))
        _ = try builder.add(trade(89, "6", "1"))
        let before = builder.unfinished
        #expect(before?.close.description == "6")
        let late = #expect(throws: CandleBuilderError.self) { try builder.add(trade(59, "7", "1")) }
        #expect(late?.fault == .outOfOrder)
        #expect(builder.unfinished == before)
    }

    @Test("a sum that a number cannot hold exactly is refused and changes nothing")
    func overflow() throws {
        var builder = CandleBuilder(.minute)
        _ = try builder.add(trade(60, "1", "99999999999999999999999999999999999999"))
        let before = builder.unfinished
        for (price, size) in [("1", "1"), ("1", "0.1"), ("99999999999999999999", "99999999999999999999")] {
            let refused = #expect(throws: CandleBuilderError.self) { try builder.add(trade(61, price, size)) }
            #expect(refused?.fault == .overflow)
        }
        #expect(builder.unfinished == before)
    }
}
