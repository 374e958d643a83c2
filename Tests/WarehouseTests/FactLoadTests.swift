import FoundationEssentials
import Market
import Postgres
import TestSupport
import Testing
import Warehouse

@Suite("Loading facts") struct FactLoadTests {
    @Test("a candle arrives digit for digit, with what the venue does not tell as NULL, in the partition of its month")
    func columns() throws {
        let fixture = try FactFixture()
        let counts = try fixture.load([Answer([(0, 91_000)], at: Answer.epoch + 61_000, hash: -5)])
        #expect(counts == [-5: LoadCounts(inserted: 1)])
        let row = try fixture.connection.query(
            """
            SELECT exchange, symbol, interval_code, open_time::text, open::text, volume::text, quote_volume, trade_count, received_at::text,
                object_hash, tableoid::regclass::text FROM crypto_gaf.fact_klines
            """
        ).one()
        #expect(
            try [0, 1, 2, 3, 4, 5, 7, 8, 9, 10].map { try row.text($0) } == [
                "binance", "BTC-USDT", "1m", "2026-03-01 00:00:00+00", "91000.25", "0.5", "0", "2026-03-01 00:01:01+00", "-5",
                "crypto_gaf.fact_klines_2026_03",
            ])
        #expect(row.isNull(6))
        #expect(try fixture.touchedHours() == ["BTC-USDT 03-01 00"])
    }

    @Test("of two versions of a candle the one received later stays, of one moment that with the greater hash; each object has its counts")
    func versions() throws {
        let fixture = try FactFixture()
        try fixture.load([Answer([(0, 1), (1, 1), (2, 1)], at: 1000, hash: 7)])
        // Older, newer with the same values, newer with others, of the same moment.
        #expect(try fixture.load([Answer([(0, 2)], at: 999, hash: 9)]) == [9: LoadCounts(duplicate: 1)])
        #expect(
            try fixture.load([Answer([(0, 1), (1, 3), (3, 3)], at: 1001, hash: 8)]) == [
                8: LoadCounts(inserted: 1, updated: 1, duplicate: 1)
            ])
        #expect(try fixture.load([Answer([(2, 4)], at: 1000, hash: 6)]) == [6: LoadCounts(duplicate: 1)])
        #expect(try fixture.load([Answer([(2, 5)], at: 1000, hash: 8)]) == [8: LoadCounts(updated: 1)])
        #expect(
            try fixture.texts("SELECT open || ' ' || extract(epoch FROM received_at) * 1000 FROM crypto_gaf.fact_klines ORDER BY open_time")
                == ["1.25 1001.000000", "3.25 1001.000000", "5.25 1000.000000", "3.25 1001.000000"])
    }

    @Test("an hour is touched by a minute that is new or different, and by nothing else")
    func touched() throws {
        let fixture = try FactFixture()
        try fixture.load([Answer([(59, 1), (60, 1), (180, 1)], at: 1000)])
        #expect(try fixture.touchedHours() == ["BTC-USDT 03-01 00", "BTC-USDT 03-01 01", "BTC-USDT 03-01 03"])
        try fixture.connection.run(script: "DELETE FROM crypto_gaf.touched_hours")
        try fixture.load([Answer([(59, 1), (60, 1)], at: 2000, hash: 2), Answer([(180, 2)], at: 2000, hash: 3)])
        #expect(try fixture.touchedHours() == ["BTC-USDT 03-01 03"])
        try fixture.connection.run(script: "DELETE FROM crypto_gaf.touched_hours")
        var hourly = Answer([(5, 1)], at: 3000)
        hourly.interval = .hour
        try fixture.load([hourly])
        #expect(try fixture.touchedHours() == [])
    }

    @Test("inside of one batch too the newest version stays, and the others are its duplicates")
    func batch() throws {
        let fixture = try FactFixture()
        let counts = try fixture.load([
            Answer([(0, 1), (1, 1)], at: 1000, hash: 1), Answer([(0, 3), (2, 3)], at: 3000, hash: 3),
            Answer([(0, 2), (1, 2)], at: 2000, hash: 2), Answer([(0, 9)], at: 1000, hash: 4, symbol: "ADA-USDT"),
        ])
        #expect(
            counts == [
                1: LoadCounts(duplicate: 2), 2: LoadCounts(inserted: 1, duplicate: 1), 3: LoadCounts(inserted: 2),
                4: LoadCounts(inserted: 1),
            ])
        #expect(
            try fixture.texts("SELECT open::text FROM crypto_gaf.fact_klines ORDER BY symbol, open_time") == [
                "9.25", "3.25", "2.25", "3.25",
            ])
    }

    /// Answers of few rows are staged; longer ones go the ways of history.
    @Test(
        "any order of the answers, each loaded any number of times, in batches of any size, gives the same tables", arguments: 0..<4,
        [20, 80]
    )
    func permutations(seed: Int, length: Int) throws {
        var random = SeededGenerator(seed: UInt64(seed))
        let fixture = try FactFixture()
        let answers = (0..<30).map { number in
            let start = Int.random(in: 0..<(length > 50 ? 10 : 2) * length, using: &random) + (number % 5 == 0 ? 44_600 : 0)
            let prices = (start..<start + length).map { (minute: $0, price: Int.random(in: 1...3, using: &random)) }
            return Answer(
                prices, at: Int64.random(in: 1...6, using: &random) * 1000, hash: Int64(number) - 15,
                symbol: ["BTC-USDT", "ETH-USDT"][number % 2])
        }
        try fixture.load(answers)
        let expected = try fixture.digest()
        for _ in 0..<Soak.count(30) {
            try fixture.empty()
            var rest = (answers + (0..<15).map { _ in answers.randomElement(using: &random)! }).shuffled(using: &random)
            while !rest.isEmpty {
                let count = min(rest.count, Int.random(in: 1...8, using: &random))
                try fixture.load(Array(rest.prefix(count)))
                rest.removeFirst(count)
            }
            #expect(try fixture.digest() == expected)
        }
    }

    /// Of the month in which answers begin, and of what the next has of the one before; nothing: history, which takes a shorter way in.
    @Test("several who load the same at once end with the same tables, and none fails", arguments: [0, 29 * 1440], [100, 0])
    func together(first: Int, overlap: Int) throws {
        let fixture = try FactFixture()
        let answers = (0..<40).map { number in
            let start = first + number / 2 * (200 - overlap)
            return Answer(
                (0..<200).map { (minute: start + $0, price: number) }, at: Int64(number + 1) * 1000, hash: Int64(number),
                symbol: number % 2 == 0 ? "BTC-USDT" : "ETH-USDT")
        }
        try fixture.load(answers)
        let expected = try fixture.digest()
        try fixture.empty()
        let options = fixture.database.options(as: "test_worker")
        let loaders = (0..<3).map { index in
            Background {
                let connection = try Connection(options)
                let load = try FactLoad(connection)
                var random = SeededGenerator(seed: UInt64(index))
                for _ in 0..<3 {
                    var rest = answers.shuffled(using: &random)[...]
                    while !rest.isEmpty {
                        var batch = FactBatch(.klines, exchange: "binance")
                        for answer in rest.prefix(8) { batch.add(answer) }
                        try connection.transaction { try load.load(batch) }
                        rest = rest.dropFirst(8)
                    }
                }
            }
        }
        for loader in loaders { try loader.value() }
        #expect(try fixture.digest() == expected)
    }

    @Test("history of which somebody else was quicker with a candle is loaded around it")
    func overtaken() throws {
        let fixture = try FactFixture()
        let history = Answer((0..<200).map { (minute: $0, price: 1) }, at: 1000, hash: 1)
        let newer = Answer([(minute: 100, price: 7)], at: 2000, hash: 2)
        try fixture.load([history, newer])
        let expected = try fixture.digest()
        try fixture.empty()
        let options = fixture.database.options(as: "test_worker")
        // It is not committed yet, so that history looks for it in vain, and then waits for it.
        let loading = try fixture.connection.transaction {
            var batch = FactBatch(.klines, exchange: "binance")
            batch.add(newer)
            _ = try fixture.load.load(batch)
            let loading = Background {
                let connection = try Connection(options)
                let load = try FactLoad(connection)
                var batch = FactBatch(.klines, exchange: "binance")
                batch.add(history)
                return try connection.transaction { try load.load(batch) }
            }
            #expect(try eventually { try fixture.database.isAnybodyWaiting() })
            return loading
        }
        #expect(try loading.value() == [1: LoadCounts(inserted: 199, duplicate: 1)])
        #expect(try fixture.digest() == expected)
    }

    @Test("history that was loaded before is a duplicate, but for the candles that are gone since")
    func reloaded() throws {
        let fixture = try FactFixture()
        let history = Answer((0..<60).map { (minute: $0, price: 1) } + (61..<200).map { (minute: $0, price: 2) }, at: 1000, hash: 1)
        try fixture.load([history])
        let expected = try fixture.digest()
        #expect(try fixture.load([history]) == [1: LoadCounts(duplicate: 199)])
        let owner = try fixture.database.connect()
        // One is gone; and as many of the same answer are there, at times that it does not have.
        for loss in [
            "DELETE FROM crypto_gaf.fact_klines WHERE open_time = '2026-03-01 00:30Z'",
            "UPDATE crypto_gaf.fact_klines SET open_time = '2026-03-01 01:00Z' WHERE open_time = '2026-03-01 00:30Z'",
        ] {
            try owner.run(script: loss)
            #expect(try fixture.load([history]) == [1: LoadCounts(inserted: 1, duplicate: 198)])
            try owner.run(script: "DELETE FROM crypto_gaf.fact_klines WHERE open_time = '2026-03-01 01:00Z'")
            #expect(try fixture.digest() == expected)
        }
    }

    /// So that those who wait for each other's rows do so in one order; few rows are staged, many are copied.
    @Test("rows go in by month and then by key, whichever way they take", arguments: [20, 200])
    func order(count: Int) throws {
        let fixture = try FactFixture()
        try fixture.database.connect().run(
            script: """
                CREATE TABLE public.arrivals (place bigint GENERATED ALWAYS AS IDENTITY, symbol text, open_time timestamptz);
                CREATE FUNCTION public.note() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS
                $$ BEGIN INSERT INTO public.arrivals (symbol, open_time) VALUES (NEW.symbol, NEW.open_time); RETURN NEW; END $$;
                CREATE TRIGGER note BEFORE INSERT ON crypto_gaf.fact_klines FOR EACH ROW EXECUTE FUNCTION public.note();
                GRANT SELECT ON public.arrivals TO PUBLIC
                """)
        let april = 31 * 1440
        try fixture.load(
            ["ETH-USDT", "BTC-USDT"].enumerated().map { number, symbol in
                Answer((april - count..<april + count).map { (minute: $0, price: 1) }, at: 1000, hash: Int64(number), symbol: symbol)
            })
        let arrived = try fixture.texts(
            """
            SELECT label FROM (
                SELECT place, label, lag(label) OVER (ORDER BY place) AS before
                FROM public.arrivals, concat(to_char(open_time AT TIME ZONE 'UTC', 'MM '), symbol) AS label) AS labels
            WHERE label IS DISTINCT FROM before ORDER BY place
            """)
        #expect(arrived == ["03 BTC-USDT", "03 ETH-USDT", "04 BTC-USDT", "04 ETH-USDT"])
    }

    @Test("rows are looked up by their keys, also in a month that the planner believes to be empty", arguments: [20, 200])
    func lookups(count: Int) throws {
        let fixture = try FactFixture()
        let owner = try fixture.database.connect()
        try owner.run(script: "SELECT crypto_gaf.ensure_month('fact_klines', '2026-03-01'); ANALYZE crypto_gaf.fact_klines")
        for number in 0..<3 {
            var batch = FactBatch(.klines, exchange: "binance")
            batch.add(Answer((0..<count).map { (minute: number * count + $0, price: 1) }, at: 1000, hash: Int64(number)))
            let read = try fixture.connection.transaction {
                _ = try fixture.load.load(batch)
                return try fixture.connection.query(
                    "SELECT sum(seq_tup_read)::bigint FROM pg_stat_xact_user_tables WHERE relname LIKE 'fact_klines_%'"
                ).one().int(0)
            }
            #expect(read == 0)
        }
    }
}
