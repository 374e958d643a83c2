import FoundationEssentials
import Market
import Postgres
import TestSupport
import Warehouse

/// A migrated database, a loader in the role of the worker, and what the tables of facts hold.
struct FactFixture {
    let database: TestDatabase
    let connection: Connection
    let load: FactLoad

    init() throws {
        database = try TestPostgres.database()
        connection = try database.connect(as: "test_worker")
        load = try FactLoad(connection)
    }

    /// Everything in one transaction.
    @discardableResult
    func load(_ answers: [Answer]) throws -> [Int64: LoadCounts] { try load(answers, load) }

    /// Likewise, by a loader of its own that compares what is there from the same answers.
    @discardableResult
    func repair(_ answers: [Answer]) throws -> [Int64: LoadCounts] { try load(answers, FactLoad(connection, repairs: true)) }

    private func load(_ answers: [Answer], _ load: FactLoad) throws -> [Int64: LoadCounts] {
        var batch = FactBatch(.klines, exchange: "binance")
        for answer in answers { batch.add(answer) }
        return try connection.transaction { try load.load(batch) }
    }

    /// Tables of facts digit for digit, in the order of their keys.
    static let dump = """
        SELECT md5(string_agg(line, E'\\n' ORDER BY line COLLATE "C")), count(*) FROM (
            SELECT f::text AS line FROM crypto_gaf.fact_klines f
            UNION ALL SELECT f::text FROM crypto_gaf.fact_orderbook f
            UNION ALL SELECT f::text FROM crypto_gaf.tickers f) lines
        """

    func digest() throws -> String {
        let row = try connection.query(SQL(unescaped: Self.dump)).one()
        return "\(try row.textOrNil(0) ?? "empty") of \(try row.int(1)) rows"
    }

    func empty() throws {
        try database.connect().run(
            script: "TRUNCATE crypto_gaf.fact_klines, crypto_gaf.fact_orderbook, crypto_gaf.tickers, crypto_gaf.touched_hours")
    }

    func texts(_ sql: SQL) throws -> [String] { try connection.query(sql).map { try $0.text(0) } }

    func touchedHours() throws -> [String] {
        try texts("SELECT DISTINCT symbol || ' ' || to_char(hour, 'MM-DD HH24') FROM crypto_gaf.touched_hours ORDER BY 1")
    }
}

/// An answer with candles: of each minute from `start` on the price.
struct Answer {
    var symbol = "BTC-USDT"
    var interval = KlineInterval.minute
    /// Milliseconds since 1970 UTC.
    var receivedAt: Int64
    var hash: Int64
    /// Minutes since `Answer.epoch`, and prices.
    var prices: [(minute: Int, price: Int)]

    /// 2026-03-01 00:00 UTC.
    static let epoch: Int64 = 1_772_323_200_000

    init(_ prices: [(minute: Int, price: Int)], at receivedAt: Int64, hash: Int64 = 1, symbol: String = "BTC-USDT") {
        self.prices = prices
        self.receivedAt = receivedAt
        self.hash = hash
        self.symbol = symbol
    }

    var candles: [(position: Int, row: Candle)] {
        prices.enumerated().map { position, entry in
            let price = WireDecimal("\(entry.price).25")!
            return (
                position,
                Candle(
                    openTime: Self.epoch + Int64(entry.minute) * interval.milliseconds, open: price, high: price, low: price, close: price,
                    volume: WireDecimal("0.5")!, tradeCount: Int64(entry.minute % 7))
            )
        }
    }
}

extension FactBatch {
    mutating func add(_ answer: Answer) {
        add(
            answer.candles, symbol: answer.symbol, interval: answer.interval,
            origin: FactOrigin(receivedAt: answer.receivedAt, hash: answer.hash))
    }
}
