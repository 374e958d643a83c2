import Analysis
import Foundation
import Jobs
import PNG
import Postgres
import Runtime
import TestSupport
import Testing
import Warehouse

@Suite("Calculate")
struct CalculateJobTests {
    @Test("draws what has changed, and only that")
    func changes() throws {
        let fixture = try CalculateFixture()
        try fixture.addProducts(["A", "B"])
        #expect(try fixture.job(.once).run().drawn == 2)
        #expect(try fixture.undrawn() == [])
        #expect(try fixture.torn() == [])
        #expect(try fixture.job(.once).run().drawn == 0)
        try fixture.appendSample(to: ["B"])
        #expect(try fixture.job(.once).run().drawn == 1)
        #expect(try fixture.undrawn() == [])
    }

    @Test("switched off, a run draws nothing, says so and ends at once; switched on again, it draws", arguments: [1, 3])
    func disabled(threads: Int) throws {
        let fixture = try CalculateFixture()
        try fixture.addProducts(["A", "B"])
        try fixture.setEnabled(false)
        for schedule in [CalculateJob.Schedule.once, .repeating(every: .milliseconds(10), for: .seconds(20))] {
            let tally = try fixture.job(schedule, threads: threads).run()
            #expect(tally.drawn == 0 && tally.failed.isEmpty)
        }
        #expect(fixture.log.count("job.disabled") == 2)
        try fixture.setEnabled(true)
        #expect(try fixture.job(.once, threads: threads).run().drawn == 2)
        #expect(fixture.log.count("job.disabled") == 2)
    }

    @Test("switched off while it looks for work, a run with an end ends before it; one without waits until it is switched on again")
    func disabledMeanwhile() throws {
        let fixture = try CalculateFixture()
        try fixture.addProducts(["A"])
        let bounded = fixture.job(.repeating(every: .milliseconds(10), for: .seconds(20)))
        let ending = Background { try bounded.run() }
        #expect(try eventually { try fixture.undrawn() == [] })
        try fixture.setEnabled(false)
        #expect(try ending.value().drawn == 1)
        let stop = Stop()
        let endless = fixture.job(.repeating(every: .milliseconds(10), for: nil), stop: stop)
        let waiting = Background { try endless.run() }
        #expect(eventually { fixture.log.count("job.disabled") == 2 })
        try fixture.addProducts(["B"])
        try fixture.setEnabled(true)
        #expect(try eventually { try fixture.undrawn() == [] })
        stop.request()
        #expect(try waiting.value().drawn == 1)
        #expect(fixture.log.count("job.enabled") == 1)
    }

    @Test("stores what was drawn of the very decimals in the database", .enabled(if: Shared.isPresent, "skipped: no ../shared"))
    func pixels() throws {
        let samples = try CaptureSamples.load()
        let fixture = try CalculateFixture()
        let products = samples.samples.keys.sorted()
        try fixture.addProducts(products, maxSize: 64, samples: 0)
        for product in products {
            let records = (samples.samples[product] ?? []).suffix(70).map { $0.record(of: product) }
            #expect(try SampleRepository(fixture.connection).append(records).isEmpty)
        }
        #expect(try fixture.job(.once).run().drawn == products.count)
        for product in products {
            let row = try fixture.connection.query(
                """
                SELECT orderbook_image, buy_image, sell_image, midpoint_images[1], midpoint_images[2], size, midpoint::float8
                FROM crypto_gaf.gafs WHERE product = \(product)
                """
            ).one()
            let window = samples.window(product, newest: 64)
            let planes = try #require(GafPlanes(window))
            var encoder = PNGEncoder()
            let expected = try [
                (planes.orderBook, PNGEncoder.Format.rgb), (planes.buys, .rgb), (planes.sells, .rgb), (planes.midpointSummation, .gray),
                (planes.midpointDifference, .gray),
            ].map { Data(try encoder.encode($0.0, width: 64, height: 64, format: $0.1)).base64EncodedString() }
            #expect(try (0..<5).map { try row.text($0) } == expected, "\(product)")
            #expect(try row.int(5) == 64)
            #expect(try row.double(6) == window.midpoint[0])
        }
    }

    @Test("fewer than 21 samples are left until there are more")
    func tooFew() throws {
        let fixture = try CalculateFixture()
        try fixture.addProducts(["YOUNG"], samples: 20)
        #expect(try fixture.job(.once).run().drawn == 0)
        try fixture.appendSample(to: ["YOUNG"])
        #expect(try fixture.job(.once).run().drawn == 1)
        #expect(try fixture.connection.query("SELECT size FROM crypto_gaf.gafs").one().int(0) == 21)
    }

    @Test("NULL, NaN and infinity in a sample count as missing, as do arrays that are too short")
    func holes() throws {
        let fixture = try CalculateFixture()
        try fixture.addProducts(["HOLES"])
        try fixture.connection.run(
            script: """
                UPDATE crypto_gaf.samples SET midpoint = 'NaN', ask_prices[2] = 'Infinity', bid_sizes = NULL, buys = '{1}'
                WHERE sample_id % 3 = 0;
                UPDATE crypto_gaf.samples SET ask_sizes = '{}', bid_prices = '{NULL,NULL,1}', sells = '{NaN,NULL,-Infinity}', midpoint = NULL
                WHERE sample_id % 3 = 1;
                """)
        let tally = try fixture.job(.once).run()
        #expect(tally.drawn == 1 && tally.failed.isEmpty)
        #expect(try fixture.torn() == [])
    }

    @Test("a product that fails is logged and noted, and the rest is drawn")
    func failingProduct() throws {
        let fixture = try CalculateFixture()
        try fixture.addProducts(["BAD", "GOOD"])
        try fixture.connection.execute("UPDATE crypto_gaf.samples SET ask_prices = '{{1,2},{3,4}}' WHERE product = 'BAD'")
        let tally = try fixture.job(.once).run()
        #expect(tally.drawn == 1)
        #expect(tally.failed == ["BAD"])
        #expect(try fixture.undrawn() == ["BAD"])
        #expect(fixture.log.first("calculate.failed")?.contains("BAD") == true)
        let feed = try fixture.connection.query("SELECT failures, last_error FROM crypto_gaf.feeds WHERE product = 'BAD'").one()
        #expect(try feed.int(0) == 1)
        #expect(try feed.text(1).hasPrefix("calculate: "))
    }

    @Test("a product that keeps failing rests in between")
    func resting() throws {
        let fixture = try CalculateFixture()
        try fixture.addProducts(["BAD"])
        try fixture.connection.execute("UPDATE crypto_gaf.samples SET ask_prices = '{{1,2},{3,4}}'")
        let tally = try fixture.repeating { fixture.log.count("calculate.failed") > 0 }
        #expect(tally.failed == ["BAD"])
        #expect(fixture.log.count("calculate.failed") == 1)
    }

    @Test("the redraw interval holds, except with --once")
    func redrawInterval() throws {
        let fixture = try CalculateFixture()
        try fixture.addProducts(["SLOW", "FAST"])
        try fixture.connection.run(
            script: """
                UPDATE crypto_gaf.gafs SET redraw_interval = '1 hour' WHERE product = 'SLOW';
                UPDATE crypto_gaf.gafs SET redraw_interval = '0' WHERE product = 'FAST';
                """)
        #expect(try fixture.repeating { try fixture.undrawn() == [] }.drawn == 2)
        try fixture.appendSample(to: ["SLOW", "FAST"])
        #expect(try fixture.repeating { try fixture.undrawn() == ["SLOW"] }.drawn == 1)
        #expect(try fixture.undrawn() == ["SLOW"])
        #expect(try fixture.job(.once).run().drawn == 1)
    }

    @Test("a database without products is drawn in no time")
    func nothing() throws {
        let tally = try CalculateFixture().job(.once).run()
        #expect(tally.drawn == 0 && tally.failed.isEmpty)
    }

    @Test("a stop before the first product draws none")
    func stopped() throws {
        let fixture = try CalculateFixture()
        try fixture.addProducts(["A"])
        let stop = Stop()
        stop.request()
        #expect(try fixture.job(.once, stop: stop).run().drawn == 0)
    }

    @Test("a schema that is not ours ends the job")
    func schema() throws {
        let fixture = try CalculateFixture()
        try fixture.connection.execute("UPDATE crypto_gaf.migrations SET number = 9999 WHERE number = \(Schema.version)")
        #expect(throws: SchemaError(found: 9999)) { try fixture.job(.once).run() }
    }
}
