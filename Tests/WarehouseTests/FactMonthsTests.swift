import FoundationEssentials
import Market
import Postgres
import TestSupport
import Testing
import Warehouse

@Suite("Two who need the same new months of facts at once") struct FactMonthsTests {
    private func months(_ fixture: FactFixture) throws -> [String] {
        try fixture.texts("SELECT partition FROM crypto_gaf.fact_partitions WHERE fact = 'fact_klines' ORDER BY starts_at")
    }

    @Test("made by each in the other one's order, they make neither wait for good")
    func circle() throws {
        let fixture = try FactFixture()
        let options = fixture.database.options(as: "test_worker")
        try fixture.connection.run(script: "BEGIN; SELECT crypto_gaf.ensure_month('fact_klines', '2026-05-01')")
        let other = Background {
            let connection = try Connection(options)
            return try connection.transaction {
                try ["2026-04-01", "2026-05-01"].map { month in
                    try connection.query("SELECT crypto_gaf.ensure_month('fact_klines', \(month)::date)").one().bool(0)
                }
            }
        }
        #expect(try eventually { try fixture.database.isAnybodyWaiting() })
        try fixture.connection.run(script: "SELECT crypto_gaf.ensure_month('fact_klines', '2026-04-01'); COMMIT")
        #expect(try other.value() == [false, false], "both were there by then")
        #expect(try months(fixture) == ["fact_klines_2026_04", "fact_klines_2026_05"])
    }

    @Test("a month that was made in a transaction that did not end well is made again")
    func undone() throws {
        struct Undone: Error {}
        let fixture = try FactFixture()
        let answer = Answer([(minute: 0, price: 1)], at: 1000)
        var batch = FactBatch(.klines, exchange: "binance")
        batch.add(answer)
        #expect(throws: Undone.self) {
            try fixture.connection.transaction {
                _ = try fixture.load.load(batch)
                throw Undone()
            }
        }
        #expect(try fixture.load([answer]) == [1: LoadCounts(inserted: 1)])
    }

    @Test("all candles of both loaders land, and neither fails, whichever month comes first in their answers")
    func loaders() throws {
        let (april, may) = (31 * 1440, 61 * 1440)
        let answers = ["BTC-USDT", "ETH-USDT"].map { symbol in
            [april, may].map { minute in
                Answer((minute..<minute + 100).map { (minute: $0, price: 1) }, at: 1000, hash: Int64(minute), symbol: symbol)
            }
        }
        let alone = try FactFixture()
        for answers in answers { try alone.load(answers) }
        let fixture = try FactFixture()
        let options = fixture.database.options(as: "test_worker")
        // Nobody can add a month until both want to.
        let holder = try fixture.database.connect()
        try holder.run(script: "BEGIN; LOCK TABLE crypto_gaf.fact_klines IN SHARE UPDATE EXCLUSIVE MODE")
        let loaders = [answers[0], answers[1].reversed()].map { answers in
            Background {
                let connection = try Connection(options)
                let load = try FactLoad(connection)
                var batch = FactBatch(.klines, exchange: "binance")
                for answer in answers { batch.add(answer) }
                return try connection.transaction { try load.load(batch) }.values.map(\.inserted)
            }
        }
        #expect(try eventually { try waiting(fixture) == 2 })
        try holder.run(script: "COMMIT")
        for loader in loaders { #expect(try loader.value() == [100, 100]) }
        #expect(try fixture.digest() == alone.digest())
        #expect(try months(fixture) == ["fact_klines_2026_04", "fact_klines_2026_05"])
    }

    /// Sessions that wait for a lock. By a connection of its own: within a transaction it would be told the same each time.
    private func waiting(_ fixture: FactFixture) throws -> Int {
        try fixture.database.connect().query(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        ).one().int(0)
    }
}
