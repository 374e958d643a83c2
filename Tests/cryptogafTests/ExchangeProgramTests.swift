import Foundation
import TestSupport
import Testing

@Suite("cryptogaf exchange")
struct ExchangeProgramTests {
    @Test("answers over its socket, step by step if told so, until it is stopped; then its socket is gone")
    func served() throws {
        let directory = try Free.directory()
        defer { try? FileManager.default.removeItem(atPath: directory) }
        try Data(Self.feed.utf8).write(to: URL(filePath: "\(directory)/feed"))
        let socket = "\(directory)/socket"
        let exchange = try Program.start(["exchange", "--capture", "\(directory)/feed", "--step", "0.05", "--socket", socket])
        try #require(exchange.waitForOutput("exchange.started"), "\(exchange.output)")
        #expect(exchange.output.contains("\"line\":2,\"reason\":\"no line of a capture\""))

        let interval = "interval?product=AAA-USD&aggregation=1&depth=1"
        let first = try Self.get(socket, interval)
        #expect(first.contains("X-Source: REPLAY\r\n"))
        #expect(first.hasSuffix(#""sequence":0,"midpoint":"100","asks":[["100.5","0",0]],"bids":[["99.5","0",0]]}"# + "\n"))
        #expect(try Self.get(socket, interval).contains(#""sequence":10,"midpoint":"100.5""#))
        #expect(
            try Self.get(socket, "marketOrders?product=AAA-USD&since=0")
                .hasSuffix(
                    #"{"sequence":10,"buy":{"price":102,"size":0.5,"numOrders":1},"sell":{"price":0,"size":0,"numOrders":0}}"# + "\n"))
        #expect(try Self.get(socket, interval).hasPrefix("Status: 503 "))

        exchange.signal(SIGTERM)
        #expect(exchange.wait(for: .seconds(20)) == 0)
        #expect(!FileManager.default.fileExists(atPath: socket))
    }

    @Test("lists its products with bucket widths that suit them")
    func list() throws {
        let result = try Program.run(["exchange", "--synthetic", "7", "--products", "2", "--list-products"])
        #expect(result.status == 0)
        #expect(result.output == "BTC-USD\t10\nETH-USD\t1\n")
    }

    @Test("a capture that is not there is a data error, and the message names it")
    func missing() throws {
        let result = try Program.run(["exchange", "--capture", "/nonexistent", "--list-products"])
        #expect(result.status == 65)
        #expect(result.errors.contains("cannot read the capture /nonexistent: No such file or directory"))
    }

    @Test("replays several files as one feed, and logs each book that fails the venue's checksum")
    func checksums() throws {
        let directory = try Free.directory()
        defer { try? FileManager.default.removeItem(atPath: directory) }
        try Data(Self.books.utf8).write(to: URL(filePath: "\(directory)/books"))
        try Data(Self.trades.utf8).write(to: URL(filePath: "\(directory)/trades"))
        let files = ["--capture", "\(directory)/books", "--capture", "\(directory)/trades"]
        let exchange = try Program.start(["exchange", "--step", "1", "--socket", "\(directory)/socket"] + files)
        try #require(exchange.waitForOutput("exchange.started"), "\(exchange.output)")
        let answers = try (0..<2).map { _ in try Self.get("\(directory)/socket", "interval?product=BTC-EUR&aggregation=0&depth=1") }
        #expect(answers[0].hasSuffix(#""sequence":1,"midpoint":"100.25","asks":[["100.5","1",1]],"bids":[["100","1",1]]}"# + "\n"))
        #expect(answers[1].hasSuffix(#""sequence":1,"midpoint":"100.25","asks":[["100.5","2",1]],"bids":[["100","1",1]]}"# + "\n"))
        try #require(exchange.waitForOutput("exchange.checksum_mismatch"), "\(exchange.output)")
        #expect(exchange.output.contains("\"product\":\"BTC-EUR\""))
        #expect(exchange.output.contains("\"line\":2,\"reason\":\"the book's checksum is "))
        exchange.signal(SIGTERM)
        #expect(exchange.wait(for: .seconds(20)) == 0)
    }

    private static let books = """
        1000.00: [1,{"as":[["100.50","1.0","1"]],"bs":[["100.00","1.0","1"]]},"book-10","XBT/EUR"]
        1000.01: [1,{"a":[["100.50","2.0","1"]],"c":"1"},"book-10","XBT/EUR"]

        """
    private static let trades = """
        1000.00: [2,[["100.50","0.5","1","b","m",""]],"trade","XBT/EUR"]

        """

    private static let feed = """
        1000.00: {"type":"subscriptions","channels":[]}
        what is this
        1000.01: {"type":"snapshot","product_id":"AAA-USD","asks":[["101.00","1.0"],["102","2"]],"bids":[["99.0","1.5"]]}
        1000.06: {"type":"l2update","product_id":"AAA-USD","changes":[["sell","101.00","0.0"]],"time":"x"}
        1000.07: {"type":"match","product_id":"AAA-USD","side":"sell","size":"0.5","price":"102","sequence":10,"trade_id":2}

        """

    /// The whole answer, as Debian's `cgi-fcgi` (libfcgi-bin) gets it.
    private static func get(_ socket: String, _ target: String) throws -> String {
        let environment = ["REQUEST_METHOD": "GET", "REQUEST_URI": "/api/orderBook/\(target)", "CONTENT_LENGTH": "0"]
        return try Subprocess.run("/usr/bin/cgi-fcgi", ["-bind", "-connect", socket], environment: environment).output
    }
}
