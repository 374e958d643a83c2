import Foundation
import Jobs
import Lake
import Market
import Postgres
import Runtime
import TestSupport
import Testing
import Warehouse

@Suite struct ReplayTests {
    private func day(_ number: Double) -> Date { Date(timeIntervalSince1970: Double(TransformFixture.epoch) / 1000 + number * 86_400) }

    /// Candles in two versions, of two markets, a book, and what is no good; one object lies in the archive.
    private func fill(_ fixture: TransformFixture) throws {
        for number in 0..<12 {
            let symbol = ["BTC-USDT", "ETH-USDT"][number % 2]
            try fixture.put(.minutes(number * 5..<number * 5 + 10, version: number, symbol: symbol, receivedAt: 1440 * Double(30 + number)))
        }
        try fixture.put(.klines("<html>", receivedAt: 1440 * 33))
        try fixture.put(
            .answer(#"{"bids":[["9.5","2"]],"asks":[["10","1"]]}"#, symbol: "BTC-USDT", channel: "depth", receivedAt: 1440 * 34))
    }

    @Test("raw data alone is enough: an empty database ends with the tables that transform made, archived objects too")
    func emptyDatabase() throws {
        let fixture = try TransformFixture()
        try fill(fixture)
        try fixture.transform()
        let expected = try fixture.digest()
        let store = try fixture.lake.open()
        let archived = try store.list(prefix: "binance/BTC-USDT/klines/", after: nil, limit: 2).keys
        for key in archived {
            try fixture.lake.archive().open().put(key, try store.get(key))
            try store.remove(key)
        }
        try fixture.forget()
        try fixture.connection.run(script: "TRUNCATE crypto_gaf.raw_objects")
        let counts = try fixture.replay()
        #expect(counts["objects"] == 14)
        #expect(try fixture.digest() == expected)
        #expect(try fixture.due() == 0)
        #expect(try fixture.texts("SELECT object_key FROM crypto_gaf.raw_objects WHERE location = 'archive' ORDER BY 1") == archived)
        #expect(try fixture.transform(discovers: true)["objects"] == nil)
    }

    @Test("replayed over what is there, everything is a duplicate, and no hour is touched")
    func again() throws {
        let fixture = try TransformFixture()
        try fill(fixture)
        try fixture.transform()
        let expected = try fixture.digest()
        try fixture.connection.run(script: "TRUNCATE crypto_gaf.touched_hours")
        for _ in 0..<2 {
            let counts = try fixture.replay()
            #expect(
                counts["rows_read"] == 122 && counts["rows_duplicate"] == 122 && counts["rows_inserted"] == 0 && counts["rows_updated"] == 0
            )
        }
        #expect(try fixture.digest() == expected)
        #expect(try fixture.count("SELECT count(*) FROM crypto_gaf.touched_hours") == 0)
        #expect(try fixture.count("SELECT sum(rows_inserted + rows_updated)::int FROM crypto_gaf.processed_files") > 60)
    }

    @Test("objects that bring no candle, as where the venue had none or all were refused, are replayed over what is there like the others")
    func vacant() throws {
        let fixture = try TransformFixture()
        try fixture.put(.klines("[]", receivedAt: 1440 * 29))
        try fill(fixture)
        try fixture.put(
            .klines("[[\(TransformFixture.epoch),\"3\",\"2\",\"1\",\"1\",\"1\",0,\"1\",1,\"1\",\"1\",\"0\"]]", receivedAt: 1440 * 50))
        try fixture.transform()
        let expected = try fixture.digest()
        let counts = try fixture.replay()
        #expect(counts["objects"] == 16 && counts["rows_duplicate"] == 122 && counts["rows_rejected"] == 1, "\(counts)")
        #expect(try fixture.digest() == expected)
    }

    @Test("a database that does not exist is told at once, and not waited for")
    func noDatabase() throws {
        let fixture = try TransformFixture()
        let result = try Program.run(
            ["replay", "--from", "2026-03-01"], environment: fixture.environment.merging(["POSTGRES_DB": "nowhere"]) { $1 })
        #expect(result.status == 69 && result.errors.contains("nowhere") && !result.errors.contains("postgres_away"), "\(result.errors)")
    }

    @Test("what is in the tables and not in the raw data is put right, and the hours it was in are touched")
    func damaged() throws {
        let fixture = try TransformFixture()
        try fill(fixture)
        try fixture.transform()
        let expected = try fixture.digest()
        try fixture.connection.run(
            script: """
                TRUNCATE crypto_gaf.touched_hours;
                UPDATE crypto_gaf.fact_klines SET (open, close) = (close, open + 1) WHERE symbol = 'BTC-USDT';
                DELETE FROM crypto_gaf.fact_klines WHERE symbol = 'ETH-USDT';
                UPDATE crypto_gaf.fact_orderbook SET size = size + 1
                """)
        let counts = try fixture.replay()
        #expect(try fixture.digest() == expected)
        #expect(counts["rows_updated"] == 62 && counts["rows_inserted"] == 60, "\(counts)")
        #expect(try fixture.texts("SELECT DISTINCT symbol FROM crypto_gaf.touched_hours ORDER BY 1") == ["BTC-USDT", "ETH-USDT"])
    }

    @Test("what a wrong row had taken the place of is there again, whenever its own object was loaded")
    func covered() throws {
        let fixture = try TransformFixture()
        // Far more than are loaded together.
        for page in 0..<40 {
            try fixture.put(.minutes(page * 1000..<page * 1000 + 1000, receivedAt: 100_000 + Double(page)), isRecorded: false)
        }
        try fixture.replay()
        let expected = try fixture.digest()
        try fixture.connection.run(
            script: """
                UPDATE crypto_gaf.fact_klines f SET (received_at, object_hash, close) = (n.received_at, n.object_hash, f.close + 1)
                FROM crypto_gaf.fact_klines n WHERE n.open_time = f.open_time + interval '1 minute' AND n.object_hash <> f.object_hash
                """)
        #expect(try fixture.digest() != expected)
        let counts = try fixture.replay()
        #expect(try fixture.digest() == expected && counts["rows_removed"] == 39 && counts["objects"] == 40, "\(counts)")
        #expect(fixture.log.count("replay.again") == 1)
    }

    @Test("only the chosen days, venue and market are loaded")
    func choice() throws {
        let fixture = try TransformFixture()
        try fill(fixture)
        #expect(try fixture.replay(Replay.Choice(from: day(31), to: day(33.5)))["objects"] == 4)
        #expect(try fixture.replay(Replay.Choice(from: day(0), to: day(60), symbol: Pair("ETH-USDT")))["objects"] == 6)
        #expect(
            try fixture.replay(Replay.Choice(from: day(32), to: day(32), exchange: "binance", symbol: Pair("BTC-USDT")))["objects"] == 1)
        #expect(try fixture.replay(Replay.Choice(from: day(0), to: day(60), exchange: "kraken")).isEmpty)
    }

    @Test("however many rows its objects have, everything that is listed is loaded")
    func manyRows() throws {
        let fixture = try TransformFixture()
        for page in 0..<64 {
            try fixture.put(.minutes(page * 1000..<page * 1000 + 1000, receivedAt: 100_000 + Double(page)), isRecorded: false)
        }
        var listed = 0
        let counts = try fixture.replay { listed = $0.listed }
        #expect(listed == 64 && counts["objects"] == 64 && counts["rows_inserted"] == 64_000)
        #expect(try fixture.candles() == 64_000)
    }

    @Test("among objects that Postgres does not take all others are loaded")
    func poison() throws {
        let fixture = try TransformFixture()
        for page in 0..<64 {
            try fixture.put(.minutes(page * 1000..<page * 1000 + 1000, receivedAt: 100_000 + Double(page)), isRecorded: false)
        }
        try fixture.connection.run(script: "ALTER TABLE crypto_gaf.fact_klines ADD CHECK (open_time <> '2026-03-01 02:05+00')")
        let counts = try fixture.replay()
        #expect(counts["objects"] == 64 && counts["unreadable"] == 1 && counts["rows_inserted"] == 63_000)
        #expect(try fixture.due() == 0)
    }

    @Test("what the database says is there and the lake has not is counted and named, unless retention took it or it was not asked for")
    func lost() throws {
        let fixture = try TransformFixture()
        try fill(fixture)
        try fixture.transform()
        let keys = try fixture.texts("SELECT object_key FROM crypto_gaf.raw_objects WHERE symbol = 'BTC-USDT' ORDER BY received_at LIMIT 3")
        try keys.forEach(fixture.lake.open().remove)
        try fixture.connection.execute("UPDATE crypto_gaf.raw_objects SET location = 'archive' WHERE object_key = \(keys[1])")
        try fixture.connection.execute("UPDATE crypto_gaf.raw_objects SET location = 'expired' WHERE object_key = \(keys[2])")
        let counts = try fixture.replay()
        #expect(counts["lost"] == 2 && counts["objects"] == 11)
        #expect(keys.map { fixture.log.count("replay.object_lost", $0) } == [1, 1, 0])
        #expect(try fixture.replay(Replay.Choice(from: day(30), to: day(30)))["lost"] == 1)
        #expect(try fixture.replay(Replay.Choice(from: day(31), to: day(31)))["lost"] == nil)
        #expect(try fixture.replay(Replay.Choice(from: day(0), to: day(60), exchange: "binance", symbol: Pair("BTC-USDT")))["lost"] == 2)
        #expect(try fixture.replay(Replay.Choice(from: day(0), to: day(60), symbol: Pair("ETH-USDT")))["lost"] == nil)
        #expect(try fixture.replay(Replay.Choice(from: day(0), to: day(60), exchange: "kraken"))["lost"] == nil)
        let words = ["replay", "--from", "2026-03-01", "--to", "2026-06-01"]
        let result = try Program.run(words, environment: fixture.environment)
        #expect(result.status == 65 && result.errors.contains("\"lost\":2"), "\(result.errors)")
    }

    @Test("what goes to the archive while a replay is under way is loaded from there, and is not lost")
    func movedMeanwhile() throws {
        let fixture = try TransformFixture()
        for page in 0..<200 { try fixture.put(.minutes(page * 5..<page * 5 + 5, receivedAt: 100_000 + Double(page))) }
        let last = try fixture.texts("SELECT object_key FROM crypto_gaf.raw_objects ORDER BY 1 DESC LIMIT 5")
        // Time between the listing and the last group.
        try fixture.slowDown(by: 0.03)
        let (lake, database, log) = (fixture.lake, fixture.database, fixture.log)
        let running = Background { try TransformFixture.replay(nil, lake, database, log) }
        #expect(eventually { fixture.isLoading })
        for key in last {
            try lake.archive().open().put(key, try lake.open().get(key))
            try lake.open().remove(key)
        }
        let counts = try running.value()
        #expect(counts["lost"] == nil && log.count("replay.object_lost") == 0)
        #expect(try counts["objects"] == 200 && fixture.candles() == 1000 && fixture.due() == 0)
        #expect(try fixture.count("SELECT count(*) FROM crypto_gaf.processed_files WHERE outcome = 'loaded'") == 200)
    }

    @Test("what comes back from the archive while a replay is under way, as a file is loaded again, is not lost; what is nowhere is")
    func backMeanwhile() throws {
        let fixture = try TransformFixture()
        let (live, archive) = try (fixture.lake.open(), fixture.lake.archive().open())
        for page in 0..<200 { try fixture.put(.minutes(page * 5..<page * 5 + 5, receivedAt: 100_000 + Double(page))) }
        let keys = try fixture.texts("SELECT object_key FROM crypto_gaf.raw_objects ORDER BY 1")
        for key in keys {
            try archive.put(key, try live.get(key))
            try live.remove(key)
        }
        try fixture.connection.run(script: "UPDATE crypto_gaf.raw_objects SET location = 'archive'")
        try fixture.slowDown(by: 0.03)
        let (lake, database, log) = (fixture.lake, fixture.database, fixture.log)
        let running = Background { try TransformFixture.replay(nil, lake, database, log) }
        #expect(eventually { fixture.isLoading })
        for key in keys.suffix(5) {
            if key != keys[199] { try live.put(key, try archive.get(key)) }
            try archive.remove(key)
        }
        #expect(try running.value()["lost"] == 1)
        #expect(try fixture.count("SELECT count(*) FROM crypto_gaf.processed_files WHERE outcome = 'loaded'") == 199)
        #expect(try fixture.candles() == 995)
    }

    @Test(
        "of answers about all markets only the chosen one is loaded, and for transform nothing has become of them",
        arguments: [nil, "binance"])
    func allMarkets(exchange: String?) throws {
        let fixture = try TransformFixture()
        try fill(fixture)
        let tickers =
            #"[{"symbol":"BTCUSDT","lastPrice":"10"},{"symbol":"ETHUSDT","lastPrice":"2.5"},{"symbol":"XRPUSDT","lastPrice":"0"}]"#
        let answer = try fixture.put(
            .answer(tickers, symbol: RawObject.allSymbols, channel: "tickers", receivedAt: 1440 * 35), isRecorded: false)
        let choice = Replay.Choice(from: day(0), to: day(60), exchange: exchange, symbol: try Pair("ETH-USDT"))
        for _ in 0..<2 {
            let counts = try fixture.replay(choice)
            #expect(counts["objects"] == 7 && counts["rows_read"] == 61 && counts["rows_rejected"] == 0 && counts["lost"] == nil)
            #expect(try fixture.texts("SELECT symbol || ' ' || last FROM crypto_gaf.tickers") == ["ETH-USDT 2.5"])
        }
        #expect(try fixture.texts("SELECT object_key FROM crypto_gaf.raw_objects WHERE due AND symbol = '_all'") == [answer])
        try fixture.transform()
        #expect(try fixture.texts("SELECT symbol FROM crypto_gaf.tickers ORDER BY 1") == ["BTC-USDT", "ETH-USDT"])
        #expect(try fixture.count("SELECT count(*) FROM crypto_gaf.rejected_rows WHERE object_key = \(answer)") == 1)
        try fixture.replay(choice)
        #expect(try fixture.count("SELECT count(*) FROM crypto_gaf.rejected_rows WHERE object_key = \(answer)") == 1)
    }

    @Test("a replay that waits for a lake that is away ends when it is to", .enabled(if: S3Server.isPresent, "skipped: no rclone"))
    func stoppedWhileAway() throws {
        let server = try S3Server(isStarted: false)
        let fixture = try TransformFixture(lake: server.location())
        let (lake, database, log, stop) = (fixture.lake, fixture.database, fixture.log, Stop())
        let running = Background { try TransformFixture.replay(nil, lake, database, log, stop: stop) }
        #expect(eventually { log.count("lake.away") > 0 })
        stop.request()
        #expect(try running.value() == [:])
    }

    @Test("a lake that is not there is an error, whatever is on record; so is an archive that has objects on record")
    func unmounted() throws {
        let fixture = try TransformFixture()
        let (lake, aside) = ("\(fixture.folder)/lake", "\(fixture.folder)/aside")
        func replay() throws -> Subprocess.Result {
            try Program.run(["replay", "--from", "2026-03-01", "--to", "2026-06-01"], environment: fixture.environment)
        }
        func expectAbsence(of folder: String) throws {
            let result = try replay()
            #expect(result.status == 69 && result.errors.contains("there is no lake in \(folder)"), "\(result.errors)")
            #expect(!result.errors.contains("replay.finished"))
        }
        for isRecorded in [false, true] {
            try fixture.put(.minutes(0..<5, version: isRecorded ? 1 : 0, receivedAt: 1440), isRecorded: isRecorded)
            try FileManager.default.moveItem(atPath: lake, toPath: aside)
            try expectAbsence(of: lake)
            try FileManager.default.moveItem(atPath: aside, toPath: lake)
        }
        try FileManager.default.moveItem(atPath: "\(lake)/.archive", toPath: aside)
        let result = try replay()
        #expect(
            result.status == 0 && result.errors.contains("replay.no_archive") && result.errors.contains("\"objects\":2"), "\(result.errors)"
        )
        try fixture.connection.execute("UPDATE crypto_gaf.raw_objects SET location = 'archive'")
        try expectAbsence(of: "\(lake)/.archive")
    }

    @Test("an object in a shape that nobody reads is told and left, and stops nothing")
    func otherShape() throws {
        let fixture = try TransformFixture()
        try fixture.put(.klines(#"{"candles":[]}"#, receivedAt: 1440 * 20))
        try fill(fixture)
        let counts = try fixture.replay()
        #expect(counts["objects"] == 14 && counts["other_shape"] == 1 && counts["lost"] == nil)
        #expect(try fixture.due() == 1)
        #expect(try fixture.count("SELECT count(*) FROM crypto_gaf.stopped_channels") == 0)
        #expect(fixture.log.count("replay.object_of_other_shape") == 1)
    }

    @Test("the program killed in the midst and started again ends with the same tables; it says what it did")
    func program() throws {
        let fixture = try TransformFixture()
        try fill(fixture)
        try fixture.replay()
        let expected = try fixture.digest()
        try fixture.forget()
        try fixture.slowDown(by: 0.05)
        let words = ["replay", "--from", "2026-03-01", "--to", "2026-06-01"]
        let killed = try Program.start(words, environment: fixture.environment)
        while killed.isRunning, try fixture.candles() == 0 { usleep(2_000) }
        killed.signal(SIGKILL)
        _ = killed.wait()
        let result = try Program.run(words, environment: fixture.environment)
        #expect(result.status == 0, "\(result.errors)")
        #expect(result.errors.contains("\"event\":\"replay.finished\"") && result.errors.contains("\"objects\":14"))
        #expect(try fixture.digest() == expected)
        #expect(try Program.run(["replay"], environment: fixture.environment).status == 64)
        let unknown = try Program.run(words + ["--exchange", "binanec"], environment: fixture.environment)
        #expect(unknown.status == 64 && unknown.errors.contains("there are coinbase, binance"), "\(unknown.errors)")
        #expect(try Program.run(words + ["--symbol", "BTC"], environment: fixture.environment).status == 64)
        #expect(try Program.run(["replay", "--from", "2026-03-02", "--to", "2026-03-01"], environment: fixture.environment).status == 64)
        let early = try Program.run(["replay", "--from", "2999-01-01"], environment: fixture.environment)
        #expect(early.status == 64 && early.errors.contains("--from must not be after now, which is 2"), "\(early.errors)")
        #expect(!result.errors.contains("nothing in the lake matches"))
        let idle = try Program.run(["replay", "--from", "2025-03-01", "--to", "2025-06-01"], environment: fixture.environment)
        #expect(idle.status == 0 && idle.errors.contains("nothing in the lake matches"), "\(idle.errors)")
    }
}
