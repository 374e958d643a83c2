/// Candles from trades: one trade in, and out comes the candle that it ends.
///
/// Sums are exact. An interval without a trade has no candle; venues differ in whether they fill it. Where the trades begin or end within
/// an interval, its candle tells of the part that they cover.
public struct CandleBuilder: Sendable {
    public let interval: KlineInterval
    private var open: OpenCandle?

    public init(_ interval: KlineInterval) { self.interval = interval }

    /// Adds the next trade, in the venue's order: trades of one time are kept in the order they come.
    /// - Returns: the candle before it, closed, if this is the first trade of another.
    /// - Throws: `CandleBuilderError`; nothing has changed then.
    public mutating func add(_ trade: PublicTrade) throws(CandleBuilderError) -> Candle? {
        let openTime = interval.open(at: Self.milliseconds(trade.time))
        guard var candle = open, candle.openTime >= openTime else {
            let ended = open?.candle(isClosed: true)
            open = try OpenCandle(openTime: openTime, trade)
            return ended
        }
        guard candle.openTime == openTime else { throw CandleBuilderError(time: trade.time, .outOfOrder) }
        try candle.add(trade)
        open = candle
        return nil
    }

    /// The candle of the newest trades, of which nobody knows whether more will come; nil before the first.
    public var unfinished: Candle? { open?.candle(isClosed: nil) }

    /// All candles of `trades`, the last one as `unfinished`.
    public static func candles(
        of trades: some Sequence<PublicTrade>, interval: KlineInterval
    ) throws(CandleBuilderError) -> [Candle] {
        var builder = CandleBuilder(interval)
        var candles: [Candle] = []
        for trade in trades {
            if let ended = try builder.add(trade) { candles.append(ended) }
        }
        if let last = builder.unfinished { candles.append(last) }
        return candles
    }

    /// Down, also before 1970.
    private static func milliseconds(_ microseconds: Int64) -> Int64 {
        let (quotient, remainder) = microseconds.quotientAndRemainder(dividingBy: 1000)
        return remainder < 0 ? quotient - 1 : quotient
    }
}

/// A trade that no candle can take.
public struct CandleBuilderError: Error, Equatable, CustomStringConvertible {
    public enum Fault: Equatable, Sendable {
        /// Its candle was ended by a later trade.
        case outOfOrder
        /// A sum has more digits than a `WireDecimal` holds.
        case overflow
    }

    /// The trade's, in microseconds since 1970 UTC.
    public let time: Int64
    public let fault: Fault

    init(time: Int64, _ fault: Fault) {
        self.time = time
        self.fault = fault
    }

    public var description: String {
        switch fault {
        case .outOfOrder: "the trade of \(time) µs comes after one of a later candle"
        case .overflow: "with the trade of \(time) µs the candle's volume has more than \(WireDecimal.digitsLimit) digits"
        }
    }
}

private struct OpenCandle {
    let openTime: Int64
    private let open: WireDecimal
    private var high: WireDecimal
    private var low: WireDecimal
    private var close: WireDecimal
    private var volume = WireDecimal.zero
    private var quoteVolume = WireDecimal.zero
    private var takerBuyVolume = WireDecimal.zero
    private var takerBuyQuoteVolume = WireDecimal.zero
    private var tradeCount: Int64 = 0

    init(openTime: Int64, _ first: PublicTrade) throws(CandleBuilderError) {
        self.openTime = openTime
        (open, high, low, close) = (first.price, first.price, first.price, first.price)
        try add(first)
    }

    mutating func add(_ trade: PublicTrade) throws(CandleBuilderError) {
        guard let value = trade.price.multiplied(by: trade.size), let volume = volume.adding(trade.size),
            let quoteVolume = quoteVolume.adding(value)
        else { throw CandleBuilderError(time: trade.time, .overflow) }
        if trade.taker == .buy {
            guard let bought = takerBuyVolume.adding(trade.size), let paid = takerBuyQuoteVolume.adding(value) else {
                throw CandleBuilderError(time: trade.time, .overflow)
            }
            (takerBuyVolume, takerBuyQuoteVolume) = (bought, paid)
        }
        (self.volume, self.quoteVolume) = (volume, quoteVolume)
        high = max(high, trade.price)
        low = min(low, trade.price)
        close = trade.price
        tradeCount += 1
    }

    func candle(isClosed: Bool?) -> Candle {
        Candle(
            openTime: openTime, open: open, high: high, low: low, close: close, volume: volume, quoteVolume: quoteVolume,
            tradeCount: tradeCount, takerBuyVolume: takerBuyVolume, takerBuyQuoteVolume: takerBuyQuoteVolume, isClosed: isClosed)
    }
}
