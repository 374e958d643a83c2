import API
import Curl
import Exchanges
import FoundationEssentials
import HTTP
import Market
import Synchronization
import TestSupport
import Testing

@Suite("What collect reads from the local venue")
struct LocalVenueContractTests {
    /// Plays one reading against the venue's routes, as over HTTP but without a socket.
    private func read(_ venue: any SimulatedVenue, _ query: BookQuery) throws -> BookReading {
        var router = Router<Void>()
        OrderBookRoutes(venue).register(on: &router)
        var conversation = CoinbaseLocal(baseURL: "http://venue").reading(query)
        var request = conversation.begin()
        while true {
            let answer = router.respond(to: try HTTP.Request(.get, String(request.url.dropFirst("http://venue".count))), with: ())
            let response = Curl.Response(
                status: answer.status.code, headers: answer.headers.fields.map { Header($0.name.lowercased(), $0.value) },
                body: answer.body.contents, url: request.url)
            switch try conversation.next(after: response) {
            case .ask(let next): request = next
            case .done(let reading): return reading
            }
        }
    }

    @Test("a synthetic market passes every check, for an hour of five products")
    func synthetic() throws {
        let time = Mutex<Int64>(0)
        let venue = SyntheticVenue(
            seed: 3, productCount: 5, start: Date(timeIntervalSince1970: 1_800_000_000), clock: VenueClock { time.withLock { $0 } })
        var since: [String: Int64] = [:]
        var trades = 0
        for second in stride(from: 0, to: 3_600, by: 30) {
            time.withLock { $0 = Int64(second) * 1_000_000_000 }
            for product in venue.products {
                let query = BookQuery(symbol: product.symbol, aggregation: product.aggregation, depth: 3, since: since[product.symbol])
                let reading = try read(venue, query)
                #expect(reading.source == "SYNTHETIC" && reading.gap == nil)
                #expect(reading.book == (try venue.interval(product: product.symbol, aggregation: product.aggregation, depth: 3).book))
                trades += reading.flow.buy.orders + reading.flow.sell.orders
                since[product.symbol] = reading.flow.sequence
            }
        }
        #expect(trades > 500)
    }

    @Test("the stepped capture gives the reference's rows to the collector", .enabled(if: Shared.isPresent, "skipped: no ../shared"))
    func stepped() throws {
        let venue = try SteppedCaptureVenue(
            paths: [Shared.path("data/captures/coinbase/COINBASE.ws.28.0")], step: 50_000_000, loops: false
        ) { _ in }
        let expected = try CaptureSamples.load().samples
        for (product, width) in [("SKL-USD", "0.0005")] {
            var since: Int64?
            for row in try #require(expected[product]) {
                let reading = try read(
                    venue, BookQuery(symbol: product, aggregation: Decimal(strict: width), depth: 3, since: since))
                since = reading.flow.sequence
                #expect(reading.book.midpoint.nearestDouble == row.midpoint)
                #expect(reading.book.asks.map(\.price.nearestDouble) == row.asks.map { $0[0] })
                #expect(reading.book.bids.map(\.size.nearestDouble) == row.bids.map { $0[1] })
                #expect(reading.flow.sell.price.nearestDouble == row.sell[0])
                #expect(reading.source == "REPLAY")
            }
        }
    }
}
