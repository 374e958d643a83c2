import FoundationEssentials
import Market
import Testing

@Suite("Order book")
struct OrderBookTests {
    @Test("Sides are sorted from the best price, whatever order a snapshot has")
    func sorted() throws {
        let book = try OrderBook(
            asks: [level("102", "1"), level("101", "2"), level("103", "3")], bids: [level("99", "1"), level("100", "2")])
        #expect(book.levels(.ask).map(\.price) == [101, 102, 103])
        #expect(book.levels(.bid).map(\.price) == [100, 99])
        #expect(book.best(.ask) == level("101", "2"))
        #expect(book.best(.bid) == level("100", "2"))
    }

    @Test("A change replaces, inserts or removes one level; removing what is absent changes nothing")
    func changes() throws {
        var book = try OrderBook(asks: [level("101", "1"), level("102", "1")], bids: [level("100", "1")])
        try book.set(.ask, price: 101, size: 5)
        try book.set(.ask, price: Decimal(strict: "101.5"), size: 2, orders: 3)
        try book.set(.ask, price: 102, size: 0)
        try book.set(.ask, price: 200, size: 0)
        try book.set(.bid, price: 99, size: 4)
        try book.set(.bid, price: Decimal(strict: "100.5"), size: 1)
        #expect(Array(book.levels(.ask)) == [level("101", "5"), level("101.5", "2", 3)])
        #expect(Array(book.levels(.bid)) == [level("100.5", "1"), level("100", "1"), level("99", "4")])
    }

    @Test("A snapshot leaves out empty levels and keeps the last size of a price named twice")
    func duplicates() throws {
        let book = try OrderBook(asks: [level("101", "1"), level("102", "0"), level("101", "7")], bids: [level("100", "0")])
        #expect(Array(book.levels(.ask)) == [level("101", "7")])
        #expect(book.count(.bid) == 0)
    }

    @Test("Negative or undefined sizes and prices are refused, and the book stays as it was")
    func refused() throws {
        var book = try OrderBook(asks: [level("101", "1")], bids: [level("100", "1")])
        for (price, size) in [(Decimal(101), Decimal(-1)), (101, .nan), (0, 1), (-5, 1), (.nan, 1)] {
            #expect(throws: BookError.self) { try book.set(.ask, price: price, size: size) }
            #expect(throws: BookError.self) { try OrderBook(asks: [], bids: [PriceLevel(price: price, size: size, orders: 1)]) }
        }
        #expect(Array(book.levels(.ask)) == [level("101", "1")])
    }

    @Test("A book changed at random is the book made from its last levels")
    func randomChanges() throws {
        var random = SeededGenerator(seed: 3)
        var book = OrderBook()
        var expected: [Decimal: Decimal] = [:]
        for _ in 0..<3_000 {
            let price = Decimal(Int.random(in: 1...200, using: &random)) / 8
            let size = Decimal(Int.random(in: 0...3, using: &random))
            try book.set(.bid, price: price, size: size)
            expected[price] = size == 0 ? nil : size
        }
        let levels = expected.sorted { $0.key > $1.key }
        #expect(book.levels(.bid).map(\.price) == levels.map(\.key))
        #expect(book.levels(.bid).map(\.size) == levels.map(\.value))
    }
}

/// A level written as a venue writes it; text that is not a number gives NaN, which no test expects.
func level(_ price: String, _ size: String, _ orders: Int = 1) -> PriceLevel {
    PriceLevel(price: (try? Decimal(strict: price)) ?? .nan, size: (try? Decimal(strict: size)) ?? .nan, orders: orders)
}
