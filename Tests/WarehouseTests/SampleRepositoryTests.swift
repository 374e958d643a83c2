import FoundationEssentials
import Market
import Postgres
import TestSupport
import Testing
import Warehouse

@Suite struct SampleRepositoryTests {
    private func count(_ product: String, _ connection: Connection) throws -> Int {
        try connection.query("SELECT count(*) FROM crypto_gaf.samples WHERE product = \(product)").one().int(0)
    }

    @Test("a sample arrives in the seed's columns, digit for digit")
    func columns() throws {
        let (_, connection) = try worker("BTC-USD")
        #expect(try SampleRepository(connection).append([SampleRecord(sample("BTC-USD", 2))]).isEmpty)
        let row = try connection.query(
            """
            SELECT midpoint, ask_prices, ask_sizes, bid_prices, bid_sizes, buys, sells, ask_orders, last_trade, sampled_at
            FROM crypto_gaf.samples
            """
        ).one()
        let texts = try (0...8).map { try row.text($0) }
        #expect(
            texts == [
                "91002.25", "{91012.25,91022.25,91032.25}", "{0.125,0.25,0.375}", "{90992.25,90982.25,90972.25}", "{0.125,0.25,0.375}",
                "{91002.25,0.5,2}", "{0,0,0}", "{1,2,3}", "2",
            ])
        #expect(try row.date(9) == Date(timeIntervalSince1970: 1_790_000_002))
    }

    @Test("decimals keep all their digits, which float8 would not")
    func digits() throws {
        let (_, connection) = try worker("BTC-USD")
        var long = sample("BTC-USD", 1)
        long.book.asks[0].price = Decimal(string: "91234.56789012345678901234567890123")!
        long.book.midpoint = Decimal(string: "0.00000001")!
        _ = try SampleRepository(connection).append([SampleRecord(long)])
        let row = try connection.query("SELECT ask_prices[1], midpoint FROM crypto_gaf.samples").one()
        #expect(try row.text(0) == "91234.56789012345678901234567890123")
        #expect(try row.text(1) == "0.00000001")
    }

    @Test("trimming keeps the newest max_size of a product and touches no other")
    func trimming() throws {
        let (_, connection) = try worker("A", "B", maxSize: 21)
        let samples = SampleRepository(connection)
        _ = try samples.append((1...30).map { SampleRecord(sample("B", $0)) })
        // More than 21 in one piece can only be trimmed by the next.
        #expect(try count("B", connection) == 30)
        for number in 1...25 { _ = try samples.append([SampleRecord(sample("A", number))]) }
        #expect(try count("A", connection) == 21)
        #expect(try count("B", connection) == 30)
        _ = try samples.append([SampleRecord(sample("B", 31))])
        #expect(try count("B", connection) == 21)
        let kept = try connection.query("SELECT last_trade FROM crypto_gaf.samples WHERE product = 'A' ORDER BY sample_id").map {
            try $0.int(0)
        }
        #expect(kept == Array(5...25))
    }

    @Test("a smaller max_size takes effect with the next tick")
    func shrinking() throws {
        let (_, connection) = try worker("A", maxSize: 100)
        let samples = SampleRepository(connection)
        for number in 1...60 { _ = try samples.append([SampleRecord(sample("A", number))]) }
        _ = try ProductRepository(connection).set(Product("A"), ProductChanges(maxSize: 21))
        _ = try samples.append([SampleRecord(sample("A", 61)), SampleRecord(sample("A", 62))])
        #expect(try count("A", connection) == 21)
    }

    @Test("what others delete or add is noticed at the next count")
    func recount() throws {
        let (database, connection) = try worker("A", maxSize: 21)
        let samples = SampleRepository(connection)
        for number in 1...21 { _ = try samples.append([SampleRecord(sample("A", number))]) }
        try connection.execute("DELETE FROM crypto_gaf.samples WHERE last_trade <= 10")
        let admin = try database.connect()
        try admin.execute("UPDATE crypto_gaf.feeds SET counted_at = counted_at - interval '80 s'")
        for number in 22...26 { _ = try samples.append([SampleRecord(sample("A", number))]) }
        #expect(try count("A", connection) == 16)
        try connection.execute("INSERT INTO crypto_gaf.samples (product) SELECT 'A' FROM generate_series(1, 40)")
        try admin.execute("UPDATE crypto_gaf.feeds SET counted_at = NULL")
        _ = try samples.append([SampleRecord(sample("A", 27))])
        #expect(try count("A", connection) == 21)
    }

    @Test("a product that is not on show is reported, and the others' samples stay")
    func unknown() throws {
        let (_, connection) = try worker("A", "B")
        let rejected = try SampleRepository(connection).append(["A", "gone", "B"].map { SampleRecord(sample($0, 1)) })
        #expect(rejected.map(\.product) == ["gone"] && rejected[0].cause == nil)
        #expect(try count("A", connection) == 1 && count("B", connection) == 1)
    }

    @Test("a value that Postgres refuses costs only its product's samples")
    func refused() throws {
        let (_, connection) = try worker("A", "B")
        var bad = SampleRecord(sample("A", 1))
        bad.source = "LIVE\0"
        let rejected = try SampleRepository(connection).append([bad, SampleRecord(sample("B", 1))])
        #expect(rejected.map(\.product) == ["A"] && rejected[0].cause?.code == .value)
        #expect(try count("A", connection) == 0 && count("B", connection) == 1)
    }

    @Test("feeds tells the last trade, the source, and how many gaps there were")
    func feeds() throws {
        let (_, connection) = try worker("A", "B")
        let samples = SampleRepository(connection)
        _ = try samples.append([SampleRecord(sample("A", 1), source: "REPLAY coinbase-local", gaps: 1)])
        _ = try samples.append([SampleRecord(sample("A", 7), gaps: 2), SampleRecord(sample("A", 9), source: "SYNTHETIC", gaps: 1)])
        try FeedRepository(connection).record([
            FeedFailures(product: "A", count: 3, code: "timeout", error: "timed out", at: Date(timeIntervalSince1970: 1_790_000_000)),
            FeedFailures(product: "gone", count: 1, code: "down", error: "", at: Date()),
        ])
        try FeedRepository(connection).record([
            FeedFailures(product: "A", count: 2, code: "broken", error: "reset", at: Date(timeIntervalSince1970: 1_790_000_001))
        ])
        let row = try connection.query(
            "SELECT source, last_trade, gaps, failures, last_error, last_error_at, last_error_code FROM crypto_gaf.feeds WHERE product = 'A'"
        ).one()
        #expect(try row.text(0) == "SYNTHETIC" && row.int(1) == 9 && row.int(2) == 4 && row.int(3) == 5 && row.text(4) == "reset")
        #expect(try row.date(5) == Date(timeIntervalSince1970: 1_790_000_001) && row.text(6) == "broken")
        let targets = try FeedRepository(connection).targets()
        #expect(targets.map(\.lastTrade) == [9, nil] && targets.map(\.overtakenAt) == [nil, nil])
        #expect(targets[0].lastSampleAt == Date(timeIntervalSince1970: 1_790_000_009))
        #expect(targets[1].aggregation == 10 && targets[1].depth == 3)
    }

    @Test("where a predecessor's collector has written since, nobody knows the last trade any more")
    func overtaken() throws {
        let (_, connection) = try worker("A")
        let (samples, feeds) = (SampleRepository(connection), FeedRepository(connection))
        _ = try samples.append([SampleRecord(sample("A", 7))])
        try connection.execute("INSERT INTO crypto_gaf.samples (product, midpoint) VALUES ('A', 1)")
        let overtaken = try #require(try feeds.targets().first)
        #expect(overtaken.lastTrade == nil && overtaken.overtakenAt == 7)
        _ = try samples.append([SampleRecord(sample("A", 20))])
        let ours = try #require(try feeds.targets().first)
        #expect(ours.lastTrade == 20 && ours.overtakenAt == nil)
    }

    @Test(
        "SQL in a product's name is just a name",
        arguments: ["'; DROP TABLE crypto_gaf.samples; --", "\"", "a\\'b", "{a,b}", "NULL", "💰 ü", "$1", "%s"])
    func injection(name: String) throws {
        let (_, connection) = try worker(name)
        #expect(try SampleRepository(connection).append([SampleRecord(sample(name, 1))]).isEmpty)
        #expect(try SampleRepository(connection).window(name, limit: 5).midpoint == [91001.25])
        #expect(try ProductRepository(connection).remove(Product(name)))
        #expect(try count(name, connection) == 0)
    }

    @Test("the window is newest first, ends at the limit, and is empty for an unknown product")
    func window() throws {
        let (_, connection) = try worker("A", "B")
        let samples = SampleRepository(connection)
        for number in 1...5 { _ = try samples.append([SampleRecord(sample("A", number)), SampleRecord(sample("B", 100 + number))]) }
        let window = try samples.window("A", limit: 3)
        #expect(window.midpoint == [91005.25, 91004.25, 91003.25])
        #expect(window.asks.prices == [[91015.25, 91014.25, 91013.25], [91025.25, 91024.25, 91023.25], [91035.25, 91034.25, 91033.25]])
        #expect(window.bids.sizes[2] == [0.375, 0.375, 0.375])
        #expect(window.buys == [[91005.25, 91004.25, 91003.25], [1.25, 1, 0.75], [5, 4, 3]])
        #expect(window.newestMidpoint == "91005.25")
        let none = try samples.window("nobody", limit: 3)
        #expect(none.count == 0 && none.newestSampleID == nil)
    }

    @Test("two hundred products at their max_size stay there, tick after tick, without a scan of the table")
    func cost() throws {
        let (database, connection) = try worker()
        let names = (0..<200).map { "P\($0)" }
        for name in names { _ = try ProductRepository(connection).add(Product(name), ProductChanges(maxSize: 600)) }
        try database.connect().run(
            script: """
                INSERT INTO crypto_gaf.samples (product, midpoint, ask_prices) SELECT 'P' || i, n, ARRAY[1, 2, 3]
                FROM generate_series(1, 600) n, generate_series(0, 199) i; ANALYZE crypto_gaf.samples
                """)
        let samples = SampleRepository(connection)
        for tick in 1...5 { _ = try samples.append(names.map { SampleRecord(sample($0, tick)) }) }
        try connection.transaction {
            _ = try samples.append(names.map { SampleRecord(sample($0, 6)) })
            let scans = try connection.query("SELECT seq_scan::bigint FROM pg_stat_xact_user_tables WHERE relname = 'samples'").one()
            #expect(try scans.int64(0) == 0)
        }
        #expect(try connection.query("SELECT count(*) FROM crypto_gaf.samples").one().int(0) == 120_000)
    }
}
