import FoundationEssentials
import Market
import Testing

@testable import Exchanges

@Suite("The synthetic market")
struct SyntheticVenueTests {
    private let start = Date(timeIntervalSince1970: 1_700_000_000)

    private func venue(seed: UInt64 = 42, products: Int = 6, _ time: HandClock) -> SyntheticVenue {
        SyntheticVenue(seed: seed, productCount: products, start: start, clock: time.clock)
    }

    @Test("the same seed gives the same market, however often it is looked at; another seed another")
    func deterministic() throws {
        let (often, seldom, other) = (HandClock(), HandClock(), HandClock())
        let watched = venue(often)
        for second in 1...300 {
            often.set(milliseconds: Int64(second) * 1000)
            _ = try watched.interval(product: "ETH-USD", aggregation: 1, depth: 3)
        }
        for clock in [seldom, other] { clock.set(milliseconds: 300_000) }
        let (unwatched, different) = (venue(seldom), venue(seed: 43, other))
        let expected = try watched.interval(product: "ETH-USD", aggregation: 1, depth: 3)
        #expect(try unwatched.interval(product: "ETH-USD", aggregation: 1, depth: 3) == expected)
        #expect(try watched.marketOrders(product: "ETH-USD", since: 0) == unwatched.marketOrders(product: "ETH-USD", since: 0))
        #expect(try different.interval(product: "ETH-USD", aggregation: 1, depth: 3).book != expected.book)
    }

    /// Three hours, second by second.
    private func course(of index: Int, seed: UInt64) throws -> [Second] {
        var market = SyntheticMarket(SyntheticProduct.list(count: 10, seed: seed)[index])
        return try (1...10_800).map { second in
            let before = market.tape.sequence
            market.advance(to: Int64(second) * 10)
            let book = try market.book(reachTicks: 3_000, depth: 1)
            return Second(book: book, trades: market.tape.trades(after: before), middle: market.middle)
        }
    }

    private struct Second {
        let book: OrderBook
        let trades: [Trade]
        let middle: Double
    }

    @Test("behaves like a market: a spread, depth, both sides trade, quiet minutes, bursts, and a leap", arguments: [(0, 42), (4, 7)])
    func plausible(index: Int, seed: UInt64) throws {
        let seconds = try course(of: index, seed: seed)
        let tops = try seconds.map { try $0.book.buckets(aggregation: 0, depth: 1) }
        #expect(tops.allSatisfy { $0.bids[0].price < $0.asks[0].price })
        #expect(seconds.allSatisfy { $0.book.count(.ask) > 5 && $0.book.count(.bid) > 5 })

        let trades = seconds.flatMap(\.trades)
        #expect(Set(trades.map(\.sequence)).count == trades.count)
        #expect(trades.map(\.sequence) == trades.map(\.sequence).sorted())
        let buys = trades.count { $0.taker == .buy }
        #expect(buys > trades.count / 4 && buys < trades.count * 3 / 4)

        let counts = seconds.map(\.trades.count)
        #expect(counts.indices.dropLast(60).contains { counts[$0..<$0 + 60].allSatisfy { $0 == 0 } }, "no quiet minute")
        #expect(counts.indices.dropLast(5).contains { counts[$0..<$0 + 5].reduce(0, +) >= 30 }, "no burst")

        let moves = zip(seconds, seconds.dropFirst()).map { abs($1.middle / $0.middle - 1) }
        let leaps = moves.count { $0 > 0.0018 }
        #expect(leaps >= 1 && leaps < 20, "\(leaps) leaps")
        #expect(moves.sorted()[moves.count / 2] > 1e-6)
    }

    @Test("levels keep their size for a while")
    func persistent() throws {
        let seconds = try course(of: 0, seed: 42).prefix(600)
        var (kept, all) = (0, 0)
        for (a, b) in zip(seconds, seconds.dropFirst()) {
            let before = Dictionary(uniqueKeysWithValues: a.book.levels(.ask).map { ($0.price, $0.size) })
            for level in b.book.levels(.ask).dropFirst() where before[level.price] != nil {
                all += 1
                kept += before[level.price] == level.size ? 1 : 0
            }
        }
        #expect(all > 5_000)
        #expect(Double(kept) > 0.7 * Double(all))
        #expect(kept < all)
    }

    @Test("up to a thousand products with names of their own, and bucket widths that suit their prices")
    func products() throws {
        let time = HandClock()
        time.set(milliseconds: 60_000)
        let venue = venue(products: SyntheticVenue.productLimit, time)
        #expect(Set(venue.products.map(\.symbol)).count == 1_000)
        #expect(venue.products.prefix(3).map(\.symbol) == ["BTC-USD", "ETH-USD", "SOL-USD"])
        #expect(venue.products.prefix(3).map(\.aggregation.plainText) == ["10", "1", "0.1"])
        for product in venue.products {
            let book = try venue.interval(product: product.symbol, aggregation: product.aggregation, depth: 3).book
            let share = (product.aggregation / book.midpoint).nearestDouble
            #expect(share > 0.5e-4 && share < 2e-3, "\(product): \(book.midpoint)")
            #expect((book.asks + book.bids).allSatisfy { $0.size > 0 })
        }
    }

    @Test("any width and depth get an answer", arguments: [("0", 500), ("0.00000001", 3), ("1000000000", 500), ("10", 500)])
    func extremes(aggregation: String, depth: Int) throws {
        let book = try venue(HandClock()).interval(product: "BTC-USD", aggregation: Decimal(strict: aggregation), depth: depth).book
        #expect(book.asks.count == depth && book.bids.count == depth)
        #expect(book.asks[0].size > 0)
    }

    @Test("sequences begin above the start's milliseconds, so that a restart goes on rising")
    func restart() throws {
        let time = HandClock()
        let orders = try venue(time).marketOrders(product: "BTC-USD", since: nil)
        #expect(orders.flow.sequence == 1_700_000_000_000)
        time.set(milliseconds: 3_600_000)
        let later = try venue(time).marketOrders(product: "BTC-USD", since: orders.flow.sequence)
        #expect(later.flow.sequence > 1_700_000_000_000 && later.flow.sequence < 1_700_003_600_000)
    }

    @Test("a product that is not listed is unknown")
    func unknown() {
        let venue = venue(HandClock())
        #expect(throws: SimulatedVenueError(product: "SYN001-USD", .unknownProduct)) {
            try venue.interval(product: "SYN001-USD", aggregation: 1, depth: 1)
        }
    }
}
