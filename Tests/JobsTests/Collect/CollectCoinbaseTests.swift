import Exchanges
import Foundation
import Jobs
import Postgres
import TestSupport
import Testing

/// A Coinbase Exchange whose trades are numbered one by one: odd ones were buys of the taker, even ones sells.
private final class ScriptedCoinbase: Sendable {
    let server: ScriptedServer

    init(tradesPerSecond: Double) throws {
        let start = ContinuousClock.now
        let newest: @Sendable () -> Int = { 5000 + Int(start.duration(to: .now) / .seconds(1) * tradesPerSecond) }
        server = try ScriptedServer { request in
            if request.path.hasSuffix("/book") {
                return .json(#"{"bids":[["99.5","1",1]],"asks":[["100.5","2",1]],"sequence":9,"auction_mode":false}"#)
            }
            let limit = Int(request.query["limit"] ?? "") ?? 100
            let first = request.query["after"].flatMap { Int($0) }.map { $0 - 1 } ?? newest()
            let ids = stride(from: first, to: max(first - limit, 0), by: -1)
            let rows = ids.map { #"{"trade_id":\#($0),"side":"\#($0 % 2 == 1 ? "sell" : "buy")","size":"1","price":"100","time":"2026"}"# }
            return .json("[\(rows.joined(separator: ","))]", [("CB-AFTER", "\(ids.reversed().first ?? 0)")])
        }
    }
}

@Suite("Collect from Coinbase directly")
struct CollectCoinbaseTests {
    @Test("within its rate limit, fairly over the products, paging after what was missed meanwhile; the local venue is not slowed")
    func rateLimited() throws {
        let local = try ScriptedVenue()
        let coinbase = try ScriptedCoinbase(tradesPerSecond: 400)
        let database = try TestPostgres.database()
        let rows = try CollectedRows(database.options())
        let products = (1...8).map { "coinbase:P\($0)-USD" }
        try rows.add("LOCAL")
        for product in products { try rows.add(product) }
        let start = ContinuousClock.now
        let run = CollectRun(local.server.url, database.options(as: "test_worker")) {
            $0.feeds.append(Coinbase(baseURL: coinbase.server.url))
            $0.timeout = .seconds(5)
        }
        #expect(try eventually(within: .seconds(60)) { try products.allSatisfy { try rows.count($0) >= 3 } })
        try run.end()
        let seconds = start.duration(to: .now) / .seconds(1)
        let requests = coinbase.server.requests
        #expect(Double(requests.count) <= 15 + 10 * seconds + 1, "\(requests.count) requests in \(seconds) s")
        let counts = try products.map { try rows.count($0) }
        #expect(counts.max()! - counts.min()! <= 1, "\(counts)")
        for product in products { try rows.expectEveryTradeOnce(product) }
        #expect(requests.contains { $0.query["after"] != nil }, "some pages were needed")
        #expect(requests.contains { $0.path == "/products/P8-USD/book" && $0.query["level"] == "2" })
        #expect(Double(try rows.count("LOCAL")) >= 8 * seconds, "ten a second were wanted")
        #expect(try rows.feed(products[0]).source?.contains("LIVE") == true)
    }
}
