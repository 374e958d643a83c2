/// A ticker: what a venue says of a market at one moment. What it does not tell is nil.
public struct Ticker: Equatable, Sendable {
    public var pair: Pair
    /// Milliseconds since 1970 UTC, by the venue's clock; nil: the venue gives none.
    public var time: Int64?
    public var last: WireDecimal
    public var bid: WireDecimal?
    public var ask: WireDecimal?
    /// Of the last 24 hours, like `low`, `open` and the volumes.
    public var high: WireDecimal?
    public var low: WireDecimal?
    public var open: WireDecimal?
    /// In the base asset.
    public var volume: WireDecimal?
    /// In the quote asset.
    public var quoteVolume: WireDecimal?

    public init(
        pair: Pair, time: Int64? = nil, last: WireDecimal, bid: WireDecimal? = nil, ask: WireDecimal? = nil, high: WireDecimal? = nil,
        low: WireDecimal? = nil, open: WireDecimal? = nil, volume: WireDecimal? = nil, quoteVolume: WireDecimal? = nil
    ) {
        self.pair = pair
        self.time = time
        self.last = last
        self.bid = bid
        self.ask = ask
        self.high = high
        self.low = low
        self.open = open
        self.volume = volume
        self.quoteVolume = quoteVolume
    }
}

/// One price of an order book and what stands there.
public struct DepthLevel: Equatable, Sendable {
    public var price: WireDecimal
    /// In the base asset.
    public var size: WireDecimal
    /// Orders at the price; nil: the venue does not tell.
    public var orders: Int64?

    public init(price: WireDecimal, size: WireDecimal, orders: Int64? = nil) {
        self.price = price
        self.size = size
        self.orders = orders
    }
}

/// The best levels of an order book at one moment, each side best first.
public struct Depth: Equatable, Sendable {
    /// Milliseconds since 1970 UTC, by the venue's clock; nil: the venue gives none.
    public var time: Int64?
    /// The venue's number of the last change; nil: it gives none.
    public var sequence: Int64?
    public var bids: [DepthLevel]
    public var asks: [DepthLevel]
    /// Levels that could not be read. Positions count all bids of the answer, then all asks.
    public var rejected: [RejectedRow]

    public init(time: Int64? = nil, sequence: Int64? = nil, bids: [DepthLevel], asks: [DepthLevel], rejected: [RejectedRow] = []) {
        self.time = time
        self.sequence = sequence
        self.bids = bids
        self.asks = asks
        self.rejected = rejected
    }
}

/// A trade as a venue publishes it.
public struct PublicTrade: Equatable, Sendable {
    /// The venue's own; nil: it gives none.
    public var id: String?
    /// Microseconds since 1970 UTC; of finer clocks the rest is dropped.
    public var time: Int64
    public var price: WireDecimal
    /// In the base asset.
    public var size: WireDecimal
    public var taker: TakerSide

    public init(id: String?, time: Int64, price: WireDecimal, size: WireDecimal, taker: TakerSide) {
        self.id = id
        self.time = time
        self.price = price
        self.size = size
        self.taker = taker
    }
}

/// A market that a venue lists.
public struct Listing: Equatable, Sendable {
    public var pair: Pair
    /// What the venue calls it.
    public var symbol: String
    public var isTrading: Bool
    /// Prices are multiples of it; nil: the venue does not tell.
    public var tickSize: WireDecimal?
    /// Sizes are multiples of it.
    public var lotSize: WireDecimal?

    public init(pair: Pair, symbol: String, isTrading: Bool, tickSize: WireDecimal? = nil, lotSize: WireDecimal? = nil) {
        self.pair = pair
        self.symbol = symbol
        self.isTrading = isTrading
        self.tickSize = tickSize
        self.lotSize = lotSize
    }
}
