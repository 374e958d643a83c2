public import FoundationEssentials
import Market
import Synchronization

/// A capture replayed on a running clock: every request sees the market of its instant.
public final class CaptureVenue: SimulatedVenue {
    public let source = SimulatedSource.replay
    public let products: [SimulatedProduct]
    private let survey: CaptureSurvey
    private let clock: VenueClock
    private let loops: Bool
    private let replay: Mutex<Replay>

    /// - Parameters:
    ///   - paths: files of one venue's feed, merged by time; a folder stands for all files right in it.
    ///   - loops: at its end the capture begins again, with sequences that go on rising.
    ///   - report: is told of each line that is left out.
    public init(
        paths: [String], loops: Bool, clock: VenueClock, report: @escaping @Sendable (CaptureFault) -> Void
    ) throws(CaptureError) {
        survey = try CaptureSurvey(paths: paths, report: report)
        products = survey.products
        self.loops = loops
        self.clock = clock
        replay = Mutex(Replay(try CaptureCursor(survey.files, report: report), products: survey.products))
    }

    public func interval(product: String, aggregation: Decimal, depth: Int) throws(SimulatedVenueError) -> BookInterval {
        let elapsed = clock.elapsed()
        let market = try market(of: product, at: elapsed)
        guard loops || elapsed <= survey.span else { throw SimulatedVenueError(product: product, .ended) }
        return try market.interval(
            product: product, aggregation: aggregation, depth: depth, date: Date(nanosecondsSince1970: survey.start + elapsed))
    }

    public func marketOrders(product: String, since: Int64?) throws(SimulatedVenueError) -> MarketOrders {
        MarketOrders(try market(of: product, at: clock.elapsed()).tape, since: since)
    }

    private func market(of product: String, at elapsed: Int64) throws(SimulatedVenueError) -> ReplayedMarket {
        do throws(CaptureError) {
            let market = try replay.withLock { replay throws(CaptureError) in
                try replay.advance(to: elapsed, survey, loops: loops)
                return replay.markets[product]
            }
            if let market { return market }
        } catch {
            throw SimulatedVenueError(product: product, .unreadable(error))
        }
        throw SimulatedVenueError(product: product, .unknownProduct)
    }
}

/// All products of a capture at one instant.
private struct Replay {
    private let cursor: CaptureCursor
    private(set) var markets: [String: ReplayedMarket]
    /// When the current pass through the capture began, on the venue's clock.
    private var passStart: Int64 = 0

    /// Between the last message of a pass and the first of the next.
    private static let pause: Int64 = 50_000_000

    init(_ cursor: CaptureCursor, products: [SimulatedProduct]) {
        self.cursor = cursor
        markets = Dictionary(uniqueKeysWithValues: products.map { ($0.symbol, ReplayedMarket()) })
    }

    mutating func advance(to elapsed: Int64, _ survey: CaptureSurvey, loops: Bool) throws(CaptureError) {
        let period = survey.span + Self.pause
        // At most two turns: whole passes that nobody saw are skipped.
        while try !play(through: survey.start + elapsed - passStart), loops, elapsed - passStart >= period {
            passStart += (elapsed - passStart) / period * period
            try cursor.rewind()
            for product in markets.keys { markets[product]?.beginPass(keepingBook: true) }
        }
    }

    /// False once the pass is over.
    private mutating func play(through time: Int64) throws(CaptureError) -> Bool {
        try cursor.advance(through: time) { message throws(ReplayFault) in
            guard let product = message.product else { return }
            try markets[product]?.apply(message)
        }
    }
}

extension ReplayedMarket {
    func interval(product: String, aggregation: Decimal, depth: Int, date: Date) throws(SimulatedVenueError) -> BookInterval {
        guard let book else { throw SimulatedVenueError(product: product, .noBook) }
        do throws(BookError) {
            return BookInterval(date: date, sequence: tape.sequence, book: try book.buckets(aggregation: aggregation, depth: depth))
        } catch {
            throw SimulatedVenueError(product: product, .book(error))
        }
    }
}

extension Date {
    init(nanosecondsSince1970 nanoseconds: Int64) {
        self.init(timeIntervalSince1970: Double(nanoseconds / 1000) / 1e6)
    }
}
