/// The newest samples of a product as columns, newest first; what all images of it are drawn from.
///
/// NaN and infinity mean: missing. Every column holds `count` values.
public struct SampleWindow: Equatable, Sendable {
    /// One side's levels: `prices[level][sample]`, `sizes[level][sample]`.
    public struct Side: Equatable, Sendable {
        public var prices: [[Double]]
        public var sizes: [[Double]]

        public init(prices: [[Double]], sizes: [[Double]]) {
            self.prices = prices
            self.sizes = sizes
        }
    }

    /// The market orders of one taker side: mean price, size, count.
    public struct Trades: Equatable, Sendable {
        public var prices: [Double]
        public var sizes: [Double]
        public var counts: [Double]

        public init(prices: [Double], sizes: [Double], counts: [Double]) {
            self.prices = prices
            self.sizes = sizes
            self.counts = counts
        }
    }

    public var midpoint: [Double]
    public var asks: Side
    public var bids: Side
    public var buys: Trades
    public var sells: Trades

    public init(midpoint: [Double], asks: Side, bids: Side, buys: Trades, sells: Trades) {
        self.midpoint = midpoint
        self.asks = asks
        self.bids = bids
        self.buys = buys
        self.sells = sells
    }

    /// How many samples there are.
    public var count: Int { midpoint.count }

    /// Per sample, what the book at a level leans to: `(ask price · ask size − bid price · bid size) / (ask size + bid size)`, complete.
    ///
    /// Each element's holes are filled before, and where both sizes are 0 the value itself is a hole. A level that one side does not
    /// have counts as never known there.
    public func orderBookValues(level: Int) -> [Double] {
        let (askPrices, askSizes) = (element(asks.prices, level), element(asks.sizes, level))
        let (bidPrices, bidSizes) = (element(bids.prices, level), element(bids.sizes, level))
        let values = (0..<count).map { (sample: Int) -> Double in
            let asked = askPrices[sample] * askSizes[sample]
            let bid = bidPrices[sample] * bidSizes[sample]
            // Of two empty sides 0 / 0, which is NaN and so a hole.
            return (asked - bid) / (askSizes[sample] + bidSizes[sample])
        }
        return values.filled()
    }

    /// How many levels the deeper side has.
    public var levels: Int { max(asks.prices.count, asks.sizes.count, bids.prices.count, bids.sizes.count) }

    private func element(_ levels: [[Double]], _ level: Int) -> [Double] {
        level < levels.count ? levels[level].filled() : [Double](repeating: 0, count: count)
    }
}
