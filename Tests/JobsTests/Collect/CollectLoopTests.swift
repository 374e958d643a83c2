import Exchanges
import Foundation
import Jobs
import Postgres
import TestSupport
import Testing

@Suite("Collect", .serialized)
struct CollectLoopTests {
    let venue: ScriptedVenue
    let database: TestDatabase
    let rows: CollectedRows

    init() throws {
        venue = try ScriptedVenue()
        database = try TestPostgres.database()
        rows = try CollectedRows(database.options())
    }

    @Test("a quarter of a second holds: one row per product and tick, the interval asked before the market orders")
    func cadence() throws {
        try rows.add("A", "B", "C-D", "'); DROP TABLE crypto_gaf.samples; --")
        let run = CollectRun(venue, database.options(as: "test_worker")) { $0.interval = .milliseconds(250) }
        #expect(try eventually { try rows.count("A") >= 12 })
        try run.end()
        for product in ["A", "B", "C-D", "'); DROP TABLE crypto_gaf.samples; --"] {
            #expect(abs(try rows.count(product) - rows.count("A")) <= 1)
            try rows.expectEveryTradeOnce(product)
            let asked = venue.server.requests.filter { $0.query["product"] == product }.map { $0.path.split(separator: "/").last }
            for pair in stride(from: 0, to: asked.count - 1, by: 2) {
                #expect(asked[pair] == "interval" && asked[pair + 1] == "marketOrders")
            }
        }
        let span = try rows.connection.query(
            "SELECT extract(epoch FROM max(sampled_at) - min(sampled_at)) / (count(*) - 1) FROM crypto_gaf.samples WHERE product = 'A'"
        ).one().double(0)
        #expect(abs(span - 0.25) < 0.02, "\(span) s between samples")
        #expect(venue.server.connectionCount <= 4)
        #expect(try rows.feed("A").source?.contains("SYNTHETIC") == true)
        #expect(run.logged("collect.stopped").count == 1)
    }

    @Test("a sample holds what the venue said, digit by digit")
    func sample() throws {
        try rows.add("A")
        venue.setSequence(100, of: "A")
        let run = CollectRun(venue, database.options(as: "test_worker")) { $0.once = true }
        try run.join()
        let row = try rows.connection.query(
            """
            SELECT midpoint::text, ask_prices::text, ask_sizes::text, bid_prices::text, bid_sizes::text, buys::text, sells::text,
                ask_orders::text, last_trade FROM crypto_gaf.samples
            """
        ).one()
        #expect(
            try (0..<8).map { try row.text($0) } == [
                "100", "{101,102,103}", "{0.5,0.5,0.5}", "{99,98,97}", "{0.25,0.25,0.25}", "{0,0,0}", "{0,0,0}", "{1,2,3}",
            ])
        #expect(try row.int(8) == venue.sequence(of: "A"))
        #expect(venue.requests("marketOrders", of: "A").allSatisfy { $0.query["since"] == nil })
    }

    @Test(
        "a venue's fault costs only that product, and only as long as it lasts",
        arguments: [
            "silence", "reset", "half", "drip", "500", "html", "binary", "shape", "crossed", "nan", "negative", "empty side", "50 MB",
            "404",
        ])
    func faults(kind: String) throws {
        try rows.add("GOOD", "BAD")
        venue.fault { $0.query["product"] == "BAD" ? faulty(kind, $0) : nil }
        let run = CollectRun(venue, database.options(as: "test_worker")) { $0.timeout = .milliseconds(1500) }
        // What only a person can mend is asked about once a minute.
        let enough = kind == "404" ? 1 : 2
        #expect(try eventually { try rows.count("GOOD") >= 12 && rows.feed("BAD").failures >= enough })
        #expect(try rows.count("BAD") == 0)
        let feed = try rows.feed("BAD")
        #expect(feed.lastError?.isEmpty == false && feed.source == nil)
        let code = try rows.connection.query("SELECT last_error_code FROM crypto_gaf.feeds WHERE product = 'BAD'").one().text(0)
        #expect(["timeout", "broken", "malformed", "crossed", "empty_side", "down", "unknown_symbol", "too_large"].contains(code))
        #expect(try rows.feed("GOOD").failures == 0)
        venue.fault { _ in nil }
        if kind != "404" { #expect(try eventually { try rows.count("BAD") >= 3 }) }
        try run.end()
        try rows.expectEveryTradeOnce("GOOD")
        #expect(abs(try rows.medianGap("GOOD") - 0.1) < 0.03)
        #expect(run.logged("collect.failed").first?.contains("\"product\":\"BAD\"") == true)
    }

    @Test("429: the product rests as long as Retry-After says")
    func retryAfter() throws {
        try rows.add("GOOD", "BAD")
        venue.fault { $0.query["product"] == "BAD" ? .json("{}", status: 429, [("Retry-After", "2")]) : nil }
        let run = CollectRun(venue, database.options(as: "test_worker"))
        #expect(try eventually { try rows.count("GOOD") >= 15 })
        #expect(venue.requests("interval", of: "BAD").count == 1)
        venue.fault { _ in nil }
        #expect(try eventually { try rows.count("BAD") > 0 })
        #expect(try rows.count("GOOD") >= 19)
        try run.end()
    }

    @Test("a row is both answers or none: market orders that fail leave no row and lose no trade")
    func pair() throws {
        try rows.add("A")
        venue.fault { $0.path.hasSuffix("marketOrders") && Int.random(in: 0..<3) == 0 ? .reset : nil }
        let run = CollectRun(venue, database.options(as: "test_worker")) { $0.interval = .milliseconds(20) }
        #expect(try eventually { try rows.count("A") >= 10 && rows.feed("A").failures > 3 })
        try run.end()
        try rows.expectEveryTradeOnce("A")
    }

    @Test("a sequence that jumps back is a gap: logged, counted, and the new sequence adopted")
    func gap() throws {
        try rows.add("A")
        venue.setSequence(1_000_000, of: "A")
        let run = CollectRun(venue, database.options(as: "test_worker"))
        #expect(try eventually { try rows.count("A") >= 5 })
        venue.setSequence(10, of: "A")
        #expect(try eventually { try rows.feed("A").gaps == 1 })
        let before = try rows.count("A")
        #expect(try eventually { try rows.count("A") >= before + 5 })
        try run.end()
        #expect(try rows.feed("A").gaps == 1)
        #expect(run.logged("collect.gap").count == 1)
        let newest = try rows.connection.query("SELECT last_trade FROM crypto_gaf.samples ORDER BY sample_id DESC LIMIT 1").one().int(0)
        #expect(newest < 1000 && newest == venue.sequence(of: "A"))
        try rows.connection.execute("DELETE FROM crypto_gaf.samples WHERE last_trade > 1000")
        try rows.expectEveryTradeOnce("A")
    }

    @Test("after a predecessor's collector, the venue's own sequence is adopted: no trade is counted that it may have counted")
    func overtaken() throws {
        try rows.add("A")
        let first = CollectRun(venue, database.options(as: "test_worker"))
        #expect(try eventually { try rows.count("A") >= 3 })
        try first.end()
        try rows.connection.execute(
            "INSERT INTO crypto_gaf.samples (product, midpoint, buys, sells) VALUES ('A', 100, '{100,9,9}', '{0,0,0}')")
        venue.setSequence(venue.sequence(of: "A") + 1000, of: "A")
        let asked = venue.requests("marketOrders", of: "A").count
        let second = CollectRun(venue, database.options(as: "test_worker"))
        #expect(try eventually { try rows.feed("A").gaps == 1 })
        #expect(eventually { venue.requests("marketOrders", of: "A").count >= asked + 3 })
        try second.end()
        #expect(venue.requests("marketOrders", of: "A")[asked].query["since"] == nil)
        #expect(try rows.feed("A").gaps == 1)
        #expect(second.logged("collect.gap").first?.contains("another collector") == true)
        // From there on each trade counts again, and once.
        try rows.connection.execute(
            "DELETE FROM crypto_gaf.samples WHERE sample_id <= (SELECT sample_id FROM crypto_gaf.samples WHERE last_trade IS NULL)")
        #expect(try rows.trades("A").counted == rows.trades("A").last - rows.trades("A").first)
    }

    @Test("products come, change and go without a restart")
    func products() throws {
        try rows.add("A", "GONE")
        let run = CollectRun(venue, database.options(as: "test_worker"))
        #expect(try eventually { try rows.count("A") >= 3 && rows.count("GONE") >= 3 })
        try rows.add("NEW", "nowhere:X")
        try rows.connection.execute("UPDATE crypto_gaf.gafs SET aggregation = 0.5, depth = 5 WHERE product = 'A'")
        try rows.connection.run(
            script:
                "BEGIN; DELETE FROM crypto_gaf.samples WHERE product = 'GONE'; DELETE FROM crypto_gaf.gafs WHERE product = 'GONE'; COMMIT")
        #expect(try eventually { try rows.count("NEW") >= 3 })
        let asked = venue.requests("interval", of: "GONE").count
        let before = try rows.count("A")
        #expect(try eventually { try rows.count("A") >= before + 5 })
        #expect(venue.requests("interval", of: "GONE").count <= asked + 1)
        #expect(venue.requests("interval", of: "A").last?.query["aggregation"] == "0.5")
        let depth = try rows.connection.query(
            "SELECT cardinality(ask_prices) FROM crypto_gaf.samples WHERE product = 'A' ORDER BY sample_id DESC LIMIT 1")
        #expect(try depth.one().int(0) == 5)
        #expect(try rows.feed("nowhere:X").lastError?.contains("coinbase-local") == true)
        try run.end()
        for product in ["A", "NEW"] { try rows.expectEveryTradeOnce(product) }
    }

    @Test("once takes one sample of each product; if none answers it is an error")
    func once() throws {
        try rows.add("A", "B")
        try CollectRun(venue, database.options(as: "test_worker")) { $0.once = true }.join()
        #expect(try [rows.count("A"), rows.count("B")] == [1, 1])
        venue.fault { _ in .reset }
        let run = CollectRun(venue, database.options(as: "test_worker")) { $0.once = true }
        #expect(throws: CollectError.self) { try run.join() }
        #expect(try [rows.count("A"), rows.count("B")] == [1, 1])
    }

    @Test("a stop ends it within the time of a request, with everything written")
    func stops() throws {
        try rows.add("A", "SLOW")
        venue.fault { $0.query["product"] == "SLOW" ? .silence(30) : nil }
        let run = CollectRun(venue, database.options(as: "test_worker")) {
            $0.timeout = .seconds(20)
            $0.grace = .seconds(1)
        }
        #expect(try eventually { try rows.count("A") >= 5 })
        let took = try ContinuousClock().measure { try run.end() }
        #expect(took < .seconds(3))
        try rows.expectEveryTradeOnce("A")
        #expect(try rows.trades("A").last == venue.sequence(of: "A"))
    }
}

private func faulty(_ kind: String, _ request: ScriptedServer.Request) -> ScriptedServer.Answer {
    func interval(asks: String = "[[\"101\",\"1\",1],[\"102\",\"1\",1],[\"103\",\"1\",1]]") -> ScriptedServer.Answer {
        .json(
            """
            {"aggregation":10,"depth":3,"date":"","sequence":1,"midpoint":"100","asks":\(asks),"bids":[["99","1",1],["98","1",1],["97","1",1]]}
            """)
    }
    return switch kind {
    case "silence": .silence(10)
    case "reset": .reset
    case "half": .half("{\"sequence\":1,\"midpoint\":\"100\"}")
    case "drip": .drip("{\"sequence\":1,\"midpoint\":\"100\"}", every: 0.1)
    case "500": .json("{}", status: 500)
    case "404": .json("{}", status: 404)
    case "html": .reply(200, [("Content-Type", "text/html")], body: Array("<html><body>maintenance</body></html>".utf8))
    case "binary": .reply(200, [], body: [0, 1, 2, 0x1b, 0x9b, 0xff])
    case "shape": .json("{\"asks\":{}}")
    case "crossed": interval(asks: "[[\"98.5\",\"1\",1],[\"102\",\"1\",1],[\"103\",\"1\",1]]")
    case "nan": interval(asks: "[[\"101\",\"NaN\",1],[\"102\",\"1\",1],[\"103\",\"1\",1]]")
    case "negative": interval(asks: "[[\"101\",\"-1\",1],[\"102\",\"1\",1],[\"103\",\"1\",1]]")
    case "empty side": interval(asks: "[]")
    default: .chunked(bytes: 50 << 20)
    }
}
