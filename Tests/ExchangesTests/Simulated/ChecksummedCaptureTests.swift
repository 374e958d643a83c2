import FoundationEssentials
import Market
import Testing

@testable import Exchanges

@Suite("A capture of a feed with checksums")
struct ChecksummedCaptureTests {
    private let time = HandClock()
    private let faults = FaultList()

    @Test("Kraken's connections are merged by time, its checksums hold, and its trades are counted and told by their taker")
    func kraken() throws {
        let (book, trades) = (try CaptureFixture(CaptureFixture.krakenBook), try CaptureFixture(CaptureFixture.krakenTrades))
        let venue = try CaptureVenue(paths: [trades.path, book.path], loops: true, clock: time.clock, report: faults.report)
        #expect(venue.products.map(\.symbol) == ["BTC-USD"])
        // The capture begins with the first message of either file.
        time.set(milliseconds: 60)
        #expect(try venue.marketOrders(product: "BTC-USD", since: 0).flow.buy.orders == 1)
        #expect(throws: SimulatedVenueError(product: "BTC-USD", .noBook)) {
            try venue.interval(product: "BTC-USD", aggregation: 0, depth: 1)
        }
        time.set(milliseconds: 599)
        let interval = try venue.interval(product: "BTC-USD", aggregation: 0, depth: 5)
        #expect(interval.sequence == 3)
        #expect(interval.book.asks == [try Self.level("100.10", "0.7"), try Self.level("100.20", "0.05")])
        #expect(interval.book.bids.count == 2)
        let flow = try venue.marketOrders(product: "BTC-USD", since: 1).flow
        #expect(flow.sell.orders == 2 && flow.buy.orders == 0 && flow.sequence == 3)
        // The second pass counts on.
        time.set(milliseconds: 1_000)
        #expect(try venue.marketOrders(product: "BTC-USD", since: 3).flow.sequence == 6)
        #expect(faults.reasons == [])
    }

    @Test("steps of a capture of several files are those of the merged feed")
    func stepped() throws {
        let (book, trades) = (try CaptureFixture(CaptureFixture.krakenBook), try CaptureFixture(CaptureFixture.krakenTrades))
        let venue = try SteppedCaptureVenue(
            paths: [book.path, trades.path], step: 100_000_000, loops: false, report: faults.report)
        let sequences = try (0..<6).map { _ in try venue.interval(product: "BTC-USD", aggregation: 0, depth: 1).sequence }
        #expect(sequences == [1, 1, 3, 3, 3, 3])
        #expect(throws: SimulatedVenueError(product: "BTC-USD", .ended)) {
            try venue.interval(product: "BTC-USD", aggregation: 0, depth: 1)
        }
        #expect(faults.reasons == [])
    }

    @Test("OKX's checksum holds, and its counts of orders are kept")
    func okx() throws {
        let fixture = try CaptureFixture(CaptureFixture.okx)
        let venue = try CaptureVenue(paths: [fixture.path], loops: false, clock: time.clock, report: faults.report)
        time.set(milliseconds: 110)
        #expect(try venue.interval(product: "AAA-USDT", aggregation: 0, depth: 1).book.asks == [Self.level("0.5", "10", orders: 4)])
        time.set(milliseconds: 200)
        let interval = try venue.interval(product: "AAA-USDT", aggregation: 0, depth: 5)
        #expect(interval.book.asks == [try Self.level("0.51", "3")])
        #expect(interval.book.bids == [try Self.level("0.49", "7", orders: 2), try Self.level("0.48", "1")])
        #expect(try venue.marketOrders(product: "AAA-USDT", since: 0).flow.buy.orders == 1)
        #expect(faults.reasons == [])
    }

    @Test(
        "a capture is of the venue whose books or trades are in it, whatever comes before them",
        arguments: [
            #"{"event":"error","code":"60018","msg":"no such channel"}"#,
            #"{"event":"channel-conn-count","channel":"books","connCount":"2"}"#,
            #"{"type":"subscriptions","channels":[]}"#,
        ])
    func recognition(first: String) throws {
        let okx = try CaptureFixture(["999.9: \(first)"] + CaptureFixture.okx)
        #expect(
            try CaptureVenue(paths: [okx.path], loops: false, clock: time.clock, report: faults.report).products.map(\.symbol) == [
                "AAA-USDT"
            ])
        let kraken = try CaptureFixture(["999.9: \(first)"] + CaptureFixture.krakenBook)
        #expect(
            try CaptureVenue(paths: [kraken.path], loops: false, clock: time.clock, report: faults.report).products.map(\.symbol) == [
                "BTC-USD"
            ])
    }

    @Test("a checksum that does not hold is a fault of its product and line, once, and the replay goes on")
    func mismatch() throws {
        var lines = CaptureFixture.krakenBook
        lines[4] = lines[4].replacing("173376341", with: "173376342")
        let fixture = try CaptureFixture(lines)
        let venue = try CaptureVenue(paths: [fixture.path], loops: true, clock: time.clock, report: faults.report)
        for pass in 1...3 {
            time.set(milliseconds: Int64(pass) * 600)
            #expect(try venue.interval(product: "BTC-USD", aggregation: 0, depth: 1).book.asks.first?.price.plainText == "100.1")
        }
        #expect(faults.lines == [5])
        #expect(faults.kinds == [.checksumMismatch(product: "BTC-USD")])
        #expect(faults.reasons == ["the book's checksum is 173376341, the venue's 173376342"])
    }

    @Test("a checksum is taken in the first pass only: later ones would find the same, and nobody is told twice")
    func laterPasses() throws {
        func message(_ line: String) throws -> FeedMessage { try KrakenFeed.decode(Array(line.drop { $0 != " " }.dropFirst().utf8)[...]) }
        let (snapshot, update) = (try message(CaptureFixture.krakenBook[2]), try message(CaptureFixture.krakenBook[5]))
        var market = ReplayedMarket()
        try market.apply(snapshot)
        // Updates before it are missing.
        #expect(throws: ReplayFault.self) { try market.apply(update) }
        market.beginPass(keepingBook: true)
        try market.apply(snapshot)
        try market.apply(update)
        #expect(market.book?.levels(.bid).first?.price == Decimal(string: "100.05"))
    }

    @Test("a level whose zeros at the end are lost fails the checksum")
    func spelling() throws {
        var lines = CaptureFixture.okx
        lines[3] = lines[3].replacing(#""0.480""#, with: #""0.48""#)
        let fixture = try CaptureFixture(lines)
        let venue = try CaptureVenue(paths: [fixture.path], loops: false, clock: time.clock, report: faults.report)
        time.set(milliseconds: 200)
        _ = try venue.interval(product: "AAA-USDT", aggregation: 0, depth: 1)
        #expect(faults.kinds == [.checksumMismatch(product: "AAA-USDT")])
    }

    @Test("a book keeps as many levels as the channel says")
    func depth() throws {
        let asks = (1...10).map { "[\"\(100 + $0)\",\"1\",\"1\"]" }.joined(separator: ",")
        let fixture = try CaptureFixture([
            #"1.0: [1,{"as":[\#(asks)],"bs":[["99","1","1"]]},"book-10","A/B"]"#,
            #"1.1: [1,{"a":[["100.5","2","1"]]},"book-10","A/B"]"#,
            #"1.2: [1,{"a":[["100.5","0","1"]]},"book-10","A/B"]"#,
        ])
        let venue = try CaptureVenue(paths: [fixture.path], loops: false, clock: time.clock, report: faults.report)
        time.set(milliseconds: 150)
        #expect(try venue.interval(product: "A-B", aggregation: 0, depth: 99).book.asks.last?.price == 109)
        time.set(milliseconds: 200)
        #expect(try venue.interval(product: "A-B", aggregation: 0, depth: 99).book.asks.count == 9)
    }

    @Test("a folder stands for its files, those without a feed are passed over, and two venues' feeds are refused")
    func folders() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "captures-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder.appending(path: "deeper"), withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        func write(_ name: String, _ lines: [String]) throws {
            try Data(lines.joined(separator: "\n").utf8).write(to: folder.appending(path: name))
        }
        try write("KRAKEN.0", [#"https://api.example/pairs -> 999.0: {"error":[]}"#, #"configuration: {"book":[]}"#])
        try write("KRAKEN.ws.1", CaptureFixture.krakenTrades)
        try write("KRAKEN.ws.2", CaptureFixture.krakenBook)
        try write(".hidden", CaptureFixture.okx)
        let venue = try CaptureVenue(paths: [folder.path], loops: false, clock: time.clock, report: faults.report)
        time.set(milliseconds: 300)
        #expect(try venue.interval(product: "BTC-USD", aggregation: 0, depth: 1).sequence == 3)
        #expect(faults.reasons == [])

        try write("OKX.ws.1", CaptureFixture.okx)
        let refused = #expect(throws: CaptureError.self) {
            try CaptureVenue(paths: [folder.path], loops: false, clock: time.clock, report: faults.report)
        }
        #expect(refused?.reason == .venues("Kraken", "OKX"))
    }

    private static func level(_ price: String, _ size: String, orders: Int = 1) throws -> PriceLevel {
        PriceLevel(price: try Decimal(strict: price), size: try Decimal(strict: size), orders: orders)
    }
}
