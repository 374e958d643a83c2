import Foundation
import Jobs
import Lake
import Market
import Postgres
import Runtime
import TestSupport
import Testing
import Warehouse

@Suite("Stopped channels") struct ChannelStopsTests {
    private static let maintenance = #"{"msg":"maintenance"}"#

    @Test("answers of another shape among sound ones are accidents: they become unreadable with the reason, and all the rest loads")
    func accident() throws {
        let fixture = try TransformFixture()
        try fixture.skipListing()
        for minute in 0..<30 {
            try fixture.put(
                minute % 5 == 2
                    ? .klines(Self.maintenance, receivedAt: Double(minute) + 1.5) : .minutes([minute], receivedAt: Double(minute) + 1.5))
        }
        let counts = try fixture.transform()
        #expect(counts["unreadable"] == 6 && counts["objects"] == 30)
        #expect(try fixture.candles() == 24 && fixture.due() == 0)
        #expect(try fixture.count("SELECT count(*) FROM crypto_gaf.stopped_channels") == 0)
        #expect(try fixture.outcomes()[2].hasPrefix("unreadable: ") && fixture.outcomes()[2].contains("of another shape, unlike binance/"))
    }

    @Test("a stop ends with the first sound answer after it, without anybody's doing; an imported file is no such answer")
    func newer() throws {
        let fixture = try TransformFixture()
        try fixture.skipListing()
        try fixture.put(.klines(Self.maintenance, receivedAt: 2))
        #expect(try fixture.transform()["channels_stopped"] == 1)
        let sound = RawObject.minutes([3], receivedAt: 5)
        try fixture.put(
            RawObject(
                exchange: sound.exchange, symbol: sound.symbol, channel: sound.channel, interval: sound.interval, url: "file:///x.json",
                requestedAt: sound.requestedAt, receivedAt: sound.receivedAt, status: 200,
                source: "json timestamp,open,high,low,close,volume",
                body: Array("[[\(TransformFixture.epoch),\"10\",\"11\",\"9\",\"10\",\"1\"]]".utf8)))
        #expect(try fixture.transform()["channels_still_stopped"] == 1)
        try fixture.put(.minutes([4], receivedAt: 6))
        _ = try fixture.transform()
        #expect(try fixture.candles() == 2 && fixture.due() == 0)
        #expect(try fixture.count("SELECT count(*) FROM crypto_gaf.stopped_channels") == 0)
    }

    @Test("of answers of the same millisecond none is the newer: the channel waits for the next", arguments: ["AAVE-USDT", "ZRX-USDT"])
    func sameMoment(symbol: String) throws {
        let fixture = try TransformFixture()
        try fixture.skipListing()
        try fixture.put(.klines(Self.maintenance, symbol: "LTC-USDT", receivedAt: 2.5))
        try fixture.put(.minutes([0, 1], symbol: symbol, receivedAt: 2.5))
        _ = try fixture.transform()
        #expect(try fixture.texts("SELECT symbol FROM crypto_gaf.raw_objects WHERE due").contains("LTC-USDT"))
        try fixture.put(.minutes([2], symbol: symbol, receivedAt: 4))
        _ = try fixture.transform()
        #expect(try fixture.due() == 0 && fixture.candles() == 3)
    }

    @Test("an operator may give the object up: the program's --skip makes it unreadable, and takes no other object")
    func skip() throws {
        let fixture = try TransformFixture()
        try fixture.skipListing()
        let other = try fixture.put(.klines(Self.maintenance, receivedAt: 2))
        let empty = try fixture.put(.klines("[]", receivedAt: 3))
        #expect(try fixture.transform()["channels_stopped"] == 1)
        let sound = try Program.run(["job", "transform", "--skip", empty], environment: fixture.environment)
        #expect(sound.status == 65 && sound.errors.contains("\(empty) has stopped no channel"))
        let result = try Program.run(["job", "transform", "--skip", other], environment: fixture.environment)
        #expect(result.status == 0, "\(result.errors)")
        #expect(try fixture.due() == 0 && fixture.outcomes()[0].contains("given up by an operator"))
        #expect(try fixture.count("SELECT count(*) FROM crypto_gaf.stopped_channels") == 0)
    }

    @Test("what waits for a stopped channel is told apart from what is in somebody's hands")
    func waiting() throws {
        let fixture = try TransformFixture()
        try fixture.skipListing()
        let keys = [
            try fixture.put(.klines(Self.maintenance, receivedAt: 2)), try fixture.put(.klines("[]", receivedAt: 3)),
            try fixture.put(.answer("{}", symbol: "BTC-USDT", channel: "trades")),
        ]
        #expect(try StoppedChannels(fixture.connection).waiting(keys) == 0)
        _ = try fixture.transform()
        #expect(try StoppedChannels(fixture.connection).waiting(keys) == 2)
    }

    @Test("an archived object that is set to due is loaded from the archive")
    func archived() throws {
        let fixture = try TransformFixture()
        try fixture.skipListing()
        let key = try fixture.put(.minutes(0..<3))
        try fixture.put(.minutes(3..<5, receivedAt: 100_001))
        _ = try fixture.transform()
        let store = try fixture.lake.open()
        try fixture.lake.archive().open().put(key, try store.get(key))
        try store.remove(key)
        try fixture.connection.execute("UPDATE crypto_gaf.raw_objects SET location = 'archive' WHERE object_key = \(key)")
        try fixture.forget()
        // Whoever does not know where the archive is leaves it alone.
        #expect(try TransformJob(TransformJob.Options(lake: fixture.lake)).run(fixture.context())["objects"] == 1)
        let counts = try fixture.transform()
        #expect(counts["objects"] == 1 && counts["rows_inserted"] == 3 && counts["lost"] == nil)
        #expect(try fixture.due() == 0)
    }
}
