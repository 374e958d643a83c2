public import Exchanges
import FoundationEssentials
public import HTTP
import Market

/// The local venue: the order book REST API of coinbase-local, answered by a simulated market.
public struct OrderBookRoutes: Sendable {
    private let venue: any SimulatedVenue
    private let source: String

    /// Buckets per side at most.
    public static let depthLimit = 500
    /// Without the parameter, as coinbase-local has it; the width is then 0: the levels as they are.
    private static let depth = 50

    public init(_ venue: any SimulatedVenue) {
        self.venue = venue
        source = venue.source.rawValue
    }

    /// Every answer carries `X-Source`, so that no reader takes a simulated market for a live one.
    public func register<Context>(on router: inout Router<Context>) {
        router.get("/api/orderBook/interval") { request, _ in try interval(request.query) }
        router.get("/api/orderBook/marketOrders") { request, _ in try marketOrders(request.query) }
        router.get("/api/products") { _, _ in products() }
        // Whatever can fail has been read before the server listens.
        for path in ["/healthz", "/healthz/", "/readyz"] { router.get(path) { _, _ in .text("ok\n") } }
    }

    private func interval(_ query: Query) throws(Problem) -> Response {
        let product = try query.required("product", accepts: "a product that /api/products lists")
        let aggregation = try aggregation(query)
        let depth = try query.integer("depth", default: Self.depth, in: 1...Self.depthLimit)
        let interval: BookInterval
        do throws(SimulatedVenueError) {
            interval = try venue.interval(product: product, aggregation: aggregation, depth: depth)
        } catch {
            throw Problem(error)
        }
        var json = "{\"aggregation\":\(aggregation.plainText),\"depth\":\(depth),\"date\":\"\(interval.date.iso8601)\""
        json += ",\"sequence\":\(interval.sequence),\"midpoint\":\"\(interval.book.midpoint.plainText)\""
        json.append(levels: interval.book.asks, as: "asks")
        json.append(levels: interval.book.bids, as: "bids")
        return answer(json + "}\n")
    }

    private func marketOrders(_ query: Query) throws(Problem) -> Response {
        let product = try query.required("product", accepts: "a product that /api/products lists")
        let since = try since(query)
        let orders: MarketOrders
        do throws(SimulatedVenueError) {
            orders = try venue.marketOrders(product: product, since: since)
        } catch {
            throw Problem(error)
        }
        var json = "{\"sequence\":\(orders.flow.sequence)"
        json.append(volume: orders.flow.buy, as: "buy")
        json.append(volume: orders.flow.sell, as: "sell")
        var response = answer(json + "}\n")
        // The old shape has no place to say that trades are missing.
        if let sequence = orders.missingThrough { response.headers["X-Missing-Through"] = String(sequence) }
        return response
    }

    private func products() -> Response {
        let list = venue.products.map {
            "{\"product\":\(JSONText.quoted($0.symbol)),\"aggregation\":\"\($0.aggregation.plainText)\"}"
        }
        return answer("{\"source\":\"\(source)\",\"products\":[\(list.joined(separator: ","))]}\n")
    }

    private func aggregation(_ query: Query) throws(Problem) -> Decimal {
        let accepts = "a bucket width, a plain decimal number from 0 on such as 0.5; 0 gives the levels as they are"
        guard let text = try query.first("aggregation") else { return 0 }
        guard let aggregation = try? Decimal(strict: text), aggregation >= 0 else {
            throw Problem(.invalid, "parameter \"aggregation\" accepts \(accepts)", parameter: "aggregation")
        }
        return aggregation
    }

    private func since(_ query: Query) throws(Problem) -> Int64? {
        guard let text = try query.first("since") else { return nil }
        guard let since = Int64(text), since >= 0 else {
            throw Problem(.invalid, "parameter \"since\" accepts the sequence of an earlier answer", parameter: "since")
        }
        return since
    }

    private func answer(_ json: String) -> Response {
        var response = Response.json(json)
        response.headers["X-Source"] = source
        response.headers["Cache-Control"] = "no-store"
        return response
    }
}

extension Problem {
    fileprivate init(_ error: SimulatedVenueError) {
        switch error.reason {
        case .unknownProduct: self.init(.notFound, error.description)
        case .noBook, .book: self = .unavailable(error.description, cause: error)
        case .ended, .unreadable: self = .unavailable(error.description, retryAfter: 60, cause: error)
        }
    }
}

extension String {
    /// `,"asks":[["price","size",orders],…]`
    fileprivate mutating func append(levels: [PriceLevel], as name: String) {
        self += ",\"\(name)\":["
        for (n, level) in levels.enumerated() {
            if n > 0 { self += "," }
            self += "[\"\(level.price.plainText)\",\"\(level.size.plainText)\",\(level.orders)]"
        }
        self += "]"
    }

    /// `,"buy":{"price":…,"size":…,"numOrders":…}`
    fileprivate mutating func append(volume: TakerVolume, as name: String) {
        self += ",\"\(name)\":{\"price\":\(volume.price.plainText),\"size\":\(volume.size.plainText),\"numOrders\":\(volume.orders)}"
    }
}

extension Date {
    fileprivate var iso8601: String { formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true)) }
}
