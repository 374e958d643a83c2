import Exchanges

/// A venue's place in the loop: who waits to ask it, and what its rate limit leaves.
final class VenuePoll {
    let feed: any BookFeed
    private var budget: RateBudget?
    /// First come, first served: every product waits once per round, so a rate limit is shared evenly.
    private var waiting: [Poll] = []

    /// How long a venue that limits by address is left alone when it complains without saying for how long.
    private static let pause: Duration = .seconds(5)

    init(_ feed: any BookFeed, at now: ContinuousClock.Instant) {
        self.feed = feed
        budget = feed.rateLimit.map { RateBudget($0, at: now) }
    }

    /// A reading that has begun goes first, so that its parts lie close together.
    func enqueue(_ poll: Poll) {
        if poll.isFirst { waiting.append(poll) } else { waiting.insert(poll, at: 0) }
    }

    func remove(_ poll: Poll) { waiting.removeAll { $0 === poll } }

    func removeAll() { waiting = [] }

    /// The next poll that may ask now.
    func next(at now: ContinuousClock.Instant) -> Poll? {
        guard !waiting.isEmpty, budget?.take(at: now) ?? true else { return nil }
        return waiting.removeFirst()
    }

    /// When `next` will have something; nil: nobody waits.
    func nextTurn(at now: ContinuousClock.Instant) -> ContinuousClock.Instant? {
        waiting.isEmpty ? nil : budget?.nextRequest(at: now) ?? now
    }

    /// A limit by address concerns all products of the venue, not only the one that was told.
    func heed(_ error: VenueError, at now: ContinuousClock.Instant) {
        guard error.code == .rateLimited else { return }
        budget?.pause(until: now + min(error.retryAfter ?? Self.pause, .seconds(600)))
    }
}
