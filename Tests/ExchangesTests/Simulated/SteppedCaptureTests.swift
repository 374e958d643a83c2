import Exchanges
import FoundationEssentials
import Market
import Testing

@Suite("A capture replayed step by step")
struct SteppedCaptureTests {
    private let fixture: CaptureFixture

    init() throws { fixture = try CaptureFixture() }

    private func venue(loops: Bool = false) throws -> SteppedCaptureVenue {
        try SteppedCaptureVenue(paths: [fixture.path], step: 50_000_000, loops: loops) { _ in }
    }

    private func midpoint(_ venue: SteppedCaptureVenue, _ product: String = "AAA-USD") throws -> String {
        try venue.interval(product: product, aggregation: 1, depth: 1).book.midpoint.plainText
    }

    @Test("each interval moves on by one step, and an event on the edge of a step has happened")
    func steps() throws {
        let venue = try venue()
        // At 0.05 s the book is the snapshot's; the update came 100 ns later and is in the step after.
        #expect(try midpoint(venue) == "100")
        #expect(try midpoint(venue) == "101.5")
        #expect(try venue.marketOrders(product: "AAA-USD", since: 0).flow.sequence == 10)
        #expect(try midpoint(venue) == "101.5")
        #expect(try venue.marketOrders(product: "AAA-USD", since: 10).flow.sell == TakerVolume(price: 100, size: 1, orders: 1))
    }

    @Test("market orders do not move the clock, and are told by the taker's side")
    func orders() throws {
        let venue = try venue()
        #expect(try venue.marketOrders(product: "AAA-USD", since: 0).flow == TakerFlow(sequence: 0, buy: .none, sell: .none))
        for _ in 0..<4 { _ = try midpoint(venue) }
        for _ in 0..<2 {
            let flow = try venue.marketOrders(product: "AAA-USD", since: 0).flow
            // 1 × 100 and 3 × 98 met resting bids: they were sold.
            #expect(flow.sell == TakerVolume(price: try Decimal(strict: "98.5"), size: 4, orders: 2))
            #expect(flow.buy == TakerVolume(price: 103, size: try Decimal(strict: "0.5"), orders: 1))
            #expect(flow.sequence == 17)
        }
        #expect(try venue.marketOrders(product: "AAA-USD", since: nil).flow == TakerFlow(sequence: 17, buy: .none, sell: .none))
    }

    @Test("products move each for itself, and begin where their book begins")
    func independent() throws {
        let venue = try venue()
        for _ in 0..<3 { _ = try midpoint(venue) }
        let first = try venue.interval(product: "BBB-USD", aggregation: 1, depth: 1)
        #expect(first.date == Date(timeIntervalSince1970: 1000.1))
        #expect(first.book.midpoint == (try Decimal(strict: "0.45")))
    }

    @Test("the last step is the first that leaves nothing out; then the capture has ended")
    func end() throws {
        let venue = try venue()
        for _ in 0..<4 { _ = try midpoint(venue) }
        #expect(try venue.interval(product: "AAA-USD", aggregation: 1, depth: 1).date == Date(timeIntervalSince1970: 1000.25))
        #expect(throws: SimulatedVenueError(product: "AAA-USD", .ended)) { try midpoint(venue) }
        #expect(try venue.marketOrders(product: "AAA-USD", since: 12).flow.sell.orders == 1)
    }

    @Test("with looping the rows repeat, and sequences and dates go on rising")
    func loop() throws {
        let venue = try venue(loops: true)
        var books: [BookSnapshot] = []
        var dates: [Date] = []
        var sequences: [Int64] = []
        var orders = 0
        for _ in 0..<15 {
            let interval = try venue.interval(product: "AAA-USD", aggregation: 1, depth: 2)
            books.append(interval.book)
            dates.append(interval.date)
            let flow = try venue.marketOrders(product: "AAA-USD", since: sequences.last ?? 0).flow
            sequences.append(flow.sequence)
            orders += flow.buy.orders + flow.sell.orders
        }
        #expect(books[0..<5] == books[5..<10] && books[5..<10] == books[10..<15])
        #expect(dates == dates.sorted() && Set(dates).count == 15)
        #expect(sequences == [0, 10, 12, 17, 17, 17, 18, 20, 25, 25, 25, 26, 28, 33, 33])
        #expect(orders == 9)
    }

    @Test("a book that begins hours after the capture is reached at once")
    func late() throws {
        let late = try CaptureFixture([CaptureFixture.market[2]] + CaptureFixture.market[4...].map { "9" + $0.dropFirst() })
        let venue = try SteppedCaptureVenue(paths: [late.path], step: 1_000_000, loops: false) { _ in }
        #expect(try venue.interval(product: "AAA-USD", aggregation: 1, depth: 1).date == Date(timeIntervalSince1970: 9000.04))
    }

    @Test("a product that is not in the capture is unknown")
    func unknown() throws {
        let venue = try venue()
        #expect(venue.products.map(\.symbol) == ["AAA-USD", "BBB-USD"])
        #expect(throws: SimulatedVenueError(product: "CCC-USD", .unknownProduct)) { try midpoint(venue, "CCC-USD") }
        #expect(throws: SimulatedVenueError(product: "CCC-USD", .unknownProduct)) {
            try venue.marketOrders(product: "CCC-USD", since: nil)
        }
    }
}
