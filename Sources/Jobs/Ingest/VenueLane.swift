import Exchanges
import Warehouse

/// One venue's part in a fetcher: who waits to ask it, and what is left of its tokens.
final class VenueLane {
    let site: VenueSite
    /// First come, first served.
    private var waiting: [VenueInquiry] = []
    /// To be asked again later.
    private var resting: [(until: ContinuousClock.Instant, inquiry: VenueInquiry)] = []
    private var tokens = 0
    /// While this is ahead, nothing more can be asked.
    private(set) var notBefore: ContinuousClock.Instant
    /// Whether that is because the venue asked to be left alone.
    private(set) var isPaused = false
    /// Why nothing more is asked in this run; nil: something may be.
    private(set) var closed: String?
    private(set) var inFlight = 0
    private var failuresInRow = 0

    /// Questions under way at once: a venue need not meet a burst of new connections.
    static let inFlightLimit = 16
    /// So many failures one after the other, and the venue is taken for down.
    static let failureLimit = 8

    init(_ site: VenueSite, at now: ContinuousClock.Instant) {
        self.site = site
        notBefore = now
    }

    var isIdle: Bool { waiting.isEmpty && resting.isEmpty }
    var isDown: Bool { failuresInRow >= Self.failureLimit }

    func enqueue(_ inquiry: VenueInquiry) { waiting.append(inquiry) }

    func rest(_ inquiry: VenueInquiry, until: ContinuousClock.Instant) { resting.append((until, inquiry)) }

    /// The next inquiry that may go now; counts as under way.
    func next(at now: ContinuousClock.Instant, _ budgets: VenueBudgetRepository) throws -> VenueInquiry? {
        wake(at: now)
        guard let first = waiting.first, inFlight < Self.inFlightLimit, notBefore <= now else { return nil }
        if tokens < first.weight { try fetchTokens(for: first, budgets, at: now) }
        guard tokens >= first.weight else { return nil }
        tokens -= first.weight
        inFlight += 1
        return waiting.removeFirst()
    }

    private func fetchTokens(for first: VenueInquiry, _ budgets: VenueBudgetRepository, at now: ContinuousClock.Instant) throws {
        // For what can go at once, and no more: tokens in hand would not heed a pause that another process meets, and would add to those
        // of the venue's next window.
        let wanted = waiting.prefix(Self.inFlightLimit - inFlight).reduce(-tokens) { $0 + $1.weight }
        let grant = try budgets.take(
            site.name, wanted: wanted, first: first.weight - tokens, perSecond: site.rateLimit.perSecond, burst: site.rateLimit.burst)
        tokens += grant.tokens
        guard tokens < first.weight else { return }
        notBefore = now + grant.wait
        isPaused = grant.isPaused
    }

    /// When `next` will have something; nil: nobody waits, or only an answer makes room.
    var nextTurn: ContinuousClock.Instant? {
        let rested = resting.map(\.until).min()
        guard !waiting.isEmpty, inFlight < Self.inFlightLimit else { return rested }
        return min(rested ?? notBefore, notBefore)
    }

    private func wake(at now: ContinuousClock.Instant) {
        guard resting.contains(where: { $0.until <= now }) else { return }
        waiting += resting.filter { $0.until <= now }.map(\.inquiry)
        resting.removeAll { $0.until <= now }
    }

    /// An inquiry under way has ended.
    func noteEnd(isFailure: Bool) {
        inFlight -= 1
        failuresInRow = isFailure ? failuresInRow + 1 : 0
    }

    func pause(until: ContinuousClock.Instant) {
        tokens = 0
        notBefore = max(notBefore, until)
        isPaused = true
    }

    func close(_ reason: String) { closed = reason }

    /// Everyone who waits or rests; they are the caller's now.
    func clear() -> [VenueInquiry] {
        defer { (waiting, resting) = ([], []) }
        return waiting + resting.map(\.inquiry)
    }
}
