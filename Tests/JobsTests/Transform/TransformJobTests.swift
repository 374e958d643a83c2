import Foundation
import Jobs
import Lake
import Market
import Postgres
import Runtime
import TestSupport
import Testing
import Warehouse

@Suite struct TransformJobTests {
    @Test("candles, a book and tickers become rows, each object with its counts, and nothing stays due")
    func everything() throws {
        let fixture = try TransformFixture()
        try fixture.put(.minutes(0..<5))
        try fixture.put(.minutes(3..<8, receivedAt: 100_001))
        try fixture.put(
            .answer(
                #"{"lastUpdateId":1,"bids":[["9.50","2"],["9","1"]],"asks":[["10","1"]],"new":[1]}"#, symbol: "BTC-USDT", channel: "depth"))
        try fixture.put(
            .answer(
                #"[{"symbol":"BTCUSDT","lastPrice":"10","bidPrice":"9.5","new":{"a":1}},{"symbol":"ETHUSDT","lastPrice":"2.50"}]"#,
                symbol: RawObject.allSymbols, channel: "tickers"))
        let counts = try fixture.transform()
        #expect(
            counts == [
                "objects": 4, "rows_read": 15, "rows_inserted": 13, "rows_updated": 0, "rows_duplicate": 2, "rows_rejected": 0,
            ])
        #expect(try fixture.candles() == 8)
        #expect(try fixture.texts("SELECT bids::text || ' ' || asks::text FROM crypto_gaf.order_books") == ["[[9.5, 2], [9, 1]] [[10, 1]]"])
        #expect(try fixture.texts("SELECT symbol || ' ' || last FROM crypto_gaf.tickers ORDER BY 1") == ["BTC-USDT 10", "ETH-USDT 2.5"])
        #expect(try fixture.outcomes() == ["loaded", "loaded", "loaded", "loaded"])
        #expect(try fixture.due() == 0)
        #expect(try fixture.transform()["objects"] == nil)
    }

    @Test("a candle arrives in its columns; one that is not over yet is left out, in silence")
    func columns() throws {
        let fixture = try TransformFixture()
        try fixture.put(.minutes([7, 8], receivedAt: 8.5))
        let counts = try fixture.transform()
        #expect(counts["rows_read"] == 2 && counts["rows_inserted"] == 1 && counts["rows_rejected"] == 0)
        #expect(
            try fixture.texts(
                "SELECT concat_ws(' ', open, high, low, close, volume, quote_volume, trade_count, taker_buy_volume, taker_buy_quote_volume) FROM crypto_gaf.fact_klines"
            ) == ["60008.1 60017.5 60000.25 60009 7.125 480064.5 7 0.0625 1.25"])
    }

    @Test("bad rows are set aside with position and reason, the good ones beside them load, and again does not double them")
    func rejected() throws {
        let fixture = try TransformFixture()
        let high = RawObject.row(1).replacingOccurrences(of: "\"60011", with: "\"50011")
        let rows = [RawObject.row(0), high, "[1772323320000,\"1\"]", "null", RawObject.row(200_000), RawObject.row(4)]
        let key = try fixture.put(.klines("[" + rows.joined(separator: ",") + "]"))
        for _ in 0..<2 {
            let counts = try fixture.transform()
            #expect(counts["rows_read"] == 6 && counts["rows_rejected"] == 4)
            #expect(try fixture.candles() == 2)
            let rejected = try fixture.connection.query(
                "SELECT position, reason FROM crypto_gaf.rejected_rows WHERE object_key = \(key) ORDER BY position")
            #expect(try rejected.map { try $0.int(0) } == [1, 2, 3, 4])
            #expect(try rejected[0].text(1) == "the high is below open or close")
            #expect(try rejected[3].text(1) == "it opens after the answer was received")
            try fixture.connection.run(script: "UPDATE crypto_gaf.raw_objects SET due = true")
        }
        #expect(fixture.log.count("transform.rows_rejected") == 2)
    }

    @Test("an answer that names another market than its envelope loads nothing, says so, and holds up no other of its venue")
    func otherMarket() throws {
        let fixture = try TransformFixture()
        func put(_ symbol: String, _ channel: String, _ name: String, _ text: String) throws {
            let interval = channel == "klines" ? "1m" : nil
            let body = text.replacing("NAME", with: name)
            try fixture.put(.answer(body, symbol: symbol, channel: channel, interval: interval, exchange: "kraken"))
        }
        let candles = #"{"error":[],"result":{"NAME":[[1772323200,"10","12","9","11","10.5","3.5",4]],"last":1772323200}}"#
        let book = #"{"error":[],"result":{"NAME":{"asks":[["11","0.1",1772323200]],"bids":[["10","0.2",1772323200]]}}}"#
        try put("BTC-USD", "klines", "XETHZUSD", candles)
        try put("BTC-USD", "depth", "XETHZUSD", book)
        try put("ETH-USD", "klines", "XETHZUSD", candles)
        try put("ETH-USD", "depth", "ETH/USD", book)
        let counts = try fixture.transform()
        #expect(counts["unreadable"] == 2 && counts["rows_inserted"] == 3 && counts["channels_stopped"] == nil)
        #expect(try fixture.texts("SELECT DISTINCT symbol FROM crypto_gaf.fact_klines") == ["ETH-USD"])
        #expect(try fixture.texts("SELECT DISTINCT symbol FROM crypto_gaf.fact_orderbook") == ["ETH-USD"])
        #expect(try fixture.outcomes().count { $0.contains("it is of XETHZUSD, not of XBTUSD, which was asked for") } == 2)
        #expect(try fixture.due() == 0 && fixture.log.count("transform.object_unreadable") == 2)
    }

    @Test("a candle that opened while the answer was under way is an open one, even if the clock was a little behind, and no bad row")
    func underWay() throws {
        let fixture = try TransformFixture()
        for receivedAt in [1.0, 0.99, 0.95] {
            let object = RawObject.minutes([0, 1], receivedAt: receivedAt)
            #expect(object.requestedAt < TransformFixture.time(ofMinute: 1))
            try fixture.put(object)
        }
        // Longer under way than any clock is behind.
        let slow = RawObject.minutes([0, 1], receivedAt: 1.2)
        try fixture.put(
            RawObject(
                exchange: slow.exchange, symbol: slow.symbol, channel: slow.channel, interval: slow.interval, url: slow.url,
                requestedAt: TransformFixture.time(ofMinute: 0.5), receivedAt: slow.receivedAt, status: slow.status, body: slow.body))
        let counts = try fixture.transform()
        #expect(counts["rows_read"] == 8 && counts["rows_rejected"] == 0 && counts["rows_inserted"] == 0)
        #expect(try fixture.count("SELECT count(*) FROM crypto_gaf.rejected_rows") == 0)
    }

    @Test("of a piece of a file that is found nobody is said to have been asked; of an answer it is when", arguments: [false, true])
    func asked(isReplayed: Bool) throws {
        let fixture = try TransformFixture()
        let answer = RawObject.minutes([0], receivedAt: 5)
        try fixture.put(answer, isRecorded: false)
        try fixture.put(
            RawObject(
                exchange: "binance", symbol: "BTC-USDT", channel: "klines", interval: "1m", url: "file:x.json",
                requestedAt: answer.requestedAt, receivedAt: answer.requestedAt, status: 200,
                source: "json timestamp,open,high,low,close,volume",
                body: Array("[[\(TransformFixture.epoch),\"10\",\"11\",\"9\",\"10\",\"1\"]]".utf8)), isRecorded: false)
        _ = isReplayed ? try fixture.replay() : try fixture.transform()
        #expect(
            try fixture.texts(
                "SELECT coalesce((extract(epoch FROM received_at - requested_at) * 1000)::int::text, 'nobody') FROM crypto_gaf.raw_objects ORDER BY 1"
            )
                == ["100", "nobody"])
    }

    @Test("what holds no data is recorded as what it is, told once, and holds up nothing")
    func outcomes() throws {
        let fixture = try TransformFixture()
        try fixture.skipListing()
        try fixture.put(.klines(#"{"code":-1121,"msg":"Invalid symbol."}"#, receivedAt: 1, status: 400))
        try fixture.put(.klines("<html><body>Bad gateway</body></html>", receivedAt: 2))
        try fixture.put(.klines("[" + RawObject.row(0), receivedAt: 3))
        let lost = try fixture.put(.minutes([1], receivedAt: 4))
        try fixture.lake.open().remove(lost)
        let corrupt = try fixture.put(.minutes([2], receivedAt: 5))
        try Data("gone bad".utf8).write(to: URL(fileURLWithPath: "\(fixture.folder)/lake/\(corrupt)"))
        try fixture.put(.klines("[]", interval: nil, receivedAt: 6))
        try fixture.put(.minutes([3], receivedAt: 7))
        let counts = try fixture.transform()
        #expect(
            try fixture.texts("SELECT outcome FROM crypto_gaf.processed_files ORDER BY object_key")
                == ["refused", "unreadable", "unreadable", "lost", "corrupt", "unreadable", "loaded"])
        #expect(try fixture.outcomes()[0].hasPrefix("refused: unknownSymbol: "))
        #expect(counts["refused"] == 1 && counts["unreadable"] == 3 && counts["lost"] == 1 && counts["corrupt"] == 1)
        #expect(try fixture.candles() == 1)
        _ = try fixture.transform()
        for outcome in [("refused", 1), ("unreadable", 3), ("lost", 1), ("corrupt", 1)] {
            #expect(fixture.log.count("transform.object_\(outcome.0)") == outcome.1)
        }
    }

    @Test("an answer of another shape stops its channel and nothing else, while no newer answer has the expected one, until it can be read")
    func changedShape() throws {
        let fixture = try TransformFixture()
        try fixture.skipListing()
        try fixture.put(.minutes([0], receivedAt: 1.5))
        let other = try fixture.put(.klines(#"{"candles":[]}"#, receivedAt: 2))
        // An empty one may be of any shape, and what is no answer proves nothing.
        try fixture.put(.klines("[]", receivedAt: 2.5))
        try fixture.put(.klines("<html>", receivedAt: 3))
        try fixture.put(.answer(#"{"bids":[["1","1"]],"asks":[["2","1"]]}"#, symbol: "BTC-USDT", channel: "depth", receivedAt: 4))
        #expect(try fixture.transform()["channels_stopped"] == 1)
        #expect(try fixture.texts("SELECT exchange || channel || object_key FROM crypto_gaf.stopped_channels") == ["binanceklines\(other)"])
        #expect(try fixture.candles() == 1)
        #expect(try fixture.count("SELECT count(*) FROM crypto_gaf.fact_orderbook") == 2)
        #expect(fixture.log.count("transform.channel_stopped") == 1)
        #expect(try fixture.transform() == ["channels_still_stopped": 1])
        #expect(fixture.log.count("transform.channel_still_stopped") == 1)
        // As a program that knows the new shape would find it.
        try fixture.lake.open().remove(other)
        #expect(try fixture.transform()["lost"] == 1)
        #expect(try fixture.due() == 0 && fixture.count("SELECT count(*) FROM crypto_gaf.stopped_channels") == 0)
        #expect(fixture.log.count("transform.channel_resumed") == 1)
    }

    @Test("an object that Postgres does not take is found among many, recorded, and the others load")
    func poison() throws {
        let fixture = try TransformFixture()
        try fixture.skipListing()
        for number in 0..<20 { try fixture.put(.minutes(number * 10..<number * 10 + 10, receivedAt: 1000 + Double(number))) }
        try fixture.connection.run(script: "ALTER TABLE crypto_gaf.fact_klines ADD CHECK (open_time <> '2026-03-01 02:05+00')")
        let counts = try fixture.transform()
        #expect(counts["objects"] == 20 && counts["unreadable"] == 1)
        #expect(try fixture.candles() == 190)
        #expect(try fixture.outcomes()[12].hasPrefix("unreadable: it cannot be stored: postgres 23514"))
        #expect(try fixture.due() == 0)
    }

    @Test("a venue that this program does not know waits for one that does")
    func unknownVenue() throws {
        let fixture = try TransformFixture()
        try fixture.put(.answer("[]", symbol: "BTC-USDT", channel: "klines", interval: "1m", exchange: "mtgox"))
        #expect(try fixture.transform() == [:])
        #expect(try fixture.due() == 1)
        #expect(fixture.log.count("transform.unknown_venue") == 1)
    }

    @Test("what its writer did not live to record is found by listing the lake, once an hour its last days, once a day all of it")
    func discovery() throws {
        let fixture = try TransformFixture()
        try fixture.put(.minutes(0..<3), isRecorded: false)
        #expect(try fixture.transform()["discovered"] == 1)
        #expect(try fixture.candles() == 3)
        let old = try fixture.put(.minutes(3..<6), isRecorded: false)
        let recentMinute = 40 * 1440.0 - 5
        try fixture.put(.minutes(6..<9, receivedAt: recentMinute), isRecorded: false)
        #expect(try fixture.transform()["objects"] == nil)
        try LakeListings(fixture.connection).record(.recent, at: TransformFixture.now.addingTimeInterval(-3600))
        #expect(try fixture.transform()["discovered"] == 1)
        #expect(try fixture.candles() == 6)
        try Data("no object".utf8).write(to: URL(fileURLWithPath: "\(fixture.folder)/lake/binance/readme.txt"))
        #expect(try fixture.transform(discovers: true)["discovered"] == 1)
        #expect(try fixture.texts("SELECT sha256::text FROM crypto_gaf.raw_objects WHERE object_key = \(old)").count == 1)
        #expect(try fixture.candles() == 9)
    }

    @Test("a lake that is not there loses nothing: the objects stay due, and the run says so")
    func noLake() throws {
        let fixture = try TransformFixture()
        try fixture.skipListing()
        try fixture.put(.minutes(0..<3))
        try FileManager.default.moveItem(atPath: "\(fixture.folder)/lake", toPath: "\(fixture.folder)/unmounted")
        let failure = #expect(throws: JobFailure.self) { try fixture.transform() }
        #expect(failure?.description.contains("there is no lake") == true)
        #expect(try fixture.due() == 1 && fixture.outcomes() == [])
        try FileManager.default.moveItem(atPath: "\(fixture.folder)/unmounted", toPath: "\(fixture.folder)/lake")
        #expect(try fixture.transform()["rows_inserted"] == 3)
    }

    private func lastListing(_ fixture: TransformFixture) throws -> Date? { try LakeListings(fixture.connection).last(.whole) }

    @Test("a lake whose disk is not mounted was not looked through: the run says so, and what lies there is found when it is back")
    func unmounted() throws {
        let fixture = try TransformFixture()
        try fixture.put(.minutes(0..<3))
        try fixture.transform()
        try fixture.put(.minutes(3..<6), isRecorded: false)
        try fixture.connection.run(script: "TRUNCATE crypto_gaf.lake_listings")
        let (lake, aside) = ("\(fixture.folder)/lake", "\(fixture.folder)/unmounted")
        try FileManager.default.moveItem(atPath: lake, toPath: aside)
        try FileManager.default.createDirectory(atPath: lake, withIntermediateDirectories: false)
        let failure = #expect(throws: JobFailure.self) { try fixture.transform() }
        #expect(failure?.description.contains("there is no lake in \(lake)") == true)
        #expect(try lastListing(fixture) == nil)
        try FileManager.default.removeItem(atPath: lake)
        try FileManager.default.moveItem(atPath: aside, toPath: lake)
        #expect(try fixture.transform()["discovered"] == 1)
        #expect(try lastListing(fixture) != nil && fixture.candles() == 6)
    }

    @Test("a lake that nothing was put into yet is no failure, and was not looked through either")
    func notBegun() throws {
        let fixture = try TransformFixture()
        try fixture.put(.minutes(0..<3), isRecorded: false)
        let (lake, aside) = ("\(fixture.folder)/lake", "\(fixture.folder)/unmounted")
        try FileManager.default.moveItem(atPath: lake, toPath: aside)
        for discovers in [false, true] { #expect(try fixture.transform(discovers: discovers) == [:]) }
        #expect(try lastListing(fixture) == nil)
        try FileManager.default.moveItem(atPath: aside, toPath: lake)
        #expect(try fixture.transform()["discovered"] == 1)
    }

    @Test("a stop ends it after the objects in hand; the rest is the next run's")
    func stopped() throws {
        let fixture = try TransformFixture()
        try fixture.put(.minutes(0..<3))
        let stop = Stop()
        stop.request()
        _ = try fixture.transform(stop: stop)
        #expect(try fixture.due() == 1)
        try fixture.transform()
        #expect(try fixture.due() == 0)
    }
}
