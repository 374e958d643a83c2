import Foundation
import Synchronization
import TestSupport

/// A coinbase-local whose every trade is known: trade n of a product is a buy of size 1 if n is odd, a sell of size 2 if it is even,
/// all at price 100. Each request of market orders finds `tradesPerRequest` more.
final class ScriptedVenue: Sendable {
    typealias Fault = @Sendable (ScriptedServer.Request) -> ScriptedServer.Answer?

    private struct State {
        var sequences: [String: Int] = [:]
        var tradesPerRequest = 3
        var fault: Fault = { _ in nil }
    }

    // An unowned handler would be a cycle: the server keeps the handler, the handler the state.
    private let state: Shared
    let server: ScriptedServer

    private final class Shared: Sendable {
        let value = Mutex(State())
    }

    init() throws {
        let state = Shared()
        self.state = state
        server = try ScriptedServer { request in
            let fault = state.value.withLock { $0.fault }
            return fault(request) ?? Self.answer(request, state)
        }
    }

    /// What is not answered as it should be; nil: as it should.
    func fault(_ fault: @escaping Fault) { state.value.withLock { $0.fault = fault } }

    func setSequence(_ sequence: Int, of product: String) { state.value.withLock { $0.sequences[product] = sequence } }

    func sequence(of product: String) -> Int { state.value.withLock { $0.sequences[product] ?? 0 } }

    func requests(_ path: String, of product: String) -> [ScriptedServer.Request] {
        server.requests.filter { $0.path.hasSuffix(path) && $0.query["product"] == product }
    }

    private static func answer(_ request: ScriptedServer.Request, _ state: Shared) -> ScriptedServer.Answer {
        guard let product = request.query["product"] else { return .json("{}", status: 400) }
        if request.path == "/api/orderBook/interval" {
            return .json(interval(request), [("X-Source", "SYNTHETIC")])
        }
        let sequence = state.value.withLock { state in
            state.sequences[product, default: 0] += Int.random(in: 0...(2 * state.tradesPerRequest))
            return state.sequences[product] ?? 0
        }
        return .json(
            marketOrders(since: request.query["since"].flatMap { Int($0) } ?? sequence, through: sequence), [("X-Source", "SYNTHETIC")])
    }

    private static func interval(_ request: ScriptedServer.Request) -> String {
        let depth = Int(request.query["depth"] ?? "") ?? 3
        let aggregation = request.query["aggregation"] ?? "10"
        let asks = (1...depth).map { "[\"\(100 + $0)\",\"0.5\",\($0)]" }.joined(separator: ",")
        let bids = (1...depth).map { "[\"\(100 - $0)\",\"0.25\",\($0)]" }.joined(separator: ",")
        return """
            {"aggregation":\(aggregation),"depth":\(depth),"date":"2026-11-20T10:00:00Z","sequence":1,"midpoint":"100","asks":[\(asks)],"bids":[\(bids)]}
            """
    }

    private static func marketOrders(since: Int, through sequence: Int) -> String {
        let numbers = since < sequence ? Array(since + 1...sequence) : []
        let buys = numbers.filter { $0 % 2 == 1 }.count
        let sells = numbers.count - buys
        func volume(_ count: Int, size: Int) -> String {
            "{\"price\":\(count > 0 ? 100 : 0),\"size\":\(count * size),\"numOrders\":\(count)}"
        }
        return "{\"sequence\":\(sequence),\"buy\":\(volume(buys, size: 1)),\"sell\":\(volume(sells, size: 2))}"
    }
}
