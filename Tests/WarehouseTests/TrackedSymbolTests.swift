import FoundationEssentials
import Market
import Postgres
import TestSupport
import Testing
import Warehouse

@Suite struct TrackedSymbolTests {
    private let pair: Pair
    private let connection: Connection

    init() throws {
        pair = try Pair("BTC-USDT")
        connection = try worker().connection
    }

    @Test("a new market is asked for everything, its minutes from now on; tracking it again changes what is said, and nothing else")
    func track() throws {
        let symbols = TrackedSymbolRepository(connection)
        #expect(try symbols.track("binance", pair, TrackingChanges()))
        let first = try #require(try symbols.list().first)
        #expect(first.intervals == [.minute] && first.klines && first.depth && first.tickers && first.depthLevels == 50)
        #expect(abs(first.since.timeIntervalSinceNow) < 120)
        let since = Date(timeIntervalSince1970: 1_600_000_000)
        #expect(try !symbols.track("binance", pair, TrackingChanges(depth: false, intervals: [.minute, .hour], since: since)))
        #expect(try !symbols.track("binance", pair, TrackingChanges(depthLevels: 7)))
        let second = try #require(try symbols.list().first)
        #expect(
            second.intervals == [.minute, .hour] && !second.depth && second.tickers && second.depthLevels == 7 && second.since == since)
    }

    @Test("the time that candles of an interval are accounted from moves back only, and leaves the other intervals alone")
    func accountFrom() throws {
        let symbols = TrackedSymbolRepository(connection)
        let since = Date(timeIntervalSince1970: 1_600_000_000)
        func times() throws -> [Date] { try symbols.list().flatMap { [$0.since, $0.since(.minute), $0.since(.hour)] } }
        let hours = KlineSeries("binance", pair, .hour)
        try symbols.accountFrom(since, hours)
        _ = try symbols.track("binance", pair, TrackingChanges(intervals: [.minute, .hour], since: since))
        try symbols.accountFrom(since + 60, hours)
        #expect(try times() == [since, since, since])
        try symbols.accountFrom(since - 3600, hours)
        try symbols.accountFrom(since - 60, hours)
        #expect(try times() == [since, since, since - 3600])
        _ = try symbols.track("binance", pair, TrackingChanges(since: since + 60))
        #expect(try times() == [since + 60, since + 60, since + 60], "whoever sets the time sets that of all intervals")
        try symbols.accountFrom(since, hours)
        #expect(try symbols.untrack("binance", pair))
        #expect(try times() == [])
    }

    @Test("what is untracked is gone from the list, once")
    func untrack() throws {
        let symbols = TrackedSymbolRepository(connection)
        _ = try symbols.track("binance", pair, TrackingChanges())
        #expect(try symbols.untrack("binance", pair))
        #expect(try !symbols.untrack("binance", pair))
        #expect(try symbols.list() == [])
    }

    @Test("where an extraction stands never moves back, and failures count until a success")
    func extraction() throws {
        let extractions = ExtractionRepository(connection)
        let key = ExtractionKey("binance", "BTC-USDT", .klines, .minute)
        let time = Date(timeIntervalSince1970: 1_600_000_000)
        try extractions.record([
            ExtractionUpdate(key, lastOpenTime: time, records: 3), ExtractionUpdate(key, lastOpenTime: time - 60, records: 2),
            ExtractionUpdate(ExtractionKey("binance", "_all", .tickers), error: "away"),
        ])
        try extractions.record([
            ExtractionUpdate(key, error: "away"), ExtractionUpdate(ExtractionKey("binance", "_all", .tickers), error: "gone"),
        ])
        #expect(try extractions.standings(.klines) == [key: time])
        #expect(try extractions.standings(.tickers) == [:])
        let rows = try connection.query(
            "SELECT data_type, record_count, failures, last_error FROM crypto_gaf.extraction_metadata ORDER BY 1"
        )
        .map { "\(try $0.text(0)) \(try $0.int(1)) \(try $0.int(2)) \(try $0.text(3))" }
        #expect(rows == ["klines 5 1 away", "tickers 0 2 gone"])
        try extractions.record([ExtractionUpdate(key, records: 1)])
        let row = try connection.query("SELECT failures, last_error FROM crypto_gaf.extraction_metadata WHERE data_type = 'klines'").one()
        #expect(try row.int(0) == 0 && row.isNull(1))
    }

    @Test("who was asked longest ago comes first; whose turn did not come keeps its place, and before all comes who was never asked")
    func turns() throws {
        let extractions = ExtractionRepository(connection)
        let keys = ["C", "A", "D", "B"].map { ExtractionKey("binance", "\($0)-USDT", .depth) }
        func order() throws -> [String] {
            try extractions.turns(.depth).sorted { $0.value < $1.value }.map { String($0.key.symbol.prefix(1)) }
        }
        for key in keys.dropLast() { try extractions.record([ExtractionUpdate(key)]) }
        #expect(try order() == ["C", "A", "D"])
        try extractions.record([
            ExtractionUpdate(keys[0], error: "gone"), ExtractionUpdate(keys[1], error: "no turn", wasAsked: false),
            ExtractionUpdate(keys[3], error: "no turn", wasAsked: false),
            ExtractionUpdate(ExtractionKey("binance", "X-USDT", .klines, .hour)),
        ])
        #expect(try order() == ["B", "A", "D", "C"])
        try extractions.record([ExtractionUpdate(keys[1]), ExtractionUpdate(keys[1], error: "no turn", wasAsked: false)])
        #expect(try order() == ["B", "D", "C", "A"])
        let error = try connection.query("SELECT last_error FROM crypto_gaf.extraction_metadata WHERE symbol = 'B-USDT'").one()
        #expect(try error.text(0) == "no turn")
    }

    @Test("two that note the same extractions in opposite order wait for each other, and both end")
    func order() throws {
        let database = try TestPostgres.database()
        let updates = ["BTC-USDT", "ETH-USDT"].map { ExtractionUpdate(ExtractionKey("binance", $0, .depth), records: 1) }
        try ExtractionRepository(database.connect(as: "test_worker")).record(updates)
        let (holder, watch) = (try database.connect(), try database.connect())
        func waiting() throws -> Int {
            try watch.query(
                """
                SELECT count(*) FROM pg_locks JOIN pg_stat_activity USING (pid) WHERE NOT granted AND datname = current_database()
                """
            ).one().int(0)
        }
        var running: [Background<Void>] = []
        try holder.transaction {
            _ = try holder.query("SELECT 1 FROM crypto_gaf.extraction_metadata WHERE symbol = 'BTC-USDT' FOR UPDATE")
            for updates in [updates, updates.reversed()] {
                running.append(Background { try ExtractionRepository(database.connect(as: "test_worker")).record(updates) })
                #expect(try eventually { try waiting() == running.count })
            }
        }
        for noting in running { try noting.value() }
        let counts = try watch.query("SELECT record_count FROM crypto_gaf.extraction_metadata").map { try $0.int(0) }
        #expect(counts == [3, 3])
    }
}

@Suite struct VenueBudgetTests {
    private let budgets: VenueBudgetRepository
    private let connection: Connection

    init() throws {
        connection = try worker().connection
        budgets = VenueBudgetRepository(connection)
    }

    private func take(_ wanted: Int, first: Int = 1, perSecond: Double = 0.001, burst: Int = 10) throws -> VenueBudgetRepository.Grant {
        try budgets.take("binance", wanted: wanted, first: first, perSecond: perSecond, burst: burst)
    }

    @Test("a bucket gives what it has, and then says when the next token comes")
    func burst() throws {
        #expect(try take(7).tokens == 7)
        #expect(try take(7).tokens == 3)
        let empty = try take(7)
        #expect(empty.tokens == 0 && !empty.isPaused && empty.wait > .seconds(990) && empty.wait < .seconds(1001))
    }

    @Test("a question gets all of its weight or nothing; one that is heavier than the bucket leaves a debt")
    func weights() throws {
        #expect(try take(5, first: 5).tokens == 5)
        #expect(try take(6, first: 6).tokens == 0)
        #expect(try take(5, first: 5).tokens == 5)
        try connection.execute("DELETE FROM crypto_gaf.venue_budgets")
        #expect(try take(25, first: 25).tokens == 25)
        #expect(try take(1).wait > .seconds(15_000))
    }

    @Test("a bucket fills with time, and no further than its brim")
    func refill() throws {
        _ = try take(10)
        try connection.execute("UPDATE crypto_gaf.venue_budgets SET updated_at = updated_at - interval '1 hour'")
        #expect(try take(100, perSecond: 50).tokens == 10)
    }

    @Test("a venue that is paused gives nothing, and a shorter pause does not end a longer one")
    func pause() throws {
        try budgets.pause("binance", for: .seconds(60), reason: "429")
        try budgets.pause("binance", for: .seconds(5), reason: "429 again")
        let grant = try take(1)
        #expect(grant.tokens == 0 && grant.isPaused && grant.wait > .seconds(50))
        #expect(try connection.query("SELECT reason FROM crypto_gaf.venue_budgets").one().text(0) == "429")
    }
}
