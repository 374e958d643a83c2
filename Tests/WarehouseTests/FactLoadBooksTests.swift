import Market
import Postgres
import TestSupport
import Testing
import Warehouse

@Suite("Loading books and tickers") struct FactLoadBooksTests {
    private func level(_ price: String, _ size: String = "1") -> DepthLevel {
        DepthLevel(price: WireDecimal(price)!, size: WireDecimal(size)!)
    }

    private func load(_ books: [(depth: Depth, symbol: String, origin: FactOrigin)], _ fixture: FactFixture) throws -> [Int64: LoadCounts] {
        var batch = FactBatch(.orderbook, exchange: "kraken")
        for book in books { batch.add(book.depth, symbol: book.symbol, origin: book.origin) }
        return try fixture.connection.transaction { try fixture.load.load(batch) }
    }

    @Test("a book is read back best first, once, however often it is loaded")
    func book() throws {
        let fixture = try FactFixture()
        let depth = Depth(bids: [level("9.5", "2"), level("9")], asks: [level("10"), level("10.25", "0.125")])
        let origin = FactOrigin(receivedAt: Answer.epoch + 7, hash: 1)
        #expect(try load([(depth, "BTC-USD", origin)], fixture) == [1: LoadCounts(inserted: 4)])
        #expect(try load([(depth, "BTC-USD", origin)], fixture) == [1: LoadCounts(duplicate: 4)])
        #expect(
            try fixture.texts("SELECT bids::text || ' ' || asks::text || ' ' || \"timestamp\" FROM crypto_gaf.order_books")
                == ["[[9.5, 2], [9, 1]] [[10, 1], [10.25, 0.125]] \(Answer.epoch + 7)"])
    }

    @Test("of two books of one market and millisecond one stays whole, whichever comes first")
    func sameMoment() throws {
        let fixture = try FactFixture()
        let (low, high) = (FactOrigin(receivedAt: Answer.epoch, hash: 1), FactOrigin(receivedAt: Answer.epoch, hash: 2))
        let small = (depth: Depth(bids: [level("9", "5")], asks: [level("11"), level("12"), level("13")]), symbol: "BTC-USD", origin: low)
        let great = (depth: Depth(bids: [level("9")], asks: [level("10")]), symbol: "BTC-USD", origin: high)
        var digests: Set<String> = []
        for order in [[[small], [great]], [[great], [small]], [[small, great]], [[great, small], [small]]] {
            try fixture.empty()
            for books in order { _ = try load(books, fixture) }
            digests.insert(try fixture.digest())
            #expect(try fixture.texts("SELECT side || price || size FROM crypto_gaf.fact_orderbook ORDER BY 1") == ["ask101", "bid91"])
        }
        #expect(digests.count == 1)
    }

    @Test("of two books of one market and millisecond that are loaded at the same time one stays whole", arguments: [true, false])
    func sameMomentAtOnce(isGreatFirst: Bool) throws {
        let fixture = try FactFixture()
        try fixture.empty()
        let origins = [1, 2].map { FactOrigin(receivedAt: Answer.epoch, hash: $0) }
        let small = (depth: Depth(bids: [level("9", "5")], asks: [level("11")]), symbol: "BTC-USD", origin: origins[0])
        let great = (depth: Depth(bids: [level("8")], asks: [level("10")]), symbol: "BTC-USD", origin: origins[1])
        // The month is there, so that nobody waits for that.
        let before = (depth: small.depth, symbol: "ETH-USD", origin: FactOrigin(receivedAt: Answer.epoch - 1, hash: 3))
        let after = (depth: small.depth, symbol: "ETH-USD", origin: FactOrigin(receivedAt: Answer.epoch + 3_600_000, hash: 4))
        _ = try load([before, after], fixture)
        let (first, second) = isGreatFirst ? (great, small) : (small, great)
        let database = fixture.database
        var running: Background<[Int64: LoadCounts]>?
        try fixture.connection.transaction {
            var batch = FactBatch(.orderbook, exchange: "kraken")
            batch.add(first.depth, symbol: first.symbol, origin: first.origin)
            _ = try fixture.load.load(batch)
            running = Background {
                let connection = try database.connect(as: "test_worker")
                let load = try FactLoad(connection)
                var batch = FactBatch(.orderbook, exchange: "kraken")
                batch.add(second.depth, symbol: second.symbol, origin: second.origin)
                return try connection.transaction { try load.load(batch) }
            }
            let watch = try database.connect()
            #expect(
                try eventually {
                    try watch.query(
                        """
                        SELECT count(*) FROM pg_locks JOIN pg_database d ON d.oid = database
                        WHERE NOT granted AND locktype = 'advisory' AND datname = current_database()
                        """
                    ).one().int(0) > 0
                })
        }
        _ = try running?.value()
        #expect(
            try fixture.texts("SELECT side || price || size FROM crypto_gaf.fact_orderbook WHERE symbol = 'BTC-USD' ORDER BY 1")
                == ["ask101", "bid81"])
    }

    @Test("tickers of all markets come from one answer; of one moment the greater hash stays")
    func tickers() throws {
        let fixture = try FactFixture()
        func load(_ prices: [String: String], hash: Int64) throws -> [Int64: LoadCounts] {
            var batch = FactBatch(.tickers, exchange: "okx")
            let tickers = try prices.map { Ticker(pair: try Pair($0.key), time: Answer.epoch - 1, last: WireDecimal($0.value)!) }
            batch.add(tickers, origin: FactOrigin(receivedAt: Answer.epoch, hash: hash))
            return try fixture.connection.transaction { try fixture.load.load(batch) }
        }
        #expect(try load(["BTC-USD": "1", "ETH-USD": "2"], hash: 5) == [5: LoadCounts(inserted: 2)])
        #expect(try load(["BTC-USD": "3"], hash: 4) == [4: LoadCounts(duplicate: 1)])
        #expect(try load(["ETH-USD": "4", "SOL-USD": "5"], hash: 6) == [6: LoadCounts(inserted: 1, updated: 1)])
        #expect(
            try fixture.texts("SELECT symbol || ' ' || last FROM crypto_gaf.tickers ORDER BY 1") == ["BTC-USD 1", "ETH-USD 4", "SOL-USD 5"])
    }
}
