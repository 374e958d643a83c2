import FoundationEssentials
import Market
import Testing

@Suite("Trade tape")
struct TradeTapeTests {
    /// Trade i has sequence 10·i, price 100 + i and size i; even ones are bought.
    private func tape(capacity: Int, trades: Int) -> TradeTape {
        var tape = TradeTape(capacity: capacity)
        for i in 1...trades {
            tape.append(Trade(sequence: Int64(i * 10), price: Decimal(100 + i), size: Decimal(i), taker: i % 2 == 0 ? .buy : .sell))
        }
        return tape
    }

    @Test("The taker stands opposite the maker")
    func sides() {
        #expect(TakerSide(maker: .ask) == .buy)
        #expect(TakerSide(maker: .bid) == .sell)
    }

    @Test("The flow holds the trades after a sequence, by side: weighted price, total size, count")
    func flow() throws {
        // Bought: 102 × 2 + 104 × 4 = 620 for 6; sold: 103 × 3.
        let (flow, isComplete) = tape(capacity: 10, trades: 4).flow(since: 10)
        #expect(isComplete)
        #expect(flow.sequence == 40)
        #expect(flow.buy == TakerVolume(price: try Decimal(strict: "103.3333333333333333333333333"), size: 6, orders: 2))
        #expect(flow.sell == TakerVolume(price: 103, size: 3, orders: 1))
    }

    @Test("No trades give zeros and the current sequence")
    func none() {
        let (flow, isComplete) = tape(capacity: 10, trades: 4).flow(since: 40)
        #expect(flow == TakerFlow(sequence: 40, buy: .none, sell: .none))
        #expect(isComplete)
        #expect(TradeTape(capacity: 1).flow(since: 0).flow == TakerFlow(sequence: 0, buy: .none, sell: .none))
        #expect(tape(capacity: 10, trades: 4).flow(since: 1_000).flow.sequence == 40)
    }

    @Test("A trade told twice counts once")
    func repeated() {
        var tape = tape(capacity: 10, trades: 3)
        let isNew = tape.append(Trade(sequence: 30, price: 1, size: 1, taker: .buy))
        #expect(!isNew)
        #expect(tape.trades(after: 0).count == 3)
    }

    @Test("The tape keeps the newest trades and tells when older ones were asked for")
    func bounded() {
        let tape = tape(capacity: 4, trades: 11)
        #expect(tape.trades(after: 0).map(\.sequence) == [80, 90, 100, 110])
        #expect(tape.droppedSequence == 70)
        #expect(tape.flow(since: 70).isComplete)
        #expect(!tape.flow(since: 69).isComplete)
        let flow = tape.flow(since: 90).flow
        #expect(flow.buy.orders == 1 && flow.sell.orders == 1)
    }
}
