/// Open, high, low, close and volume of one interval, as a venue tells it.
public struct Candle: Equatable, Sendable {
    /// Milliseconds since 1970 UTC.
    public var openTime: Int64
    public var open: WireDecimal
    public var high: WireDecimal
    public var low: WireDecimal
    public var close: WireDecimal
    /// In the base asset.
    public var volume: WireDecimal
    /// In the quote asset; nil: the venue does not tell. So for what follows.
    public var quoteVolume: WireDecimal?
    public var tradeCount: Int64?
    /// Bought by takers, in the base asset.
    public var takerBuyVolume: WireDecimal?
    public var takerBuyQuoteVolume: WireDecimal?
    /// Whether the venue calls it finished; nil: it does not say, and the clock must tell.
    public var isClosed: Bool?

    public init(
        openTime: Int64, open: WireDecimal, high: WireDecimal, low: WireDecimal, close: WireDecimal, volume: WireDecimal,
        quoteVolume: WireDecimal? = nil, tradeCount: Int64? = nil, takerBuyVolume: WireDecimal? = nil,
        takerBuyQuoteVolume: WireDecimal? = nil, isClosed: Bool? = nil
    ) {
        self.openTime = openTime
        self.open = open
        self.high = high
        self.low = low
        self.close = close
        self.volume = volume
        self.quoteVolume = quoteVolume
        self.tradeCount = tradeCount
        self.takerBuyVolume = takerBuyVolume
        self.takerBuyQuoteVolume = takerBuyQuoteVolume
        self.isClosed = isClosed
    }
}

extension Candle: CustomStringConvertible {
    public var description: String {
        let counts = [tradeCount.map { "\($0) trades" }, isClosed.map { $0 ? "closed" : "open" }].compactMap { $0 }
        let volumes = [quoteVolume, takerBuyVolume, takerBuyQuoteVolume].map { $0?.description ?? "-" }
        return (["\(openTime)"] + [open, high, low, close, volume].map(\.description) + volumes + counts).joined(separator: " ")
    }
}
