import API
import Exchanges
import FoundationEssentials
import HTTP
import Market
import Testing

@Suite("The local venue's routes")
struct OrderBookRoutesTests {
    /// A market of one moment; each other product stands for one way to fail.
    private struct StillVenue: SimulatedVenue {
        let source = SimulatedSource.synthetic
        let products = [
            SimulatedProduct(symbol: "A\"B-USD", aggregation: 10), SimulatedProduct(symbol: "BTC-USD", aggregation: 1),
        ]

        func interval(product: String, aggregation: Decimal, depth: Int) throws(SimulatedVenueError) -> BookInterval {
            try requireKnown(product)
            return BookInterval(
                date: Date(timeIntervalSince1970: 1_618_677_817.125), sequence: 9_007_199_254_740_991,
                book: BookSnapshot(
                    midpoint: .exact("0.000000055"), asks: [.exact("1.50", "2", 3), .exact("2", "0", 0)], bids: [.exact("1", "0.25", 1)]))
        }

        func marketOrders(product: String, since: Int64?) throws(SimulatedVenueError) -> MarketOrders {
            try requireKnown(product)
            let buy = TakerVolume(price: .exact("103.3333333333333333333333333"), size: .exact("0.10"), orders: 2)
            return MarketOrders(
                flow: TakerFlow(sequence: 77, buy: since == nil ? .none : buy, sell: .none), missingThrough: since == 1 ? 70 : nil)
        }

        private func requireKnown(_ product: String) throws(SimulatedVenueError) {
            switch product {
            case "BTC-USD": return
            case "SOON-USD": throw SimulatedVenueError(product: product, .noBook)
            case "OVER-USD": throw SimulatedVenueError(product: product, .ended)
            default: throw SimulatedVenueError(product: product, .unknownProduct)
            }
        }
    }

    private func get(_ target: String) throws -> (response: Response, text: String) {
        var router = Router<Void>()
        OrderBookRoutes(StillVenue()).register(on: &router)
        let response = router.respond(to: try Request(.get, target), with: ())
        return (response, String(decoding: response.body.contents, as: UTF8.self))
    }

    @Test("interval: prices and sizes are strings, counts and sequences numbers, the date is ISO 8601 in UTC")
    func interval() throws {
        let (response, text) = try get("/api/orderBook/interval?product=BTC-USD&aggregation=0.50&depth=2")
        #expect(response.status == .ok)
        #expect(
            text == #"{"aggregation":0.5,"depth":2,"date":"2021-04-17T16:43:37.125Z","sequence":9007199254740991,"midpoint":"0.000000055","#
                + #""asks":[["1.5","2",3],["2","0",0]],"bids":[["1","0.25",1]]}"# + "\n")
        #expect(try get("/api/orderBook/interval?product=BTC-USD").text.hasPrefix(#"{"aggregation":0,"depth":50,"#))
        #expect(response.headers["X-Source"] == "SYNTHETIC")
        #expect(response.headers["Content-Type"] == "application/json")
        #expect(response.headers["Cache-Control"] == "no-store")
    }

    @Test("marketOrders: all numbers, in full; without since, zeros")
    func marketOrders() throws {
        let (response, text) = try get("/api/orderBook/marketOrders?product=BTC-USD&since=76")
        #expect(
            text == #"{"sequence":77,"buy":{"price":103.3333333333333333333333333,"size":0.1,"numOrders":2},"#
                + #""sell":{"price":0,"size":0,"numOrders":0}}"# + "\n")
        #expect(response.headers["X-Missing-Through"] == nil)
        #expect(response.headers["X-Source"] == "SYNTHETIC")
        #expect(try get("/api/orderBook/marketOrders?product=BTC-USD").text.contains(#""buy":{"price":0,"size":0,"numOrders":0}"#))
        #expect(try get("/api/orderBook/marketOrders?product=BTC-USD&since=1").response.headers["X-Missing-Through"] == "70")
    }

    @Test("products: names are escaped, the widths are strings")
    func products() throws {
        let expected =
            #"{"source":"SYNTHETIC","products":[{"product":"A\"B-USD","aggregation":"10"},{"product":"BTC-USD","aggregation":"1"}]}"#
        #expect(try get("/api/products").text == expected + "\n")
    }

    @Test("health", arguments: ["/healthz", "/healthz/", "/readyz"])
    func health(path: String) throws {
        #expect(try get(path).response.status == .ok)
    }

    @Test(
        "a bad parameter is a 400 that names it",
        arguments: [
            ("interval?aggregation=1&depth=3", "product"), ("interval?product=&aggregation=1&depth=3", "product"),
            ("interval?product=BTC-USD&aggregation=-1&depth=3", "aggregation"),
            ("interval?product=BTC-USD&aggregation=1e3&depth=3", "aggregation"),
            ("interval?product=BTC-USD&aggregation=NaN&depth=3", "aggregation"), ("interval?product=BTC-USD&depth=", "depth"),
            ("interval?product=BTC-USD&aggregation=1&depth=0", "depth"), ("interval?product=BTC-USD&aggregation=1&depth=501", "depth"),
            ("interval?product=BTC-USD&aggregation=1&depth=x", "depth"),
            ("interval?product=BTC-USD&aggregation=1&aggregation=2&depth=3", "aggregation"), ("marketOrders", "product"),
            ("marketOrders?product=BTC-USD&since=-1", "since"), ("marketOrders?product=BTC-USD&since=1.5", "since"),
            ("marketOrders?product=BTC-USD&since=", "since"), ("marketOrders?product=BTC-USD&since=99999999999999999999", "since"),
        ])
    func invalid(target: String, parameter: String) throws {
        let (response, text) = try get("/api/orderBook/" + target)
        #expect(response.status == .badRequest)
        #expect(text.contains("\"parameter\":\"\(parameter)\""))
        #expect(response.headers["Content-Type"] == "application/problem+json")
    }

    @Test(
        "an unknown product is a 404, one without a book a 503 to come back to",
        arguments: ["interval?aggregation=1&depth=3&", "marketOrders?"])
    func failures(target: String) throws {
        let unknown = try get("/api/orderBook/\(target)product=x%27%3B--").response
        #expect(unknown.status == .notFound)
        let soon = try get("/api/orderBook/\(target)product=SOON-USD")
        #expect(soon.response.status == .serviceUnavailable)
        #expect(soon.response.headers["Retry-After"] == "1")
        let over = try get("/api/orderBook/\(target)product=OVER-USD")
        #expect(over.response.headers["Retry-After"] == "60")
        #expect(over.text.contains("--loop"))
    }

    @Test("other paths are 404, other methods 405")
    func elsewhere() throws {
        #expect(try get("/api/orderBook").response.status == .notFound)
        var router = Router<Void>()
        OrderBookRoutes(StillVenue()).register(on: &router)
        let response = router.respond(to: try Request(.post, "/api/products"), with: ())
        #expect(response.status == .methodNotAllowed)
        #expect(response.headers["Allow"] == "GET, HEAD, OPTIONS")
    }
}

extension Decimal {
    /// Text that is not a number gives NaN, which no test expects.
    fileprivate static func exact(_ text: String) -> Decimal { (try? Decimal(strict: text)) ?? .nan }
}

extension PriceLevel {
    fileprivate static func exact(_ price: String, _ size: String, _ orders: Int) -> PriceLevel {
        PriceLevel(price: .exact(price), size: .exact(size), orders: orders)
    }
}
