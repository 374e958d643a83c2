public import FoundationEssentials
import Market
import Synchronization

/// A seeded synthetic market of several products: the same seed gives the same course of every product.
public final class SyntheticVenue: SimulatedVenue {
    public let source = SimulatedSource.synthetic
    public let products: [SimulatedProduct]
    private let clock: VenueClock
    private let start: Date
    private let markets: [String: LockedMarket]

    /// Products at most.
    public static let productLimit = SyntheticProduct.limit

    /// - Parameters:
    ///   - productCount: 1 … `productLimit`.
    ///   - start: the date of the venue's first instant. Sequences begin above its milliseconds since 1970, so that they go on rising
    ///     when the venue is started again.
    public init(seed: UInt64, productCount: Int, start: Date, clock: VenueClock) {
        precondition((1...Self.productLimit).contains(productCount))
        let list = SyntheticProduct.list(count: productCount, seed: seed)
        let firstSequence = start.milliseconds
        products = list.map { SimulatedProduct(symbol: $0.symbol, aggregation: $0.aggregation) }
        markets = Dictionary(
            uniqueKeysWithValues: list.map { ($0.symbol, LockedMarket(SyntheticMarket($0, firstSequence: firstSequence))) })
        self.clock = clock
        self.start = start
    }

    public func interval(product: String, aggregation: Decimal, depth: Int) throws(SimulatedVenueError) -> BookInterval {
        let elapsed = clock.elapsed()
        let market = try market(of: product, at: elapsed)
        do throws(BookError) {
            let book = try market.book(
                reachTicks: market.product.ticks(of: aggregation, times: depth), depth: aggregation == 0 ? depth : 1)
            return BookInterval(
                date: start.addingTimeInterval(Double(elapsed) / 1e9), sequence: market.tape.sequence,
                book: try book.buckets(aggregation: aggregation, depth: depth))
        } catch {
            throw SimulatedVenueError(product: product, .book(error))
        }
    }

    public func marketOrders(product: String, since: Int64?) throws(SimulatedVenueError) -> MarketOrders {
        let market = try market(of: product, at: clock.elapsed())
        return MarketOrders(market.tape, since: since)
    }

    private func market(of product: String, at elapsed: Int64) throws(SimulatedVenueError) -> SyntheticMarket {
        guard let market = markets[product] else { throw SimulatedVenueError(product: product, .unknownProduct) }
        return market.state.withLock {
            $0.advance(to: elapsed / SyntheticMarket.stepNanoseconds)
            return $0
        }
    }
}

private final class LockedMarket: Sendable {
    let state: Mutex<SyntheticMarket>

    init(_ market: SyntheticMarket) { state = Mutex(market) }
}
