import Market
import Postgres
import TestSupport
import Testing
import Warehouse

@Suite("Repairing facts") struct FactRepairTests {
    /// As few rows are staged, and whole pages of history are.
    @Test("what somebody changed, deleted or moved is put right from the same answer, and its hours are touched", arguments: [40, 200])
    func candles(count: Int) throws {
        let fixture = try FactFixture()
        let answer = Answer((0..<30).map { (minute: $0, price: 1) } + (31..<count).map { (minute: $0, price: 2) }, at: 1000, hash: 1)
        try fixture.load([answer])
        let expected = try fixture.digest()
        let owner = try fixture.database.connect()
        let faults: [(sql: String, counts: LoadCounts)] = [
            ("UPDATE crypto_gaf.fact_klines SET close = 0 WHERE open_time = '2026-03-01 00:07Z'", LoadCounts(updated: 1)),
            ("UPDATE crypto_gaf.fact_klines SET quote_volume = 1 WHERE open_time = '2026-03-01 00:08Z'", LoadCounts(updated: 1)),
            ("DELETE FROM crypto_gaf.fact_klines WHERE open_time = '2026-03-01 00:09Z'", LoadCounts(inserted: 1)),
            (
                "UPDATE crypto_gaf.fact_klines SET open_time = '2026-03-01 00:30Z' WHERE open_time = '2026-03-01 00:20Z'",
                LoadCounts(inserted: 1, removed: 1)
            ),
        ]
        for (sql, counts) in faults {
            try owner.run(script: sql + "; DELETE FROM crypto_gaf.touched_hours")
            let damaged = try fixture.digest()
            #expect(damaged != expected)
            var repaired = counts
            repaired.duplicate = count - 1 - counts.inserted - counts.updated
            #expect(try fixture.repair([answer]) == [1: repaired])
            #expect(try fixture.digest() == expected)
            #expect(try fixture.touchedHours() == ["BTC-USDT 03-01 00"])
        }
        try owner.run(script: "DELETE FROM crypto_gaf.touched_hours")
        #expect(try fixture.repair([answer]) == [1: LoadCounts(duplicate: count - 1)])
        #expect(try fixture.touchedHours() == [])
    }

    @Test("answers without a candle beside others, or alone, are compared like all")
    func empty() throws {
        let fixture = try FactFixture()
        let answers = [
            Answer([], at: 900, hash: 1), Answer((0..<40).map { (minute: $0, price: 1) }, at: 1000, hash: 2), Answer([], at: 1100, hash: 3),
        ]
        try fixture.load(answers)
        let expected = try fixture.digest()
        #expect(try fixture.repair(answers) == [1: LoadCounts(), 2: LoadCounts(duplicate: 40), 3: LoadCounts()])
        #expect(try fixture.repair([answers[0]]) == [:])
        try fixture.database.connect().run(script: "UPDATE crypto_gaf.fact_klines SET close = 0 WHERE open_time = '2026-03-01 00:07Z'")
        #expect(try fixture.repair(answers) == [1: LoadCounts(), 2: LoadCounts(updated: 1, duplicate: 39), 3: LoadCounts()])
        #expect(try fixture.digest() == expected)
    }

    @Test("a newer version stays, and so does what another answer brought between an answer's candles", arguments: [40, 200])
    func others(count: Int) throws {
        let fixture = try FactFixture()
        let answers = [
            Answer((0..<count).filter { $0 % 10 != 0 }.map { (minute: $0, price: 1) }, at: 1000, hash: 1),
            Answer([(minute: 10, price: 3), (minute: 11, price: 3)], at: 2000, hash: 2),
        ]
        try fixture.load(answers)
        let expected = try fixture.digest()
        let all = count - count / 10
        #expect(try fixture.repair([answers[0]]) == [1: LoadCounts(duplicate: all)])
        #expect(try fixture.digest() == expected)
        try fixture.database.connect().run(script: "UPDATE crypto_gaf.fact_klines SET high = high + 1")
        #expect(try fixture.repair(answers) == [1: LoadCounts(updated: all - 1, duplicate: 1), 2: LoadCounts(updated: 2)])
        #expect(try fixture.digest() == expected)
    }

    @Test("what stands between the candles of answers that overlap, or just beside them, goes as well; what an older one has comes back")
    func strays() throws {
        let fixture = try FactFixture()
        let answers = (0..<20).map {
            Answer([(minute: $0, price: $0), (minute: $0 + 1, price: $0)], at: 1000 + Int64($0), hash: Int64($0))
        }
        try fixture.load(answers)
        let expected = try fixture.digest()
        try fixture.database.connect().run(
            script: """
                -- Off the grid, as if times had been read wrongly; beyond an answer's last, as if it had not been open; in an older one's place.
                INSERT INTO crypto_gaf.fact_klines SELECT exchange, symbol, interval_code, open_time + interval '30 seconds', open, high, low, close,
                    volume, quote_volume, trade_count, taker_buy_volume, taker_buy_quote_volume, received_at, object_hash
                FROM crypto_gaf.fact_klines;
                UPDATE crypto_gaf.fact_klines SET open_time = '2026-03-01 00:22Z' WHERE open_time = '2026-03-01 00:20:30Z';
                UPDATE crypto_gaf.fact_klines SET (received_at, object_hash, close) = (received_at + interval '2 ms', object_hash + 2, 0)
                WHERE open_time = '2026-03-01 00:05Z'
                """)
        let counts = try fixture.repair(answers)
        #expect(try fixture.digest() == expected)
        #expect(counts.values.reduce(0) { $0 + $1.removed } == 22 && counts.values.reduce(0) { $0 + $1.inserted } == 1)
    }

    @Test("levels and tickers are put right likewise")
    func books() throws {
        let fixture = try FactFixture()
        func level(_ price: Int) -> DepthLevel { DepthLevel(price: WireDecimal("\(price)")!, size: WireDecimal("1.5")!) }
        let origin = FactOrigin(receivedAt: Answer.epoch, hash: 1)
        var books = FactBatch(.orderbook, exchange: "kraken")
        books.add(Depth(bids: [level(9), level(8)], asks: [level(10), level(11)]), symbol: "BTC-USD", origin: origin)
        var tickers = FactBatch(.tickers, exchange: "kraken")
        tickers.add([Ticker(pair: try Pair("BTC-USD"), last: WireDecimal("10")!)], origin: origin)
        let repair = try FactLoad(fixture.connection, repairs: true)
        for batch in [books, tickers] { try fixture.connection.transaction { _ = try repair.load(batch) } }
        let expected = try fixture.digest()
        try fixture.database.connect().run(
            script: """
                UPDATE crypto_gaf.fact_orderbook SET price = 9.5 WHERE price = 9;
                UPDATE crypto_gaf.fact_orderbook SET size = 7 WHERE price = 11;
                UPDATE crypto_gaf.tickers SET last = 11
                """)
        #expect(
            try fixture.connection.transaction { try repair.load(books) }
                == [1: LoadCounts(inserted: 1, updated: 1, duplicate: 2, removed: 1)])
        #expect(try fixture.connection.transaction { try repair.load(tickers) } == [1: LoadCounts(updated: 1)])
        #expect(try fixture.digest() == expected)
    }
}
