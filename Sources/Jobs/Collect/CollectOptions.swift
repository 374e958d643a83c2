public import Exchanges
public import Postgres

/// What `collect` runs with.
public struct CollectOptions: Sendable {
    /// From tick to tick.
    public var interval: Duration
    /// For one HTTP answer.
    public var timeout: Duration
    /// One tick, then the end.
    public var once: Bool
    /// The first is the default venue: it has the products without a venue in their name.
    public var feeds: [any BookFeed]
    public var postgres: ConnectionOptions
    /// How often products are looked up anew, and failures are written at most.
    public var refreshInterval: Duration = .seconds(2)
    /// How often the log sums up.
    public var summaryInterval: Duration = .seconds(60)
    /// Samples kept while Postgres is away; then polling pauses, so that no trade is lost.
    public var queueLimit = 5000
    /// How long the work in hand may take after a stop.
    public var grace: Duration = .seconds(5)

    public init(interval: Duration, timeout: Duration, once: Bool = false, feeds: [any BookFeed], postgres: ConnectionOptions) {
        precondition(interval > .zero && !feeds.isEmpty)
        self.interval = interval
        self.timeout = timeout
        self.once = once
        self.feeds = feeds
        self.postgres = postgres
    }
}
