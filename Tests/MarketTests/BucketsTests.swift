import FoundationEssentials
import Market
import Testing

@Suite("Buckets of an order book")
struct BucketsTests {
    @Test("Asks are anchored above, bids below; edges belong to the inner bucket, the last edge to none")
    func edges() throws {
        // Best ask 102 → anchor 110: (100, 110], (110, 120], (120, 130). Best bid 98 → anchor 90: [90, 100), [80, 90), (70, 80).
        let book = try OrderBook(
            asks: [
                level("102", "1"), level("110", "3"), level("110.01", "2"), level("120", "2", 4), level("129.99", "5"), level("130", "9"),
            ],
            bids: [level("98", "2"), level("90", "2"), level("89.99", "1"), level("80", "1"), level("79", "4"), level("70", "9")])
        let top = try book.buckets(aggregation: 10, depth: 3)
        #expect(top.midpoint == 100)
        #expect(top.asks == [level("108", "4", 2), level("115.005", "4", 5), level("129.99", "5")])
        #expect(top.bids == [level("94", "4", 2), level("84.995", "2", 2), level("79", "4")])
    }

    @Test("A best price on a multiple is its own anchor; with one bucket that edge is the last, and out")
    func exactAnchor() throws {
        let book = try OrderBook(asks: [level("110", "3"), level("111", "1")], bids: [level("90", "2"), level("89", "1")])
        let two = try book.buckets(aggregation: 10, depth: 2)
        #expect(two.asks == [level("110", "3"), level("111", "1")])
        #expect(two.bids == [level("90", "2"), level("89", "1")])
        let one = try book.buckets(aggregation: 10, depth: 1)
        #expect(one.asks == [level("105", "0", 0)])
        #expect(one.bids == [level("95", "0", 0)])
    }

    @Test("An empty bucket stands at its centre with size 0, and there are always as many as were asked for")
    func empty() throws {
        let book = try OrderBook(asks: [level("0.7916", "5"), level("0.7929", "1")], bids: [level("0.7900", "2")])
        let top = try book.buckets(aggregation: Decimal(strict: "0.0005"), depth: 4)
        #expect(top.asks == [level("0.7916", "5"), level("0.79225", "0", 0), level("0.7929", "1"), level("0.79325", "0", 0)])
        #expect(top.bids == [level("0.79", "2"), level("0.78975", "0", 0), level("0.78925", "0", 0), level("0.78875", "0", 0)])
        #expect(top.midpoint == level("0.7908", "0").price)
    }

    @Test("A mean that does not end keeps 28 digits, rounded")
    func division() throws {
        let book = try OrderBook(asks: [level("1", "1"), level("2", "2")], bids: [level("0.5", "1")])
        let top = try book.buckets(aggregation: 10, depth: 1)
        #expect(top.asks[0].price.plainText == "1.666666666666666666666666667")
    }

    @Test("Aggregation 0 gives the best levels as they are, and no more than there are")
    func raw() throws {
        let book = try OrderBook(asks: [level("101", "1"), level("102", "2"), level("103", "3", 7)], bids: [level("99", "4")])
        let top = try book.buckets(aggregation: 0, depth: 2)
        #expect(top.asks == [level("101", "1"), level("102", "2")])
        #expect(top.bids == [level("99", "4")])
        #expect(try book.buckets(aggregation: 0, depth: 9).asks.last == level("103", "3", 7))
    }

    @Test("A width that vanishes beside the price, or dwarfs it, still gives an answer")
    func extremeWidths() throws {
        let book = try OrderBook(asks: [level("50001", "1")], bids: [level("50000", "1")])
        let tiny = try book.buckets(aggregation: Decimal(strict: "0.00000000000000000000000000000000000001"), depth: 3)
        #expect(tiny.asks.count == 3 && tiny.asks[0] == level("50001", "1"))
        let huge = try book.buckets(aggregation: Decimal(strict: "1000000000000000000000"), depth: 2)
        #expect(huge.asks[0] == level("50001", "1") && huge.bids[0] == level("50000", "1"))
    }

    @Test("An empty side, a crossed or locked book and bad parameters are errors that say which")
    func errors() throws {
        let none: [PriceLevel] = []
        let noAsk = try OrderBook(asks: none, bids: [level("1", "1")])
        let noBid = try OrderBook(asks: [level("1", "1")], bids: none)
        let locked = try OrderBook(asks: [level("5", "1")], bids: [level("5", "1")])
        let good = try OrderBook(asks: [level("6", "1")], bids: [level("5", "1")])
        #expect(fault(noAsk) == .emptySide(.ask))
        #expect(fault(noBid) == .emptySide(.bid))
        #expect(fault(locked) == .crossed(bid: 5, ask: 5))
        #expect(fault(good, -1) == .aggregation(-1))
        #expect(fault(good, .nan) != nil)
        #expect(fault(good, 1, 0) == .depth(0))
        #expect(fault(good) == nil)
    }

    private func fault(_ book: OrderBook, _ aggregation: Decimal = 1, _ depth: Int = 1) -> BookError.Fault? {
        do throws(BookError) {
            _ = try book.buckets(aggregation: aggregation, depth: depth)
            return nil
        } catch {
            return error.fault
        }
    }

    @Test(
        "Of random books, sizes and orders of a bucket sum up the levels within it, and its price lies in it",
        arguments: UInt64(1)...40)
    func sums(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let book = try OrderBook(
            asks: randomLevels(10_001...10_900, using: &random), bids: randomLevels(9_100...10_000, using: &random))
        let width = Decimal(Int.random(in: 1...300, using: &random)) / 100
        let depth = Int.random(in: 1...12, using: &random)
        let top = try book.buckets(aggregation: width, depth: depth)
        #expect(top.asks.count == depth && top.bids.count == depth)

        let best = try #require(book.best(.ask))
        var anchor = Decimal(0)
        while anchor < best.price { anchor += width }
        for (k, bucket) in top.asks.enumerated() {
            let outer = anchor + Decimal(k) * width
            let isLast = k == depth - 1
            let inside = book.levels(.ask).filter { $0.price > outer - width && (isLast ? $0.price < outer : $0.price <= outer) }
            #expect(bucket.size == inside.reduce(0) { $0 + $1.size })
            #expect(bucket.orders == inside.reduce(0) { $0 + $1.orders })
            #expect(bucket.price > outer - width && bucket.price <= outer)
            if inside.isEmpty { #expect(bucket.price == outer - width / 2) }
        }
        #expect(zip(top.bids, top.bids.dropFirst()).allSatisfy { $0.price > $1.price })
    }

    private func randomLevels(_ cents: ClosedRange<Int>, using random: inout SeededGenerator) -> [PriceLevel] {
        (0..<60).map { _ in
            PriceLevel(
                price: Decimal(Int.random(in: cents, using: &random)) / 100,
                size: Decimal(Int.random(in: 1...9_999, using: &random)) / 1000, orders: Int.random(in: 1...5, using: &random))
        }
    }
}
