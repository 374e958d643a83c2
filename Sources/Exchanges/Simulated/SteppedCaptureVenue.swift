public import FoundationEssentials
import Market
import Synchronization

/// A capture replayed step by step, each product for itself: every `interval` moves its product on by one step of capture time, and
/// `marketOrders` answers for the same instant. What is read from it depends on nobody's speed.
public final class SteppedCaptureVenue: SimulatedVenue {
    public let source = SimulatedSource.replay
    public let products: [SimulatedProduct]
    private let steppers: [String: SteppedMarket]

    /// - Parameters:
    ///   - paths: files of one venue's feed, merged by time; a folder stands for all files right in it.
    ///   - step: in nanoseconds, positive. Steps are counted from the first message of the capture; a product's first is the first
    ///     at which it has a book, and the last of all is the first that leaves nothing out.
    ///   - loops: after the last step the first follows, with sequences that go on rising.
    public init(
        paths: [String], step: Int64, loops: Bool, report: @escaping @Sendable (CaptureFault) -> Void
    ) throws(CaptureError) {
        precondition(step > 0)
        let survey = try CaptureSurvey(paths: paths, report: report)
        products = survey.products
        var steppers: [String: SteppedMarket] = [:]
        for product in survey.products {
            let cursor = try CaptureCursor(survey.files, product: product.symbol, report: report)
            steppers[product.symbol] = SteppedMarket(Stepper(cursor, start: survey.start, span: survey.span, step: step, loops: loops))
        }
        self.steppers = steppers
    }

    public func interval(product: String, aggregation: Decimal, depth: Int) throws(SimulatedVenueError) -> BookInterval {
        guard let (market, date) = try moveOn(product) else { throw SimulatedVenueError(product: product, .ended) }
        return try market.interval(product: product, aggregation: aggregation, depth: depth, date: date)
    }

    private func moveOn(_ product: String) throws(SimulatedVenueError) -> (ReplayedMarket, Date)? {
        let stepper = try stepper(product)
        do throws(CaptureError) {
            return try stepper.state.withLock { stepper throws(CaptureError) in
                try stepper.moveOn() ? (stepper.market, stepper.date) : nil
            }
        } catch {
            throw SimulatedVenueError(product: product, .unreadable(error))
        }
    }

    public func marketOrders(product: String, since: Int64?) throws(SimulatedVenueError) -> MarketOrders {
        MarketOrders(try stepper(product).state.withLock { $0.market.tape }, since: since)
    }

    private func stepper(_ product: String) throws(SimulatedVenueError) -> SteppedMarket {
        guard let stepper = steppers[product] else { throw SimulatedVenueError(product: product, .unknownProduct) }
        return stepper
    }
}

private final class SteppedMarket: Sendable {
    let state: Mutex<Stepper>

    init(_ stepper: sending Stepper) { state = Mutex(stepper) }
}

/// One product on the step clock.
private struct Stepper {
    private let cursor: CaptureCursor
    private let start: Int64
    private let span: Int64
    private let step: Int64
    private let loops: Bool
    private(set) var market = ReplayedMarket()
    /// How many steps after `start` the market stands; nil before a pass's first.
    private var steps: Int64?
    private var passes: Int64 = 0

    init(_ cursor: CaptureCursor, start: Int64, span: Int64, step: Int64, loops: Bool) {
        (self.cursor, self.start, self.span, self.step, self.loops) = (cursor, start, span, step, loops)
    }

    var date: Date { Date(nanosecondsSince1970: start + (steps ?? 0) * step + passes * (span + step)) }

    /// False: the capture is over.
    mutating func moveOn() throws(CaptureError) -> Bool {
        if try move() { return true }
        guard loops else { return false }
        try cursor.rewind()
        market.beginPass(keepingBook: false)
        steps = nil
        passes += 1
        return try move()
    }

    private mutating func move() throws(CaptureError) -> Bool {
        var next = steps.map { $0 + 1 } ?? 0
        while (next - 1) * step < span {
            _ = try cursor.advance(through: start + next * step) { message throws(ReplayFault) in try market.apply(message) }
            steps = next
            if market.book != nil { return true }
            // Not step by step: a book may begin hours after the capture.
            guard let time = try cursor.nextTime() else { return false }
            next = max(next + 1, (time - start + step - 1) / step)
        }
        return false
    }
}
