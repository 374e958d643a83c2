import Exchanges
import FoundationEssentials
import Market
import Testing

@Suite("A capture replayed on a clock")
struct CaptureVenueTests {
    private let time = HandClock()
    private let faults = FaultList()

    private func venue(_ fixture: CaptureFixture, loops: Bool = false) throws -> CaptureVenue {
        try CaptureVenue(paths: [fixture.path], loops: loops, clock: time.clock, report: faults.report)
    }

    private func midpoint(_ venue: CaptureVenue, _ product: String = "AAA-USD") throws -> String {
        try venue.interval(product: product, aggregation: 1, depth: 1).book.midpoint.plainText
    }

    @Test("a request sees what has happened by then, and before its snapshot a product has no book")
    func instants() throws {
        let fixture = try CaptureFixture()
        let venue = try venue(fixture)
        #expect(throws: SimulatedVenueError(product: "AAA-USD", .noBook)) { try midpoint(venue) }
        time.set(milliseconds: 40)
        #expect(try midpoint(venue) == "100")
        #expect(throws: SimulatedVenueError(product: "BBB-USD", .noBook)) { try midpoint(venue, "BBB-USD") }
        time.set(milliseconds: 200)
        #expect(try midpoint(venue) == "101.5")
        #expect(try midpoint(venue, "BBB-USD") == "0.45")
        #expect(try venue.marketOrders(product: "AAA-USD", since: 10).flow.sell.orders == 2)
        #expect(faults.reasons == [])
    }

    @Test("past its end a replay that does not loop has no book to show, but tells its last trades")
    func end() throws {
        let fixture = try CaptureFixture()
        let venue = try venue(fixture)
        time.set(milliseconds: 211)
        #expect(throws: SimulatedVenueError(product: "AAA-USD", .ended)) { try midpoint(venue) }
        #expect(try venue.marketOrders(product: "AAA-USD", since: 0).flow.sequence == 17)
    }

    @Test("a loop begins again after a pause, keeps the old book until the new snapshot, and lets sequences rise")
    func loop() throws {
        let fixture = try CaptureFixture()
        let venue = try venue(fixture, loops: true)
        time.set(milliseconds: 250)
        #expect(try midpoint(venue) == "101.5")
        // The second pass begins at 0.26 s; its snapshot comes at 0.30 s, its first trade at 0.36 s.
        time.set(milliseconds: 280)
        #expect(try midpoint(venue) == "101.5")
        time.set(milliseconds: 301)
        #expect(try midpoint(venue) == "100")
        #expect(try venue.marketOrders(product: "AAA-USD", since: 17).flow.sequence == 17)
        time.set(milliseconds: 360)
        let flow = try venue.marketOrders(product: "AAA-USD", since: 17).flow
        #expect(flow.sequence == 18 && flow.buy.orders == 1 && flow.sell.orders == 0)
        // A day later, with thousands of passes that nobody saw.
        time.set(milliseconds: 260 * 300_000 + 205)
        #expect(try venue.marketOrders(product: "AAA-USD", since: 18).flow.sell.orders >= 2)
        #expect(try midpoint(venue) == "101.5")
        #expect(faults.reasons == [])
    }

    @Test("a running clock keeps its speed")
    func speed() {
        let clock = VenueClock.running(speed: 1_000)
        let before = clock.elapsed()
        let start = ContinuousClock.now
        while start.duration(to: .now) < .milliseconds(5) {}
        let virtual = clock.elapsed() - before
        #expect(virtual >= 5_000_000_000)
        #expect(virtual < 1_000 * 5_000_000_000)
    }

    @Test("bad lines are told with their number and left out, and the rest is replayed")
    func badLines() throws {
        var lines = CaptureFixture.market
        lines.insert("what is this", at: 3)  // line 4
        lines.insert("1000.01 {\"type\":\"ticker\"}", at: 4)  // 5
        lines.insert("1000.02: {\"type\":\"l2update\",\"product_id\":\"AAA-USD\",\"changes\":[[\"buy\",\"1\",\"1\"]]}", at: 6)  // 7
        lines += [
            "1000.22: {\"type\":\"match\",\"product_id\":\"AAA-USD\"", "1000.22: [1,2]", "1000.22: {\"no\":\"type\"}",
            #"1000.22: {"type":"l2update","product_id":"AAA-USD","changes":[["sell","103","NaN"]]}"#,
            #"1000.22: {"type":"l2update","product_id":"AAA-USD","changes":[["sell","103","-2"]]}"#,
            #"1000.22: {"type":"l2update","product_id":"AAA-USD","changes":[["up","103","2"]]}"#,
            #"1000.22: {"type":"match","product_id":"AAA-USD","side":"buy","size":"3","price":"98","sequence":17,"trade_id":4}"#,
            #"1000.22: {"type":"match","product_id":"AAA-USD","side":"buy","size":"0","price":"98","sequence":19,"trade_id":4}"#,
            #"1000.23: {"type":"l2update","product_id":"AAA-USD","changes":[["sell","103","7"]]}"#,
        ]
        let fixture = try CaptureFixture(lines)
        let venue = try venue(fixture)
        time.set(milliseconds: 230)
        let book = try venue.interval(product: "AAA-USD", aggregation: 0, depth: 1).book
        #expect(book.asks == [PriceLevel(price: 103, size: 7, orders: 1)])
        #expect(faults.lines == [4, 5, 7, 16, 17, 18, 19, 20, 21, 22, 23])
        #expect(faults.reasons[2] == "an update before the product's snapshot")
        #expect(faults.reasons[7].contains("ask size -2"))
    }

    @Test("a line longer than the reading buffer is whole, and an unfinished last line counts")
    func longLines() throws {
        let levels = (1...20_000).map { "[\"\(100 + $0).5\",\"1\"]" }.joined(separator: ",")
        let lines = [
            #"1.0: {"type":"snapshot","product_id":"X","asks":[\#(levels)],"bids":[["100","1"]]}"#,
            #"1.5: {"type":"l2update","product_id":"X","changes":[["sell","101.5","0"]]}"#,
        ]
        let fixture = try CaptureFixture(lines)
        try FileManager.default.removeItem(atPath: fixture.path)
        try Data(lines.joined(separator: "\n").utf8).write(to: URL(filePath: fixture.path))
        let venue = try venue(fixture)
        time.set(milliseconds: 500)
        #expect(try midpoint(venue, "X") == "101.25")
        #expect(try venue.interval(product: "X", aggregation: 0, depth: 100_000).book.asks.count == 19_999)
    }

    @Test("a file that is missing, or holds no book, is an error that names it")
    func unusable() throws {
        let missing = #expect(throws: CaptureError.self) {
            try CaptureVenue(paths: ["/nonexistent/feed"], loops: false, clock: time.clock) { _ in }
        }
        #expect(missing?.description == "cannot read the capture /nonexistent/feed: No such file or directory")
        let fixture = try CaptureFixture(["1.0: {\"type\":\"ticker\",\"product_id\":\"X\"}"])
        let empty = #expect(throws: CaptureError.self) { try venue(fixture) }
        #expect(empty?.reason == .noSnapshot)
    }
}
