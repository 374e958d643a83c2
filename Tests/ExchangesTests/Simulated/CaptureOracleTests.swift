import Exchanges
import FoundationEssentials
import Market
import Synchronization
import TestSupport
import Testing

@Suite("The real capture, replayed step by step", .enabled(if: Shared.isPresent, "skipped: no ../shared"))
struct CaptureOracleTests {
    private struct Aggregations: Decodable {
        let aggregation: [String: String]
        let depth: Int

        static func load() throws -> Aggregations {
            try JSONDecoder().decode(Aggregations.self, from: Shared.data("oracles/samples_coinbase.json"))
        }
    }

    private static func capture() throws -> String { try Shared.path("data/captures/coinbase/COINBASE.ws.28.0") }

    @Test("yields every row of the reference, to the last bit of each number, and not one row more")
    func rows() throws {
        let expected = try CaptureSamples.load().samples
        let settings = try Aggregations.load()
        let faults = Mutex(0)
        let venue = try SteppedCaptureVenue(paths: [Self.capture()], step: 50_000_000, loops: false) { _ in faults.withLock { $0 += 1 } }
        #expect(settings.aggregation.count == 6)
        for (product, text) in settings.aggregation {
            let aggregation = try Decimal(strict: text)
            var since: Int64?
            for (n, row) in try #require(expected[product]).enumerated() {
                let interval = try venue.interval(product: product, aggregation: aggregation, depth: settings.depth)
                let orders = try venue.marketOrders(product: product, since: since)
                since = orders.flow.sequence
                #expect(interval.sequence == orders.flow.sequence)
                #expect(orders.missingThrough == nil)
                let isEqual =
                    interval.book.midpoint.nearestDouble == row.midpoint && interval.book.asks.map(\.numbers) == row.asks
                    && interval.book.bids.map(\.numbers) == row.bids && orders.flow.buy.numbers == row.buy
                    && orders.flow.sell.numbers == row.sell
                #expect(isEqual, "\(product) row \(n): \(interval.book), \(orders.flow)")
            }
            #expect(throws: SimulatedVenueError(product: product, .ended)) {
                try venue.interval(product: product, aggregation: aggregation, depth: 3)
            }
        }
        #expect(faults.withLock { $0 } == 0)
    }

    @Test("lists its ten products with bucket widths that fit their prices")
    func products() throws {
        let venue = try SteppedCaptureVenue(paths: [Self.capture()], step: 50_000_000, loops: false) { _ in }
        let listed = Dictionary(uniqueKeysWithValues: venue.products.map { ($0.symbol, $0.aggregation.plainText) })
        #expect(listed.count == 10)
        #expect(listed.merging(try Aggregations.load().aggregation) { a, b in a == b ? a : "\(a) is not \(b)" } == listed)
    }

    @Test("ends at the same book, at once, when the clock is past its end")
    func atOnce() throws {
        let expected = try #require(CaptureSamples.load().samples["NMR-EUR"]?.last)
        // 30.7846249 s lie between the first and the last message.
        let venue = try CaptureVenue(paths: [Self.capture()], loops: false, clock: VenueClock { 30_784_000_000 }) { _ in }
        let interval = try venue.interval(product: "NMR-EUR", aggregation: Decimal(strict: "0.05"), depth: 3)
        #expect(interval.book.asks.map(\.numbers) == expected.asks)
        #expect(try venue.marketOrders(product: "NMR-EUR", since: 0).flow.buy.orders == 7)
    }
}

extension PriceLevel {
    fileprivate var numbers: [Double] { [price.nearestDouble, size.nearestDouble, Double(orders)] }
}

extension TakerVolume {
    fileprivate var numbers: [Double] { [price.nearestDouble, size.nearestDouble, Double(orders)] }
}
