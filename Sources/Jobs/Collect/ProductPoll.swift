import Curl
import Exchanges
import Market
import Runtime

/// One question under way: a tick's reading of one product.
final class Poll {
    let product: ProductPoll
    let tick: ContinuousClock.Instant
    var conversation: any Conversation<BookReading>
    /// What to ask next, once the venue's rate limit lets us.
    var request: Request
    var isFirst = true

    init(_ product: ProductPoll, tick: ContinuousClock.Instant, _ conversation: any Conversation<BookReading>) {
        self.product = product
        self.tick = tick
        self.conversation = conversation
        request = self.conversation.begin()
    }
}

/// A product's place in the loop: its settings, how far its trades are read, and how it fares.
final class ProductPoll {
    let product: Product
    let venue: VenuePoll
    var settings: CollectedProduct
    /// The last trade in a sample that was accepted; nil: none yet.
    var since: Int64?
    /// Set until the first sample tells that others have counted trades since this one.
    private(set) var overtakenAt: Int64?
    /// At most one: a product that is slow is asked again when it has answered.
    var poll: Poll?

    private(set) var failures = 0
    private var retryAt: ContinuousClock.Instant?
    private var backoff: Backoff

    /// Ask no more rarely than this, whatever happens, so that a product that works again is noticed.
    private static let retryLimit: Duration = .seconds(30)
    /// For faults that only a person can mend.
    private static let rareRetry: Duration = .seconds(60)
    private static let retryAfterLimit: Duration = .seconds(600)

    init(_ product: Product, _ settings: CollectedProduct, venue: VenuePoll, interval: Duration) {
        self.product = product
        self.settings = settings
        self.venue = venue
        since = settings.lastTrade
        overtakenAt = settings.overtakenAt
        backoff = Backoff(first: min(interval, Self.retryLimit), limit: Self.retryLimit)
    }

    func isReady(at now: ContinuousClock.Instant) -> Bool { poll == nil && retryAt.map { $0 <= now } ?? true }

    func begin(tick: ContinuousClock.Instant) -> Poll {
        let query = BookQuery(symbol: product.symbol, aggregation: settings.aggregation, depth: settings.depth, since: since)
        let new = Poll(self, tick: tick, venue.feed.reading(query))
        poll = new
        return new
    }

    /// How many failures came before this success.
    func succeed(_ reading: BookReading) -> Int {
        defer { failures = 0 }
        poll = nil
        retryAt = nil
        backoff.reset()
        since = reading.flow.sequence
        overtakenAt = nil
        return failures
    }

    /// The first failure costs one tick, the next ones ever more.
    func fail(_ error: VenueError, at now: ContinuousClock.Instant) {
        poll = nil
        failures += 1
        var wait = failures == 1 ? .zero : backoff.next()
        if !error.isRetryable { wait = max(wait, Self.rareRetry) }
        if let asked = error.retryAfter { wait = max(wait, min(asked, Self.retryAfterLimit)) }
        retryAt = now + wait
    }
}
