import API
import Curl
import Exchanges
import Foundation
import HTTP
import Jobs
import Postgres
import TestSupport
import Testing

@Suite("Collect, from the real capture", .enabled(if: Shared.isPresent, "skipped: no ../shared"))
struct CollectReplayTests {
    private struct Reference: Decodable {
        let aggregation: [String: String]
        let depth: Int
    }

    /// The local venue behind plain HTTP: nginx and FastCGI between them would change nothing that is compared.
    private func serve(_ venue: any SimulatedVenue) throws -> ScriptedServer {
        var router = Router<Void>()
        OrderBookRoutes(venue).register(on: &router)
        return try ScriptedServer { [router] request in
            guard let asked = try? HTTP.Request(.get, request.target) else { return .json("{}", status: 400) }
            let response = router.respond(to: asked, with: ())
            return .reply(response.status.code, response.headers.fields.map { ($0.name, $0.value) }, body: response.body.contents)
        }
    }

    @Test("step by step, every sample equals the reference, to the nearest double of each number")
    func everyRow() throws {
        let reference = try JSONDecoder().decode(Reference.self, from: Shared.data("oracles/samples_coinbase.json"))
        let expected = try CaptureSamples.load().samples
        let venue = try SteppedCaptureVenue(
            paths: [Shared.path("data/captures/coinbase/COINBASE.ws.28.0")], step: 50_000_000, loops: false, report: { _ in })
        let server = try serve(venue)
        let database = try TestPostgres.database()
        let rows = try CollectedRows(database.options())
        for (product, aggregation) in reference.aggregation {
            try rows.connection.execute(
                "INSERT INTO crypto_gaf.gafs (product, max_size, aggregation, depth) VALUES (\(product), 5000, \(aggregation)::numeric, \(reference.depth))"
            )
        }
        let run = CollectRun(server.url, database.options(as: "test_worker")) {
            ($0.interval, $0.timeout) = (.milliseconds(15), .seconds(20))
        }
        for product in reference.aggregation.keys {
            let count = try #require(expected[product]?.count)
            #expect(try eventually(within: .seconds(90)) { try rows.count(product) >= count }, "\(product)")
        }
        try run.end()
        for product in reference.aggregation.keys { try compare(product, rows, with: #require(expected[product])) }
    }

    private func compare(_ product: String, _ rows: CollectedRows, with expected: [CaptureSamples.Row]) throws {
        let found = try rows.connection.query(
            """
            SELECT midpoint, ask_prices, ask_sizes, ask_orders, bid_prices, bid_sizes, bid_orders, buys, sells
            FROM crypto_gaf.samples WHERE product = \(product) ORDER BY sample_id
            """)
        #expect(found.count == expected.count, "\(product)")
        for (number, (row, expected)) in zip(found, expected).enumerated() {
            let columns = try (1...8).map { try row.doubles($0).compactMap(\.self) }
            let wanted =
                [expected.asks, expected.bids].flatMap { side in (0..<3).map { part in side.map { $0[part] } } } + [
                    expected.buy, expected.sell,
                ]
            let isEqual = try row.double(0) == expected.midpoint && columns == wanted
            #expect(isEqual, "\(product) row \(number): \(columns), not \(wanted)")
        }
        #expect(try rows.feed(product).source?.contains("REPLAY") == true)
        #expect(try rows.feed(product).gaps == 0)
    }
}
